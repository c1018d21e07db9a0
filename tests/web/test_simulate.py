"""A trigger is checked and queued at once; its job tells how far it has come."""

import json
from dataclasses import replace
from datetime import timedelta
from threading import Thread
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy import text

from aitrader_core.domain.errors import JobActive
from aitrader_core.storage.job import JobRequest
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from tests.small import DAYS, Small
from tests.web.trading import trade

PATH, JSON = "/simulate/trigger", {"Content-Type": "application/json"}
FIRST, LAST = str(DAYS[0]), str(DAYS[5])


def test_a_trigger_is_queued_at_once(client: TestClient, house: House) -> None:
    answer = client.post(PATH, json={"start_date": FIRST, "models": ["random"]})
    assert answer.status_code == 202
    told = answer.json()
    assert answer.headers["location"] == told["links"]["status"] == "/simulate/status/1"
    assert told | {"links": None} == {
        "job_id": 1,
        "status": "pending",
        "market": "small",
        "first_session": FIRST,
        "last_session": LAST,
        "models": ["random"],
        "model_days": 6,
        "position": 0,
        "links": None,
    }
    assert client.get(told["links"]["results"]).json()["results"] == []
    job = house.jobs.get(1)
    assert job is not None
    assert (job.source, job.status) == ("rest", "pending")
    second = client.post(PATH, json={"start_date": FIRST, "fresh": True, "max_tokens": 5}).json()
    assert (second["job_id"], second["position"], second["model_days"]) == (2, 1, 12)
    assert [j["job_id"] for j in client.get("/simulate/current").json()["pending"]] == [1, 2]
    assert client.get("/simulate/status/2").json()["position"] == 1


def test_without_a_start_each_model_goes_on_from_its_own_last_session(
    client: TestClient, small: Small, house: House
) -> None:
    trade(small, "random", DAYS[:4])
    trade(small, "buy_and_hold", DAYS[:6])
    assert client.post(PATH, json={}).json()["model_days"] == 2
    assert house.jobs.sessions(1) == {"random": set(DAYS[4:6])}
    trade(small, "random", DAYS[4:6])
    answer = client.post(PATH, json={})
    assert (answer.status_code, answer.json()["job_id"]) == (200, None)
    assert answer.json()["status"] == "up_to_date"


def test_whoever_will_not_wait_is_told_of_the_active_job(client: TestClient, house: House) -> None:
    asked = {"start_date": FIRST, "queue": False}
    assert client.post(PATH, json=asked).status_code == 202
    for _ in range(2):  # while it is pending, and while it is running
        answer = client.post(PATH, json=asked)
        assert answer.status_code == 409
        assert answer.json()["detail"] == "job 1 of the small arena is active"
        assert "/simulate/status/1" in answer.json()["hint"]
        house.jobs.start(1)
    client.post("/jobs/1/cancel")
    house.jobs.finish(1)
    assert client.post(PATH, json=asked).json()["job_id"] == 2


def test_of_two_that_will_not_wait_one_is_refused(house: House) -> None:
    """The second one asks while the first has inserted its job and not committed yet."""
    alone = JobRequest("small", DAYS[0], DAYS[0], ("random",), (DAYS[0],), alone=True)
    came_to: list[object] = []

    def submit() -> None:
        try:
            came_to.append(house.jobs.submit(alone))
        except JobActive as error:
            came_to.append(error.job_id)

    with house.engine.begin() as first:
        first.execute(text("select pg_advisory_xact_lock(hashtextextended('queue of small', 0))"))
        first.execute(
            text(
                "insert into jobs (market, first_session, last_session, models,"
                " replace_existing, fresh, source)"
                " values ('small', '2012-06-01', '2012-06-01', '{random}', false, false, 'test')"
            )
        )
        second = Thread(target=submit)
        second.start()
        second.join(0.2)
        assert second.is_alive()
    second.join()
    assert came_to == [1]
    assert [job.id for job in house.jobs.latest()] == [1]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "unknown model": ({"models": ["randon"]}, "did you mean random?"),
    "no model": ({"models": []}, "no model is named"),
    "reversed": ({"start_date": "2012-06-05", "end_date": FIRST}, "the range is reversed"),
    "no session": ({"start_date": "2012-06-02"}, "2012-06-02 is not an XNYS session (week-end)"),
    "no prices": ({"start_date": FIRST, "end_date": "2012-06-11"}, "have no prices"),
    "outside": ({"start_date": "2029-06-01"}, "2029-06-01"),
    "no start": ({"replace_existing": True}, "give a start"),
    "unknown field": ({"model": "random"}, "model: Extra inputs are not permitted"),
    "no budget": ({"max_dollars": 0}, "max_dollars"),
    "next to no budget": ({"max_dollars": 1e-12}, "max_dollars"),
    "a number for a text": ({"start_date": 20120601}, "start_date"),
    "seconds for a date": ({"start_date": "1338508800"}, "written as YYYY-MM-DD"),
    "half a character": ({"models": ["\ud800"]}, "models.0: "),
    "half a character as a field": ({"\ud800": 1}, "valid string"),
    "a zero byte": ({"models": ["\0"]}, "there is no model"),
}


def test_a_request_that_cannot_be_met_is_refused_with_a_hint(
    client: TestClient, house: House
) -> None:
    for what, (body, sentence) in REFUSED.items():
        answer = client.post(PATH, content=json.dumps(body), headers=JSON)
        assert answer.status_code == 422, what
        assert answer.headers["content-type"] == "application/problem+json"
        assert sentence in answer.json()["detail"], what
        assert answer.json()["hint"]
    strange = client.post(PATH, json={"market": "smal"})
    hint = "did you mean small? there are small"
    assert (strange.status_code, strange.json()["hint"]) == (404, hint)
    for broken in ("", "{", "[" * 100_000, "null"):
        answer = client.post(PATH, content=broken, headers=JSON)
        assert answer.status_code in (400, 422), broken[:10]
    assert not house.jobs.latest()


def test_progress_is_told_by_model_and_day(house: House, small: Small) -> None:
    served = TestClient(create_app(replace(house, dagster="http://dagster")))
    served.post(PATH, json={"start_date": FIRST})
    assert served.get("/simulate/status/1").json()["eta_seconds"] is None
    house.jobs.start(1)
    assert served.get("/simulate/status/1").json()["eta_seconds"] is None
    trade(small, "random", DAYS[:3], job_id=1)
    with house.engine.begin() as connection:
        ago = {"ago": timedelta(seconds=30)}
        connection.execute(text("update jobs set started_at = now() - :ago"), ago)
    told = served.get("/simulate/status/1?limit=7&status=pending").json()
    assert told["counts"]["completed"] == told["done"] == 3
    assert told["fraction"] == 0.25
    assert 90 <= told["eta_seconds"] < 900  # nine more at ten seconds each, and what passed since
    assert [m["counts"]["pending"] for m in told["by_model"]] == [6, 3]
    assert len(told["days"]) == 7
    rest = served.get(told["next"]).json()
    assert [d["session"] for d in rest["days"]] == [str(day) for day in DAYS[4:6]]
    assert rest["next"] is None
    (day, *_) = served.get("/simulate/status/1?status=completed").json()["days"]
    assert (day["model"], day["session"], day["run_url"]) == (
        "random",
        FIRST,
        "http://dagster/runs/run",
    )
    assert [j["job_id"] for j in served.get("/simulate/current").json()["running"]] == [1]
    table = served.get("/simulate/status/1?format=csv&status=completed").text.splitlines()
    assert table[1].startswith(f"random,{FIRST},completed,,")


def test_a_job_that_there_is_not(client: TestClient) -> None:
    for job_id in ("0", "-1", "2", 2**63, "9" * 200):
        for answer in (
            client.get(f"/simulate/status/{job_id}"),
            client.get(f"/jobs/{job_id}"),
            client.post(f"/jobs/{job_id}/cancel"),
            client.get(f"/results?job_id={job_id}"),
        ):
            assert answer.status_code == 404
            assert answer.json()["hint"]


def test_jobs_are_listed_newest_first_and_canceled_once(client: TestClient) -> None:
    for _ in range(3):
        client.post(PATH, json={"start_date": FIRST})
    assert client.post("/jobs/2/cancel").json() == {
        "job_id": 2,
        "status": "canceled",
        "cancel_requested": True,
    }
    assert client.post("/jobs/2/cancel").status_code == 409
    page = client.get("/jobs?limit=2")
    assert [job["job_id"] for job in page.json()["jobs"]] == [3, 2]
    assert page.headers["link"] == f'<{page.json()["next"]}>; rel="next"'
    assert [job["job_id"] for job in client.get(page.json()["next"]).json()["jobs"]] == [1]
    (canceled,) = client.get("/jobs?status=canceled").json()["jobs"]
    assert (canceled["job_id"], canceled["counts"]["canceled"]) == (2, 12)
    assert client.get("/jobs?format=csv").text.splitlines()[1].startswith("3,small,pending,")
