"""Makes a leaderboard from curves: a row for each model, and the judgement of them all."""

from collections.abc import Mapping, Sequence
from typing import Any

from aitrader_core.agents.kinds import BASELINES
from aitrader_core.results.families import family_of
from aitrader_core.results.judgement import Judgement
from aitrader_core.results.judging import judge
from aitrader_core.results.metrics import metrics
from aitrader_core.results.spans import compounded, thinned
from aitrader_core.results.standings import Point, Standing, standings
from aitrader_core.runner.benchmark import Benchmark, benchmark
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.report import curves, ranked

Curves = Mapping[str, Sequence[Point]]


def rows_and_judgement(
    floor: Floor, drawn: Curves | None = None
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Both as JSON; of the whole ledger unless curves are given."""
    drawn = curves(floor) if drawn is None else drawn
    held_against = benchmark(floor, drawn)
    simulated = held_against if held_against and held_against.simulated else None
    entered = {**drawn, simulated.model: simulated.curve} if simulated else drawn
    family = family_of(held_against.model)[0] if held_against else None
    judgement = judge(entered, family)
    table = [*ranked(floor, drawn), *(_rank(floor, drawn, simulated) if simulated else ())]
    rows = [
        _row(floor, standing, entered[standing.model], held_against, judgement)
        for standing in sorted(table, key=lambda s: s.rank)
    ]
    return rows, judgement.as_json() | {"benchmark_simulated": simulated is not None}


def _rank(floor: Floor, drawn: Curves, simulated: Benchmark) -> list[Standing]:
    """Where it would stand; the others keep their places."""
    year = floor.arena.calendar.sessions_a_year
    everyone = standings({**drawn, simulated.model: simulated.curve}, year)
    return [standing for standing in everyone if standing.model == simulated.model]


def _row(
    floor: Floor,
    standing: Standing,
    curve: Sequence[Point],
    held_against: Benchmark | None,
    judgement: Judgement,
) -> dict[str, Any]:
    model, (family, repeat) = standing.model, family_of(standing.model)
    entry, verdict = floor.arena.models.get(model), judgement.of(family)
    is_benchmark = held_against is not None and model == held_against.model
    kind = entry.config.kind if entry else model
    year = floor.arena.calendar.sessions_a_year
    known = [point for point in curve if point.before_cutoff]
    fresh = [point for point in curve if not point.before_cutoff]
    return {
        **standing.as_json(),
        **metrics(curve, held_against.curve if held_against else (), year).as_json(),
        "family": family,
        "repeat": repeat,
        "is_baseline": is_benchmark or kind in BASELINES,
        "is_benchmark": is_benchmark,
        "simulated": is_benchmark and held_against is not None and held_against.simulated,
        "interval_low": verdict.interval_low if verdict else None,
        "interval_high": verdict.interval_high if verdict else None,
        "p_value": verdict.p_value if verdict else None,
        "beats_benchmark": verdict.beats_benchmark if verdict else None,
        "indistinguishable_from": list(verdict.indistinguishable_from) if verdict else [],
        "sessions_before_cutoff": len(known),
        "sessions_after_cutoff": len(fresh),
        "return_before_cutoff": compounded(known),
        "return_after_cutoff": compounded(fresh),
        "spark": thinned(curve),
    }
