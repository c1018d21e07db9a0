"""What came of a live session: figures that were counted and measured, and nothing else."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.orders import Fill, Refused
from aitrader_core.runner.latencies import Latencies
from aitrader_core.runner.live import Live, LiveEnding
from aitrader_core.runner.live_desk import LiveDesk
from aitrader_core.runner.live_trail import read_trail

_QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p99", 0.99))


@dataclass(frozen=True, slots=True)
class Traded:
    """`value` is None where something held has no price; `open_orders` is 0 when all is well."""

    session: date
    opened_after: date | None
    signals: int
    orders: int
    fills: int
    denied: Mapping[str, int]  # by code
    events: Mapping[str, int]  # of the audit trail
    value_at_start: Decimal
    value: Decimal | None
    cash: Decimal
    positions: Mapping[Symbol, Decimal]
    trail: str  # the file, whose chain holds
    entries: int
    last_hash: str


@dataclass(frozen=True, slots=True)
class LiveSummary:
    """Times in us. `traded` is None when no tick came."""

    market: str
    model: str
    ending: LiveEnding
    lines: int
    ticks: int
    of_books: int  # lines of order books, which were left alone
    findings: Mapping[str, int]
    seconds: float
    ticks_a_second: float
    tick_to_order: Mapping[str, float]
    per_tick: Mapping[str, float]
    per_order: Mapping[str, float]  # of the ticks that led to one
    largest_backlog: int  # bytes
    behind_seconds: float
    traded: Traded | None

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def summary_of(live: Live, market: str, model: str) -> LiveSummary:
    measured, stream = live.measured, live.stream
    assert live.ending is not None
    return LiveSummary(
        market=market,
        model=model,
        ending=live.ending,
        lines=stream.lines,
        ticks=measured.ticks,
        of_books=stream.of_books,
        findings={kind.value: n for kind, n in sorted(stream.findings.counts.items())},
        seconds=round(measured.seconds, 6),
        ticks_a_second=round(measured.ticks / measured.seconds, 1) if measured.seconds else 0.0,
        tick_to_order=_told(measured.to_order),
        per_tick=_told(measured.per_tick),
        per_order=_told(measured.per_order),
        largest_backlog=live.inlet.largest_backlog,
        behind_seconds=round(measured.behind / 1e9, 6),
        traded=None if live.desk is None else _traded(live, live.desk),
    )


def value_of(live: Live, open_: LiveDesk) -> Decimal | None:
    """Of what is held now at the last trades; None where there was none yet."""
    from aitrader_core.patterns.strategy import exact

    portfolio, symbols = open_.desk.portfolio, live.stream.symbols
    last = {symbols[index]: exact(price) for index, price in live.prices.items()}
    prices = {**open_.opening.prices, **last}
    if portfolio.positions.keys() - prices.keys():
        return None
    return portfolio.value(prices)


def _traded(live: Live, open_: LiveDesk) -> Traded:
    desk, opening = open_.desk, open_.opening
    denied = Counter(
        "none" if o.code is None else o.code.value for o in desk.blotter if isinstance(o, Refused)
    )
    events = Counter(entry.event for entry in desk.trail)
    return Traded(
        session=open_.date,
        opened_after=opening.after,
        signals=open_.session.signals,
        orders=events["submitted"],
        fills=sum(isinstance(outcome, Fill) for outcome in desk.blotter),
        denied=dict(sorted(denied.items())),
        events=dict(sorted(events.items())),
        value_at_start=opening.portfolio.value(opening.prices),
        value=value_of(live, open_),
        cash=desk.portfolio.cash,
        positions=dict(desk.portfolio.positions),
        trail=str(open_.trail.path),
        entries=len(read_trail(open_.trail.path)),
        last_hash=desk.trail[-1].hash if desk.trail else "",
    )


def _told(times: Latencies) -> dict[str, float]:
    """In us; nothing when nothing was measured."""
    if not times.count:
        return {}
    found = {name: (times.quantile(part) or 0) / 1000 for name, part in _QUANTILES}
    return {**found, "max": times.longest / 1000, "count": times.count}
