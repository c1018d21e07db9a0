"""A model-day as rows of the schema, and back."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, fields
from decimal import Decimal
from typing import Any

from sqlalchemy import RowMapping, Table

from aitrader_core.domain.denials import Denial
from aitrader_core.domain.market import DAILY, Symbol
from aitrader_core.domain.model_day import (
    Ending,
    Manifest,
    Mark,
    ModelDay,
    Opening,
    Performance,
    Totals,
)
from aitrader_core.domain.money import plain_quantity
from aitrader_core.domain.orders import Fill, Order, Outcome, Refused, Side
from aitrader_core.domain.portfolio import Adjustment, AdjustmentKind, Portfolio
from aitrader_core.domain.trail import TrailEntry
from aitrader_core.domain.transcript import Entry, Usage
from aitrader_core.storage import schema

_STORABLE = 40  # digits before and after the point; a wish for more is kept in the reason


def day_row(day: ModelDay) -> dict[str, object]:
    figures, before = day.performance, day.opening.performance.value
    return {
        "market": day.market,
        "model": day.model,
        "session": day.session,
        "opening_cash": day.opening.portfolio.cash,
        "bought": day.bought,
        "sold": day.sold,
        "commission": day.commission,
        "adjustment_cash": day.adjustment_cash,
        "closing_cash": day.closing.cash,
        "value_open": day.value_open,
        "value_close": day.value_close,
        "value": day.value,
        "profit": day.profit,
        "daily_return": float(day.profit) / float(before) if before else 0.0,
        "start_value": figures.start,
        "peak_value": figures.peak,
        "cumulative_return": figures.cumulative_return,
        "max_drawdown": figures.max_drawdown,
        "ending": day.ending.value,
        "fill_count": len(day.fills),
        "refusal_count": len(day.refusals),
        "correction_count": len(day.corrections),
        **usage_row(day.usage),
        **totals_row(day.totals),
        "manifest": {
            "code": day.manifest.code,
            "config": day.manifest.config,
            "prices": day.manifest.prices,
            **({"agent": dict(day.manifest.agent)} if day.manifest.agent else {}),
        },
    }


def totals_row(totals: Totals) -> dict[str, object]:
    return {f"total_{name}": value for name, value in asdict(totals).items()}


def usage_row(usage: Usage) -> dict[str, object]:
    return {
        "call_count": usage.calls,
        "input_tokens": usage.input_tokens,
        "cached_tokens": usage.cached_tokens,
        "output_tokens": usage.output_tokens,
        "reasoning_tokens": usage.reasoning_tokens,
        "dollars": usage.dollars,
        "waited": usage.seconds,
    }


def usage_of_row(row: RowMapping) -> Usage:
    return Usage(
        int(row["input_tokens"]),  # a sum of them is a decimal
        int(row["cached_tokens"]),
        int(row["output_tokens"]),
        int(row["reasoning_tokens"]),
        row["waited"],
        row["dollars"],
        int(row["call_count"]),
    )


def order_rows(day: ModelDay) -> list[dict[str, object]]:
    times = [mark.at for mark in day.marks for _ in range(mark.orders)]
    return [
        {
            "number": number,
            "bar_time": at,
            "symbol": storable_text(outcome.order.symbol),
            "side": outcome.order.side.value,
            "quantity": storable_quantity(outcome.order.quantity),
            "outcome": "refused" if isinstance(outcome, Refused) else "filled",
            "reason": storable_text(outcome.reason) if isinstance(outcome, Refused) else None,
            "code": outcome.code if isinstance(outcome, Refused) else None,
            "limit_price": _storable_limit(outcome.order.limit),
            "client_id": storable_text(outcome.order.id),
        }
        for number, (outcome, at) in enumerate(zip(day.blotter, times, strict=True), 1)
    ]


def fill_rows(day: ModelDay) -> list[dict[str, object]]:
    return [
        {
            "number": number,
            "symbol": fill.order.symbol,
            "side": fill.order.side.value,
            "quantity": fill.order.quantity,
            "price": fill.price,
            "notional": fill.notional,
            "commission": fill.commission,
        }
        for number, fill in enumerate(day.blotter, 1)
        if isinstance(fill, Fill)
    ]


def adjustment_rows(day: ModelDay) -> list[dict[str, object]]:
    return [
        {
            "number": number,
            "bar_time": adjustment.at,
            "after_order": adjustment.after,
            "symbol": adjustment.symbol,
            "kind": adjustment.kind.value,
            "quantity_change": adjustment.quantity_change,
            "cash_change": adjustment.cash_change,
            "reason": None if adjustment.reason is None else storable_text(adjustment.reason),
        }
        for number, adjustment in enumerate(day.adjustments, 1)
    ]


def mark_rows(day: ModelDay) -> list[dict[str, object]]:
    """Of an intraday session; the one mark of any other is in the day's own row."""
    if [mark.at for mark in day.marks] == [DAILY]:
        return []
    return [
        {"bar_time": m.at, "value_open": m.value_open, "value_close": m.value_close}
        for m in day.marks
    ]


def holding_rows(day: ModelDay) -> list[dict[str, object]]:
    return [{"symbol": s, "quantity": q} for s, q in sorted(day.closing.positions.items())]


def event_rows(day: ModelDay) -> list[dict[str, object]]:
    return [
        {
            "number": entry.number,
            "at": entry.at,
            "event": entry.event,
            "client_id": entry.order_id,
            "facts": entry.facts,
            "hash": entry.hash,
        }
        for entry in day.trail
    ]


def child_rows(day: ModelDay) -> dict[Table, list[dict[str, object]]]:
    """The rows of every table that belongs to a model-day."""
    return {
        schema.orders: order_rows(day),
        schema.fills: fill_rows(day),
        schema.adjustments: adjustment_rows(day),
        schema.marks: mark_rows(day),
        schema.holdings: holding_rows(day),
        schema.order_events: event_rows(day),
        schema.transcripts: [{"entries": entries_json(day.transcript)}],
    }


def entries_json(entries: Iterable[Entry]) -> list[dict[str, object]]:
    return [_entry_json(entry) for entry in entries]


def _entry_json(entry: Entry) -> dict[str, object]:
    found: dict[str, object] = {"role": entry.role, "text": storable_text(entry.text)}
    if entry.tool is not None:
        found["tool"] = storable_text(entry.tool)
    if entry.id is not None:
        found["id"] = storable_text(entry.id)
    if entry.usage is not None:
        usage = asdict(entry.usage)
        dollars = entry.usage.dollars  # one way to write each amount, whoever calculated it
        found["usage"] = {**usage, "dollars": None if dollars is None else plain_quantity(dollars)}
    return found


def entry_of(raw: Mapping[str, Any]) -> Entry:
    usage = raw.get("usage")
    if usage is not None:
        dollars = usage["dollars"]
        usage = Usage(**{**usage, "dollars": None if dollars is None else Decimal(dollars)})
    return Entry(raw["role"], raw["text"], raw.get("tool"), raw.get("id"), usage)


def opening_of(row: RowMapping, holdings: Iterable[RowMapping]) -> Opening:
    """The close that a row of model_days records, as the next session's opening."""
    portfolio = closing_of(row, holdings)
    return Opening(portfolio, performance_of(row), row["session"], totals_of(row))


def closing_of(row: RowMapping, holdings: Iterable[RowMapping]) -> Portfolio:
    return Portfolio(row["closing_cash"], {Symbol(h["symbol"]): h["quantity"] for h in holdings})


def performance_of(row: RowMapping) -> Performance:
    return Performance(row["start_value"], row["value"], row["peak_value"], row["max_drawdown"])


def totals_of(row: RowMapping) -> Totals:
    return Totals(**{f.name: row[f"total_{f.name}"] for f in fields(Totals)})


def outcome_of(order: RowMapping, fill: RowMapping | None) -> Outcome:
    quantity = Decimal("NaN") if order["quantity"] is None else order["quantity"]
    limit, client_id = order["limit_price"], order["client_id"]
    wish = Order(Symbol(order["symbol"]), Side(order["side"]), quantity, limit, client_id)
    if fill is None:
        return Refused(wish, order["reason"], order["code"] and Denial(order["code"]))
    return Fill(wish, fill["price"], fill["notional"], fill["commission"])


def trail_of(rows: Iterable[RowMapping]) -> tuple[TrailEntry, ...]:
    return tuple(
        TrailEntry(r["number"], r["at"], r["event"], r["client_id"], r["facts"], r["hash"])
        for r in rows
    )


def adjustment_of(row: RowMapping) -> Adjustment:
    return Adjustment(
        None if row["symbol"] is None else Symbol(row["symbol"]),
        AdjustmentKind(row["kind"]),
        row["quantity_change"],
        row["cash_change"],
        row["bar_time"],
        row["after_order"],
        row["reason"],
    )


def marks_of(
    row: RowMapping, kept: Iterable[RowMapping], wished: Sequence[RowMapping]
) -> tuple[Mark, ...]:
    """The marks of a model-day, from its rows of marks and of orders."""
    submitted = Counter(order["bar_time"] for order in wished)
    found = tuple(
        Mark(m["bar_time"], m["value_open"], m["value_close"], submitted[m["bar_time"]])
        for m in kept
    )
    return found or (Mark(DAILY, row["value_open"], row["value_close"], submitted[DAILY]),)


def model_day_of(
    row: RowMapping,
    opening: Opening,
    blotter: Iterable[Outcome],
    marks: tuple[Mark, ...],
    adjusted: Iterable[RowMapping],
    holdings: Iterable[RowMapping],
    entries: Iterable[Mapping[str, Any]],
    events: Iterable[RowMapping] = (),
) -> ModelDay:
    return ModelDay(
        market=row["market"],
        model=row["model"],
        session=row["session"],
        opening=opening,
        adjustments=tuple(adjustment_of(a) for a in adjusted),
        blotter=tuple(blotter),
        closing=closing_of(row, holdings),
        marks=marks,
        ending=Ending(row["ending"]),
        transcript=tuple(map(entry_of, entries)),
        manifest=Manifest(**row["manifest"]),
        trail=trail_of(events),
    )


def storable_text(text: str) -> str:
    """As Postgres can keep it: a model may say anything, NUL and half a surrogate pair too."""
    return re.sub("[\x00\ud800-\udfff]", "\ufffd", text)


def _storable_limit(limit: Decimal | None) -> Decimal | None:
    return None if limit is None else storable_quantity(limit)


def storable_quantity(quantity: Decimal) -> Decimal | None:
    """None for what is no quantity, or has too many digits to be kept."""
    if not quantity.is_finite() or abs(quantity.adjusted()) > _STORABLE:
        return None
    exponent = quantity.as_tuple().exponent
    return quantity if isinstance(exponent, int) and exponent >= -_STORABLE else None
