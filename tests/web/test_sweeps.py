"""Backtests and suggestions over REST and as pages."""

import csv
from io import StringIO
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aitrader_core.runner.backtests import run_backtest
from aitrader_core.runner.suggestions import scan
from aitrader_core.storage.backtest import BacktestRequest
from tests.small import DAYS, Small
from tests.web.reading import by_id, drawn, read

GRID: dict[str, list[Any]] = {"turnover": [0.1, 0.5], "seed": [7, 8, 9]}


@pytest.fixture
def tried(client: TestClient, small: Small) -> TestClient:
    asked = BacktestRequest("small", "random", DAYS[0], DAYS[5], GRID, "test", DAYS[3])
    run_backtest(small.floor, small.config_dir, asked)
    scan(small.floor, "random", DAYS[2])
    return client


def test_a_backtest_is_read_in_pages_and_as_a_table(tried: TestClient) -> None:
    (listed,) = tried.get("/backtests?market=small").json()["backtests"]
    assert (listed["done"], listed["grid"], listed["train_until"]) == (6, GRID, str(DAYS[3]))
    answer = tried.get("/backtests/1?limit=4&equity=true")
    found = answer.json()
    first = found["trials"][0]
    assert (first["number"], first["parameters"]) == (listed["best"], listed["best_parameters"])
    assert len(first["equity"]) == 6
    rest = tried.get(found["next"]).json()
    trials = [*found["trials"], *rest["trials"]]
    assert sorted(trial["number"] for trial in trials) == [1, 2, 3, 4, 5, 6]
    returns = [trial["cumulative_return"] for trial in trials]
    assert returns == sorted(returns, reverse=True)
    told = list(csv.DictReader(StringIO(tried.get("/backtests/1?format=csv").text)))
    assert [float(row["cumulative_return"]) for row in told] == returns
    tag = {"If-None-Match": answer.headers["etag"]}
    assert tried.get("/backtests/1?limit=4&equity=true", headers=tag).status_code == 304
    assert tried.get("/backtests/2").status_code == 404
    assert tried.get("/backtests?market=smal").json()["hint"].startswith("did you mean small?")


def test_what_was_proposed_is_read(tried: TestClient) -> None:
    (listed,) = tried.get("/suggestions").json()["scans"]
    assert (listed["session"], listed["account"]) == (str(DAYS[2]), "initial cash")
    found = tried.get("/suggestions/1").json()
    assert len(found["suggestions"]) == listed["count"] > 0
    assert {each["side"] for each in found["suggestions"]} == {"buy"}
    told = list(csv.DictReader(StringIO(tried.get("/suggestions/1?format=csv").text)))
    assert [row["symbol"] for row in told] == [each["symbol"] for each in found["suggestions"]]
    assert tried.get("/suggestions/2").status_code == 404


def test_pages_show_the_same(tried: TestClient) -> None:
    listing = tried.get("/arenas/small/backtests")
    assert "/arenas/small/backtests/1" in {a["href"] for a in read(listing.text).all("a")}
    page = read(tried.get("/arenas/small/backtests/1?by=max_drawdown").text)
    trials = tried.get("/backtests/1?by=max_drawdown").json()["trials"]
    rows = [row for row in by_id(page, "trials").all("tr") if row.figures]
    assert [float(row.figures[0]) for row in rows] == [t["cumulative_return"] for t in trials]
    lines = drawn(page, "equity")["data"]
    assert len(lines) == 5
    curve = tried.get("/backtests/1?by=max_drawdown&equity=true").json()["trials"][0]["equity"]
    assert lines[0]["y"] == pytest.approx([float(value) / 10 for _, value in curve])
    page = read(tried.get("/arenas/small/suggestions/1").text)
    found = tried.get("/suggestions/1").json()["suggestions"]
    cells = [row.text for row in by_id(page, "suggestions").all("tr")][1:]
    assert all(each["symbol"] in cell for each, cell in zip(found, cells, strict=True))
    listing = tried.get("/arenas/small/suggestions")
    assert "/arenas/small/suggestions/1" in {a["href"] for a in read(listing.text).all("a")}
    for address in ("/arenas/small/backtests/9", "/arenas/small/suggestions/9"):
        assert tried.get(address, headers={"Accept": "text/html"}).status_code == 404


def test_where_nothing_was_tried_the_way_is_told(client: TestClient) -> None:
    for address, way in (("backtests", "small_backtest"), ("suggestions", "small_suggest")):
        answer = client.get(f"/arenas/small/{address}")
        assert answer.status_code == 200
        assert way in read(answer.text).text
