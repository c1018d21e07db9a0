"""The definitions of a model's metrics."""

from aitrader_core.results.definition import LEDGER, SPARSE, Definition

METRICS = (
    Definition(
        "sessions",
        "Sessions",
        "How many sessions of the market the model has traded.",
        "count of stored model-days",
        "sessions",
        LEDGER,
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
        f"The yearly rate that compounds to the cumulative return. {SPARSE}",
        "(1 + cumulative return) ^ (sessions a year / sessions) - 1",
        "fraction a year",
        "empyrical.annual_return",
    ),
    Definition(
        "volatility",
        "Volatility",
        "How much the session returns scatter, by the year. "
        f"{SPARSE[:-1]}, and of returns that are all the same.",
        "sample standard deviation of the session returns x sqrt(sessions a year)",
        "fraction a year",
        "empyrical.annual_volatility",
    ),
    Definition(
        "sharpe",
        "Sharpe ratio",
        "Mean session return for each unit of scatter, by the year, at a risk-free rate of 0. "
        f"{SPARSE[:-1]}, and of returns that are all the same.",
        "mean / sample standard deviation of the session returns x sqrt(sessions a year)",
        "ratio",
        "empyrical.sharpe_ratio; Sharpe (1994)",
    ),
    Definition(
        "sortino",
        "Sortino ratio",
        "As the Sharpe ratio, but only losses count as scatter. "
        f"{SPARSE[:-1]}, and without a single loss.",
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
        f"Annual return for each unit of the deepest fall. {SPARSE[:-1]}, and without a fall.",
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
        f"{SPARSE}",
        "sum of |notional| of the fills / mean value / sessions x sessions a year",
        "times a year",
        "aitrader",
    ),
    Definition(
        "beta",
        "Beta",
        f"How much of a move of the benchmark the model makes, on the sessions both have. {SPARSE}",
        "covariance(returns, benchmark's) / variance(benchmark's)",
        "ratio",
        "empyrical.beta_aligned",
    ),
    Definition(
        "alpha",
        "Alpha",
        "What the model makes in a year beyond its beta's part of the benchmark. " + SPARSE,
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
