"""One model trading one session: where it starts from, and the record that it ends in."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, time
from decimal import Decimal
from enum import StrEnum

from aitrader_core.domain.money import ZERO
from aitrader_core.domain.orders import Blotter, Fill, Refused, Side
from aitrader_core.domain.portfolio import Adjustment, AdjustmentKind, Portfolio
from aitrader_core.domain.trail import TrailEntry
from aitrader_core.domain.transcript import SUMMARY, Entry, Usage, usage_of


class Ending(StrEnum):
    """Why a model stopped trading its session."""

    DONE = "done"
    STEP_LIMIT = "step_limit"
    COST_LIMIT = "cost_limit"
    DEADLINE = "deadline"
    REFUSED_BY_PROVIDER = "refused_by_provider"


@dataclass(frozen=True, slots=True)
class Performance:
    """Running figures of a model's value, session by session.

    Returns and drawdowns are fractions (0.05 is 5 %), a drawdown is never above zero.
    """

    start: Decimal
    value: Decimal
    peak: Decimal
    max_drawdown: float = 0.0

    @classmethod
    def starting_with(cls, cash: Decimal) -> "Performance":
        return cls(cash, cash, cash)

    def after(self, value: Decimal) -> "Performance":
        peak = max(self.peak, value)
        return Performance(
            self.start, value, peak, min(self.max_drawdown, float(value) / float(peak) - 1)
        )

    @property
    def cumulative_return(self) -> float:
        return float(self.value) / float(self.start) - 1


@dataclass(frozen=True, slots=True)
class Totals:
    """What a model's sessions come to, from its first one on.

    `traded` is the notional of its fills; `dollars` is None when the price of some of the
    `tokens` is not known.
    """

    sessions: int = 0
    fills: int = 0
    refusals: int = 0
    corrections: int = 0
    traded: Decimal = ZERO
    commission: Decimal = ZERO
    tokens: int = 0
    dollars: Decimal | None = ZERO

    def __add__(self, other: "Totals") -> "Totals":
        known = self.dollars is not None and other.dollars is not None
        return Totals(
            self.sessions + other.sessions,
            self.fills + other.fills,
            self.refusals + other.refusals,
            self.corrections + other.corrections,
            self.traded + other.traded,
            self.commission + other.commission,
            self.tokens + other.tokens,
            (self.dollars or ZERO) + (other.dollars or ZERO) if known else None,
        )


@dataclass(frozen=True, slots=True)
class Opening:
    """A model's previous close: what its next session starts from."""

    portfolio: Portfolio
    performance: Performance
    after: date | None = None  # the session that closed so; None before the first one
    totals: Totals = Totals()

    @classmethod
    def with_cash(cls, cash: Decimal) -> "Opening":
        return cls(Portfolio(cash), Performance.starting_with(cash))


@dataclass(frozen=True, slots=True)
class Mark:
    """The portfolio's value over one bar, during which so many `orders` were submitted.

    `value_open` is taken at the opens, after corporate actions and corrections and before any
    trade; `value_close` at the closes, and is None while one of them is not known.
    """

    at: time
    value_open: Decimal
    value_close: Decimal | None
    orders: int

    @property
    def value(self) -> Decimal:
        return self.value_open if self.value_close is None else self.value_close


@dataclass(frozen=True, slots=True)
class ModelDay:
    """The record of one model-day. Closing = opening + adjustments + fills, to the last digit.

    It has a mark for each bar of its session: one, unless the session is intraday.
    """

    market: str
    model: str
    session: date
    opening: Opening
    adjustments: tuple[Adjustment, ...]
    blotter: Blotter
    closing: Portfolio
    marks: tuple[Mark, ...]
    ending: Ending
    transcript: tuple[Entry, ...]
    manifest: "Manifest"
    trail: tuple[TrailEntry, ...] = ()  # what happened to its orders, where they live for a while

    @property
    def fills(self) -> tuple[Fill, ...]:
        return tuple(o for o in self.blotter if isinstance(o, Fill))

    @property
    def refusals(self) -> tuple[Refused, ...]:
        return tuple(o for o in self.blotter if isinstance(o, Refused))

    @property
    def bought(self) -> Decimal:
        return sum((f.notional for f in self.fills if f.order.side is Side.BUY), ZERO)

    @property
    def sold(self) -> Decimal:
        return sum((f.notional for f in self.fills if f.order.side is Side.SELL), ZERO)

    @property
    def commission(self) -> Decimal:
        return sum((f.commission for f in self.fills), ZERO)

    @property
    def adjustment_cash(self) -> Decimal:
        return sum((a.cash_change for a in self.adjustments), ZERO)

    @property
    def corrections(self) -> tuple[Adjustment, ...]:
        return tuple(a for a in self.adjustments if a.kind is AdjustmentKind.CORRECTION)

    def facts(self) -> Iterator[Fill | Adjustment]:
        """What changed the portfolio, in order."""
        for number, outcome in enumerate(self.blotter):
            yield from (a for a in self.adjustments if a.after == number)
            if isinstance(outcome, Fill):
                yield outcome
        yield from (a for a in self.adjustments if a.after == len(self.blotter))

    @property
    def value_open(self) -> Decimal:
        """At the open of the session."""
        return self.marks[0].value_open

    @property
    def value_close(self) -> Decimal | None:
        """At the close of the session, when it is known."""
        return self.marks[-1].value_close

    @property
    def value(self) -> Decimal:
        """The last mark that is known."""
        return self.marks[-1].value

    @property
    def profit(self) -> Decimal:
        """Value against the previous session's."""
        return self.value - self.opening.performance.value

    @property
    def performance(self) -> Performance:
        figures = self.opening.performance
        for mark in self.marks:
            figures = figures.after(mark.value)
        return figures

    @property
    def usage(self) -> Usage:
        """What its language model took, if it has one."""
        return usage_of(self.transcript)

    @property
    def totals(self) -> Totals:
        """Of all the model's sessions, this one included."""
        usage = self.usage
        return self.opening.totals + Totals(
            1,
            len(self.fills),
            len(self.refusals),
            len(self.corrections),
            self.bought + self.sold,
            self.commission,
            usage.tokens,
            usage.dollars,
        )

    @property
    def summary(self) -> str | None:
        """A paragraph on what was done and why, where the model gives one."""
        return next((e.text for e in reversed(self.transcript) if e.role == SUMMARY), None)

    @property
    def as_opening(self) -> Opening:
        """What the next session starts from."""
        return Opening(self.closing, self.performance, self.session, self.totals)


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a model-day was made of, so that it can be made again."""

    code: str  # version of aitrader
    config: str  # hash of the model's configuration and the arena's terms
    prices: str  # source and vintage of the bars
    # what the model itself is made of: prompt, endpoint, price list, ...
    agent: Mapping[str, str] = field(default_factory=dict)
