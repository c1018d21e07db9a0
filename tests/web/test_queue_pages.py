"""The queue as pages: what was asked for and what came of it, and forms that ask and cancel."""

from dataclasses import replace
from html import unescape

import pytest
from fastapi.testclient import TestClient

from aitrader_core.runner.requests import submit
from aitrader_core.storage.job import DetailStatus, JobRequest, JobStatus
from aitrader_core.storage.store import Origin
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from aitrader_core.web.pages.job_progress import Progress
from tests.small import DAYS, Small
from tests.traded import SIX, walked
from tests.web.page_reading import Element, Reading, is_inert
from tests.web.talkers import PAYLOADS

OURS = {"Origin": "http://testserver", "Accept": "text/html"}


def look(client: TestClient, address: str, status: int = 200) -> Reading:
    answer = client.get(address, headers={"Accept": "text/html"})
    assert answer.status_code == status, answer.text[-2000:]
    return Reading(answer.text)


def ask(client: TestClient, **fields: object) -> tuple[int, Reading, str]:
    """What comes of the form: the status, the page, and where it leads."""
    form = {"arena": "small", "model": ["random", "buy_and_hold"], **fields}
    answer = client.post("/queue", data=form, headers=OURS, follow_redirects=False)
    return answer.status_code, Reading(answer.text), answer.headers.get("location", "")


def named(page: Reading, name: str) -> list[Element]:
    return [e for e in page.elements if e.attributes.get("name") == name]


def test_a_form_queues_a_job_and_nothing_else(client: TestClient, house: House) -> None:
    status, _, address = ask(client, start=str(SIX[0]), end=str(SIX[2]))
    assert (status, address) == (303, "/queue/1")
    job = house.jobs.get(1)
    assert job is not None
    assert (job.source, job.status, job.first, job.last) == (
        "dashboard",
        JobStatus.PENDING,
        SIX[0],
        SIX[2],
    )
    assert set(job.models) == {"random", "buy_and_hold"}
    assert not house.floors["small"].model_days.sessions("small", "random")
    page = look(client, address)
    assert "0 of 6 model-days" in page.text
    assert "Cancel job 1" in page.text


def test_what_is_wrong_is_told_and_what_was_typed_is_kept(client: TestClient, house: House) -> None:
    typed = "</textarea><b>2012-06-02"
    status, page, _ = ask(client, start=typed, end=str(SIX[2]), model=["random"], replace="yes")
    assert status == 422
    assert is_inert(page)
    assert f"{typed!r} is not a date: write it as YYYY-MM-DD" in page.text
    assert [e.attributes["value"] for e in named(page, "start")] == [typed]
    assert [e.attributes["value"] for e in named(page, "end")] == [str(SIX[2])]
    ticked = {e.attributes["value"] for e in named(page, "model") if "checked" in e.attributes}
    assert ticked == {"random"}
    assert "checked" in named(page, "replace")[0].attributes
    for fields, sentence in (
        ({"start": "2012-06-02"}, "is not an XNYS session (week-end)"),
        ({"start": str(SIX[2]), "end": str(SIX[0])}, "the range is reversed"),
        ({"model": []}, "no model is named: choose from buy_and_hold, random"),
        ({"model": ["randum"]}, "did you mean random"),
        ({"start": str(SIX[0]), "end": str(DAYS[9])}, "sessions have no prices"),
        ({"replace": "yes"}, "to make days again, say from which session on"),
    ):
        status, page, _ = ask(client, **fields)
        assert status == 422
        assert sentence in page.text
        (alert,) = (e for e in page.elements if e.attributes.get("role") == "alert")
        assert sentence in alert.text
    assert ask(client, arena="nowhere")[0] == 404
    assert client.post("/queue", content=b"\xff" * 300_000, headers=OURS).status_code == 413
    assert not house.jobs.latest()


def test_without_a_start_each_model_goes_on_and_up_to_date_is_no_fault(
    client: TestClient, house: House, small: Small
) -> None:
    floor = house.floors["small"]
    assert ask(client)[0] == 303
    walked(small, SIX)
    status, page, _ = ask(client)
    assert status == 200
    assert "Every model is up to date: nothing is queued." in page.text
    assert len(floor.jobs.latest()) == 1


def test_an_address_fills_in_the_form(client: TestClient) -> None:
    asked = "/queue?arena=small&model=random&start=2012-06-04&end=2012-06-05&replace=yes"
    page = look(client, asked)
    assert named(page, "start")[0].attributes["value"] == "2012-06-04"
    ticked = {e.attributes["value"] for e in named(page, "model") if "checked" in e.attributes}
    assert ticked == {"random"}


def test_another_site_asks_for_nothing(client: TestClient, house: House) -> None:
    form = {"arena": "small", "model": ["random"]}
    evil = {"Origin": "http://evil.example"}
    assert client.post("/queue", data=form, headers=evil).status_code == 403
    job = submit(house.floors["small"], str(SIX[0]), str(SIX[1]), ["random"], source="cli")
    assert client.post(f"/queue/{job}/cancel", headers=evil).status_code == 403
    found = house.jobs.get(job)
    assert found is not None
    assert not found.cancel_requested
    assert len(house.jobs.latest()) == 1


def test_cancel_is_a_form_that_works_without_a_script(client: TestClient, house: House) -> None:
    job = submit(house.floors["small"], str(SIX[0]), str(SIX[1]), ["random"], source="cli")
    page = look(client, f"/queue/{job}")
    (form,) = (e for e in page.elements if e.name == "form")
    assert (form.attributes["method"], form.attributes["action"]) == ("post", "/queue/1/cancel")
    answer = client.post(form.attributes["action"], headers=OURS)
    assert (answer.url.path, answer.status_code) == ("/queue/1", 200)
    assert "It is canceled" in Reading(answer.text).text
    assert "Cancel this job" not in answer.text
    assert client.post("/queue/99/cancel", headers=OURS).status_code == 404
    assert look(client, "/queue/99", 404)
    assert look(client, "/queue/99999999999999999999", 422)


def test_progress_reasons_runs_and_days_are_those_of_the_job(
    client: TestClient, house: House
) -> None:
    jobs = house.jobs
    job = submit(house.floors["small"], str(SIX[0]), str(SIX[-1]), ["random"], source="cli")
    jobs.start(job)
    origin = Origin(f"job-{job}", "run-12345678", job, 1)
    jobs.mark(origin, "random", SIX[:2], DetailStatus.COMPLETED)
    jobs.mark(origin, "random", SIX[2:3], DetailStatus.FAILED, PAYLOADS[0])
    page = look(client, f"/queue/{job}")
    told = client.get(f"/simulate/status/{job}?limit=1").json()
    assert "3 of 6 model-days, 1 failed" in page.text
    assert (told["done"], told["model_days"], told["counts"]["failed"]) == (3, 6, 1)
    (bar, of_model) = (e.attributes for e in page.elements if e.name == "progress")
    assert (bar["value"], bar["max"]) == (of_model["value"], of_model["max"]) == ("3", "6")
    assert any(e.name == "meta" and "refresh" in str(e.attributes) for e in page.elements)
    jobs.mark(origin, "random", SIX[3:], DetailStatus.SKIPPED, "not reached")
    jobs.finish(job)
    page = look(client, f"/queue/{job}?show=skipped")
    assert is_inert(page)
    assert "It is partial" in page.text
    assert not any(e.name == "meta" and "refresh" in str(e.attributes) for e in page.elements)
    why = [row.text for row in page.rows("why")]
    assert (len(why), PAYLOADS[0] in why[0], "not reached" in why[1]) == (2, True, True)
    assert "3" in why[1]
    assert "run-1234" in page.rows("all-runs")[0].text
    assert [str(day) in row.text for day, row in zip(SIX[3:], page.rows("each"), strict=True)]
    assert f"/arenas/small/models/random/{SIX[2]}" in page.links


def test_every_day_of_a_state_can_be_paged_to(client: TestClient, house: House) -> None:
    models = tuple(f"model-{number:02}" for number in range(50))
    wish = JobRequest("small", SIX[0], SIX[-1], models, tuple(SIX), source="test")
    job, seen = house.jobs.submit(wish), 0
    address = f"/queue/{job}?show=pending"
    while address:
        page = look(client, address)
        seen += len(page.rows("each"))
        onward = (e.attributes for e in page.elements if e.attributes.get("rel") == "next")
        address = next((each["href"] for each in onward), "")
    assert seen == 300


def test_older_jobs_are_a_page_further(client: TestClient, house: House) -> None:
    for _ in range(25):
        wish = JobRequest("small", SIX[0], SIX[0], ("random",), (SIX[0],), source="test")
        house.jobs.submit(wish)
    page = look(client, "/queue")
    assert [row.text.split()[0] for row in page.rows("jobs")] == [str(n) for n in range(25, 5, -1)]
    (older,) = (e.attributes["href"] for e in page.elements if e.attributes.get("rel") == "next")
    assert [row.text.split()[0] for row in look(client, older).rows("jobs")] == list("54321")


def test_an_empty_queue_says_how_to_begin(client: TestClient) -> None:
    page = look(client, "/queue")
    assert "Nothing was ever asked for" in page.text
    assert named(page, "start")


def test_hostile_names_are_inert(client: TestClient, house: House) -> None:
    names = PAYLOADS[:3]
    wish = JobRequest(PAYLOADS[1], SIX[0], SIX[0], names, (SIX[0],), source=PAYLOADS[0])
    job = house.jobs.submit(wish)
    for address in ("/queue", f"/queue/{job}?show=pending"):
        page = look(client, address)
        assert is_inert(page)
        assert all(name in page.text for name in names)
    odd = look(client, f"/queue?model={PAYLOADS[0]}&start={PAYLOADS[2]}")
    assert is_inert(odd)
    assert PAYLOADS[0] in odd.text


@pytest.mark.parametrize(
    ("completed", "elapsed", "told"),
    [
        (0, 10.0, "0 of 100 model-days"),
        (50, 20.0, "50 of 100 model-days, about 20 s left"),
        (10, 60.0, "10 of 100 model-days, about 9 min left"),
        (1, 360.0, "1 of 100 model-days, about 9.9 h left"),
    ],
)
def test_what_is_left_is_told_by_the_pace_so_far(completed: int, elapsed: float, told: str) -> None:
    counts = {status.value: 0 for status in DetailStatus}
    counts |= {"completed": completed, "pending": 100 - completed}
    assert Progress(counts, elapsed).told == told


def test_runs_are_linked_to_dagster_where_there_is_one(house: House) -> None:
    jobs = house.jobs
    job = submit(house.floors["small"], str(SIX[0]), str(SIX[1]), ["random"], source="cli")
    jobs.mark(Origin("r", "run-9", job, 1), "random", SIX[:1], DetailStatus.COMPLETED)
    app = create_app(replace(house, dagster="http://127.0.0.1:3000"))
    page = look(TestClient(app), f"/queue/{job}")
    assert "http://127.0.0.1:3000/runs/run-9" in map(unescape, page.links)
