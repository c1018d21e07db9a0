"""Stored orders under other costs: the same decisions again, and no model is asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from aitrader_core.agents.replay import Replay
from aitrader_core.domain.errors import InputError
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.orders import Fill
from aitrader_core.results.spans import rebased
from aitrader_core.results.standings import Point
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.model_day import Trader, run_model_day
from aitrader_core.runner.points import points_of
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.venue import SimulatedVenue
from aitrader_core.storage.history import records


@dataclass(frozen=True, slots=True)
class Rescored:
    """`days` are in memory alone, `curve` counts from the first of them on.

    `refused_now` are orders that were filled, `filled_now` ones that were refused.
    """

    model: str
    days: tuple[ModelDay, ...]
    curve: tuple[Point, ...]
    refused_now: int
    filled_now: int


def rescore(
    floor: Floor,
    model: str,
    costs: CostProfile,
    first: date = date.min,
    last: date = date.max,
) -> Rescored:
    """Submit every stored order of `first` to `last` again, refused ones too, under `costs`.

    The first day opens as it is stored, each later one with the close of the one before. Prices
    are the newest that there are. InputError where nothing is stored.
    """
    stored = [
        record.day for record in records(floor.engine, floor.arena.market, model, first, last)
    ]
    if not stored:
        raise InputError(f"nothing is stored of {model} in that span: there is nothing to rescore")
    tape = floor.tape(stored[0].session, stored[-1].session)
    venue = SimulatedVenue(tape, costs, stored[0].session)
    days, opening = list[ModelDay](), stored[0].opening
    for day in stored:
        days.append(run_model_day(_replaying(floor, day, costs), venue, opening))
        opening = days[-1].as_opening
    pairs = [(a, b) for was, now in zip(stored, days, strict=True) for a, b in _both(was, now)]
    return Rescored(
        model,
        tuple(days),
        tuple(rebased(points_of(days, tape)) if stored[0].opening.after else points_of(days, tape)),
        refused_now=sum(was and not now for was, now in pairs),
        filled_now=sum(now and not was for was, now in pairs),
    )


def with_usage(curve: Sequence[Point], stored: Sequence[Point]) -> list[Point]:
    """`curve` with what the model took, and knew, when it decided: nobody was asked again."""
    kept = {point.session: point for point in stored}
    return [
        replace(
            point,
            tokens=kept[point.session].tokens,
            dollars=kept[point.session].dollars,
            before_cutoff=kept[point.session].before_cutoff,
        )
        for point in curve
    ]


def _replaying(floor: Floor, day: ModelDay, costs: CostProfile) -> Trader:
    """An execution on ticks keeps its price, which had the spread in it, and pays commission."""

    def costed(fill: Fill) -> Fill:
        return replace(fill, commission=costs.commission(fill.order.quantity, fill.notional))

    made_of = day.manifest.agent
    replaying = Replay.of(day, costed)
    return Trader(day.market, day.model, replaying, floor.arena.rules, day.manifest.config, made_of)


def _both(was: ModelDay, now: ModelDay) -> list[tuple[bool, bool]]:
    """Of each order, whether it was filled and whether it is now."""
    outcomes = zip(was.blotter, now.blotter, strict=True)
    return [(isinstance(a, Fill), isinstance(b, Fill)) for a, b in outcomes]
