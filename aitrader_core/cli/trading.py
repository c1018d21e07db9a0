"""aitrader trading: the kill switch."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from aitrader_core.cli.opening import as_json_option, market_option, open_floor
from aitrader_core.cli.printing import print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.runner.floor import Floor
    from aitrader_core.storage.trading_states import Throw, TradingStates

THROWS = {"halt": "halted", "reduce": "reducing", "resume": "active"}


@click.command()
@click.argument("what", type=click.Choice(("show", *THROWS, "history")), default="show")
@click.option("--model", default="", metavar="A", help="One model; all of the arena by default.")
@click.option("--reason", default="", metavar="TEXT", help="Why: it is kept for ever.")
@market_option
@as_json_option
def trading(what: str, model: str, reason: str, market: str, as_json: bool) -> None:
    """The kill switch: halt or reduce trading, resume it, and see who did.

    Halted cancels what is open and denies every order; reducing lets through only what makes a
    position smaller. A model is held to the stricter of its own switch and the arena's.
    """
    from aitrader_core.domain.trading_state import TradingState
    from aitrader_core.runner.kill_switch import check_model, throw_switch
    from aitrader_core.storage.trading_states import TradingStates

    with open_floor(market) as floor:
        if what in THROWS:
            state, now = TradingState(THROWS[what]), datetime.now(UTC)
            throw_switch(floor, state, reason, "cli", now, model)
        check_model(floor, model)
        states = TradingStates(floor.engine)
        if what == "history":
            _history(floor, states, model, as_json=as_json)
        else:
            _show(floor, states, model, as_json=as_json)


def _show(floor: "Floor", states: "TradingStates", model: str, *, as_json: bool) -> None:
    market = floor.arena.market
    state, latest = states.state_of(market, model).value, states.latest(market)
    throws = [throw for name, throw in latest.items() if not model or name in ("", model)]
    if as_json:
        switches = [_as_json(throw) for throw in throws]
        asked = {"market": market, "model": model or None, "state": state}
        print_json({**asked, "switches": switches})
        return
    say(f"{model or market} is {state}")
    if throws:
        _print(throws)


def _history(floor: "Floor", states: "TradingStates", model: str, *, as_json: bool) -> None:
    market = floor.arena.market
    throws = states.history(market, model or None)
    changed = states.first_changed(market)
    if as_json:
        print_json({"first_changed": changed, "history": [_as_json(throw) for throw in throws]})
        return
    if not throws:
        say(f"nobody has thrown the switch of {model or market} yet")
    else:
        _print(throws)
    if changed is not None:
        say(f"throw {changed} of the {market} arena is not what was written")


def _print(throws: Sequence["Throw"]) -> None:
    columns = ("set at (UTC)", "model", "state", "source", "reason")
    rows = [
        (
            f"{t.set_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            t.model or "all",
            t.state.value,
            t.source,
            t.reason,
        )
        for t in throws
    ]
    print_table(columns, rows)


def _as_json(throw: "Throw") -> dict[str, Any]:
    return {
        "model": throw.model or None,
        "state": throw.state.value,
        "reason": throw.reason,
        "source": throw.source,
        "set_at": throw.set_at,
    }
