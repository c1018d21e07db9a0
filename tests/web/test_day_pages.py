"""Model-days and sessions as pages: every figure is the ledger's, hostile text is inert."""

from dataclasses import replace
from datetime import date

import pytest
from fastapi.testclient import TestClient

from aitrader_core.domain.transcript import Entry
from aitrader_core.runner.statement import statement
from aitrader_core.storage.store import Origin
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from tests.small import DAYS, A, Small
from tests.traded import MODELS, SIX, trade, walked
from tests.web.page_reading import Reading, is_inert
from tests.web.talkers import BIG, PAYLOADS

D0 = DAYS[0]


def path(model: str, session: date) -> str:
    return f"/arenas/small/models/{model}/{session}"


def look(client: TestClient, address: str, status: int = 200) -> Reading:
    answer = client.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text[-2000:]
    assert answer.headers["content-type"].startswith("text/html")
    return Reading(answer.text)


@pytest.fixture
def site(small: Small, house: House) -> TestClient:
    """Over an arena that has traded."""
    trade(small)
    return site_of(small, house)


def site_of(small: Small, house: House, dagster: str | None = None) -> TestClient:
    floors = {"small": small.floor}
    app = create_app(replace(house, floors=floors, dagster=dagster))
    return TestClient(app, raise_server_exceptions=False)


def talking(small: Small, house: House, who: str) -> TestClient:
    small.model("talker", kind=f"tests.web.talkers:{who}")
    small.configure(models=["talker", "random"])
    walked(small, DAYS[:2], models=("talker", "random"))
    return site_of(small, house)


def test_profits_on_a_page_add_up_to_the_day_and_are_those_of_the_ledger(
    site: TestClient, small: Small
) -> None:
    for model in MODELS:
        for session in SIX:
            page = look(site, path(model, session))
            found = statement(small.floor, model, session)
            assert found is not None
            *parts, whole = (row.data[0] for row in page.rows("profits") if row.data)
            assert sum(parts) == whole == found.day.profit
            assert len(parts) == len(found.profit.symbols)
            holdings = [row.data for row in page.rows("held")]
            assert holdings[0][:2] == [found.day.opening.portfolio.cash, found.day.closing.cash]
            values = [figures[-2] for figures in holdings if len(figures) > 2]
            assert sum(values) == found.day.value
            orders = [
                row for row in page.rows("events") if "changed" not in row.attributes.values()
            ]
            assert len(orders) == len(found.day.blotter)


def test_corporate_actions_doubts_and_revisions_are_on_the_page(
    site: TestClient, small: Small
) -> None:
    assert "Split AAA" in look(site, path("buy_and_hold", DAYS[2])).text
    assert "Cash dividend BBB" in look(site, path("buy_and_hold", DAYS[3])).text
    assert "Restated" in look(site, path("random", SIX[3])).text
    assert "Restated" not in look(site, path("random", SIX[4])).text
    walked(small, SIX[3:5], "job-2", replace=True)
    again = look(site, path("random", SIX[4]))
    assert [row.data[-1] for row in again.rows("revisions")]
    assert "by job 2" in again.text


def test_every_link_of_ours_leads_somewhere(site: TestClient, small: Small) -> None:
    floor = small.floor
    floor.failed_days.keep("small", "random", DAYS[6], "broke", Origin("job-3", "r"), [])
    seen = {path("random", D0), f"/arenas/small/sessions/{D0}", path("random", DAYS[6])}
    waiting = list(seen)
    while waiting:
        for link in look(site, waiting.pop()).links:
            address = link.partition("#")[0]
            if not address.startswith("/arenas/") or address in seen or "/report" in address:
                continue
            seen.add(address)
            answer = site.get(address)
            assert answer.status_code == 200 or "was not traded" in answer.text, address
            is_ours = "/sessions/" in address or address.count("/") == 5
            if is_ours and answer.status_code == 200:
                waiting.append(address)
    assert {path(model, session) for model in MODELS for session in SIX} <= seen


def test_dagster_is_linked_where_there_is_one(small: Small, house: House) -> None:
    trade(small)
    page = look(site_of(small, house, "http://127.0.0.1:3000"), path("random", D0))
    dagster = [link for link in page.links if link.startswith("http://127.0.0.1:3000/")]
    assert "http://127.0.0.1:3000/runs/run-1" in dagster
    partition = f"view=partitions&partition={D0}%7Crandom"
    assert f"http://127.0.0.1:3000/assets/small/model_day?{partition}" in dagster


def test_hostile_words_are_shown_and_run_nowhere(small: Small, house: House) -> None:
    site = talking(small, house, "Hostile")
    floor = small.floor
    day = floor.model_days.get("small", "talker", D0)
    assert day is not None
    odd = "<b onclick='x'>&amp;"
    floor.model_days.put(replace(day, model=odd), Origin(PAYLOADS[0], PAYLOADS[1]))
    said = [Entry("model", text) for text in PAYLOADS]
    origin = Origin(PAYLOADS[0], PAYLOADS[1])
    floor.failed_days.keep("small", "talker", DAYS[4], PAYLOADS[0], origin, said)
    shown = [
        look(site, path("talker", D0)),
        look(site, path("talker", DAYS[4])),
        look(site, f"/arenas/small/sessions/{D0}"),
        look(site, f"/arenas/small/sessions/{DAYS[4]}"),
        look(site, f"/arenas/small/sessions/{D0}/compare?model=talker&model=random"),
        look(site, path("%3Cb%20onclick='x'%3E&amp;", D0)),
        look(site, path("%3Cimg%20src=x%3E", D0), 404),
    ]
    assert all(is_inert(page) for page in shown)
    for text in PAYLOADS:
        assert shown[0].text.count(text) >= 5  # said, called, refused, answered, summed up
        assert text in shown[1].text
        assert text in shown[4].text
    assert odd in shown[2].text
    assert odd in shown[5].text


def test_ten_megabytes_are_folded_and_told_of(small: Small, house: House) -> None:
    site = talking(small, house, "Talkative")
    answer = site.get(path("talker", D0), headers={"Accept": "text/html"})
    assert len(answer.content) < 1_000_000
    page = Reading(answer.text)
    assert "10,000,000 characters" in page.text
    (whole,) = (link for link in page.links if "/entries/" in link)
    assert site.get(whole).text == "x" * BIG
    assert site.get(whole).headers["content-type"] == "text/plain; charset=utf-8"
    told, address = 0, path("talker", D0)
    while address:
        page = look(site, address)
        told += page.text.count("thought ")
        after = (e.attributes["href"] for e in page.elements if e.attributes.get("rel") == "next")
        address = next((link for link in after if "from=" in link), "")
    assert told == 1000


def test_a_day_that_failed_tells_each_attempt_and_what_was_said(
    site: TestClient, small: Small
) -> None:
    for number in (1, 2):
        entries = [Entry("user", "trade"), Entry("model", f"try {number}")]
        origin = Origin(f"job-{number}", f"run-{number}")
        small.floor.failed_days.keep("small", "random", DAYS[6], f"why {number}", origin, entries)
    page = look(site, path("random", DAYS[6]))
    assert "Failed why 2" in page.text
    assert "try 2" in page.text
    assert "try 1" not in page.text
    (older,) = (link for link in page.links if "attempt=" in link)
    assert "try 1" in look(site, older).text
    assert look(site, f"{path('random', DAYS[6])}?attempt=99", 404)
    assert "--start 2012-06-11 --end 2012-06-11" in page.text


def test_a_session_that_nobody_traded_says_why_and_what_would(
    site: TestClient,
) -> None:
    assert "--start 2012-06-11 --end 2012-06-15" in look(site, path("random", DAYS[10]), 404).text
    assert "week-end" in look(site, path("random", date(2012, 6, 2)), 404).text
    assert "did you mean random" in look(site, path("randum", D0), 404).text
    assert "Nobody has traded" in look(site, "/arenas/small/sessions/2012-06-02", 404).text


def test_an_empty_database_has_useful_pages(client: TestClient) -> None:
    page = look(client, path("random", D0), 404)
    assert "aitrader jobs submit --market small --model random --start 2012-06-01" in page.text
    assert "no model has come this far" in look(client, f"/arenas/small/sessions/{D0}", 404).text
    both = f"/arenas/small/sessions/{D0}/compare?model=random&model=buy_and_hold"
    assert "random has no stored day" in look(client, both, 404).text
    assert look(client, f"/arenas/small/sessions/{D0}/compare?model=random", 422)
    assert look(client, "/arenas/nowhere/sessions/2012-06-01", 404)
    assert look(client, "/arenas/small/sessions/yesterday", 422)


def test_two_models_side_by_side_differ_where_they_do(site: TestClient, small: Small) -> None:
    page = look(site, f"/arenas/small/sessions/{D0}/compare?model=random&model=buy_and_hold")
    left, right = (small.floor.model_days.get("small", model, D0) for model in MODELS)
    assert left is not None
    assert right is not None
    rows = page.rows("orders-of-both")
    assert len(rows) >= max(len(left.blotter), len(right.blotter))
    held = {row.text[:3]: row.data for row in page.rows("symbols-of-both")}
    assert held[A][:2] == [left.closing.held(A), right.closing.held(A)]
    same = look(site, f"/arenas/small/sessions/{D0}/compare?model=random&model=random")
    assert "≠" not in same.text.replace("≠ is not", "")
    assert "They hold the same at the close" in same.text
