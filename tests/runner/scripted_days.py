"""Days of the scripted language model on the small arena, as a job would store them."""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import httpx2
import pytest

from aitrader_core.agents.llm import scripted
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.walk import Plan, Step, walk
from aitrader_core.storage.store import Origin
from tests.small import DAYS, A, B, Small

MODEL = "script"
PRICES = {
    A: "20.11/21.12 22.13/23.14 24.15/25.16 26.17/27.18 28.19/29.21 30.22/31.23 29.24/28.25",
    B: "40.31/41.32 39.33/38.34 37.35/36.36 35.37/34.38 33.39/32.41 31.42/30.43 31.44/32.45",
}
SEVEN = DAYS[:7]  # of which the second and the last are Mondays, when the script buys


def scripted_arena(
    small: Small, spec: dict[str, Any] | None = None, models: Sequence[str] = (MODEL,), **arena: Any
) -> None:
    """The model is of kind llm, answered by the script."""
    prices = {"token_prices": {"input": 3, "output": 15}}
    small.model(
        MODEL, kind="llm", model="scripted", endpoint="scripted", **{**prices, **(spec or {})}
    )
    small.configure(models=list(models), history=20, **arena)


def simulate(
    floor: Floor, model: str = MODEL, sessions: Sequence[date] = SEVEN, request: str = "job-1"
) -> list[Step]:
    plan = Plan(model, tuple(sessions), Origin(request, "run-1"), may_start=True)
    return list(walk(floor, plan))


def answered_by(
    monkeypatch: pytest.MonkeyPatch, answer: Callable[[httpx2.Request], httpx2.Response]
) -> None:
    """Instead of the script's own transport."""
    monkeypatch.setattr(scripted, "transport_for", lambda: httpx2.MockTransport(answer))
