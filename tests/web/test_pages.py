"""The dashboard's pages: their figures by another path, and that anybody can read them."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient

from aitrader_core.market.calendar import load_calendar
from aitrader_core.runner.board import made
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.leaderboards import publish
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from aitrader_core.web.pages.measuring import METRICS
from tests.runner.retold import Retold, figures, retell
from tests.web.reading import Element, by_id, drawn, elements, read, rows

FIRST, LAST = date(2005, 2, 1), date(2005, 4, 29)  # Apple splits on 28 February
MODELS = ("buy_and_hold", "momentum", "random")
YEAR = load_calendar("XNYS").sessions_a_year
NOW = datetime(2013, 3, 2, 12, tzinfo=UTC)
DAGSTER = "http://127.0.0.1:3999"
OURS = (
    "/",
    "/definitions",
    "/arenas/us",
    "/arenas/us?sort=sharpe",
    "/arenas/us?sort=-sharpe",
    "/arenas/us/compare",
    "/arenas/us/compare?model=random&model=momentum&start=2005-03-01&end=&costs=&scale=currency",
    "/arenas/us/models/random",
    "/arenas/us/models/random?number=2",
    "/arenas/us/models/scripted_llm",
    "/arenas/cn",
    "/arenas/us/report.html",
)


@pytest.fixture(scope="module")
def traded(module_floor: Floor) -> Floor:
    """Three rules over three months, and their leaderboard published."""
    sessions = tuple(module_floor.arena.calendar.between(FIRST, LAST))
    module_floor.register_models()
    for model in MODELS:
        plan = Plan(model, sessions, Origin("test", "run-1"), may_start=True)
        assert all(isinstance(step, Made) for step in walk(module_floor, plan))
    board = made(module_floor)
    publish(module_floor.engine, "us", board.as_of, board.rows, "run-1", board.judgement)
    return module_floor


@pytest.fixture(scope="module")
def site(traded: Floor) -> Iterator[TestClient]:
    from dataclasses import replace

    empty = Floor(replace(traded.arena, market="cn"), traded.engine)
    urls = DatabaseUrls(traded.engine.url.render_as_string(hide_password=False))
    house = House(
        {"us": traded, "cn": empty},
        Jobs(traded.engine),
        urls,
        DAGSTER,
        lambda: NOW,
        {"dear": CostProfile(commission_minimum=traded.arena.initial_cash)},
    )
    with TestClient(create_app(house), headers={"accept": "text/html"}) as client:
        yield client


@pytest.fixture(scope="module")
def told(traded: Floor) -> dict[str, Retold]:
    """From fills, bars and corporate actions alone."""
    cash = traded.arena.initial_cash
    return {m: retell(traded.engine, "us", m, FIRST, LAST, cash) for m in MODELS}


def page(site: TestClient, path: str) -> Element:
    answer = site.get(path)
    assert answer.status_code == 200, answer.text[:300]
    return read(answer.text)


def test_a_leaderboard_has_the_figures_of_another_path(
    site: TestClient, told: dict[str, Retold]
) -> None:
    shown = rows(by_id(page(site, "/arenas/us"), "leaderboard"))
    ranked = sorted(MODELS, key=lambda m: -told[m].values[-1])
    for place, model in enumerate(ranked, 1):
        own = figures(told[model], told["buy_and_hold"], YEAR)
        rank, total, low, high, *others = (float(figure) for figure in shown[model])
        wanted = [own[k] for k in ("sharpe", "max_drawdown", "turnover", "cost_drag", "sessions")]
        assert rank == place
        assert others == pytest.approx(wanted, rel=1e-9)
        assert total == pytest.approx(own["total_return"], rel=1e-9)
        assert low < total < high


def test_a_comparison_has_the_curves_and_metrics_of_another_path(
    site: TestClient, told: dict[str, Retold]
) -> None:
    shown = page(site, "/arenas/us/compare")
    table = rows(by_id(shown, "metrics"))
    equity = {trace["name"]: trace for trace in drawn(shown, "equity")["data"]}
    assert set(equity) == set(MODELS)
    for model, trace in equity.items():
        start, *values = told[model].values
        assert trace["y"] == pytest.approx([100 * v / start for v in values], abs=1e-4)
    names = list(equity)
    for at, model in enumerate(names):
        own = figures(told[model], told["buy_and_hold"], YEAR)
        for key, head in (("sharpe", "Sharpe"), ("sortino", "Sortino"), ("alpha", "Alpha")):
            assert float(table[head][at]) == pytest.approx(own[key], rel=1e-9, abs=1e-12)


def test_a_part_of_a_curve_begins_anew(site: TestClient, told: dict[str, Retold]) -> None:
    shown = page(site, "/arenas/us/compare?model=momentum&start=2005-03-01&end=2005-03-31")
    (equity,), (fallen,) = (drawn(shown, name)["data"] for name in ("equity", "drawdown"))
    sessions = drawn(page(site, "/arenas/us/compare?model=momentum"), "equity")["data"][0]["x"]
    at, to = sessions.index("2005-03-01"), sessions.index("2005-03-31") + 1
    values = told["momentum"].values[at : to + 1]  # with the one before
    assert equity["y"] == pytest.approx([100 * v / values[0] for v in values[1:]], abs=1e-4)
    peaks = [max(values[: n + 1]) for n in range(len(values))]
    wanted = [100 * (v / p - 1) for v, p in zip(values, peaks, strict=True)]
    assert fallen["y"] == pytest.approx(wanted[1:], abs=1e-4)
    (total,) = rows(by_id(shown, "metrics"))["Cumulative"]
    assert float(total) == pytest.approx(values[-1] / values[0] - 1)


def test_orders_under_costs_that_nobody_can_pay_are_told(
    site: TestClient, told: dict[str, Retold]
) -> None:
    shown = page(site, "/arenas/us/compare?model=buy_and_hold&costs=dear")
    table = rows(by_id(shown, "metrics"))
    assert table["Filled"] == [str(told["buy_and_hold"].fills)]
    assert float(table["Cumulative"][0]) == 0
    start, *_, last = told["buy_and_hold"].values
    assert float(table["Return"][0]) == pytest.approx(last / start - 1)
    assert set(drawn(shown, "equity")["data"][0]["y"]) == {100}


def test_a_model_holds_what_its_value_says(site: TestClient, told: dict[str, Retold]) -> None:
    for model in MODELS:
        shown = page(site, f"/arenas/us/models/{model}")
        held = rows(by_id(shown, "holdings"))
        cash, (total,) = float(held.pop("Cash")[0]), held.pop("Value")
        own = {symbol: float(n) for symbol, n in told[model].held.items() if n}
        assert {symbol: float(row[0]) for symbol, row in held.items()} == own
        assert cash == pytest.approx(float(told[model].cash))
        assert float(total) == pytest.approx(told[model].values[-1])
        worth = sum(float(row[2]) for row in held.values())
        assert cash + worth == pytest.approx(float(total))
        latest = rows(by_id(shown, "sessions-table"))
        assert next(iter(latest)) == "2005-04-29"
        assert float(latest["2005-04-29"][2]) == pytest.approx(told[model].returns[-1])


def test_whoever_wants_more_gets_the_next_page(site: TestClient) -> None:
    seen: list[str] = []
    for number in (1, 2, 3):
        shown = page(site, f"/arenas/us/models/random?number={number}")
        seen += rows(by_id(shown, "sessions-table"))
    assert len(seen) == len(set(seen)) == 62
    assert seen == sorted(seen, reverse=True)


@pytest.mark.parametrize("key", ["sharpe", "max_drawdown", "turnover", "total_return"])
def test_rows_come_in_the_order_that_is_asked_for(site: TestClient, key: str) -> None:
    down, up = (
        list(rows(by_id(page(site, f"/arenas/us?sort={sign}{key}"), "leaderboard")))
        for sign in ("", "-")
    )
    assert down == up[::-1]
    assert len(down) == len(MODELS)


@pytest.mark.parametrize("path", OURS)
def test_a_page_can_be_read_by_anybody(site: TestClient, path: str) -> None:
    shown = page(site, path)
    every = list(elements(shown))
    (root,) = (e for e in every if e.tag == "html")
    assert root["lang"] == "en"
    names = [e["id"] for e in every if e["id"]]
    assert len(names) == len(set(names)), sorted(n for n in names if names.count(n) > 1)
    levels = [int(e.tag[1]) for e in every if e.tag in ("h1", "h2", "h3", "h4")]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(b <= a + 1 for a, b in pairwise(levels))
    assert sum(e.tag == "main" for e in every) == 1
    for table in (e for e in every if e.tag == "table"):
        assert next(table.all("caption")).text
        assert all(head["scope"] for head in table.all("th"))
    labelled = {e["for"] for e in every if e.tag == "label"}
    for control in (e for e in every if e.tag in ("input", "select")):
        own = control.parent is not None and control.parent.tag == "label"
        assert own or control["id"] in labelled, control.attributes
    for e in every:
        for referred in e["aria-labelledby"].split():
            assert referred in names
        if e["role"] == "img":
            assert e["aria-label"]
    scripts = [e for e in every if e.tag == "script" and e["type"] != "application/json"]
    if not path.endswith("report.html"):
        assert all(e["src"].startswith("/") and not e.text for e in scripts)
    assert not [e for e in every if any(name.startswith("on") for name in e.attributes)]


def test_every_link_leads_somewhere(site: TestClient) -> None:
    targets = {(path, link) for path in OURS for link in _links(page(site, path))}
    pages: dict[str, Element | None] = {}
    for path, link in sorted(targets):
        where = urlsplit(link)
        if where.scheme:
            assert link.startswith(DAGSTER)
            continue
        place = where.path or urlsplit(path).path
        address = f"{place}?{where.query}" if where.query else place
        if _is_anothers(place):
            continue
        if address not in pages:
            answer = site.get(address)
            assert answer.status_code == 200, f"{path} leads to {link}: {answer.status_code}"
            html = "text/html" in answer.headers["content-type"]
            pages[address] = read(answer.text) if html else None
        shown = pages[address]
        if where.fragment and shown is not None:
            assert where.fragment in {e["id"] for e in elements(shown)}, f"{path}: {link}"


def _links(shown: Element) -> list[str]:
    return [e["href"] for e in elements(shown) if e["href"]]


def _is_anothers(place: str) -> bool:
    """What the queue and the service's own reference answer, which have tests of their own."""
    return place.startswith(("/queue", "/docs"))


def test_dagster_is_asked_in_its_own_words(site: TestClient) -> None:
    links = _links(page(site, "/arenas/us/models/random"))
    partition = "view=partitions&partition=2005-04-29%7Crandom"
    assert f"{DAGSTER}/assets/us/model_day?{partition}" in links
    assert f"{DAGSTER}/runs/run-1" in links


def test_a_report_asks_nobody_for_anything(site: TestClient, told: dict[str, Retold]) -> None:
    answer = site.get("/arenas/us/report.html")
    shown = read(answer.text)
    assert not [e["src"] or e["href"] for e in elements(shown) if _asks(e)]
    (meta,) = (e for e in shown.all("meta") if e["http-equiv"])
    assert answer.headers["content-security-policy"] == meta["content"]
    assert "default-src 'none'" in meta["content"]
    assert "script-src 'sha256-" in meta["content"]
    board = rows(by_id(shown, "leaderboard"))
    for model in MODELS:
        total = told[model].values[-1] / told[model].values[0] - 1
        assert float(board[model][1]) == pytest.approx(total)
    made_of = by_id(shown, "made-of").text
    assert all(model in made_of for model in MODELS)


def _asks(element: Element) -> bool:
    leads = element["href"] and not element["href"].startswith("#")
    return bool(element["src"] or leads)


def test_a_wrong_address_is_told_as_a_page_and_to_a_program_as_a_problem(
    site: TestClient,
) -> None:
    wrong: dict[str, tuple[int, str]] = {
        "/arenas/uss": (404, "did you mean us?"),
        "/arenas/us?sort=luck": (422, "can't sort by"),
        "/arenas/us/compare?start=yesterday": (422, "no date"),
        "/arenas/us/compare?start=2005-04-01&end=2005-03-01": (422, "is after"),
        "/arenas/us/compare?model=nobody": (404, "nobody"),
        "/arenas/us/compare?costs=none": (422, "cost profile"),
        "/arenas/us/models/nobody": (404, "nobody"),
        "/nowhere": (404, "/nowhere"),
    }
    for path, (status, said) in wrong.items():
        answer = site.get(path)
        assert (path, answer.status_code) == (path, status)
        (heading,) = read(answer.text).all("h1")
        assert heading.text
        assert said in read(answer.text).text
        program = site.get(path, headers={"accept": "application/json"})
        assert program.status_code == status
        told: dict[str, Any] = program.json()
        assert said in f"{told['detail']} {told['hint']}"


def test_every_metric_of_a_comparison_has_its_own_row(site: TestClient) -> None:
    table = by_id(page(site, "/arenas/us/compare"), "metrics")
    led = [e["href"] for e in table.all("a") if e["href"].startswith("/definitions#")]
    assert led == [f"/definitions#{key}" for key in METRICS]
