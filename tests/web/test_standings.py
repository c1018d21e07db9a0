"""Leaderboard, metrics, status: what is published, what is true now, what has no meaning."""

from dataclasses import replace
from datetime import timedelta

from fastapi.testclient import TestClient
from sqlalchemy import text

from aitrader_core.runner.board import made
from aitrader_core.runner.config import cost_profiles
from aitrader_core.storage.leaderboards import publish
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from aitrader_core.web.rest.leaderboard import Standing
from tests.small import DAYS, A, B, Small
from tests.web.trading import trade

YEARLY = ("annual_return", "volatility", "sharpe", "sortino", "turnover", "beta", "alpha")


def test_the_leaderboard_is_the_published_one(client: TestClient, small: Small) -> None:
    trade(small, "random")
    trade(small, "buy_and_hold")
    fresh = client.get("/leaderboard?judgement=true")
    assert fresh.json()["published_at"] is None
    assert fresh.json()["judgement"]["benchmark"] == "buy_and_hold"
    board = made(small.floor)
    assert all(row.keys() <= Standing.model_fields.keys() for row in board.rows)
    publish(small.engine, "small", board.as_of, board.rows, "run", board.judgement)
    first = client.get("/leaderboard")
    assert first.json()["standings"] == board.rows
    assert first.json()["is_current"]
    assert "judgement" not in first.json()
    trade(small, "random", DAYS[4:5])
    second = client.get("/leaderboard", headers={"If-None-Match": first.headers["etag"]})
    assert second.json()["standings"] == board.rows
    assert not second.json()["is_current"]
    now = {row["model"]: row for row in client.get("/leaderboard?live=true").json()["standings"]}
    assert now["random"]["sessions"] == 5
    names = [row["model"] for row in board.rows]
    table = client.get("/leaderboard?format=csv").text.splitlines()[1:]
    assert [line.split(",")[1] for line in table] == names


def test_nothing_of_a_single_day_is_annualised(small: Small, house: House) -> None:
    trade(small, "buy_and_hold", DAYS[:1])
    profiles = cost_profiles(small.config_dir)
    client = TestClient(create_app(replace(house, cost_profiles=profiles)))
    for path in ("/metrics/performance", "/leaderboard"):
        answer = client.get(path).json()
        (row,) = answer["metrics" if "metrics" in answer else "standings"]
        assert (row["sessions"], round(row["cumulative_return"], 9)) == (1, 0.05)
        assert {name: row[name] for name in YEARLY} == dict.fromkeys(YEARLY)
    dear = client.get("/metrics/performance?costs=us_retail").json()
    assert dear["costs"] == "us_retail"
    assert dear["metrics"][0]["cumulative_return"] < 0.0499
    known = {each["key"] for each in client.get(dear["definitions"]).json()["definitions"]}
    assert row.keys() - known <= {"model"} | Standing.model_fields.keys()


def test_metrics_of_a_span_are_counted_from_its_beginning(client: TestClient, small: Small) -> None:
    trade(small, "buy_and_hold", DAYS[:4])
    path = f"/metrics/performance?model=buy_and_hold&start={DAYS[2]}"
    (row,) = client.get(path).json()["metrics"]
    points = client.get("/portfolio/timeseries").json()["points"]
    values = [float(point["value"]) for point in points]
    assert (row["first"], row["sessions"]) == (str(DAYS[2]), 2)
    assert abs(row["cumulative_return"] - (values[3] / values[1] - 1)) < 1e-12


def test_the_status_tells_of_prices_gaps_and_progress(small: Small, house: House) -> None:
    now = [house.now()]
    client = TestClient(create_app(replace(house, now=lambda: now[0])))
    trade(small, "random", DAYS[:4])
    client.post("/simulate/trigger", json={})
    first = client.get("/status")
    (arena,) = first.json()["arenas"]
    assert [s["sessions"] for s in arena["prices"]["symbols"]] == [6, 6]
    assert (arena["prices"]["last"], arena["prices"]["expected_last"]) == (
        str(DAYS[5]),
        str(DAYS[10]),
    )
    assert {m["model"]: m["behind"] for m in arena["models"]} == {"buy_and_hold": 6, "random": 2}
    assert arena["queue"] == {"running": [], "pending": [1]}
    small.priced({A: "10 12 14 16 18 20 40 44 46", B: "20 21 22 23 24 25 25 25 25"}, "later.csv")
    with small.engine.begin() as connection:
        connection.execute(text(f"delete from bars where symbol = '{B}' and session = '{DAYS[6]}'"))
    now[0] += timedelta(minutes=1)
    changed = client.get("/status", headers={"If-None-Match": first.headers["etag"]})
    prices = changed.json()["arenas"][0]["prices"]
    assert [(s["symbol"], s["missing"], s["gaps"]) for s in prices["symbols"]] == [
        (A, 0, []),
        (B, 1, [str(DAYS[6])]),
    ]
    assert prices["suspect_count"] == 1
    assert prices["suspects"][0].startswith("AAA opened at 40.00 on 2012-06-11")
