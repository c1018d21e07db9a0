"""What a model's sessions say of it, as quants reckon it; `definitions` has each in words."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal
from math import isfinite, prod
from statistics import fmean
from typing import TYPE_CHECKING, Any

from aitrader_core.results.standings import FEWEST_SESSIONS, Point

if TYPE_CHECKING:
    import numpy as np

    Floats = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Metrics:
    """Fractions (0.05 is 5 %) unless `definitions` says otherwise; None: it has no meaning here.

    Whatever is annualised, and beta with it, is None under FEWEST_SESSIONS sessions.
    """

    sessions: int
    cumulative_return: float
    annual_return: float | None
    volatility: float | None
    sharpe: float | None
    sortino: float | None
    max_drawdown: float
    calmar: float | None
    win_rate: float
    turnover: float | None
    beta: float | None
    alpha: float | None
    cost_drag: float
    invalid_order_rate: float | None
    dollars_per_return: float | None
    tokens_per_return: float | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def metrics(
    curve: Sequence[Point], benchmark: Sequence[Point] = (), sessions_a_year: int = 252
) -> Metrics:
    """Of a curve of one session or more; beta and alpha against `benchmark` on those of its
    sessions that it shares with it."""
    last = curve[-1]
    orders = sum(p.fills + p.refusals for p in curve)
    return Metrics(
        sessions=len(curve),
        cumulative_return=last.cumulative_return,
        max_drawdown=last.max_drawdown,
        win_rate=sum(p.daily_return > 0 for p in curve) / len(curve),
        turnover=_turnover(curve, sessions_a_year),
        cost_drag=_cost_drag(curve),
        invalid_order_rate=sum(p.refusals for p in curve) / orders if orders else None,
        **_risk(curve, sessions_a_year),
        **_against(curve, benchmark, sessions_a_year),
        **_per_return(curve),
    )


def _risk(curve: Sequence[Point], year: int) -> dict[str, float | None]:
    names = ("annual_return", "volatility", "sharpe", "sortino", "calmar")
    if len(curve) < FEWEST_SESSIONS:
        return dict.fromkeys(names)
    import empyrical  # brings pandas and scipy: seconds

    returns = _returns(curve)
    moves = bool((returns != returns[0]).any())
    yearly = _known(empyrical.annual_return(returns, annualization=year))
    fallen = abs(curve[-1].max_drawdown)
    found = (
        yearly,
        _known(empyrical.annual_volatility(returns, annualization=year)) if moves else None,
        _known(empyrical.sharpe_ratio(returns, annualization=year)) if moves else None,
        _known(empyrical.sortino_ratio(returns, annualization=year)),
        yearly / fallen if yearly is not None and fallen else None,
    )
    return dict(zip(names, found, strict=True))


def _against(
    curve: Sequence[Point], benchmark: Sequence[Point], year: int
) -> dict[str, float | None]:
    other = {p.session: p for p in benchmark}
    shared = [p for p in curve if p.session in other]
    if len(shared) < FEWEST_SESSIONS:
        return {"beta": None, "alpha": None}
    import empyrical

    returns, market = _returns(shared), _returns([other[p.session] for p in shared])
    if bool((market == market[0]).all()):
        return {"beta": None, "alpha": None}
    alpha, beta = empyrical.alpha_beta_aligned(returns, market, annualization=year)
    return {"beta": _known(beta), "alpha": _known(alpha)}


def _turnover(curve: Sequence[Point], year: int) -> float | None:
    value = fmean(float(p.value) for p in curve)
    if len(curve) < FEWEST_SESSIONS or not value:
        return None
    return float(sum(p.traded for p in curve)) / value * year / len(curve)


def _cost_drag(curve: Sequence[Point]) -> float:
    kept = prod(1 - float((p.commission + p.slippage) / p.value_before) for p in _paying(curve))
    return 1 - kept


def _paying(curve: Sequence[Point]) -> list[Point]:
    return [p for p in curve if p.commission + p.slippage and p.value_before]


def _per_return(curve: Sequence[Point]) -> dict[str, float | None]:
    """Per percentage point; of what made no money or asked nobody it has no meaning."""
    points, tokens = 100 * curve[-1].cumulative_return, sum(p.tokens for p in curve)
    if points <= 0 or not tokens:
        return {"dollars_per_return": None, "tokens_per_return": None}
    spent = [p.dollars for p in curve if p.dollars is not None]
    is_known = len(spent) == len(curve)
    return {
        "dollars_per_return": float(sum(spent, Decimal(0))) / points if is_known else None,
        "tokens_per_return": tokens / points,
    }


def _returns(curve: Sequence[Point]) -> "Floats":
    import numpy as np

    return np.array([p.daily_return for p in curve])


def _known(figure: Any) -> float | None:
    return float(figure) if isfinite(figure) else None
