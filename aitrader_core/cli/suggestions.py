"""aitrader suggest, and suggestions: list, show."""

import sys
from typing import TYPE_CHECKING, Any

import click

from aitrader_core.cli.opening import as_json_option, market_option, open_engine, open_floor
from aitrader_core.cli.printing import print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.storage.suggestion import KeptScan, Suggestion


@click.command()
@click.option("--model", required=True, help="Who looks.")
@click.option("--session", metavar="DATE", help="At whose open; the next one by default.")
@market_option
@as_json_option
def suggest(model: str, session: str | None, market: str, as_json: bool) -> None:
    """What a model would do with its portfolio at the next open; nothing is traded.

    Where that session has no prices yet, it is taken to open where the last one closed.
    """
    from aitrader_core.runner.requests import parse_date
    from aitrader_core.runner.suggestions import scan
    from aitrader_core.storage.suggestions import Suggestions

    day = None if session is None else parse_date(session)
    with open_floor(market) as floor:
        scan_id = scan(floor, model, day, source="cli")
        found = known(Suggestions(floor.engine).get(scan_id), scan_id)
    _show(found, as_json=as_json)
    if found.scan.reason is not None:
        sys.exit(1)


@click.group()
def suggestions() -> None:
    """What models proposed, and nobody traded."""


@suggestions.command("list")
@click.option("--market", help="Of one arena alone.")
@click.option("--model", help="Of one model alone.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1))
@as_json_option
def list_scans(market: str | None, model: str | None, limit: int, as_json: bool) -> None:
    """The latest looks, newest first."""
    from aitrader_core.storage.suggestions import Suggestions

    with open_engine() as engine:
        found = Suggestions(engine).latest(limit, market, model)
    if as_json:
        print_json([_brief(each) for each in found])
    elif not found:
        say("there are no suggestions: run `aitrader suggest`")
    else:
        columns = ("id", "market", "model", "session", "account", "orders", "denied")
        print_table(columns, map(_row, found), right=("id", "orders", "denied"))


@suggestions.command()
@click.argument("scan_id", metavar="ID", type=int)
@as_json_option
def show(scan_id: int, as_json: bool) -> None:
    """One look: what it was at, and each order that was proposed."""
    from aitrader_core.storage.suggestions import Suggestions

    with open_engine() as engine:
        found = known(Suggestions(engine).get(scan_id), scan_id)
    _show(found, as_json=as_json)


def known(found: "KeptScan | None", scan_id: int) -> "KeptScan":
    from aitrader_core.domain.errors import InputError

    if found is None:
        raise InputError(f"there is no scan {scan_id}: see `aitrader suggestions list`")
    return found


def _brief(found: "KeptScan") -> dict[str, Any]:
    scan = found.scan
    return {
        "id": found.id,
        "market": scan.market,
        "model": scan.model,
        "session": scan.session,
        "priced_on": scan.priced_on,
        "account": scan.account,
        "portfolio": scan.portfolio,
        "source": scan.source,
        "status": scan.status,
        "reason": scan.reason,
        "remark": scan.remark,
        "run_id": scan.run_id,
        "manifest": scan.manifest,
        "made_at": found.made_at,
        "count": found.count,
        "denied": found.denied,
    }


def _show(found: "KeptScan", *, as_json: bool) -> None:
    from dataclasses import asdict

    scan = found.scan
    if as_json:
        print_json({**_brief(found), "suggestions": [asdict(each) for each in scan.suggestions]})
        return
    at = "its own opens" if scan.priced_on == scan.session else f"the closes of {scan.priced_on}"
    say(
        f"scan {found.id}: {scan.market}/{scan.model} looks at {scan.session} at {at}, with "
        f"{_held(scan.portfolio)} ({scan.account})"
    )
    if scan.reason is not None:
        say(f"it failed: {scan.reason}")
    elif not scan.suggestions:
        say(f"it would do nothing{f': {scan.remark}' if scan.remark else ''}")
    else:
        columns = ("#", "side", "quantity", "symbol", "price", "score", "why")
        rows = map(_suggestion_row, scan.suggestions)
        print_table(columns, rows, right=("#", "quantity", "price", "score"))
        say("nothing of it was traded")


def _held(portfolio: Any) -> str:
    held = [f"{quantity} {symbol}" for symbol, quantity in portfolio["positions"].items()]
    return ", ".join([f"cash {portfolio['cash']}", *held])


def _row(found: "KeptScan") -> tuple[str, ...]:
    scan = found.scan
    orders = "failed" if scan.reason is not None else f"{found.count:,}"
    at = (str(found.id), scan.market, scan.model, str(scan.session), scan.account)
    return (*at, orders, f"{found.denied:,}")


def _suggestion_row(each: "Suggestion") -> tuple[str, ...]:
    from aitrader_core.domain.money import plain, plain_quantity

    return (
        str(each.number),
        each.side,
        "-" if each.quantity is None else plain_quantity(each.quantity),
        each.symbol,
        "-" if each.price is None else plain(each.price),
        "-" if each.score is None else f"{each.score:+.4f}",
        each.reason if each.denial is None else f"denied: {each.denial}",
    )
