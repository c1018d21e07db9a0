"""What a model would do with a portfolio at the next open; nothing of it is ever traded.

The model trades a model-day as always, at a desk that is thrown away. **As of:** where the session
has prices, the model sees its opens, as it will when it trades it. Where it has none yet, it sees
a session that opens where the last one closed, corrected for splits of that day: its orders are
those of an open without a gap, and tell what to expect, not what will be filled.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from sqlalchemy.exc import InterfaceError, OperationalError

from aitrader_core import __version__
from aitrader_core.domain.account import Account
from aitrader_core.domain.errors import InputError, sentence
from aitrader_core.domain.market import Bar, Split, Symbol
from aitrader_core.domain.model_day import ModelDay, Opening, Performance
from aitrader_core.domain.money import plain_quantity
from aitrader_core.domain.orders import Fill, Outcome
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.runner.catch_up import due
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.model_day import run_model_day
from aitrader_core.runner.requests import check_prices
from aitrader_core.simulation.tape import Tape
from aitrader_core.simulation.venue import SimulatedVenue
from aitrader_core.storage.suggestion import Scan, Suggestion
from aitrader_core.storage.suggestions import Suggestions

OWN, CASH = "own", "initial cash"
_SPEAKERS = ("model", "agent")


@dataclass(frozen=True)
class Look:
    """The session that is looked at, with what it begins with and the prices that there are."""

    session: date
    opening: Opening
    account: str
    tape: Tape
    priced_on: date
    left_out: tuple[Symbol, ...] = ()  # held in symbols that the arena does not have


def scan(
    floor: Floor,
    model: str,
    session: date | None = None,
    account: Account | Portfolio | None = None,
    *,
    whose: str = "broker",
    source: str = "cli",
    run_id: str = "",
) -> int:
    """Let `model` look, store what it would do, and return the scan's id.

    It looks at its own portfolio at the session after its latest stored one; with `account`, or
    where nothing is stored, at the one after the last that has prices. InputError says why it
    can't; a model that fails is stored as a failed scan.
    """
    entry = floor.arena.model(model)
    if entry.config.kind == "mcp":
        raise InputError(f"{model} is played by an agent outside: nobody is there to be asked")
    look = _look(floor, model, session, account, whose)
    asked = Scan(
        market=floor.arena.market,
        model=model,
        session=look.session,
        priced_on=look.priced_on,
        account=look.account,
        portfolio=_as_json(look),
        manifest={
            "code": __version__,
            "config": entry.config_hash,
            "prices": look.tape.prices[look.session],
        },
        source=source,
        run_id=run_id,
    )
    return Suggestions(floor.engine).put(_looked(floor, model, look, asked))


def _looked(floor: Floor, model: str, look: Look, asked: Scan) -> Scan:
    venue = SimulatedVenue(look.tape, floor.arena.costs, look.session)
    trader = floor.trader(model)
    try:
        feed = floor.feed(trader, look.session)
        day = run_model_day(trader, venue, look.opening, feed=feed)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:  # whatever a model raises is its own failure
        return replace(asked, reason=sentence(error))
    said = [entry.text for entry in day.transcript if entry.role in _SPEAKERS and entry.text]
    remark = said[-1] if said else ""
    return replace(asked, remark=remark, suggestions=tuple(_proposed(day, look.tape)))


def _look(
    floor: Floor,
    model: str,
    session: date | None,
    account: Account | Portfolio | None,
    whose: str,
) -> Look:
    if session is not None and not floor.arena.calendar.is_session(session):
        raise InputError(floor.arena.calendar.explain(session))
    if account is not None:
        wanted = session or _next_open(floor)
        opening, left_out = _given(floor, account, wanted)
        return Look(wanted, opening, whose, *_priced(floor, wanted), left_out)
    stored = floor.model_days.sessions(floor.arena.market, model)
    wanted = session or (_after(floor, stored[-1]) if stored else _next_open(floor))
    previous = floor.arena.calendar.previous(wanted)
    kept = previous and floor.model_days.opening_after(floor.arena.market, model, previous)
    if kept is None and any(day < wanted for day in stored):
        last = max(day for day in stored if day < wanted)
        raise InputError(
            f"{floor.arena.market}/{model} is stored up to {last}, not up to {previous}: what it "
            f"holds is known at the open of {_after(floor, last)}, leave the session out"
        )
    opening = kept or Opening.with_cash(floor.arena.initial_cash)
    return Look(wanted, opening, OWN if kept else CASH, *_priced(floor, wanted))


def _next_open(floor: Floor) -> date:
    """The session after the last one with prices, or that one while it has but begun."""
    latest, _ = due(floor, ())
    if latest is None:
        raise InputError(
            f"the {floor.arena.market} arena has no prices yet: import them first "
            f"(aitrader prices import --market {floor.arena.market})"
        )
    closes = floor.tape(latest, latest).closes
    has_closed = any(close is not None for row in closes.values() for close in row.values())
    return _after(floor, latest) if has_closed else latest


def _after(floor: Floor, session: date) -> date:
    following = floor.arena.calendar.next(session)
    if following is None:
        raise InputError(f"the calendar ends on {session}: there is no session to look at")
    return following


def _given(
    floor: Floor, account: Account | Portfolio, session: date
) -> tuple[Opening, tuple[Symbol, ...]]:
    """What an account is free to trade with; what working orders have promised is not."""
    if isinstance(account, Account):
        cash = account.free_cash
        held = {symbol: account.sellable(symbol) for symbol in account.positions}
    else:
        cash, held = account.cash, dict(account.positions)
    if cash < 0 or any(quantity < 0 for quantity in held.values()):
        raise InputError("the account owes cash or shares: only what is owned can be looked at")
    listed = {symbol: q for symbol, q in held.items() if q and symbol in floor.arena.symbols}
    left_out = tuple(sorted(symbol for symbol, q in held.items() if q and symbol not in listed))
    before = floor.arena.calendar.previous(session) if listed else None
    opening = Opening(Portfolio(cash, listed), Performance.starting_with(cash), before)
    return opening, left_out


def _priced(floor: Floor, session: date) -> tuple[Tape, date]:
    """A tape up to `session`, and whose prices it opens at."""
    known = floor.tape(session, session)
    if any(known.opens[moment] for moment in known.moments_of(session)):
        check_prices(floor, [session])
        return known, session
    before = floor.arena.calendar.previous(session)
    if before is None or before not in known.sessions:
        raise InputError(f"there is no session before {session} to take prices from")
    check_prices(floor, [before])
    bars = [bar for row in known.bars.values() for bar in row.values()]
    return Tape(
        known.sessions,
        [*bars, *_opening_bars(known, before, session)],
        [action for actions in known.actions.values() for action in actions],
        depth=known.depth,
        prices=known.prices,
        suspect=known.suspect,
    ), before


def _opening_bars(known: Tape, before: date, session: date) -> Iterator[Bar]:
    """Each symbol opens where it closed, in the shares that count from then on."""
    first, last = known.moments_of(before)[0], known.moments_of(before)[-1]
    splits = {a.symbol: a.ratio for a in known.actions.get(session, ()) if isinstance(a, Split)}
    for symbol, bar in known.bars[last].items():
        price = bar.open if bar.close is None else bar.close
        yield Bar(symbol, session, price / splits.get(symbol, 1), at=first[1])


def _proposed(day: ModelDay, tape: Tape) -> Iterator[Suggestion]:
    told, outcomes = iter(_reasons(day)), iter(enumerate(day.blotter, 1))
    for mark in day.marks:
        opens = tape.opens[day.session, mark.at]
        for number, outcome in (next(outcomes) for _ in range(mark.orders)):
            yield _suggestion(number, outcome, next(told), opens.get(outcome.order.symbol))


def _suggestion(number: int, outcome: Outcome, reason: str, offered: Decimal | None) -> Suggestion:
    order = outcome.order
    found = Suggestion(
        number,
        order.symbol,
        order.side.value,
        order.quantity,
        offered,
        _score(reason, order.symbol),
        reason,
    )
    if isinstance(outcome, Fill):
        return replace(found, price=outcome.price)
    return replace(found, denial=outcome.reason, code=outcome.code and outcome.code.value)


def _reasons(day: ModelDay) -> list[str]:
    """What had been said last when each order was given: the desk tells its outcomes in order."""
    said, found = "", list[str]()
    for entry in day.transcript:
        if entry.role in _SPEAKERS and entry.text:
            said = entry.text
        elif entry.role == "desk":
            found.append(said)
    return found


def _score(reason: str, symbol: Symbol) -> float | None:
    """`AAPL +0.1234`, `AAPL scores -0.42`: as models name the figure that they decide by."""
    named = re.search(
        rf"(?<!\w){re.escape(symbol)} (?:scores )?([+-]\d+(?:\.\d+)?)(?!\S*\w)", reason
    )
    return float(named[1]) if named else None


def _as_json(look: Look) -> dict[str, object]:
    held = look.opening.portfolio
    return {
        "cash": plain_quantity(held.cash),
        "positions": {s: plain_quantity(q) for s, q in sorted(held.positions.items())},
        "after": look.opening.after and look.opening.after.isoformat(),
        "left_out": list(look.left_out),
    }
