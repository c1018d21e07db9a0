"""A person at the queue: progress that moves by itself, forms with and without a script.

Not among the usual tests: `./test -m browser`. Needs chromium.
"""

import shutil
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from threading import Thread

import pytest
import uvicorn
from playwright.sync_api import Browser, Page, expect, sync_playwright

from aitrader_core.runner.requests import submit
from aitrader_core.storage.job import DetailStatus, JobStatus
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from tests.small import Small
from tests.traded import MODELS, SIX, trade

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
]


@pytest.fixture
def house(small: Small, database: DatabaseUrls) -> House:
    trade(small)
    jobs = Jobs(small.engine)
    return House({"small": small.floor}, jobs, database, None, lambda: datetime.now(UTC))


@pytest.fixture
def url(house: House) -> Iterator[str]:
    with served(house) as address:
        yield address


@contextmanager
def served(house: House) -> Iterator[str]:
    """The site on a port of its own, in a thread of this process."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(create_app(house), log_level="warning"))
        thread = Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield found
        found.close()


def test_progress_moves_and_stops(url: str, house: House, browser: Browser) -> None:
    page, asked = browser.new_page(), list[str]()
    faults = faults_of(page)
    page.on("request", lambda r: asked.append(r.url) if "/simulate/" in r.url else None)
    jobs = house.jobs
    job = submit(house.floors["small"], str(SIX[0]), str(SIX[-1]), MODELS, source="test")
    jobs.start(job)
    page.goto(f"{url}/queue/{job}")
    bar = page.locator("progress").first
    expect(bar).to_have_attribute("value", "0")
    origin = Origin(f"job-{job}", "run-1", job, 1)
    jobs.mark(origin, "random", SIX[:4], DetailStatus.COMPLETED)
    expect(page.get_by_text("4 of 12 model-days").first).to_be_visible(timeout=10_000)
    assert bar.evaluate("bar => bar.value") == 4
    row = page.locator('[data-model="random"]')
    expect(row.locator("[data-count=completed]")).to_have_text("4")
    spoken = page.locator("[aria-live=polite]")
    expect(spoken).to_contain_text("running: 4 of 12 model-days")
    for model in MODELS:
        jobs.mark(origin, model, SIX, DetailStatus.COMPLETED)
    jobs.finish(job)
    expect(page.get_by_role("heading", name="It is completed")).to_be_visible(timeout=10_000)
    expect(page.get_by_role("heading", name="Runs")).to_be_visible(timeout=10_000)  # drawn anew
    page.wait_for_load_state()
    before = len(asked)
    page.wait_for_timeout(3_000)
    assert len(asked) == before
    assert not faults


@pytest.mark.parametrize("scripts", [True, False])
def test_a_job_is_asked_for_and_canceled(
    url: str, house: House, browser: Browser, scripts: bool
) -> None:
    page = browser.new_context(java_script_enabled=scripts).new_page()
    faults = faults_of(page)
    page.goto(f"{url}/queue")
    page.get_by_label("First session").fill("2012-06-02")
    page.get_by_label("buy_and_hold").uncheck()
    page.get_by_role("button", name="Put it in the queue").click()
    expect(page.get_by_role("alert")).to_contain_text("week-end")
    expect(page.get_by_label("First session")).to_have_value("2012-06-02")
    expect(page.get_by_label("buy_and_hold")).not_to_be_checked()
    page.get_by_label("First session").fill(str(SIX[0]))
    page.keyboard.press("Enter")
    expect(page).to_have_url(f"{url}/queue/1")
    page.get_by_text("Cancel this job").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Cancel job 1").click()
    expect(page.get_by_role("heading", name="It is canceled")).to_be_visible()
    found = house.jobs.get(1)
    assert found is not None
    assert (found.status, found.models) == (JobStatus.CANCELED, ("random",))
    assert [fault for fault in faults if "422" not in fault] == []


def test_nothing_is_wider_than_a_phone(url: str, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 800})
    faults = faults_of(page)
    for address in (
        "/queue",
        f"/arenas/small/models/random/{SIX[2]}",
        f"/arenas/small/sessions/{SIX[2]}",
        f"/arenas/small/sessions/{SIX[2]}/compare?model=random&model=buy_and_hold",
    ):
        page.goto(url + address)
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), address
    assert not faults


def faults_of(page: Page) -> list[str]:
    """What the browser complains of: a script that fails, or one that the policy forbids."""
    found: list[str] = []
    page.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    return found
