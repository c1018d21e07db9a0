"""The small arena after random trades over a split, a dividend and restated prices."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.walk import Plan, walk
from aitrader_core.storage.store import Origin
from tests.small import DAYS, A, B, Small

SIX = DAYS[:6]
MODELS = ("random", "buy_and_hold")
_ROWS = {A: "10/11 12/13 7/7.5 8/8.5 9/9.5 10/10.5", B: "20 21 22 23 24 25"}
_RESTATED = {**_ROWS, A: "10/11 12/13 7/7.5 8/8.7 9/9.5 10/10.5"}


def trade(small: Small) -> Small:
    """The first four of its six sessions are made from prices.csv, the others from again.csv."""
    small.configure(costs="us_retail", models=list(MODELS))
    actions = small.actions(f"{A},{DAYS[2]},split,2", f"{B},{DAYS[3]},cash_dividend,0.5")
    import_files(small.floor, small.prices(_ROWS), actions)
    walked(small, SIX[:4])
    small.floor.register_models()
    import_files(small.floor, small.prices(_RESTATED, "again.csv"), None)
    walked(small, SIX[4:])
    return small


def walked(
    small: Small,
    sessions: Sequence[date],
    request: str = "job-1",
    models: Sequence[str] = MODELS,
    **how: Any,
) -> None:
    for model in models:
        plan = Plan(model, tuple(sessions), Origin(request, "run-1"), may_start=True, **how)
        list(walk(small.floor, plan))
