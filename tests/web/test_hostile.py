"""What somebody else wrote (names, symbols, reasons, transcripts) is text on every page."""

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import pytest
from fastapi.testclient import TestClient

from aitrader_core.domain.market import Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.money import ZERO
from aitrader_core.runner.arena import Model
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.simulation.desk import Desk
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from tests.small import DAYS, B, Small
from tests.web.conftest import NOW
from tests.web.reading import Element, drawn, elements, read

PAYLOADS = (
    "<script>alert(1)</script>",
    "</script><svg onload=alert(1)>",
    '"><img src=x onerror=alert(1)>',
    "' onfocus='alert(1)' autofocus='",
    "javascript:alert(1)",
    "<!--<script>",
    "{{ 7 * 7 }}",
    "&lt;b&gt;",
    "a\u2028alert(1)",
    "%3Cscript%3E",
)
SYMBOL = Symbol("<img/src=x/onerror=alert(1)>")
DRAWINGS = {"svg", "path", "line"}


@dataclass(frozen=True)
class Hostile:
    """Holds a symbol, asks for one that there is not, and says what it likes."""

    text: str = ""

    def trade(self, desk: Desk) -> Ending:
        desk.buy(SYMBOL, Decimal(1))
        desk.buy(Symbol(self.text), Decimal(1))
        desk.say(self.text)
        desk.correct(None, ZERO, Decimal(1), self.text)
        return Ending.DONE


@pytest.fixture
def floor(small: Small) -> Floor:
    """A model for each payload, under a name that its configuration would refuse."""
    small.model("hostile", kind=f"{__name__}:Hostile")
    small.configure(models=["hostile"], symbols=[str(SYMBOL), str(B)])
    small.priced({SYMBOL: "10 11 12", B: "20 21 22"})
    arena = small.floor.arena
    models = {text: _named(arena.models["hostile"], text) for text in PAYLOADS}
    floor = Floor(replace(arena, models=models), small.engine)
    for text in PAYLOADS:
        plan = Plan(text, tuple(DAYS[:3]), Origin("test", text), may_start=True)
        assert all(isinstance(step, Made) for step in walk(floor, plan))
    return floor


def _named(model: Model, text: str) -> Model:
    config = model.config.model_copy(update={"kind": text})
    return replace(model, name=text, agent=Hostile(text), config=config)


def is_inert(html: str) -> Element:
    """The page, if nothing in it runs, submits or leads out of it by what somebody wrote."""
    page = read(html)  # an element that a text opened or closed would be out of order
    for element in elements(page):
        assert element.tag not in ("img", "iframe", "object", "base", "style")
        assert not [name for name in element.attributes if name.startswith("on")]
        assert "autofocus" not in element.attributes
        for name in ("href", "src", "action"):
            assert ":" not in element[name].split("/")[0], element.attributes
        if element.tag == "script":
            assert element["src"].startswith("/") or "<" not in element.text
    assert "49" not in [element.text for element in elements(page)]
    return page


def test_names_symbols_reasons_and_transcripts_are_inert(
    floor: Floor, database: DatabaseUrls
) -> None:
    house = House({"small": floor}, Jobs(floor.engine), database, None, lambda: NOW)
    with TestClient(create_app(house), headers={"accept": "text/html"}) as client:
        board = is_inert(client.get("/arenas/small").text)
        for text in PAYLOADS:
            assert " ".join(text.split()) in board.text
        compared = is_inert(client.get("/arenas/small/compare", params={"model": PAYLOADS}).text)
        assert {trace["name"] for trace in drawn(compared, "equity")["data"]} == set(PAYLOADS)
        links = [e["href"] for e in elements(board) if "/models/" in e["href"]]
        assert len(links) == len(PAYLOADS)
        seen = set[str]()
        for link in links:
            answer = client.get(link)
            shown = is_inert(answer.text)
            if "%2F" in link or "%25" in link:  # a slash ends a name; this client decodes twice
                assert answer.status_code in (404, 422)
                continue
            assert SYMBOL in shown.text
            days = [e["href"] for e in elements(shown) if e["href"].endswith(str(DAYS[1]))]
            told = client.get(days[0])
            assert told.status_code == 200
            assert "refused" in is_inert(told.text).text
            seen.add(link)
        assert len(seen) == sum("/" not in text and "%" not in text for text in PAYLOADS)
        for path in (f"/arenas/small/sessions/{DAYS[1]}", "/arenas/small?sort=<script>"):
            is_inert(client.get(path).text)
        for text in PAYLOADS:
            asked: dict[str, Any] = {"model": text, "start": text, "costs": text}
            is_inert(client.get("/arenas/small/compare", params=asked).text)


def test_a_report_lets_nothing_run_but_its_own_scripts(
    floor: Floor, database: DatabaseUrls
) -> None:
    house = House({"small": floor}, Jobs(floor.engine), database, None, lambda: NOW)
    with TestClient(create_app(house)) as client:
        page = read(client.get("/arenas/small/report.html").text)
    scripts = [e for e in page.all("script") if e["type"] != "application/json"]
    assert len(scripts) == 2
    (policy,) = (e["content"] for e in page.all("meta") if e["http-equiv"])
    assert policy.count("'sha256-") == 2
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    assert not [e for e in page.all("svg") if e["onload"]]
    assert not list(page.all("img"))
