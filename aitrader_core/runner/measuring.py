"""Metrics of some models over some sessions, as they traded or under other costs."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from aitrader_core.domain.errors import InputError
from aitrader_core.results.metrics import Metrics, metrics
from aitrader_core.results.spans import part
from aitrader_core.results.standings import Point
from aitrader_core.runner.benchmark import benchmark, holds
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.report import curves
from aitrader_core.runner.rescoring import Rescored, rescore, with_usage
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.storage.equity import last_sessions


@dataclass(frozen=True, slots=True)
class Measured:
    """`rescored` is None of what is measured as it was traded."""

    model: str
    first: date
    last: date
    metrics: Metrics
    rescored: Rescored | None = None

    def as_json(self) -> dict[str, Any]:
        now = self.rescored
        told = {"refused_now": now.refused_now, "filled_now": now.filled_now} if now else {}
        span = {"first": self.first.isoformat(), "last": self.last.isoformat()}
        return {"model": self.model, **span, **self.metrics.as_json(), **told}


def measure(
    floor: Floor,
    models: Sequence[str],
    first: date = date.min,
    last: date = date.max,
    costs: CostProfile | None = None,
) -> list[Measured]:
    """In the order of `models`, from the first of the sessions on; under `costs` where given.

    Beta and alpha are against buy-and-hold on the same terms. InputError where nothing is stored.
    """
    holding = [m for m in last_sessions(floor.engine, floor.arena.market) if holds(floor, m)]
    wanted = list(dict.fromkeys([*models, *holding]))
    stored = {m: part(curve, first, last) for m, curve in curves(floor, wanted).items()}
    for model in models:
        if not stored.get(model):
            raise InputError(f"nothing is stored of {model} in that span")
    again: dict[str, Rescored] = {}
    if costs is not None:
        again = {m: rescore(floor, m, costs, first, last) for m, curve in stored.items() if curve}
        stored = {m: with_usage(now.curve, stored[m]) for m, now in again.items()}
    market = _benchmark(floor, models, stored, costs)
    year = floor.arena.calendar.sessions_a_year
    return [
        Measured(
            model,
            stored[model][0].session,
            stored[model][-1].session,
            metrics(stored[model], market, year),
            again.get(model),
        )
        for model in models
    ]


def _benchmark(
    floor: Floor,
    models: Sequence[str],
    drawn: dict[str, list[Point]],
    costs: CostProfile | None,
) -> Sequence[Point]:
    """A stored one where it has all sessions of `models`."""
    arena = floor.arena if costs is None else replace(floor.arena, costs=costs)
    sessions = {point.session for model in models for point in drawn[model]}
    trimmed = {
        model: [point for point in curve if point.session in sessions]
        for model, curve in drawn.items()
    }
    found = benchmark(replace(floor, arena=arena), trimmed)
    return found.curve if found else ()
