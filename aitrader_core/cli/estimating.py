"""aitrader estimate."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from aitrader_core.cli.opening import as_json_option, market_option, open_floor
from aitrader_core.cli.printing import print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.runner.estimating import Estimate

_UNKNOWN, _PAST = "unknown", "past days"


@click.command()
@click.option("--start", required=True, metavar="DATE", help="The first session.")
@click.option("--end", required=True, metavar="DATE", help="The last session.")
@click.option("--models", "listed", metavar="A,B", help="Models; all of the arena by default.")
@click.option("--model", "named", multiple=True, metavar="A", help="One model; may be repeated.")
@click.option("--replace-existing", is_flag=True, help="Make days again that are stored.")
@market_option
@as_json_option
def estimate(
    start: str,
    end: str,
    listed: str | None,
    named: tuple[str, ...],
    replace_existing: bool,
    market: str,
    as_json: bool,
) -> None:
    """What a job would cost, by what past days of its models did; nothing is submitted."""
    from aitrader_core.cli.jobs import chosen
    from aitrader_core.runner import estimating

    with open_floor(market) as floor:
        models = chosen(floor, listed, named)
        found = estimating.estimate(floor, start, end, models, replace_existing=replace_existing)
    if as_json:
        print_json({"models": [_json(e) for e in found], "total": _total_json(found)})
    else:
        _print(found)


def _print(found: "Sequence[Estimate]") -> None:
    if past := [e for e in found if e.past is not None]:
        taken = ("tokens a day", "90 %", "dollars a day", " 90 %", "seconds")
        print_table(("model", _PAST, *taken), map(_past_row, past), right=(_PAST, *taken))
        say("90 %: on nine past days of ten it was no more than that\n")
    columns = ("model", "sessions", "tokens", "dollars", "hours waited")
    print_table(columns, [*map(_row, found), _total_row(found)], right=columns[1:])
    for e in found:
        for sentence in _notes(e):
            say(sentence)


def _notes(e: "Estimate") -> list[str]:
    notes = list(e.above_budget)
    if e.asks and e.sessions and e.past is None:
        notes.append(f"{e.model} has no past days to go by: run a session of it first")
    if e.past is not None and e.past.dollars is None:
        notes.append(f"{e.model} has no known price: give it token_prices")
    if e.is_other_configuration:
        notes.append(f"{e.model} has past days of another configuration only")
    return notes


def _past_row(e: "Estimate") -> tuple[str, ...]:
    past = e.past
    if past is None:
        return (e.model,)
    dollars = [_UNKNOWN if d is None else f"{d:.4f}" for d in (past.dollars, past.high_dollars)]
    tokens = f"{past.tokens:,.0f}", f"{past.high_tokens:,}"
    return e.model, f"{past.days:,}", *tokens, *dollars, f"{past.seconds:.1f}"


def _row(e: "Estimate") -> tuple[str, ...]:
    tokens = _UNKNOWN if e.tokens is None else f"{e.tokens:,}"
    dollars = _UNKNOWN if e.dollars is None else f"{e.dollars:,.2f}"
    hours = _UNKNOWN if e.hours is None else f"{e.hours:,.1f}"
    return e.model, f"{e.sessions:,}", tokens, dollars, hours


def _total_row(found: "Sequence[Estimate]") -> tuple[str, ...]:
    """What is not known makes it more."""
    total = _total_json(found)
    more = {name: "at least " if total[name] is None else "" for name in ("tokens", "dollars")}
    tokens = f"{more['tokens']}{sum(e.tokens or 0 for e in found):,}"
    dollars = f"{more['dollars']}{sum(e.dollars or 0 for e in found):,.2f}"
    hours = f"{more['tokens']}{sum(e.hours or 0 for e in found):,.1f}"
    return "in all", f"{total['sessions']:,}", tokens, dollars, hours


def _json(e: "Estimate") -> dict[str, Any]:
    from dataclasses import asdict

    return {
        "model": e.model,
        "sessions": e.sessions,
        "asks": e.asks,
        "past": None if e.past is None else asdict(e.past),
        "is_other_configuration": e.is_other_configuration,
        "tokens": e.tokens,
        "dollars": e.dollars,
        "hours": e.hours,
        "above_budget": list(e.above_budget),
    }


def _total_json(found: "Sequence[Estimate]") -> dict[str, Any]:
    """None where one of the models is not known."""

    def total(numbers: Sequence[Any]) -> Any:
        return None if None in numbers else sum(numbers)

    return {
        "sessions": sum(e.sessions for e in found),
        "tokens": total([e.tokens for e in found]),
        "dollars": total([e.dollars for e in found]),
        "hours": total([e.hours for e in found]),
    }
