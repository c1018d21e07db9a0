"""An account at a broker, as pre-trade risk looks at any other."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Protocol

from aitrader_core.broker.account import (
    BrokerOrder,
    BrokerQuote,
    Holding,
    Margins,
    NetPosition,
)
from aitrader_core.domain.account import Account
from aitrader_core.domain.errors import BrokerError
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.money import ZERO, money, times
from aitrader_core.domain.orders import Side
from aitrader_core.domain.trail import OrderStatus

LOOKS = 3


class Looks(Protocol):
    def margins(self) -> Margins: ...
    def holdings(self) -> Sequence[Holding]: ...
    def positions(self) -> Sequence[NetPosition]: ...
    def orders(self) -> Sequence[BrokerOrder]: ...
    def quotes(self, symbols: Sequence[Symbol]) -> Mapping[Symbol, BrokerQuote]: ...


def snapshot(account: Looks, now: int, symbols: Sequence[Symbol] = ()) -> Account:
    """BrokerError when its orders change as fast as they are looked at."""
    orders = account.orders()
    for _ in range(LOOKS):
        margins, holdings, positions = account.margins(), account.holdings(), account.positions()
        before, orders = orders, account.orders()
        if before == orders:  # so that what was read in between is of one moment
            break
    else:
        raise BrokerError("the broker's account changes while it is looked at: look again")
    prices = _prices(account, holdings, positions, orders, symbols)
    working = [o for o in orders if o.working]
    buys = [(o.status, _reserved(o, prices)) for o in working if o.order.side is Side.BUY]
    reserved = sum((amount for _, amount in buys), ZERO)
    # what the broker has not validated yet it has not taken off the available cash either
    taken_off = sum((amount for s, amount in buys if s is not OrderStatus.SUBMITTED), ZERO)
    return Account(
        now=now,
        as_of=now,
        cash=money(margins.available + taken_off),
        value_at_start=_value_at_start(margins, holdings, positions),
        positions=_positions(holdings, positions),
        prices=prices,
        reserved=money(reserved),
        incoming=_quantities(working, Side.BUY),
        outgoing=_quantities(working, Side.SELL),
        known=frozenset(o.order.id for o in orders if o.order.id),
    )


def _positions(
    holdings: Iterable[Holding], positions: Iterable[NetPosition]
) -> Mapping[Symbol, Decimal]:
    """What was sold of the holdings stands among the day's positions, below zero."""
    total: dict[Symbol, Decimal] = {}
    for holding in holdings:
        total[holding.symbol] = total.get(holding.symbol, ZERO) + holding.opening
    for position in positions:
        total[position.symbol] = total.get(position.symbol, ZERO) + position.quantity
    return {symbol: quantity for symbol, quantity in total.items() if quantity}


def _prices(
    account: Looks,
    holdings: Iterable[Holding],
    positions: Iterable[NetPosition],
    orders: Iterable[BrokerOrder],
    symbols: Iterable[Symbol],
) -> Mapping[Symbol, Decimal]:
    known = {h.symbol: h.last_price for h in holdings}
    known |= {p.symbol: p.last_price for p in positions}
    wanted = {o.order.symbol for o in orders if o.working} | set(symbols)
    if missing := sorted(wanted - known.keys()):
        known |= {symbol: quote.last for symbol, quote in account.quotes(missing).items()}
    return known


def _reserved(order: BrokerOrder, prices: Mapping[Symbol, Decimal]) -> Decimal:
    limit = order.order.limit
    return times(order.working, prices.get(order.order.symbol, ZERO) if limit is None else limit)


def _quantities(orders: Iterable[BrokerOrder], side: Side) -> Mapping[Symbol, Decimal]:
    total: dict[Symbol, Decimal] = {}
    for order in orders:
        if order.order.side is side:
            symbol = order.order.symbol
            total[symbol] = total.get(symbol, ZERO) + order.working
    return total


def _value_at_start(
    margins: Margins, holdings: Iterable[Holding], positions: Iterable[NetPosition]
) -> Decimal:
    held = (times(h.opening, h.close_price) for h in holdings)
    overnight = (times(p.overnight, p.close_price) for p in positions)
    return money(margins.opening + sum(held, ZERO) + sum(overnight, ZERO))
