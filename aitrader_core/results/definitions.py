"""What each figure of a leaderboard means: one sentence, a formula, and where it is from."""

from aitrader_core.results.defined_backtests import BACKTEST
from aitrader_core.results.defined_judgement import JUDGEMENT
from aitrader_core.results.defined_metrics import METRICS
from aitrader_core.results.defined_rows import BOARD, STANDING
from aitrader_core.results.definition import Definition

DEFINITIONS: dict[str, Definition] = {
    each.key: each for each in (*METRICS, *STANDING, *BOARD, *JUDGEMENT, *BACKTEST)
}


def definition(key: str) -> Definition | None:
    return DEFINITIONS.get(key)
