"""Each metric against numbers that were worked out by hand, and against empyrical."""

from dataclasses import replace
from decimal import Decimal
from math import isclose, sqrt

import empyrical
import numpy as np
import pytest

from aitrader_core.results.metrics import Metrics, metrics
from aitrader_core.results.spans import compounded, part, thinned
from aitrader_core.results.standings import FEWEST_SESSIONS, Point
from tests.results.curves import curve_of

D = Decimal

# 100 -> 110 -> 99 -> 99 -> 118.8 -> 112.86
FIVE = (0.1, -0.1, 0.0, 0.2, -0.05)
YEARLY = (
    "annual_return",
    "volatility",
    "sharpe",
    "sortino",
    "calmar",
    "turnover",
    "beta",
    "alpha",
)


def five() -> list[Point]:
    """Orders, costs and tokens on two of its sessions."""
    points = curve_of(FIVE)
    points[0] = replace(
        points[0], fills=3, refusals=1, traded=D(80), commission=D("0.6"), slippage=D("0.4")
    )
    points[3] = replace(points[3], fills=0, refusals=2, tokens=25_720, dollars=D("2.572"))
    points[4] = replace(points[4], fills=2, traded=D(40), commission=D("2.376"))
    return points


def test_five_sessions_by_hand() -> None:
    found = metrics(five())
    assert found.sessions == 5
    assert found.cumulative_return == pytest.approx(0.1286)  # 112.86 / 100 - 1
    assert found.max_drawdown == pytest.approx(-0.1)  # 99 / 110 - 1
    assert found.win_rate == 0.4  # the first and the fourth
    assert found.invalid_order_rate == 0.375  # 3 of 8 orders
    # 1 of 100 on the first session, 2.376 of 118.8 on the last: 0.99 x 0.98 was left
    assert found.cost_drag == pytest.approx(1 - 0.9702)
    assert found.dollars_per_return == pytest.approx(0.2)  # 2.572 for 12.86 points
    assert found.tokens_per_return == pytest.approx(2000)


def test_twenty_sessions_by_hand() -> None:
    """Up 2 %, down 1 %, ten times: 1.02 x 0.99 = 1.0098."""
    moves = [0.02, -0.01] * 10
    points = [replace(p, traded=p.value / 4) for p in curve_of(moves)]
    market = curve_of([(move - 0.001) / 2 for move in moves])
    found = metrics(points, market)
    deviation = sqrt(20 * 0.015**2 / 19)  # each is 0.015 away from the mean, 0.005
    downside = sqrt(10 * 0.01**2 / 20)
    assert found.cumulative_return == pytest.approx(1.0098**10 - 1)
    assert found.annual_return == pytest.approx(1.0098**126 - 1)  # 252 sessions are 126 pairs
    assert found.volatility == pytest.approx(deviation * sqrt(252))
    assert found.sharpe == pytest.approx(0.005 / deviation * sqrt(252))
    assert found.sortino == pytest.approx(0.005 / downside * sqrt(252))
    assert found.max_drawdown == pytest.approx(-0.01)
    assert found.calmar == pytest.approx((1.0098**126 - 1) / 0.01)
    assert found.beta == pytest.approx(2)  # 2 x the market's return and 0.001 more
    assert found.alpha == pytest.approx(1.001**252 - 1)
    # a quarter of the value each session: 63 times a year
    assert found.turnover == pytest.approx(63)


def test_of_one_session_nothing_is_annualised() -> None:
    (first, *_) = five()
    found = metrics([first], [first])
    assert all(getattr(found, name) is None for name in YEARLY)
    assert found.cumulative_return == pytest.approx(0.1)
    few = metrics(curve_of([0.01, -0.005] * 9), curve_of([0.01] * 19))
    assert all(getattr(few, name) is None for name in YEARLY)


def test_a_model_that_never_moves_has_no_ratios() -> None:
    still = curve_of([0.0] * 30)
    found = metrics(still, still)
    assert [n for n in YEARLY if getattr(found, n) is not None] == ["annual_return", "turnover"]
    assert (found.annual_return, found.turnover, found.win_rate) == (0, 0, 0)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"tokens": 0}, (None, None)),  # asked nobody
        ({"dollars": None}, (None, 100.0)),  # of a price that nobody knows
        ({"cumulative_return": -0.1}, (None, None)),  # lost
        ({"cumulative_return": 0.0}, (None, None)),
    ],
)
def test_what_a_return_cost_has_no_meaning_for_some(
    changes: dict[str, float | None], expected: tuple[float | None, ...]
) -> None:
    (point,) = curve_of([0.1], tokens=1000, dollars=D(5))
    found = metrics([replace(point, **changes)])  # type: ignore[arg-type]
    costs = found.dollars_per_return, found.tokens_per_return
    assert costs == tuple(None if x is None else pytest.approx(x) for x in expected)


def test_no_order_is_no_invalid_one() -> None:
    assert metrics(curve_of([0.1])).invalid_order_rate is None


@pytest.fixture
def walked() -> tuple[list[Point], list[Point], Metrics]:
    draw = np.random.default_rng(7)
    market = draw.normal(0.0005, 0.01, 120)
    mine = 0.8 * market + draw.normal(0, 0.004, 120)
    curves = curve_of(mine), curve_of(market)
    return *curves, metrics(*curves, sessions_a_year=365)


def test_they_are_those_of_empyrical(walked: tuple[list[Point], list[Point], Metrics]) -> None:
    mine, market, found = walked
    returns, factor = (np.array([p.daily_return for p in curve]) for curve in (mine, market))
    scaled = {"annualization": 365}
    expected = {
        "cumulative_return": empyrical.cum_returns_final(returns),
        "annual_return": empyrical.annual_return(returns, **scaled),
        "volatility": empyrical.annual_volatility(returns, **scaled),
        "sharpe": empyrical.sharpe_ratio(returns, **scaled),
        "sortino": empyrical.sortino_ratio(returns, **scaled),
        "max_drawdown": empyrical.max_drawdown(returns),
        "calmar": empyrical.calmar_ratio(returns, **scaled),
        "beta": empyrical.beta(returns, factor),
        "alpha": empyrical.alpha(returns, factor, **scaled),
    }
    for name, figure in expected.items():
        assert isclose(getattr(found, name), figure, rel_tol=1e-9), name


def test_only_sessions_that_both_have_count_against_the_benchmark(
    walked: tuple[list[Point], list[Point], Metrics],
) -> None:
    mine, market, found = walked
    assert metrics(mine, market[:60]).beta == metrics(mine[:60], market[:60]).beta != found.beta
    assert metrics(mine, market[: FEWEST_SESSIONS - 1]).beta is None


def test_a_part_of_a_curve_counts_from_its_own_beginning() -> None:
    points = curve_of(FIVE)
    inside = part(points, points[1].session, points[3].session)
    assert [p.cumulative_return for p in inside] == pytest.approx([-0.1, -0.1, 0.08])
    assert [p.max_drawdown for p in inside] == pytest.approx([-0.1] * 3)
    assert part(points, points[0].session, points[-1].session) == points
    assert part(points, points[-1].session, points[-1].session)[0].cumulative_return == (
        pytest.approx(-0.05)
    )
    assert compounded(inside) == pytest.approx(0.08)
    assert compounded([]) is None


def test_a_thinned_curve_keeps_its_ends() -> None:
    points = curve_of([0.01] * 999)
    assert len(thinned(points)) == 60
    assert thinned(points)[0] == float(points[0].value)
    assert thinned(points)[-1] == float(points[-1].value)
    assert thinned(points[:7]) == [float(p.value) for p in points[:7]]
