"""A leaderboard's rows and the picture of its curves, from the sessions of each model."""

import json
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import empyrical
import numpy as np
import pytest

from aitrader_core.domain.model_day import Performance
from aitrader_core.results.picture import equity_picture
from aitrader_core.results.standings import FEWEST_SESSIONS, Point, standings
from tests.simulation.tapes import MONDAY, weekdays

D = Decimal


def curve(*values: int, closed: bool = True) -> list[Point]:
    """A session for each value at the close; unless `closed`, the last one has only an open."""
    performance, points = Performance.starting_with(D(100)), list[Point]()
    for session, value in zip(weekdays(len(values)), values, strict=True):
        before, performance = performance.value, performance.after(D(value))
        points.append(
            Point(
                session=session,
                value_open=before,
                value_close=performance.value,
                value=performance.value,
                profit=performance.value - before,
                daily_return=float(performance.value / before) - 1,
                cumulative_return=performance.cumulative_return,
                max_drawdown=performance.max_drawdown,
                fills=2,
                refusals=1,
                commission=D("0.35"),
            )
        )
    if not closed:
        points[-1] = replace(points[-1], value_open=performance.value, value_close=None)
    return points


def test_the_best_return_is_first_and_equal_ones_share_a_rank() -> None:
    found = standings({"d": curve(90), "c": curve(110), "a": curve(120, 110), "b": curve(130)})
    assert [(s.rank, s.model) for s in found] == [(1, "b"), (2, "a"), (2, "c"), (4, "d")]


def test_a_model_without_sessions_has_no_standing() -> None:
    assert standings({}) == standings({"a": []}) == []


def test_a_standing_sums_up_its_sessions() -> None:
    (standing,) = standings({"a": curve(120, 90, 150, 120)})
    days = weekdays(4)
    assert (standing.sessions, standing.first, standing.last) == (4, days[0], days[-1])
    assert standing.value == 120
    assert standing.total_return == pytest.approx(0.2)
    assert (standing.fills, standing.refusals, standing.commission) == (8, 4, D("1.40"))


@pytest.mark.parametrize(
    ("values", "drawdown"),
    [
        ((120, 90, 150, 120), -0.25),
        ((120, 110, 100), 100 / 120 - 1),
        ((80, 90, 200), -0.2),  # below what it started with
        ((101, 102, 103), 0.0),
    ],
)
def test_a_drawdown_is_from_the_highest_value_before_it(
    values: tuple[int, ...], drawdown: float
) -> None:
    (standing,) = standings({"a": curve(*values)})
    assert standing.max_drawdown == pytest.approx(drawdown)


def test_an_open_session_counts_at_its_open() -> None:
    (standing,) = standings({"a": curve(120, 110, closed=False)})
    assert standing.value == 110


def test_nothing_is_annualised_from_a_few_sessions() -> None:
    (one,) = standings({"a": curve(110)})
    assert one.total_return == pytest.approx(0.1)  # not 2.6 billion percent a year
    few = curve(*(100 + n % 3 for n in range(FEWEST_SESSIONS - 1)))
    for standing in (one, *standings({"a": few})):
        assert (standing.volatility, standing.sharpe) == (None, None)


def test_risk_is_that_of_the_session_returns() -> None:
    points = curve(*(100 + n % 3 * n for n in range(FEWEST_SESSIONS)))
    (standing,) = standings({"a": points})
    returns = [point.daily_return for point in points]
    assert standing.volatility == pytest.approx(empyrical.annual_volatility(np.array(returns)))
    assert standing.sharpe == pytest.approx(empyrical.sharpe_ratio(np.array(returns)))


def test_a_model_that_never_moves_has_no_risk() -> None:
    (standing,) = standings({"a": curve(*[100] * 30)})
    assert (standing.volatility, standing.sharpe, standing.max_drawdown) == (None, None, 0.0)


def test_a_standing_is_json() -> None:
    (standing,) = standings({"a": curve(110, 120)})
    found = json.loads(json.dumps(standing.as_json()))
    assert found["first"] == MONDAY.isoformat()
    assert found["last"] == (MONDAY + timedelta(1)).isoformat()
    assert (found["value"], found["commission"], found["sharpe"]) == ("120", "0.70", None)
    assert found["rank"] == 1


@pytest.mark.parametrize(
    "curves",
    [{"a": curve(110, 120), "b": curve(90), "c": []}, {}, {"a": curve(110, closed=False)}],
    ids=["three", "none", "one session"],
)
def test_a_picture_is_a_png(curves: dict[str, list[Point]]) -> None:
    png = equity_picture(curves, "us: value at the close", "USD")
    assert png.startswith(b"\x89PNG\r\n\x1a\n")
    assert png.endswith(b"IEND\xaeB`\x82")
    width, height = (int.from_bytes(png[at : at + 4]) for at in (16, 20))
    assert (width, height) == (990, 495)
