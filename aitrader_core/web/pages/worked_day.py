"""Orders that a venue worked over time, as the page of a model-day shows them."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aitrader_core.domain.orders import Side
from aitrader_core.domain.trail import TrailEntry
from aitrader_core.execution.facts import Event
from aitrader_core.results.worked_orders import WorkedDay, WorkedOrder, moment
from aitrader_core.web.pages import charts, wording

SHOWN = 100  # orders of a page, and entries of each, unless all are asked for
_ORDER = ("symbol", "side", "quantity", "limit")  # what the row of an order says already
_MARKS = {
    Side.BUY: ("Bought", "triangle-up", "series-1"),
    Side.SELL: ("Sold", "triangle-down", "series-2"),
}


@dataclass(frozen=True, slots=True)
class ShownOrders:
    """Those that are on the page, and of how many."""

    day: WorkedDay
    orders: Sequence[WorkedOrder]
    chart: charts.Figure | None

    @property
    def is_cut(self) -> bool:
        return len(self.orders) < len(self.day.orders)


def shown(day: WorkedDay | None, *, everything: bool) -> ShownOrders | None:
    if day is None:
        return None
    return ShownOrders(day, day.orders[: None if everything else SHOWN], chart(day))


def chart(day: WorkedDay) -> charts.Figure | None:
    """Each order at its average price, when the last of it was executed; None without any."""
    points = sorted((p for o in day.orders if (p := _point(o)) is not None), key=lambda p: p.at)
    if not points:
        return None
    xs, ys = [p.at for p in points], [p.price for p in points]
    through = charts.line("Price", xs, ys, meta={"colour": "baseline"}, hoverinfo="skip")
    through |= {"line": {"width": 1, "dash": "dot"}, "showlegend": False}
    figure = charts.figure([through, *(_marks(side, points) for side in _MARKS)])
    figure["layout"] |= {"legend": {"y": 1.02, "yanchor": "bottom"}, "margin": {"t": 28}}
    return figure


@dataclass(frozen=True, slots=True)
class _Point:
    at: str  # without a zone: Plotly would shift it to the reader's
    price: float
    filled: str
    side: Side


def _point(order: WorkedOrder) -> _Point | None:
    at, price = order.filled_at, order.average_price
    if at is None or price is None:
        return None
    when = moment(at).replace(tzinfo=None).isoformat(timespec="milliseconds")
    filled = wording.quantity(order.ticket.filled)
    return _Point(when, float(price), filled, order.ticket.order.side)


def _marks(side: Side, points: Sequence[_Point]) -> charts.Trace:
    name, symbol, colour = _MARKS[side]
    of_side = [point for point in points if point.side is side]
    return {
        "type": "scatter",
        "mode": "markers",
        "name": name,
        "x": [point.at for point in of_side],
        "y": [point.price for point in of_side],
        "text": [point.filled for point in of_side],
        "hovertemplate": "%{text} at %{y:,.2f}",
        "marker": {"symbol": symbol, "size": 11},
        "meta": {"colour": colour},
    }


def said(entry: TrailEntry) -> str:
    """What an entry says beside its event; what the order's own row says is left out."""
    facts = json.loads(entry.facts)
    tell = _TOLD.get(entry.event, _plainly)
    return tell(facts)


def _submitted(facts: Mapping[str, Any]) -> str:
    price, fee = wording.quantity(facts["price"]), wording.money(facts["commission"])
    return f"reckoned at {price}, {wording.money(facts['notional'])} and {fee} of fees"


def _executed(facts: Mapping[str, Any]) -> str:
    quantity, price = (wording.quantity(facts[name]) for name in ("quantity", "price"))
    as_what = "maker" if facts["maker"] else "taker"
    return f"{quantity} at {price}, fee {wording.money(facts['fee'])}, as {as_what}"


def _refused(facts: Mapping[str, Any]) -> str:
    return str(facts["reason"])


def _plainly(facts: Mapping[str, Any]) -> str:
    hidden = (*_ORDER, "venue_at", "at", "order_id")
    told = {name: fact for name, fact in facts.items() if name not in hidden}
    return ", ".join(
        f"{name.replace('_', ' ')} {fact}" for name, fact in told.items() if fact not in (None, "")
    )


_TOLD: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    Event.SUBMITTED: _submitted,
    Event.EXECUTED: _executed,
    Event.EXECUTED_LATE: _executed,
    Event.DENIED: _refused,
    Event.DUPLICATE_ID: _refused,
}
