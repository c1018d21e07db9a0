"""Results are the ledger's, to the last digit, in every form; a tag changes when they do."""

import csv
import io
import json
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow.parquet as pq
from fastapi.testclient import TestClient
from pydantic import BaseModel

from aitrader_core.domain.orders import Fill
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from aitrader_core.web.rest.shapes import Format, Money, as_table
from tests.small import DAYS, ROWS, Small
from tests.web.trading import trade

DAY = str(DAYS[1])


def test_figures_and_records_are_those_of_the_ledger(client: TestClient, small: Small) -> None:
    trade(small, "random")
    trade(small, "buy_and_hold")
    kept = small.floor.model_days.get("small", "random", DAYS[1])
    assert kept is not None
    told = client.get(f"/results?date={DAY}&detail=full&reasoning=full").json()
    assert told["restated"] == []
    assert [row["model"] for row in told["results"]] == ["buy_and_hold", "random"]
    row = told["results"][1]
    assert (row["value"], row["cash"]) == (f"{kept.value:f}", f"{kept.closing.cash:f}")
    assert (row["profit"], row["commission"]) == (f"{kept.profit:f}", f"{kept.commission:f}")
    assert row["cumulative_return"] == kept.performance.cumulative_return
    assert {s: Decimal(q) for s, q in row["holdings"].items()} == kept.closing.positions
    fills = [(f.order.symbol, f.price, f.notional) for f in kept.blotter if isinstance(f, Fill)]
    assert [
        (o["symbol"], Decimal(o["price"]), Decimal(o["notional"]))
        for o in row["orders"]
        if o["outcome"] == "filled"
    ] == fills
    assert [o["reason"] for o in row["orders"] if o["outcome"] == "refused"] == [
        refused.reason for refused in kept.refusals
    ]
    assert [(e["role"], e["text"]) for e in row["transcript"]] == [
        (entry.role, entry.text) for entry in kept.transcript
    ]
    assert row["manifest"]["prices"] == kept.manifest.prices
    brief = client.get(f"/results?date={DAY}&model=random&reasoning=summary").json()["results"][0]
    assert brief.keys() - row.keys() == set()
    assert row.keys() - brief.keys() == {
        "orders",
        "adjustments",
        "holdings",
        "marks",
        "manifest",
        "transcript",
    }


def test_every_row_is_on_one_page_whatever_is_stored_meanwhile(
    client: TestClient, small: Small
) -> None:
    trade(small, "random", DAYS[1:4])
    trade(small, "buy_and_hold", DAYS[1:4])
    for path, rows in (("/results", "results"), ("/portfolio/timeseries", "points")):
        page = client.get(f"{path}?limit=4").json()
        rest = client.get(page["next"]).json()
        found = [(row["session"], row["model"]) for row in (*page[rows], *rest[rows])]
        assert len(set(found)) == len(found) == 6
        assert rest["next"] is None
    page, seen = client.get("/results?limit=4").json(), list[tuple[str, str]]()
    trade(small, "random", DAYS[4:5])
    trade(small, "buy_and_hold", DAYS[4:6])
    while True:
        seen += [(row["session"], row["model"]) for row in page["results"]]
        if page["next"] is None:
            break
        page = client.get(page["next"]).json()
    assert seen == sorted(set(seen))
    assert len(seen) == 9


def test_tables_hold_what_json_does(client: TestClient, small: Small) -> None:
    trade(small)
    asked = "/results?detail=full&reasoning=full"
    rows = client.get(asked).json()["results"]
    table = client.get(f"{asked}&format=csv")
    assert table.headers["content-type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(table.text)))
    columns = pq.read_table(io.BytesIO(client.get(f"{asked}&format=parquet").content))
    frame = columns.to_pylist()
    for row, line, cells in zip(rows, lines, frame, strict=True):
        assert line["value"] == row["value"]
        assert cells["value"] == Decimal(row["value"])
        assert cells["session"] == date.fromisoformat(row["session"])
        assert float(line["daily_return"]) == cells["daily_return"] == row["daily_return"]
        assert json.loads(line["orders"]) == json.loads(cells["orders"]) == row["orders"]
    for path in ("/portfolio/timeseries", "/leaderboard?live=true", "/models", "/jobs"):
        both = path + ("&" if "?" in path else "?")
        whole = client.get(path).json()
        told = next(value for value in whole.values() if isinstance(value, list))
        header, *lines_of = csv.reader(io.StringIO(client.get(f"{both}format=csv").text))
        assert len(lines_of) == len(told)
        assert all(set(row) <= set(header) for row in told)
        found = pq.read_table(io.BytesIO(client.get(f"{both}format=parquet").content))
        assert found.column_names == header


def test_a_spreadsheet_runs_nothing() -> None:
    class Row(BaseModel):
        text: str | None
        money: Money
        number: float
        nested: dict[str, Any]

    rows = [
        {"text": text, "money": "-3.50", "number": -1.5, "nested": {"=1": "@x"}}
        for text in ("=1+1", "+1", "-1", "@sum", "\t=1", "plain", None)
    ]
    lines = list(csv.reader(io.StringIO(as_table(Format.CSV, Row, rows).decode())))[1:]
    assert [line[0] for line in lines] == ["'=1+1", "'+1", "'-1", "'@sum", "'\t=1", "plain", ""]
    assert {tuple(line[1:]) for line in lines} == {("-3.50", "-1.5", '{"=1": "@x"}')}


def test_a_tag_changes_when_the_answer_does(client: TestClient, small: Small) -> None:
    trade(small, "random", DAYS[:3])
    trade(small, "buy_and_hold", DAYS[:3])
    finished = f"/results?start={DAYS[0]}&end={DAYS[1]}&detail=full"
    curve = f"/portfolio/timeseries?model=random&end={DAYS[1]}"
    tags = {path: client.get(path).headers["etag"] for path in (finished, curve)}
    assert tags[finished] != tags[curve]
    trade(small, "random", DAYS[3:5])  # later days are no part of it
    for path, tag in tags.items():
        same = client.get(path, headers={"If-None-Match": f'"other", W/{tag}'})
        assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", tag)
    open_end = "/portfolio/timeseries?model=random"
    before = client.get(open_end)
    trade(small, "random", DAYS[5:6])
    after = client.get(open_end, headers={"If-None-Match": before.headers["etag"]})
    assert len(after.json()["points"]) == len(before.json()["points"]) + 1
    trade(small, "random", DAYS[:2], job_id=9)  # made again by another request
    for path, tag in tags.items():
        changed = client.get(path, headers={"If-None-Match": tag})
        assert changed.status_code == 200
        assert changed.headers["etag"] != tag
    (_, random) = client.get(f"/results?date={DAYS[0]}").json()["results"]
    assert random["revision"] == 2


def test_prices_that_were_restated_since_are_told(client: TestClient, small: Small) -> None:
    trade(small)
    path = f"/results?date={DAY}&detail=full"
    tag = client.get(path).headers["etag"]
    small.priced({**ROWS, next(iter(ROWS)): "10/11 12/14 14/15 16/17 18/19 20/21"}, "new.csv")
    changed = client.get(path, headers={"If-None-Match": tag})
    assert changed.status_code == 200
    (told,) = changed.json()["restated"]
    assert (told["model"], told["session"]) == ("random", DAY)
    assert told["prices"] != changed.json()["results"][0]["manifest"]["prices"]


def test_what_was_made_for_a_job(client: TestClient, small: Small) -> None:
    assert client.post("/simulate/trigger", json={"start_date": str(DAYS[0])}).json()["job_id"] == 1
    trade(small, "random", DAYS[:2], job_id=1)
    trade(small, "random", DAYS[2:4])
    found = client.get("/results?job_id=1").json()["results"]
    assert [(row["session"], row["request"]) for row in found] == [
        (str(day), "job-1") for day in DAYS[:2]
    ]


WRONG = {
    "/results?model=randon": "there is no model 'randon'",
    "/results?date=2012-06-01&start=2012-06-01": "a date and a range",
    "/results?start=2012-06-05&end=2012-06-01": "the range is reversed",
    "/results?start=20120605": "start: Value error, a date is written as YYYY-MM-DD",
    "/results?modle=random": "there is no parameter 'modle'",
    "/results?detail=full&limit=101": "limit: 101 model-days",
    "/results?limit=1001": "limit: ",
    "/results?cursor=abc": "cursor: it is none of ours",
    "/results?format=xml": "format: ",
    "/metrics/performance?costs=fre": "there is no cost profile 'fre'",
    "/metrics/performance?model=random": "nothing is stored of random",
}


def test_what_is_wrong_is_told_with_a_hint(client: TestClient) -> None:
    for path, sentence in WRONG.items():
        answer = client.get(path)
        assert answer.status_code == 422, path
        assert sentence in answer.json()["detail"], path
        assert "hint" in answer.json()


def test_a_model_that_left_the_arena_is_still_there(small: Small, house: House) -> None:
    trade(small, "random")
    small.configure(models=["buy_and_hold"])
    left = House({"small": small.floor}, house.jobs, house.urls, house.dagster, house.now)
    client = TestClient(create_app(left))
    assert len(client.get("/results?model=random").json()["results"]) == 4
    entered, gone = client.get("/models").json()["models"]
    assert (entered["name"], entered["in_arena"], entered["sessions"]) == ("buy_and_hold", True, 0)
    assert (gone["name"], gone["in_arena"], gone["sessions"]) == ("random", False, 4)
    assert gone["last_session"] == str(DAYS[3])
