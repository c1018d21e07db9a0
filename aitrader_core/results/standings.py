"""A leaderboard's rows, from equity curves."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from decimal import Decimal
from math import sqrt
from statistics import fmean, stdev
from typing import Any

FEWEST_SESSIONS = 20  # below it volatility and Sharpe ratio say nothing


@dataclass(frozen=True, slots=True)
class Point:
    """One session of one model, as the ledger has it. Returns are fractions."""

    session: date
    value_open: Decimal
    value_close: Decimal | None
    value: Decimal  # at the last mark that is known
    profit: Decimal
    daily_return: float
    cumulative_return: float
    max_drawdown: float
    fills: int
    refusals: int
    commission: Decimal
    corrections: int = 0
    restated: bool = False  # whether the prices that it was made from are newer now
    before_cutoff: bool = False  # whether the model may have read of the session
    tokens: int = 0
    dollars: Decimal | None = Decimal(0)  # None: of an unknown price
    traded: Decimal = Decimal(0)  # the notional of its fills
    slippage: Decimal = Decimal(0)  # what filling off the opens cost

    @property
    def value_before(self) -> Decimal:
        """At the close of the session before, or the cash that it began with."""
        return self.value - self.profit


@dataclass(frozen=True, slots=True)
class Standing:
    """One model on a leaderboard.

    `total_return` and `max_drawdown` are fractions over all its sessions, nothing annualised;
    `volatility` is the yearly standard deviation of session returns, `sharpe` their yearly Sharpe
    ratio at a risk-free rate of 0: both None under 20 sessions. `restated` counts the sessions
    made from prices that were restated since, `before_cutoff` those that the model may have read
    of. `dollars` is None when the price of some of the `tokens` is not known.
    """

    rank: int
    model: str
    sessions: int
    first: date
    last: date
    value: Decimal
    total_return: float
    max_drawdown: float
    volatility: float | None
    sharpe: float | None
    fills: int
    refusals: int
    commission: Decimal
    corrections: int
    restated: int
    before_cutoff: int
    tokens: int
    dollars: Decimal | None

    def as_json(self) -> dict[str, Any]:
        return {
            **asdict(self),
            "first": self.first.isoformat(),
            "last": self.last.isoformat(),
            "value": f"{self.value:f}",
            "commission": f"{self.commission:f}",
            "dollars": None if self.dollars is None else f"{self.dollars:f}",
        }


def standings(curves: Mapping[str, Sequence[Point]], sessions_a_year: int = 252) -> list[Standing]:
    """Best total return first; equal returns share a rank."""
    ordered = sorted(
        ((model, curve) for model, curve in curves.items() if curve),
        key=lambda item: (-item[1][-1].cumulative_return, item[0]),
    )
    returns = [curve[-1].cumulative_return for _, curve in ordered]
    return [
        _standing(returns.index(r) + 1, m, c, sessions_a_year)
        for (m, c), r in zip(ordered, returns, strict=True)
    ]


def _standing(rank: int, model: str, curve: Sequence[Point], sessions_a_year: int) -> Standing:
    volatility, sharpe = _risk([point.daily_return for point in curve], sessions_a_year)
    last = curve[-1]
    return Standing(
        rank=rank,
        model=model,
        sessions=len(curve),
        first=curve[0].session,
        last=last.session,
        value=last.value,
        total_return=last.cumulative_return,
        max_drawdown=last.max_drawdown,
        volatility=volatility,
        sharpe=sharpe,
        fills=sum(point.fills for point in curve),
        refusals=sum(point.refusals for point in curve),
        commission=sum((point.commission for point in curve), Decimal(0)),
        corrections=sum(point.corrections for point in curve),
        restated=sum(point.restated for point in curve),
        before_cutoff=sum(point.before_cutoff for point in curve),
        tokens=sum(point.tokens for point in curve),
        dollars=_sum([point.dollars for point in curve]),
    )


def _sum(dollars: Sequence[Decimal | None]) -> Decimal | None:
    known = [spent for spent in dollars if spent is not None]
    return sum(known, Decimal(0)) if len(known) == len(dollars) else None


def _risk(returns: Sequence[float], sessions_a_year: int) -> tuple[float | None, float | None]:
    """As empyrical has them, which takes three seconds to import; a test holds us to it."""
    if len(returns) < FEWEST_SESSIONS or len(set(returns)) == 1:
        return None, None
    deviation, year = stdev(returns), sqrt(sessions_a_year)
    return deviation * year, fmean(returns) / deviation * year
