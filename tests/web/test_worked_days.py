"""Days on ticks: their orders as wholes, their trails, and the kill switch that holds them back."""

import csv
import json
from collections import Counter
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.domain.trail import GENESIS, chained
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.kill_switch import throw_switch
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from aitrader_core.web.pages import worked_day
from tests.conftest import NOW
from tests.small import Small
from tests.ticking import DAYS, ticking
from tests.web.page_reading import Reading, is_inert

DAY = f"/arenas/ticking/models/pattern/{DAYS[0]}"
TRAIL = f"/trail/ticking/pattern/{DAYS[0]}"
SWITCH = "/arenas/ticking/trading"


@pytest.fixture
def floor(small: Small, tmp_path: Path) -> Floor:
    opened = ticking(small.config_dir, small.engine, tmp_path / "home")
    import_missing(opened, DAYS[0], DAYS[-1], NOW)
    return opened


@pytest.fixture
def site(floor: Floor, house: House) -> TestClient:
    app = create_app(replace(house, floors={**house.floors, "ticking": floor}))
    return TestClient(app, raise_server_exceptions=False)


def traded(floor: Floor) -> ModelDay:
    floor.register_models()
    (step,) = walk(floor, Plan("pattern", DAYS[:1], Origin("run-1", "run"), may_start=True))
    assert isinstance(step, Made), step
    return step.day


def look(site: TestClient, address: str, status: int = 200) -> Reading:
    answer = site.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text[-2000:]
    return Reading(answer.text)


def test_a_day_on_ticks_is_told_by_its_orders(
    floor: Floor, site: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    day = traded(floor)
    fills = Counter(fill.order.id for fill in day.fills)
    assert len(fills) > 2
    page = look(site, DAY)
    assert is_inert(page)
    rows = [row for row in page.rows("worked") if row.attributes.get("class") != "more"]
    assert len(rows) == len(fills)
    assert [row.data[-1] for row in rows] == [
        sum(fill.commission for fill in day.fills if fill.order.id == order_id)
        for order_id in fills
    ]
    assert not page.rows("events")
    trail = f"A trail of {len(day.trail)} entries, unbroken, ends in {day.trail[-1].hash}"
    assert trail in page.text
    hashes = [e.text for e in page.elements if e.attributes.get("title", "").startswith("hash of")]
    assert hashes == [entry.hash[:8] for entry in day.trail]
    (drawn,) = (e for e in page.elements if e.attributes.get("id") == "fills-figure")
    marks = [trace for trace in json.loads(drawn.text)["data"] if trace["mode"] == "markers"]
    assert sum(len(trace["x"]) for trace in marks) == len(fills)

    monkeypatch.setattr(worked_day, "SHOWN", 2)
    cut = look(site, DAY)
    assert f"The first 2 of {len(fills)} orders" in cut.text
    assert f"{DAY}?orders=all#orders" in cut.links
    assert len(look(site, f"{DAY}?orders=all").rows("worked")) == 2 * len(fills)
    assert f"{TRAIL}?format=csv" in cut.links


def test_programs_get_the_trail_and_the_orders(floor: Floor, site: TestClient) -> None:
    day = traded(floor)
    answer = site.get(f"{TRAIL}?limit=5")
    told = answer.json()
    assert (told["entries"], told["first_changed"], told["trading"]) == (
        len(day.trail),
        None,
        "active",
    )
    entries = [
        *told["trail"],
        *site.get(told["next"].replace("limit=5", "limit=9999")).json()["trail"],
    ]
    before = GENESIS
    for entry in entries:
        fields = (entry[key] for key in ("number", "at_ns", "event", "client_id", "facts"))
        before = chained(before, *fields)
        assert entry["hash"] == before
    assert before == told["last_hash"] == day.trail[-1].hash
    tag = {"If-None-Match": answer.headers["etag"]}
    assert site.get(f"{TRAIL}?limit=5", headers=tag).status_code == 304
    lines = list(csv.DictReader(StringIO(site.get(f"{TRAIL}?format=csv").text)))
    assert [line["hash"] for line in lines] == [entry.hash for entry in day.trail]

    orders = site.get(f"{TRAIL}/orders").json()["orders"]
    assert sum(order["parts"] for order in orders) == len(day.fills)
    assert sum(Decimal(order["fees"]) for order in orders) == day.commission
    assert sum(order["entries"] for order in orders) == len(day.trail)
    parquet = site.get(f"{TRAIL}/orders?format=parquet")
    assert parquet.headers["content-type"] == "application/vnd.apache.parquet"

    found = site.get(f"/results?market=ticking&date={DAYS[0]}&detail=full").json()
    booked = found["results"][0]["orders"]
    assert Counter(o["client_id"] for o in booked) == {o["client_id"]: o["parts"] for o in orders}
    assert {(o["limit_price"], o["code"]) for o in booked} == {(None, None)}

    missing = TRAIL.replace("pattern", "patern")
    assert site.get(missing).status_code == 404
    assert "has those that are stored" in site.get(missing).json()["hint"]
    assert site.get(TRAIL.replace("pattern", "a%00b")).status_code == 400


def test_what_was_denied_and_what_was_changed_are_told(floor: Floor, site: TestClient) -> None:
    throw_switch(floor, TradingState.REDUCING, "<b>late</b>", "test", NOW)
    day = traded(floor)
    assert day.refusals
    page = look(site, DAY)
    assert is_inert(page)
    assert "The kill switch was at reducing when the session began." in page.text
    assert page.text.count("only sales of what is held pass") >= len(day.refusals)
    orders = site.get(f"{TRAIL}/orders").json()["orders"]
    assert {(o["status"], o["code"], o["average_price"]) for o in orders} == {
        ("denied", "reducing", None)
    }

    with floor.engine.begin() as connection:
        connection.execute(text("alter table order_events disable trigger user"))
        connection.execute(
            text("update order_events set facts = replace(facts, '0', '1') where number = 2")
        )
    page = look(site, DAY)
    assert "is not what was written, from entry 2 on" in page.text
    assert not page.rows("worked")
    assert len(page.rows("events")) == len(day.blotter)
    # A tag names what is live; it is what was tampered with that none of them knows of
    assert site.get(f"{TRAIL}?limit=50").json()["first_changed"] == 2
    assert site.get(f"{TRAIL}/orders?limit=50").status_code == 409


def test_the_switch_is_thrown_with_a_reason_and_told_on_every_page(
    site: TestClient, house: House
) -> None:
    def throw(**fields: Any) -> int:
        return site.post(SWITCH, data=fields, follow_redirects=False).status_code

    assert "Nobody has thrown it yet" in look(site, SWITCH).text
    for wrong in (
        {"state": "halted", "reason": " "},
        {"state": "off", "reason": "why"},
        {"state": "halted", "reason": "why", "model": "patern"},
    ):
        assert throw(**wrong) == 422
    elsewhere = {"Origin": "http://elsewhere.test"}
    asked = {"state": "halted", "reason": "why"}
    assert site.post(SWITCH, data=asked, headers=elsewhere).status_code == 403
    assert site.get("/trading/ticking").json()["history"] == []

    assert throw(state="halted", reason="<i>the feed</i> is wrong") == 303
    assert throw(state="reducing", reason="too large", model="pattern") == 303
    for address in (SWITCH, "/arenas/ticking", "/arenas/ticking/backtests"):
        page = look(site, address)
        assert is_inert(page)
        assert "Trading in ticking is halted" in page.text
        assert "<i>the feed</i> is wrong" in page.text
        assert "pattern is reducing" in page.text
    assert "is halted" not in look(site, "/arenas/small").text
    assert throw(state="active", reason="it is back") == 303
    page = look(site, SWITCH)
    assert "Trading in ticking is" not in page.text
    assert len(page.rows("history")) == 3
    assert "it is back" in page.rows("history")[0].text
    throws = site.get("/trading/ticking").json()["history"]
    assert {each["source"] for each in throws} == {"dashboard"}
    assert throws[0]["set_at"].startswith(f"{house.now():%Y-%m-%d}")
