"""The definitions of what a judgement says."""

from aitrader_core.results.definition import SPARSE, Definition

JUDGEMENT = (
    Definition(
        "interval_low",
        "Interval, low",
        "The low end of the 95 % interval of the family's total return: what luck of the "
        "sessions, and of its repeats where there are any, would still allow. " + SPARSE,
        "2.5 % quantile over replications of exp(log return) - 1; log return = sum of the "
        "resampled sessions' (in blocks of random length, on one path for all M repeats, their "
        "mean taken), its deviation widened by sqrt(T / (T - 2 x block length + 1)); and of the "
        "repeats M drawn with replacement, the mean of their deviations from their mean, "
        "widened by sqrt(M / (M - 1)): the plain bootstrap of so few is too narrow by that",
        "fraction",
        "arch.bootstrap.StationaryBootstrap, optimal_block_length; Politis and Romano (1994)",
    ),
    Definition(
        "interval_high",
        "Interval, high",
        "The high end of the 95 % interval of the family's total return. " + SPARSE,
        "97.5 % quantile, see interval_low",
        "fraction",
        "arch.bootstrap.StationaryBootstrap, optimal_block_length; Politis and Romano (1994)",
    ),
    Definition(
        "p_value",
        "p-value against buy-and-hold",
        "How often chance alone would show so large a difference from the benchmark, given how "
        "many families were tried. None under 20 sessions in common.",
        "2 x the smaller of two stepwise p-values, better and worse, of the mean "
        "difference in log return over its standard error, whose scatter is widened as an "
        "interval's is, and to the tails of Student's distribution",
        "probability",
        "arch.bootstrap.SPA, step by step as StepM; Romano and Wolf (2005)",
    ),
    Definition(
        "beats_benchmark",
        "Beats buy-and-hold",
        "Yes or no where its p-value is at most alpha; otherwise it cannot be told apart.",
        "p-value <= alpha, and the sign of the mean difference",
        "yes, no, cannot be told apart",
        "arch.bootstrap.SPA, step by step as StepM; Romano and Wolf (2005)",
    ),
    Definition(
        "indistinguishable_from",
        "Cannot be told apart from",
        "Families whose difference from this one may well be chance, given how many pairs were "
        "tried; pairs with under 20 sessions in common are always among them.",
        "t = mean / standard deviation of the difference in log return on common sessions; p = "
        "share of replications whose centred t is as large, below 10 of them by Student's "
        "distribution scaled to theirs; Holm's correction over all pairs; told apart at "
        "p <= alpha",
        "names",
        "arch.bootstrap.StationaryBootstrap; Holm (1979)",
    ),
    Definition(
        "repeats",
        "Repeats",
        "How many runs of the same model the family has.",
        "count",
        "runs",
        "configs/models",
    ),
    Definition(
        "family_return",
        "Return of the family",
        "The total return of its runs on their common sessions, the geometric mean of them.",
        "exp(mean over runs of the sum of log returns) - 1",
        "fraction",
        "aitrader",
    ),
    Definition(
        "block_length",
        "Block length",
        "How many sessions in a row are resampled together, on average.",
        "mean of the lengths that are optimal for the families' log returns, each 1 at least",
        "sessions",
        "arch.bootstrap.optimal_block_length; Patton, Politis and White (2009)",
    ),
    Definition(
        "alpha_level",
        "Alpha of the tests",
        "How often all verdicts of a kind together may be wrong by chance.",
        "0.05",
        "probability",
        "convention",
    ),
    Definition(
        "replications",
        "Replications",
        "How often the sessions were drawn again.",
        "-",
        "count",
        "aitrader",
    ),
    Definition(
        "tried",
        "Families tried",
        "How many families are held against the benchmark: what its p-values are corrected for.",
        "count of families other than the benchmark's",
        "families",
        "aitrader",
    ),
    Definition(
        "spa_p_value",
        "SPA p-value",
        "How often chance alone would make the best of so many families look so much better "
        "than buy-and-hold. None where none has 20 sessions in common with it.",
        "consistent p-value of the largest mean difference in log return over its standard error",
        "probability",
        "arch.bootstrap.SPA; Hansen (2005)",
    ),
    Definition(
        "mean_daily_gap",
        "Gap a session",
        "How much more a model makes a session with the real names and dates than with "
        "invented ones, on the sessions both have; its interval under mean_daily_low and _high.",
        "mean(log return real - log return anonymised)",
        "log return a session",
        "paired, arch.bootstrap.StationaryBootstrap",
    ),
    Definition(
        "total_gap",
        "Gap in all",
        "The total return with the real names and dates less that with invented ones, on the "
        "sessions both have; its interval under total_low and total_high.",
        "family return real - family return anonymised",
        "fraction",
        "paired, arch.bootstrap.StationaryBootstrap",
    ),
    Definition(
        "benchmark",
        "Benchmark of the board",
        "The family that the others are held against: the arena's stored buy-and-hold, or a "
        "simulated one where that has not traded every session of the board.",
        "-",
        "name",
        "aitrader",
    ),
    Definition(
        "benchmark_simulated",
        "Benchmark simulated",
        "Whether the benchmark traded in memory, at the arena's terms and stored prices.",
        "-",
        "yes or no",
        "aitrader",
    ),
    Definition(
        "method", "Method", "What was done, in a few sentences for a reader.", "-", "text", "-"
    ),
    Definition(
        "families",
        "Families",
        "What can be said of each model and its repeats.",
        "-",
        "list",
        "aitrader",
    ),
    Definition("models", "Runs", "The runs of a family, by name.", "-", "names", "aitrader"),
    Definition(
        "family_sessions",
        "Sessions of the family",
        "How many sessions all runs of the family have traded: what it is judged by.",
        "count",
        "sessions",
        "the ledger",
    ),
    Definition(
        "anonymised_gaps",
        "Real against anonymised",
        "For each model that traded the same sessions with real and with invented names and "
        "dates, how much it made of knowing them.",
        "-",
        "list",
        "aitrader",
    ),
    Definition(
        "anonymous", "Anonymised family", "The one with invented names.", "-", "name", "aitrader"
    ),
    Definition(
        "gap_sessions",
        "Sessions of the gap",
        "How many sessions both have traded.",
        "count",
        "sessions",
        "the ledger",
    ),
    *(
        Definition(
            f"{gap}_{end}",
            f"{title}, {end}",
            f"The {end} end of its 95 % interval, both on one path of resampled sessions. {SPARSE}",
            f"{quantile} % quantile over replications",
            unit,
            "paired, arch.bootstrap.StationaryBootstrap",
        )
        for gap, title, unit in (
            ("mean_daily", "Gap a session", "log return a session"),
            ("total", "Gap in all", "fraction"),
        )
        for end, quantile in (("low", "2.5"), ("high", "97.5"))
    ),
)
