"""The definitions of what a backtest says of its best combination."""

from collections.abc import Sequence

from aitrader_core.results.definition import SPARSE, Definition

_SOURCE = "Bailey and Lopez de Prado (2014), The Deflated Sharpe Ratio"

BACKTEST: Sequence[Definition] = (
    Definition(
        "expected_sharpe",
        "Sharpe ratio of luck",
        "The yearly Sharpe ratio that the best of so many combinations without any skill would be "
        "expected to show. " + SPARSE,
        "standard deviation of the combinations' ratios x ((1 - g) x Z(1 - 1 / N) + g x "
        "Z(1 - 1 / (N e))); N combinations, taken for independent, g = 0.5772, Z the inverse "
        "normal distribution",
        "ratio",
        _SOURCE,
    ),
    Definition(
        "deflated_sharpe",
        "Deflated Sharpe ratio",
        "How probable it is that the best combination's true Sharpe ratio is above that of luck, "
        "given how many were tried and how its returns are distributed. " + SPARSE,
        "normal distribution of (SR - SR of luck) x sqrt(T - 1) / sqrt(1 - skewness x SR + "
        "(kurtosis - 1) / 4 x SR^2); ratios SR of a session, T sessions",
        "probability",
        _SOURCE,
    ),
)
