"""What each figure of a leaderboard means: one sentence, a formula, and where it is from."""

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Definition:
    """`unit` says how to read the number; a fraction of 0.05 is shown as 5 %."""

    key: str
    title: str
    sentence: str
    formula: str
    unit: str
    source: str

    def as_json(self) -> dict[str, str]:
        return asdict(self)


def definition(key: str) -> Definition | None:
    return DEFINITIONS.get(key)


_LEDGER = "the ledger (model_days)"
_SPARSE = "None under 20 sessions."

_METRICS = (
    Definition(
        "sessions",
        "Sessions",
        "How many sessions of the market the model has traded.",
        "count of stored model-days",
        "sessions",
        _LEDGER,
    ),
    Definition(
        "cumulative_return",
        "Cumulative return",
        "What the model's money has gained since it began, nothing annualised.",
        "last value / starting value - 1",
        "fraction",
        "the ledger; equals empyrical.cum_returns_final of the session returns",
    ),
    Definition(
        "annual_return",
        "Annual return",
        f"The yearly rate that compounds to the cumulative return. {_SPARSE}",
        "(1 + cumulative return) ^ (sessions a year / sessions) - 1",
        "fraction a year",
        "empyrical.annual_return",
    ),
    Definition(
        "volatility",
        "Volatility",
        "How much the session returns scatter, by the year. "
        f"{_SPARSE[:-1]}, and of returns that are all the same.",
        "sample standard deviation of the session returns x sqrt(sessions a year)",
        "fraction a year",
        "empyrical.annual_volatility",
    ),
    Definition(
        "sharpe",
        "Sharpe ratio",
        "Mean session return for each unit of scatter, by the year, at a risk-free rate of 0. "
        f"{_SPARSE[:-1]}, and of returns that are all the same.",
        "mean / sample standard deviation of the session returns x sqrt(sessions a year)",
        "ratio",
        "empyrical.sharpe_ratio; Sharpe (1994)",
    ),
    Definition(
        "sortino",
        "Sortino ratio",
        "As the Sharpe ratio, but only losses count as scatter. "
        f"{_SPARSE[:-1]}, and without a single loss.",
        "mean x sessions a year / (sqrt(mean of min(return, 0)^2) x sqrt(sessions a year))",
        "ratio",
        "empyrical.sortino_ratio; Sortino and Price (1994)",
    ),
    Definition(
        "max_drawdown",
        "Maximum drawdown",
        "The deepest fall of the value from the highest one before it, the starting cash "
        "included; in an intraday arena at each bar.",
        "min over time of value / highest value so far - 1",
        "fraction, 0 or below",
        "the ledger; equals empyrical.max_drawdown on daily sessions",
    ),
    Definition(
        "calmar",
        "Calmar ratio",
        f"Annual return for each unit of the deepest fall. {_SPARSE[:-1]}, and without a fall.",
        "annual return / |maximum drawdown|",
        "ratio",
        "empyrical.calmar_ratio; Young (1991)",
    ),
    Definition(
        "win_rate",
        "Win rate",
        "The share of all sessions that ended higher than the session before.",
        "sessions with a return above 0 / sessions",
        "fraction",
        "aitrader",
    ),
    Definition(
        "turnover",
        "Turnover",
        "How many times a year the model trades its own value, buys and sales both counted. "
        f"{_SPARSE}",
        "sum of |notional| of the fills / mean value / sessions x sessions a year",
        "times a year",
        "aitrader",
    ),
    Definition(
        "beta",
        "Beta",
        "How much of a move of the benchmark the model makes, on the sessions both have. "
        f"{_SPARSE}",
        "covariance(returns, benchmark's) / variance(benchmark's)",
        "ratio",
        "empyrical.beta_aligned",
    ),
    Definition(
        "alpha",
        "Alpha",
        "What the model makes in a year beyond its beta's part of the benchmark. " + _SPARSE,
        "(1 + mean(returns - beta x benchmark's returns)) ^ sessions a year - 1",
        "fraction a year",
        "empyrical.alpha_aligned; Jensen (1968)",
    ),
    Definition(
        "cost_drag",
        "Cost drag",
        "The share of its money that commission and slippage took: without them, and trading "
        "the same parts of its value, it would have made (1 + return) / (1 - drag) - 1.",
        "1 - product over sessions of (1 - (commission + sum of |fill price - open| x quantity) "
        "/ value before the session)",
        "fraction, nothing annualised",
        "aitrader; opens of the price vintage that the session was made from",
    ),
    Definition(
        "invalid_order_rate",
        "Invalid-order rate",
        "The share of the model's orders that were refused. None without an order.",
        "refusals / (fills + refusals)",
        "fraction",
        "the ledger (orders)",
    ),
    Definition(
        "dollars_per_return",
        "Dollars per return",
        "What its language model cost for each percentage point of cumulative return. None of "
        "a model that asked nobody, made nothing or lost, or whose price is not known.",
        "dollars / (100 x cumulative return)",
        "dollars per percentage point",
        "aitrader",
    ),
    Definition(
        "tokens_per_return",
        "Tokens per return",
        "What its language model read and wrote for each percentage point of cumulative "
        "return. None of a model that asked nobody, made nothing or lost.",
        "tokens / (100 x cumulative return)",
        "tokens per percentage point",
        "aitrader",
    ),
)
_STANDING = (
    Definition(
        "rank",
        "Rank",
        "The place by total return; equal returns share one. A simulated benchmark is shown "
        "the place that it would have, and takes nobody's.",
        "1 + models with a higher total return",
        "place",
        "aitrader",
    ),
    Definition(
        "model", "Model", "Who traded: a model's name, its partition in Dagster.", "-", "name", "-"
    ),
    Definition(
        "first", "First session", "The first session that is stored of it.", "-", "date", _LEDGER
    ),
    Definition(
        "last", "Last session", "The latest session that is stored of it.", "-", "date", _LEDGER
    ),
    Definition(
        "value",
        "Value",
        "Cash and holdings at the last mark that is known: the close, or the open where there "
        "is no close yet.",
        "cash + sum of quantity x price",
        "currency of the market",
        _LEDGER,
    ),
    Definition(
        "total_return",
        "Total return",
        "What the model's money has gained since it began, nothing annualised; the same as "
        "the cumulative return.",
        "last value / starting value - 1",
        "fraction",
        _LEDGER,
    ),
    Definition(
        "fills", "Fills", "How many orders were executed.", "count of fills", "orders", _LEDGER
    ),
    Definition(
        "refusals",
        "Refusals",
        "How many orders were refused, by its rules, its cash or the market.",
        "count of refused orders",
        "orders",
        _LEDGER,
    ),
    Definition(
        "commission",
        "Commission",
        "What brokers took, by the arena's cost profile.",
        "sum of the fills' commission",
        "currency of the market",
        _LEDGER,
    ),
    Definition(
        "corrections",
        "Corrections",
        "Changes towards a recording that no order explains.",
        "count of adjustments of kind correction",
        "adjustments",
        _LEDGER,
    ),
    Definition(
        "restated",
        "On restated prices",
        "Sessions made from prices that their vendor has restated since.",
        "count of sessions with a newer price vintage in sight",
        "sessions",
        "the ledger (manifest) and the stored vintages",
    ),
    Definition(
        "before_cutoff",
        "Before cutoff",
        "Sessions that the model may have read of: not after its knowledge cutoff.",
        "count of sessions <= knowledge_cutoff",
        "sessions",
        "configs/models",
    ),
    Definition(
        "tokens", "Tokens", "What its language model read and wrote.", "sum", "tokens", _LEDGER
    ),
    Definition(
        "dollars",
        "Dollars",
        "What its language model cost. None when the price of some of the tokens is not known.",
        "sum",
        "dollars",
        "the ledger; prices of genai-prices or of the endpoint's configuration",
    ),
)
_BOARD = (
    Definition(
        "family",
        "Family",
        "A model and its repeats (name, name@2, ...), judged together; name@anonymous is its own.",
        "the name without a repeat's number",
        "name",
        "aitrader",
    ),
    Definition(
        "repeat", "Repeat", "Which of its family's runs it is, 1 the first.", "-", "number", "-"
    ),
    Definition(
        "is_baseline", "Baseline", "Whether it is one of the plain rules.", "-", "yes or no", "-"
    ),
    Definition(
        "is_benchmark",
        "Benchmark",
        "Whether it is the buy-and-hold that the others are held against.",
        "-",
        "yes or no",
        "-",
    ),
    Definition(
        "simulated",
        "Simulated",
        "Whether it traded in memory for comparison, because no stored buy-and-hold covers "
        "the board's sessions.",
        "-",
        "yes or no",
        "the arena's stored prices and terms",
    ),
    Definition(
        "sessions_before_cutoff",
        "Sessions before cutoff",
        "Sessions not after the model's knowledge cutoff.",
        "count",
        "sessions",
        "configs/models",
    ),
    Definition(
        "sessions_after_cutoff",
        "Sessions after cutoff",
        "Sessions after the model's knowledge cutoff; all of them where it has none.",
        "count",
        "sessions",
        "configs/models",
    ),
    Definition(
        "return_before_cutoff",
        "Return before cutoff",
        "What the sessions not after its knowledge cutoff come to. None without any.",
        "product of (1 + session return) - 1",
        "fraction",
        _LEDGER,
    ),
    Definition(
        "return_after_cutoff",
        "Return after cutoff",
        "What the sessions after its knowledge cutoff come to. None without any.",
        "product of (1 + session return) - 1",
        "fraction",
        _LEDGER,
    ),
    Definition(
        "spark",
        "Curve",
        "The value over time, thinned; the last point is exact.",
        "-",
        "-",
        _LEDGER,
    ),
)
_JUDGEMENT = (
    Definition(
        "interval_low",
        "Interval, low",
        "The low end of the 95 % interval of the family's total return: what luck of the "
        "sessions, and of its repeats where there are any, would still allow. " + _SPARSE,
        "2.5 % quantile over replications of exp(sum of resampled log returns) - 1; sessions "
        "in blocks of random length; of M repeats M are drawn with replacement on one common "
        "path, their deviations from their mean widened by sqrt(M / (M - 1)), and the "
        "sessions' by sqrt(T / (T - 1)), which the plain bootstrap makes too narrow",
        "fraction",
        "arch.bootstrap.StationaryBootstrap, optimal_block_length; Politis and Romano (1994)",
    ),
    Definition(
        "interval_high",
        "Interval, high",
        "The high end of the 95 % interval of the family's total return. " + _SPARSE,
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
        "difference in log return over its standard error",
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
        "mean of the optimal lengths of the families' differences from the benchmark, 1 at least",
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
)

DEFINITIONS: dict[str, Definition] = {
    each.key: each for each in (*_METRICS, *_STANDING, *_BOARD, *_JUDGEMENT)
}
