"""A person at the Dagster UI: a backfill from the launch dialog, and what the pages show after it.

Slower than the rest, so it has a command of its own: `./test -m browser`. Needs chromium.
"""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from aitrader_core.runner.board import is_published
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.report import leaderboard
from aitrader_core.runner.settings import project_root
from aitrader_core.storage.urls import DatabaseUrls
from tests.dagster.server import Server, serving, wait_for

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="needs chromium"),
]


@pytest.fixture
def server(tmp_path: Path, module_floor: Floor) -> Iterator[Server]:
    urls = DatabaseUrls(module_floor.engine.url.render_as_string(hide_password=False))
    with serving(module_floor, urls, project_root() / "configs", tmp_path) as server:
        yield server


@pytest.fixture
def page() -> Iterator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield browser.new_page(viewport={"width": 1400, "height": 1000})
        browser.close()


def test_a_backfill_of_every_model_from_the_launch_dialog(server: Server, page: Page) -> None:
    floor = server.floor
    first, *_, last = floor.arena.demo_sessions
    wait_for(lambda: _shows(page, f"{server.url}/assets/us/model_day?view=partitions", "momentum"))
    page.get_by_role("button", name="Materialize").first.click()
    selection = page.get_by_text("Partition selection")
    confirm = page.get_by_role("button", name="Confirm")
    expect(confirm.or_(selection).first).to_be_visible(timeout=20_000)
    if confirm.is_visible():  # Dagster has not been told of the test's prices yet
        confirm.click()
    expect(selection).to_be_visible(timeout=20_000)
    dates = page.get_by_placeholder("ex: 2000-03-01").last
    dates.fill(f"[{first}...{last}]")
    dates.press("Enter")
    page.get_by_role("button", name="All", exact=True).last.click()
    days = list(floor.arena.calendar.between(first, last))
    models = list(floor.arena.models)
    number = f"{len(days) * len(models):,}".replace(",", ",?")
    expect(page.get_by_text(re.compile(f"{number} partitions"))).to_be_visible()
    page.get_by_role("button", name="Launch backfill").click()

    stored = floor.model_days.sessions
    wait_for(lambda: all(len(stored("us", m)) == len(days) for m in models), seconds=180)
    assert all(list(stored("us", model)) == days for model in models)

    wait_for(lambda: is_published(floor))
    page.goto(f"{server.url}/runs")
    expect(page.get_by_text("us_publish").first).to_be_visible(timeout=20_000)
    page.goto(f"{server.url}/assets/us/leaderboard")
    expect(page.get_by_text(leaderboard(floor)[0].model).first).to_be_visible(timeout=20_000)
    page.get_by_text("[Show Markdown]").first.click()
    expect(page.locator("img[alt=equity]")).to_be_visible()
    page.goto(f"{server.url}/assets/us/model_day?view=checks")
    expect(page.get_by_text("no_lookahead").first).to_be_visible(timeout=20_000)
    expect(page.get_by_text("Failed")).to_have_count(0)


def _shows(page: Page, url: str, text: str) -> bool:
    """The partitions of the models come with the daemon's first tick."""
    page.goto(url)
    page.wait_for_timeout(3_000)
    return page.get_by_text(text, exact=True).first.is_visible()
