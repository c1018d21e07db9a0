"""From a signal to an order: pure, so that a replay, a backtest and a live session decide alike."""

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_UP, Decimal
from math import isfinite, nan
from typing import ClassVar, Literal

from aitrader_core.domain.account import Account
from aitrader_core.domain.money import ZERO, money, whole_steps
from aitrader_core.domain.orders import Order, Side
from aitrader_core.domain.risk import TradingRules
from aitrader_core.domain.signals import Signal

_POSITIVE = ("pattern_weight", "risk", "atr_multiple", "max_share")
_NOT_NEGATIVE = ("model_weight", "entry", "fee_margin", "minimum_notional")
_BUY, _SELL = Side.BUY, Side.SELL
_LARGEST = 1e18  # of prices that can be true
_UP_TO_ONE = ("entry", "risk", "max_share", "fee_margin")


@dataclass(frozen=True, slots=True)
class StrategyParameters:
    """How a signal becomes an order.

    The signal's score and a model's prediction are weighed together; a combined score of less
    than `entry` is left alone. A buy aims at a position that loses `risk` of the account's value
    when the price falls by `atr_multiple` average true ranges, times the confidence (the combined
    score without its sign), and of no more than `max_share` of the value. A sale is of all that
    can be sold, or of a part in proportion to the confidence.

    A limit order's price is the last one, or the best of its own side (the bid of a buy), moved
    by `offset`: above zero towards the other side, below zero away from it; rounded to a
    `price_step` so that it is never worse. `fee_margin` of a buy's notional is kept back for
    fees and slippage. No order is worth less than `minimum_notional`. All but `atr_multiple`,
    `price_step` and `minimum_notional` are fractions.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    pattern_weight: Decimal = Decimal(1)
    model_weight: Decimal = Decimal(1)
    entry: Decimal = Decimal("0.3")
    risk: Decimal = Decimal("0.01")
    atr_multiple: Decimal = Decimal(2)
    max_share: Decimal = Decimal("0.25")
    exits: Literal["all", "confidence"] = "all"
    orders: Literal["market", "limit"] = "market"
    limit_from: Literal["last", "best"] = "last"
    offset: Decimal = ZERO
    price_step: Decimal | None = None
    fee_margin: Decimal = Decimal("0.002")
    minimum_notional: Decimal = ZERO

    def __post_init__(self) -> None:
        for name in _POSITIVE:
            if not ((value := getattr(self, name)).is_finite() and value > 0):
                raise ValueError(f"{name} is {value}, must be above 0")
        for name in _NOT_NEGATIVE:
            if not ((value := getattr(self, name)).is_finite() and value >= 0):
                raise ValueError(f"{name} is {value}, must be 0 or more")
        for name in _UP_TO_ONE:
            if (value := getattr(self, name)) > 1:
                raise ValueError(f"{name} is {value}, a fraction that must be 1 at most")
        if not abs(self.offset) < 1:
            raise ValueError(f"offset is {self.offset}, must be between -1 and 1")
        step = self.price_step
        if step is not None and not (step.is_finite() and step > 0 and step == money(step)):
            raise ValueError(f"price_step is {step}, must be above 0, of 8 decimals at most")


def decide(
    signal: Signal,
    prediction: float | None,
    account: Account,
    params: StrategyParameters,
    rules: TradingRules,
    *,
    bid: float = nan,
    ask: float = nan,
) -> Order | None:
    """The order that `signal` is worth, without an id; None when there is nothing to do.

    `prediction` is what a model makes of the same window, -1 to 1. `bid` and `ask` are NaN where
    they are not known: then a limit counts from the last price.
    """
    score = combined(signal, prediction, params)
    if not score or not _is_price(signal.price) or (confidence := abs(score)) < params.entry:
        return None
    side, best = (_BUY, bid) if score > 0 else (_SELL, ask)
    limit = None if params.orders == "market" else _limit(side, signal.price, best, params)
    price = exact(signal.price) if limit is None else limit
    if not price:
        return None
    if score > 0:
        quantity = _bought(signal, confidence, price, account, params, rules)
    else:
        quantity = _sold(signal, confidence, account, params, rules)
    if quantity <= 0 or quantity * price < params.minimum_notional:
        return None
    return Order(signal.symbol, side, quantity, limit)


def combined(
    signal: Signal, prediction: float | None, params: StrategyParameters
) -> Decimal | None:
    """Signal and prediction weighed together, -1 to 1; None for what is no number."""
    if not isfinite(signal.score) or (prediction is not None and not isfinite(prediction)):
        return None
    score = _within_one(exact(signal.score))
    if prediction is None:
        return score
    weights = params.pattern_weight + params.model_weight
    told = score * params.pattern_weight + _within_one(exact(prediction)) * params.model_weight
    return money(told / weights)


def exact(value: float) -> Decimal:
    """The one place where a float becomes a decimal: as it is written, to eight decimals."""
    return money(Decimal(repr(float(value))))


def _bought(
    signal: Signal,
    confidence: Decimal,
    price: Decimal,
    account: Account,
    params: StrategyParameters,
    rules: TradingRules,
) -> Decimal:
    """Up to the target, and no more than free cash pays for."""
    if not (_is_price(signal.atr) and (atr := exact(signal.atr)) > 0):
        return ZERO  # of a price that never moves no risk can be told
    value = account.value
    by_risk = value * params.risk * confidence / (atr * params.atr_multiple)
    target = min(by_risk, value * params.max_share / price)
    symbol = signal.symbol
    missing = target - account.held(symbol) - account.incoming.get(symbol, ZERO)
    affordable = account.free_cash / (price * (1 + params.fee_margin))
    return whole_steps(max(min(missing, affordable), ZERO), rules.lot)


def _sold(
    signal: Signal,
    confidence: Decimal,
    account: Account,
    params: StrategyParameters,
    rules: TradingRules,
) -> Decimal:
    """All that can be sold or a part of it, of which an odd rest is no part."""
    sellable = account.sellable(signal.symbol)
    if sellable <= 0:
        return ZERO
    part = whole_steps(sellable * confidence, rules.lot) if params.exits == "confidence" else ZERO
    wanted = Order(signal.symbol, _SELL, part or sellable)
    if rules.bad_quantity(wanted, account.held(signal.symbol)) is None:
        return wanted.quantity
    return whole_steps(sellable, rules.lot)


def _limit(side: Side, last: float, best: float, params: StrategyParameters) -> Decimal:
    known = params.limit_from == "best" and _is_price(best)
    start = exact(best if known else last)
    moved = start * (1 + params.offset if side is _BUY else 1 - params.offset)
    if (step := params.price_step) is None:
        return money(moved)
    towards = ROUND_DOWN if side is _BUY else ROUND_UP
    return (moved / step).to_integral_value(towards) * step


def _is_price(value: float) -> bool:
    """False for NaN, too."""
    return 0 < value <= _LARGEST


def _within_one(score: Decimal) -> Decimal:
    return score if -1 <= score <= 1 else Decimal(1).copy_sign(score)
