"""The definitions of what else a row of the leaderboard has."""

from aitrader_core.results.definition import LEDGER, Definition

STANDING = (
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
        "first", "First session", "The first session that is stored of it.", "-", "date", LEDGER
    ),
    Definition(
        "last", "Last session", "The latest session that is stored of it.", "-", "date", LEDGER
    ),
    Definition(
        "value",
        "Value",
        "Cash and holdings at the last mark that is known: the close, or the open where there "
        "is no close yet.",
        "cash + sum of quantity x price",
        "currency of the market",
        LEDGER,
    ),
    Definition(
        "total_return",
        "Total return",
        "What the model's money has gained since it began, nothing annualised; the same as "
        "the cumulative return.",
        "last value / starting value - 1",
        "fraction",
        LEDGER,
    ),
    Definition(
        "fills", "Fills", "How many orders were executed.", "count of fills", "orders", LEDGER
    ),
    Definition(
        "refusals",
        "Refusals",
        "How many orders were refused, by its rules, its cash or the market.",
        "count of refused orders",
        "orders",
        LEDGER,
    ),
    Definition(
        "commission",
        "Commission",
        "What brokers took, by the arena's cost profile.",
        "sum of the fills' commission",
        "currency of the market",
        LEDGER,
    ),
    Definition(
        "corrections",
        "Corrections",
        "Changes towards a recording that no order explains.",
        "count of adjustments of kind correction",
        "adjustments",
        LEDGER,
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
        "tokens", "Tokens", "What its language model read and wrote.", "sum", "tokens", LEDGER
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
BOARD = (
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
        LEDGER,
    ),
    Definition(
        "return_after_cutoff",
        "Return after cutoff",
        "What the sessions after its knowledge cutoff come to. None without any.",
        "product of (1 + session return) - 1",
        "fraction",
        LEDGER,
    ),
    Definition(
        "spark",
        "Curve",
        "The value over time, thinned; the last point is exact.",
        "-",
        "-",
        LEDGER,
    ),
)
