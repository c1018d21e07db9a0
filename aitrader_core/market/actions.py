"""Splits and dividends from a CSV file: symbol, ex_date, kind, value."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal

from aitrader_core.domain.market import CashDividend, CorporateAction, Split, Symbol
from aitrader_core.market.checking import Roster
from aitrader_core.market.faults import Fault, spoken
from aitrader_core.market.quotes import positive, session_of
from aitrader_core.market.tabular import Columns, csv_rows

COLUMNS = Columns(("symbol", "ex_date", "kind", "value"))
KINDS: Mapping[str, Callable[[Symbol, date, Decimal], CorporateAction]] = {
    "split": Split,  # new shares for each old one
    "cash_dividend": CashDividend,  # per share
}


def checked_actions(content: bytes, roster: Roster) -> tuple[CorporateAction, ...]:
    """By symbol and ex-date; PriceFileError tells the first fault."""
    found: dict[tuple[str, ...], CorporateAction] = {}
    places: dict[tuple[str, ...], str] = {}
    for place, row in csv_rows(content, roster.faults, COLUMNS):
        symbol, ex_date, kind, value = (cell or "" for cell in row)
        if not roster.has(symbol, place):
            continue
        key = (symbol, ex_date, kind)
        try:
            if key in places:
                raise Fault(
                    f"{symbol} has a {kind} on {ex_date} on {spoken(places[key])} already",
                    "keep the right one, or add up dividends of one day",
                )
            found[key] = _action(symbol, ex_date, kind, value, roster)
        except Fault as fault:
            roster.faults.add(place, fault)
        places[key] = place
    roster.faults.check()
    return tuple(sorted(found.values(), key=lambda action: (action.symbol, action.ex_date)))


def _action(symbol: str, ex_date: str, kind: str, value: str, roster: Roster) -> CorporateAction:
    if kind not in KINDS:
        raise Fault(f"{symbol} has an action of kind {kind!r}", f"kinds are {', '.join(KINDS)}")
    session = session_of(ex_date, symbol, roster.wanted.calendar)
    return KINDS[kind](
        Symbol(symbol), session, positive(value, f"the value of {symbol}'s {kind} on {ex_date}")
    )
