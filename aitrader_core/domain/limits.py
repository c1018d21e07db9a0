"""Pre-trade limits: what is asked of every order before a venue sees it, whatever its market says.

Positions are never short here, so whatever sells what is held makes a position smaller. Such an
order no limit of loss, position or exposure may stand in the way of.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import ClassVar

from aitrader_core.domain.account import Account
from aitrader_core.domain.denials import Denial
from aitrader_core.domain.money import ZERO, plain, plain_quantity
from aitrader_core.domain.orders import Order, Quote, Refused, Side
from aitrader_core.domain.trading_state import TradingState

_BUY, _SELL = Side.BUY, Side.SELL  # named here: looking them up takes a quarter of all the checks
_HALTED, _REDUCING = TradingState.HALTED, TradingState.REDUCING
_AMOUNTS = ("max_quantity", "max_notional", "max_position", "max_gross_exposure")
_FRACTIONS = ("price_collar", "max_position_share", "max_daily_loss")
_COUNTS = ("max_orders", "rate_window_ms", "max_account_age_ms")


@dataclass(frozen=True, slots=True)
class Limits:
    """The most that one model may do; None is no limit.

    Of one order: `max_quantity`, `max_notional` in the market's currency, and `price_collar`, how
    far from the last price it may be, as a fraction of it. Of a symbol with its working buys:
    `max_position` as a quantity, `max_position_share` as a fraction of the account's value. Of all
    symbols with their working buys: `max_gross_exposure`, a fraction of the value, too. After a
    loss of more than `max_daily_loss`, a fraction of the value at the session's start, only sales
    pass. No more than `max_orders` are submitted within `rate_window_ms`, and none on an account
    that is older than `max_account_age_ms`.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    max_quantity: Decimal | None = None
    price_collar: Decimal | None = None
    max_notional: Decimal | None = None
    max_position: Decimal | None = None
    max_position_share: Decimal | None = None
    max_gross_exposure: Decimal | None = None
    max_daily_loss: Decimal | None = None
    max_orders: int | None = None
    rate_window_ms: int = 1000
    max_account_age_ms: int | None = None

    def __post_init__(self) -> None:
        for name in (*_AMOUNTS, *_FRACTIONS, *_COUNTS):
            value = getattr(self, name)
            if value is not None and not (Decimal(value).is_finite() and value > 0):
                raise ValueError(f"{name} is {value}, must be above 0")
        for name in _FRACTIONS:
            if (value := getattr(self, name)) is not None and value > 1:
                raise ValueError(f"{name} is {value}, a fraction that must be 1 at most")


def halted(order: Order, _quote: Quote, account: Account, _limits: Limits) -> str | None:
    if account.trading is _HALTED:
        return f"trading is halted, nothing is ordered: {_wish(order)}"
    return None


def reducing(order: Order, _quote: Quote, account: Account, _limits: Limits) -> str | None:
    if account.trading is _REDUCING and order.side is _BUY:
        return f"trading is reducing, only sales of what is held pass: {_wish(order)}"
    return None


def quantity(order: Order, _quote: Quote, _account: Account, limits: Limits) -> str | None:
    most = limits.max_quantity
    if not order.quantity.is_finite() or order.quantity <= ZERO:
        return f"quantity {order.quantity} is not a positive number"
    if most is not None and order.quantity > most:
        return f"{_wish(order)}, the most of one order is {plain_quantity(most)}"
    return None


def price_collar(order: Order, quote: Quote, account: Account, limits: Limits) -> str | None:
    """Of the limit as of the price that it is quoted at, which may be another."""
    collar = limits.price_collar
    if order.limit is not None and not (order.limit.is_finite() and order.limit > 0):
        return f"limit {order.limit} is not a price"
    if collar is None:
        return None
    last = account.prices.get(order.symbol)
    if last is None:
        return f"{order.symbol} has no last price to measure {plain(quote.price)} by"
    most = last * collar
    for price in (quote.price,) if order.limit is None else (quote.price, order.limit):
        if abs(price - last) > most:
            away = f"more than {_percent(collar)} from the last price, {plain(last)}"
            return f"a price of {plain(price)} is {away}"
    return None


def notional(_order: Order, quote: Quote, _account: Account, limits: Limits) -> str | None:
    most = limits.max_notional
    if most is not None and quote.notional > most:
        return f"worth {plain(quote.notional)}, the most of one order is {plain(most)}"
    return None


def position(order: Order, quote: Quote, account: Account, limits: Limits) -> str | None:
    most, share = limits.max_position, limits.max_position_share
    if order.side is _SELL or (most is None and share is None):
        return None
    held = account.held(order.symbol)
    after = held + account.incoming.get(order.symbol, ZERO) + order.quantity
    if most is not None and after > most:
        made = f"makes a position of {plain_quantity(after)} {order.symbol}"
        return f"{made} with working buys, the most is {plain_quantity(most)}"
    if share is not None and after * quote.price > share * account.value:
        made = f"makes a position worth {plain(after * quote.price)} with working buys"
        return f"{made}, the most is {_percent(share)} of {plain(account.value)}"
    return None


def gross_exposure(order: Order, quote: Quote, account: Account, limits: Limits) -> str | None:
    most = limits.max_gross_exposure
    if most is None or order.side is _SELL:
        return None
    value = account.value
    gross = value - account.cash + account.reserved + quote.notional
    if gross > most * value:
        made = f"makes all positions worth {plain(gross)} with working buys"
        return f"{made}, the most is {_percent(most)} of {plain(value)}"
    return None


def daily_loss(order: Order, _quote: Quote, account: Account, limits: Limits) -> str | None:
    most = limits.max_daily_loss
    if most is None or order.side is _SELL:
        return None
    loss = account.value_at_start - account.value
    if loss > most * account.value_at_start:
        lost = f"lost {plain(loss)} of {plain(account.value_at_start)} since the session's start"
        return f"{lost}, after {_percent(most)} only sales pass"
    return None


def free_cash(order: Order, quote: Quote, account: Account, _limits: Limits) -> str | None:
    if order.side is _SELL:
        return None
    cost = quote.notional + quote.commission
    if cost > account.free_cash:
        return f"costs {plain(cost)}, {_less(account.cash, account.reserved, plain)}"
    return None


def not_held(order: Order, _quote: Quote, account: Account, _limits: Limits) -> str | None:
    if order.side is _SELL and order.quantity > account.sellable(order.symbol):
        held = account.held(order.symbol)
        promised = account.outgoing.get(order.symbol, ZERO)
        return f"{_wish(order)}, {_held(held, promised)}"
    return None


def duplicate_id(order: Order, _quote: Quote, account: Account, _limits: Limits) -> str | None:
    if order.id and order.id in account.known:
        return f"the id {order.id} was used before"
    return None


def rate(_order: Order, _quote: Quote, account: Account, limits: Limits) -> str | None:
    most = limits.max_orders
    if most is not None and account.recent >= most:
        return f"{account.recent} orders within {limits.rate_window_ms} ms, the most is {most}"
    return None


def stale_account(_order: Order, _quote: Quote, account: Account, limits: Limits) -> str | None:
    most = limits.max_account_age_ms
    if most is not None and account.now - account.as_of > most * 1_000_000:
        age = (account.now - account.as_of) // 1_000_000
        return f"what is known of the account is {age} ms old, the most is {most} ms"
    return None


Check = Callable[[Order, Quote, Account, Limits], str | None]
Checks = tuple[tuple[Denial, Check], ...]

CHECKS: Checks = (  # the first that denies is told
    (Denial.HALTED, halted),
    (Denial.REDUCING, reducing),
    (Denial.QUANTITY, quantity),
    (Denial.PRICE_COLLAR, price_collar),
    (Denial.NOTIONAL, notional),
    (Denial.POSITION, position),
    (Denial.GROSS_EXPOSURE, gross_exposure),
    (Denial.DAILY_LOSS, daily_loss),
    (Denial.FREE_CASH, free_cash),
    (Denial.NOT_HELD, not_held),
    (Denial.DUPLICATE_ID, duplicate_id),
    (Denial.RATE, rate),
    (Denial.STALE_ACCOUNT, stale_account),
)


_OF_BUYS: frozenset[Check] = frozenset({reducing, position, gross_exposure, daily_loss, free_cash})
_OF_SALES: frozenset[Check] = frozenset({not_held})
_NEEDS: Mapping[Check, tuple[str, ...]] = {  # a limit: without it there is nothing to deny
    notional: ("max_notional",),
    position: ("max_position", "max_position_share"),
    gross_exposure: ("max_gross_exposure",),
    daily_loss: ("max_daily_loss",),
    rate: ("max_orders",),
    stale_account: ("max_account_age_ms",),
}


def asked(limits: Limits, side: Side) -> Checks:
    """Those of CHECKS that may deny an order of that side under `limits`."""
    never = _OF_SALES if side is _BUY else _OF_BUYS
    return tuple(
        (code, check)
        for code, check in CHECKS
        if check not in never
        and (check not in _NEEDS or any(getattr(limits, name) for name in _NEEDS[check]))
    )


def denial(
    order: Order, quote: Quote, account: Account, limits: Limits, checks: Checks = CHECKS
) -> Refused | None:
    """The first reason why `order` may not be sent; None when there is none."""
    for code, check in checks:
        if reason := check(order, quote, account, limits):
            return Refused(order, reason, code)
    return None


class PreTrade:
    """The guard of a desk (domain/risk.py): `limits` on the account as it is at each order."""

    def __init__(self, limits: Limits, account: Callable[[], Account]) -> None:
        self._limits, self._account = limits, account
        # found out once: an order is asked five to twelve questions instead of thirteen
        self._of_buys, self._of_sales = asked(limits, _BUY), asked(limits, _SELL)

    def denial(self, order: Order, quote: Quote) -> Refused | None:
        checks = self._of_buys if order.side is _BUY else self._of_sales
        return denial(order, quote, self._account(), self._limits, checks)


def _wish(order: Order) -> str:
    does = "buys" if order.side is _BUY else "sells"
    return f"{does} {plain_quantity(order.quantity)} {order.symbol}"


def _less(cash: Decimal, reserved: Decimal, told: Callable[[Decimal], str]) -> str:
    if not reserved:
        return f"cash is {told(cash)}"
    return f"cash is {told(cash)}, {told(reserved)} of it promised to working buys"


def _held(held: Decimal, promised: Decimal) -> str:
    said = f"{plain_quantity(held)} are held"
    return f"{said}, {plain_quantity(promised)} of them not to be sold now" if promised else said


def _percent(fraction: Decimal) -> str:
    return f"{plain_quantity(fraction * 100)} %"
