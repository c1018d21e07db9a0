"""aitrader models and results."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
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
from aitrader_core.cli.printing import (
    counted,
    money,
    percent,
    print_json,
    print_table,
    say,
    spent,
)

if TYPE_CHECKING:
    from sqlalchemy import RowMapping

    from aitrader_core.runner.floor import Floor


@click.group(invoke_without_command=True)
@market_option
@as_json_option
@click.pass_context
def models(context: click.Context, market: str, as_json: bool) -> None:
    """The trading models of an arena, and how far each has traded."""
    if context.invoked_subcommand is None:
        _list_models(market, as_json=as_json)


def _list_models(market: str, *, as_json: bool) -> None:
    from aitrader_core.storage.equity import last_sessions

    with open_floor(market) as floor:
        last = last_sessions(floor.engine, market)
    found = [
        {
            "name": model.name,
            "kind": model.config.kind,
            "parameters": model.config.parameters,
            "last_session": last.get(model.name),
        }
        for model in floor.arena.models.values()
    ]
    found += [
        {"name": name, "kind": None, "parameters": {}, "last_session": last[name]}
        for name in sorted(last.keys() - floor.arena.models.keys())
    ]
    if as_json:
        print_json(found)
    else:
        columns = ("model", "kind", "parameters", "last session")
        print_table(columns, [_model_row(model) for model in found])


@click.command()
@click.argument("one_model", metavar="[MODEL", required=False)
@click.argument("one_session", metavar="SESSION]", required=False)
@click.option("--model", "named", multiple=True, metavar="A", help="May be repeated.")
@click.option("--session", metavar="DATE", help="With one model: that model-day in full.")
@span_options
@market_option
@as_json_option
def results(
    one_model: str | None,
    one_session: str | None,
    named: tuple[str, ...],
    session: str | None,
    start: str | None,
    end: str | None,
    market: str,
    as_json: bool,
) -> None:
    """Stored model-days, a row each; with MODEL and SESSION one of them in full."""
    names = [*([one_model] if one_model else ()), *named]
    day = one_session or session
    first, last = span(day or start, day or end)
    with open_floor(market) as floor:
        chosen = known_models(floor, names)
        if day and len(names) == 1:
            _show_day(floor, names[0], first, as_json=as_json)
        else:
            _list_days(floor, chosen, first, last, as_json=as_json)


def _model_row(model: dict[str, Any]) -> tuple[str, ...]:
    parameters = ", ".join(f"{key} {value}" for key, value in _flat(model["parameters"]))
    last = model["last_session"]
    return (
        model["name"],
        model["kind"] or "not in the arena",
        parameters or "-",
        str(last) if last else "never traded",
    )


def _flat(parameters: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """Each by its whole name, `budget.day.dollars`."""
    for key, value in parameters.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{before}{key}.")
        else:
            yield f"{before}{key}", " ".join(value) if isinstance(value, list) else value


def _show_day(floor: "Floor", model: str, session: date, *, as_json: bool) -> None:
    from aitrader_core.cli.day_printing import day_json, print_day
    from aitrader_core.domain.errors import InputError

    day = floor.model_days.get(floor.arena.market, model, session)
    if day is None and _show_failed(floor, model, session, as_json=as_json):
        return
    if day is None:
        calendar = floor.arena.calendar
        why = "" if calendar.is_session(session) else f": {calendar.explain(session)}"
        raise InputError(f"{model} has no stored day on {session}{why}")
    known = floor.arena.is_before_cutoff(model, session)
    if as_json:
        print_json({**day_json(day), "before_cutoff": known})
    else:
        print_day(day, floor.arena.currency)
        if known:
            say("the model may have read of this session: it is not after its knowledge cutoff")


def _show_failed(floor: "Floor", model: str, session: date, *, as_json: bool) -> bool:
    """What was said on a day that is not stored because it failed; whether there is any."""
    from aitrader_core.cli.transcript_printing import failed_json, print_failed

    attempts = floor.failed_days.of_model(floor.arena.market, model, session, session)
    if attempts and as_json:
        print_json(failed_json(floor.arena.market, model, attempts))
    elif attempts:
        print_failed(floor.arena.market, model, attempts)
    return bool(attempts)


def _list_days(
    floor: "Floor", models: Sequence[str], first: date, last: date, *, as_json: bool
) -> None:
    from aitrader_core.runner.restated import restated
    from aitrader_core.storage.equity import equity_points

    found = equity_points(floor.engine, floor.arena.market, models, first, last)
    newer = restated(floor, found)
    if as_json:
        print_json([{**p, "restated": newer.get((p["model"], p["session"]))} for p in found])
    elif not found:
        say("nothing is stored of that" if models else NOTHING_STORED)
    else:
        columns = ("session", "model", "open", "close", "profit", "return", "fills", "refused")
        print_table(columns, map(_point_row, found), right=columns[2:])
        if known := sum(point["before_cutoff"] for point in found):
            say(f"{counted(known, 'session')} that a model may have read of, not after its cutoff")
        if tokens := sum(point["tokens"] for point in found):
            costs = [point["dollars"] for point in found]
            say(f"{spent(tokens, None if None in costs else sum(costs))} in all")
        early = Counter(p["ending"] for p in found if p["ending"] != "done")
        if early:
            what = ", ".join(f"{ending} {number:,}" for ending, number in sorted(early.items()))
            say(f"sessions that ended before the model was done: {what}")
        if newer:
            (model, session), prices = next(iter(newer.items()))
            say(
                f"{counted(len(newer), 'session')} made from prices that were restated since, "
                f"such as {model} {session}: now {prices}"
            )


def _point_row(point: "RowMapping") -> tuple[str, ...]:
    close = point["value_close"]
    return (
        str(point["session"]),
        point["model"],
        money(point["value_open"]),
        "-" if close is None else money(close),
        money(point["profit"]),
        percent(point["daily_return"]),
        str(point["fill_count"]),
        str(point["refusal_count"]),
    )
