"""One model-day in full."""

from collections.abc import Mapping
from dataclasses import asdict
from decimal import Decimal
from typing import Any

from aitrader_core.cli.orders_printing import print_orders, trail_json
from aitrader_core.cli.printing import money, percent, print_table, say
from aitrader_core.cli.transcript_printing import print_transcript
from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Mark, ModelDay
from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.domain.orders import Fill, Outcome
from aitrader_core.domain.portfolio import Portfolio


def print_day(day: ModelDay, currency: str) -> None:
    say(f"{day.model} on {day.session} ({day.market}, {currency}): {day.ending.value}")
    opened = day.opening.after or "the start"
    say(f"opening (close of {opened}): {_portfolio(day.opening.portfolio)}")
    for change in day.adjustments:
        quantity, cash = plain_quantity(change.quantity_change), plain(change.cash_change)
        what = f"{change.kind.value}{f' {change.symbol}' if change.symbol else ''}"
        say(f"adjustment: {what}, {quantity} shares, {cash} cash")
    if not print_orders(day):
        _print_blotter(day)
    say(f"closing: {_portfolio(day.closing)}")
    close = "not known yet" if day.value_close is None else money(day.value_close)
    gain = percent(day.performance.cumulative_return)
    say(f"value: {money(day.value_open)} at the open, {close} at the close, {gain} since the start")
    if len(day.marks) > 1:
        say("")
        marks = [(_clock(m), money(m.value_open), _close(m), str(m.orders)) for m in day.marks]
        print_table(("bar", "open", "close", "orders"), marks, right=("open", "close", "orders"))
    print_transcript(day.transcript, day.ending.value)
    say("")
    made = day.manifest
    say(f"made by aitrader {made.code}, configuration {made.config}, prices {made.prices}")
    if made.agent:
        say(f"with {'; '.join(f'{name} {value}' for name, value in made.agent.items())}")


def _print_blotter(day: ModelDay) -> None:
    if not day.blotter:
        say("no orders")
        return
    say("")
    columns = ("#", "order", "outcome", "notional", "commission")
    rows = [(str(n), *_order_row(outcome)) for n, outcome in enumerate(day.blotter, 1)]
    print_table(columns, rows, right=("#", "notional", "commission"))
    say("")


def day_json(day: ModelDay) -> dict[str, Any]:
    return {
        "market": day.market,
        "model": day.model,
        "session": day.session,
        "ending": day.ending.value,
        "opening": {"after": day.opening.after, **_portfolio_json(day.opening.portfolio)},
        "adjustments": [asdict(change) for change in day.adjustments],
        "orders": [_order_json(n, outcome) for n, outcome in enumerate(day.blotter, 1)],
        **trail_json(day),
        "closing": _portfolio_json(day.closing),
        "marks": [asdict(mark) for mark in day.marks],
        "value_open": day.value_open,
        "value_close": day.value_close,
        "profit": day.profit,
        "cumulative_return": day.performance.cumulative_return,
        "max_drawdown": day.performance.max_drawdown,
        "usage": asdict(day.usage),
        "summary": day.summary,
        "transcript": [asdict(entry) for entry in day.transcript],
        "manifest": asdict(day.manifest),
    }


def _clock(mark: Mark) -> str:
    return f"{mark.at:%H:%M}"


def _close(mark: Mark) -> str:
    return "-" if mark.value_close is None else money(mark.value_close)


def _portfolio(portfolio: Portfolio) -> str:
    held = sorted(portfolio.positions.items())
    positions = "".join(f", {plain_quantity(quantity)} {symbol}" for symbol, quantity in held)
    return f"cash {money(portfolio.cash)}{positions}"


def _portfolio_json(portfolio: Portfolio) -> dict[str, Decimal | Mapping[Symbol, Decimal]]:
    return {"cash": portfolio.cash, "positions": dict(sorted(portfolio.positions.items()))}


def _order_row(outcome: Outcome) -> tuple[str, str, str, str]:
    order = outcome.order
    wish = f"{order.side.value} {plain_quantity(order.quantity)} {order.symbol}"
    if isinstance(outcome, Fill):
        price = f"filled at {plain(outcome.price)}"
        return wish, price, money(outcome.notional), money(outcome.commission)
    return wish, f"refused: {outcome.reason}", "", ""


def _order_json(number: int, outcome: Outcome) -> dict[str, Any]:
    order = outcome.order
    wish = {
        "number": number,
        "symbol": order.symbol,
        "side": order.side.value,
        "quantity": order.quantity,
        "limit_price": order.limit,
        "client_id": order.id or None,
    }
    if isinstance(outcome, Fill):
        filled = {"price": outcome.price, "notional": outcome.notional}
        return {**wish, "outcome": "filled", **filled, "commission": outcome.commission}
    return {**wish, "outcome": "refused", "reason": outcome.reason, "code": outcome.code}
