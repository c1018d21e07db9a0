"""aitrader metrics, rescore and definitions."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import click

from aitrader_core.cli.opening import (
    NOTHING_STORED,
    as_json_option,
    known_models,
    market_option,
    open_floor,
    span,
    span_options,
)
from aitrader_core.cli.printing import counted, percent, print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.runner.measuring import Measured
    from aitrader_core.simulation.costs import CostProfile

_BESIDE = 3  # models in one table
_UNSIGNED = {"volatility", "win_rate", "cost_drag", "invalid_order_rate"}  # never below zero


@click.command()
@click.argument("models", nargs=-1, metavar="[MODEL...]")
@span_options
@click.option("--costs", metavar="PROFILE", help="As if traded at these costs (configs/costs).")
@market_option
@as_json_option
def metrics(
    models: tuple[str, ...],
    start: str | None,
    end: str | None,
    costs: str | None,
    market: str,
    as_json: bool,
) -> None:
    """Risk and return, turnover and costs of models, over all sessions or a span."""
    from aitrader_core.runner.measuring import measure

    first, last = span(start, end)
    with open_floor(market) as floor:
        names = known_models(floor, models)
        found = measure(floor, names, first, last, _profile(costs)) if names else []
    if as_json:
        print_json([each.as_json() for each in found])
    elif not found:
        say(NOTHING_STORED)
    else:
        _print(found, [each.model for each in found])
        _print_changes(found, costs)


@click.command()
@click.argument("model")
@click.option("--costs", required=True, metavar="PROFILE", help="A profile of configs/costs.")
@span_options
@market_option
@as_json_option
def rescore(
    model: str, costs: str, start: str | None, end: str | None, market: str, as_json: bool
) -> None:
    """Submit the stored orders of MODEL again at other costs, and compare; no model is asked."""
    from aitrader_core.runner.measuring import measure

    first, last = span(start, end)
    profile = _profile(costs)
    with open_floor(market) as floor:
        (name,) = known_models(floor, [model])
        was = measure(floor, [name], first, last)
        now = measure(floor, [name], first, last, profile)
    if as_json:
        told = {"as_traded": was[0].as_json(), "rescored": now[0].as_json()}
        print_json({"model": name, "costs": costs, **told})
    else:
        _print([*was, *now], ["as traded", costs])
        _print_changes(now, costs)


@click.command()
@click.argument("name", required=False)
@as_json_option
def definitions(name: str | None, as_json: bool) -> None:
    """What each figure means, or the one of NAME with its formula and source."""
    from aitrader_core.domain.errors import InputError
    from aitrader_core.results.definitions import DEFINITIONS
    from aitrader_core.runner.config import did_you_mean

    if name is not None and name not in DEFINITIONS:
        hint = did_you_mean(name, DEFINITIONS)
        raise InputError(f"there is no figure {name!r}: {hint}see aitrader definitions")
    found = [DEFINITIONS[name]] if name else list(DEFINITIONS.values())
    if as_json:
        print_json([each.as_json() for each in found])
    elif name:
        (one,) = found
        for line in (one.title, one.sentence, f"= {one.formula}", f"unit: {one.unit}"):
            say(line)
        say(f"source: {one.source}")
    else:
        print_table(("figure", "what it is"), [(d.key, d.sentence) for d in found])


def _profile(name: str | None) -> "CostProfile | None":
    from aitrader_core.runner import config
    from aitrader_core.runner.settings import load_settings

    return None if name is None else config.costs(load_settings().config_dir, name)


def _print(found: "Sequence[Measured]", titles: Sequence[str]) -> None:
    """A row for each figure, a column for each of `found`."""
    from aitrader_core.results.definitions import DEFINITIONS

    named = list(zip(titles, found, strict=True))
    for some in (named[at : at + _BESIDE] for at in range(0, len(named), _BESIDE)):
        columns = [title for title, _ in some]
        told = [each.as_json() for _, each in some]
        rows = [("from", *(t["first"] for t in told)), ("to", *(t["last"] for t in told))]
        rows += [
            (DEFINITIONS[key].title, *(shown(key, t) for t in told))
            for key in some[0][1].metrics.as_json()
        ]
        print_table(("", *columns), rows, right=columns)


def _print_changes(found: "Sequence[Measured]", costs: str | None) -> None:
    for each in found:
        if (now := each.rescored) and (now.refused_now or now.filled_now):
            say(
                f"at {costs}, {each.model} has {counted(now.refused_now, 'order')} refused that "
                f"had been filled, and {now.filled_now:,} filled that had been refused"
            )


def shown(key: str, figures: Mapping[str, Any]) -> str:
    """A figure in its unit."""
    from aitrader_core.results.definitions import DEFINITIONS

    value, unit = figures[key], DEFINITIONS[key].unit
    if value is None:
        return "-"
    if unit.startswith("fraction"):
        return percent(value) if key not in _UNSIGNED else percent(value)[1:]
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:,.4f}" if unit.startswith("dollars") else f"{value:,.2f}"
