"""Walks into a real ledger against aimock: every failure ends as it should, and nothing hangs."""

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import httpx
import pytest

from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.runner.model_day import run_model_day
from aitrader_core.runner.walk import Broken, Made, Plan, Step, walk
from aitrader_core.simulation.venue import SimulatedVenue
from aitrader_core.storage.store import Origin
from tests.providers.processes import aimock
from tests.small import DAYS, Small

pytestmark = [pytest.mark.providers, pytest.mark.timeout(120)]

SESSIONS = tuple(DAYS[:5])
ALL_WAYS = [(api, stream) for api in ("chat", "responses") for stream in (False, True)]
every_way = pytest.mark.parametrize(("api", "stream"), ALL_WAYS)
PASSES = ("rate-limited-once", "fails-once", "malformed-once", "dropped-once")
BREAKS_A_STREAM = ("truncated-once", "broken-off-once", "stalled-once")
FAILS = {
    "down": r"answers 503 .*Down for good\. \(given up after 2 tries\)",
    "malformed": r"sends no answer: .*malformed json.* \(given up after 2 tries\)",
    "dropped": r"breaks off: .* \(given up after 2 tries\)",
    "hangs": r"gives no answer within 1 s \(given up after 2 tries\)",
    "rate-limited": r"answers 429 .*asks to wait 86400 s when 20 s are left",
    "no-money": r"answers 429 .*You exceeded your current quota\.$",
    "wrong-key": r"answers 401 .*Incorrect API key provided\.$",
}
REQUESTS = {"rate-limited": 1, "no-money": 1, "wrong-key": 1, "hangs": 0}  # 2 otherwise


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """Of a server that has answered nobody yet."""
    with aimock(tmp_path / "aimock.log") as found:
        yield found


@pytest.fixture
def arena(small: Small) -> Small:
    small.priced()
    return small


def configure(arena: Small, url: str, model: str, **spec: Any) -> None:
    limits = {"timeout": 1, "deadline": 20, "tries": 2}
    arena.model(model, kind="llm", model=model, endpoint=url, **{**limits, **spec})
    arena.configure(models=[model])


def trade(arena: Small, model: str, sessions: int = 1) -> list[Step]:
    plan = Plan(model, SESSIONS[:sessions], Origin("campaign", "campaign"), may_start=True)
    return list(walk(arena.floor, plan))


def made(steps: list[Step]) -> list[ModelDay]:
    """As the database took them, which adds every day up; and as they replay without a network."""
    broken = [step.reason for step in steps if isinstance(step, Broken)]
    assert not broken
    return [step.day for step in steps if isinstance(step, Made)]


def replayed(arena: Small, day: ModelDay) -> ModelDay:
    floor = arena.floor
    trader = floor.trader(day.model, mode="replay")
    venue = SimulatedVenue(floor.tape(day.session, day.session), floor.arena.costs, day.session)
    return run_model_day(trader, venue, day.opening)


def asked(url: str, model: str) -> int:
    """How often, without those who left before they were answered."""
    journal = httpx.get(f"{url.removesuffix('/v1')}/__aimock/journal").json()
    return sum((entry["body"] or {}).get("model") == model for entry in journal)


@every_way
def test_several_steps_of_tools(
    arena: Small, url: str, api: Literal["chat", "responses"], stream: bool
) -> None:
    configure(arena, url, "tool-loop", api=api, stream=stream)
    for day in made(trade(arena, "tool-loop", 3)):
        assert day.ending is Ending.DONE
        assert [str(f.order.symbol) for f in day.fills] == ["AAA"]
        assert len(day.refusals) == 1
        assert day.usage.calls == 4
        assert (day.usage.tokens > 0) is (api == "chat")  # aimock counts them only there
        assert replayed(arena, day) == day
    assert asked(url, "tool-loop") == 12


@every_way
def test_wrong_calls_are_answered_so_that_the_model_can_mend_them(
    arena: Small, url: str, api: Literal["chat", "responses"], stream: bool
) -> None:
    configure(arena, url, "wrong-calls", api=api, stream=stream)
    (day,) = made(trade(arena, "wrong-calls"))
    told = [entry.text for entry in day.transcript if entry.role == "tool"]
    assert sum(text.startswith("error: ") for text in told) == 6
    assert len(day.fills) == 1
    assert day.ending is Ending.DONE


@every_way
@pytest.mark.parametrize("model", PASSES)
def test_what_fails_once_is_tried_again(
    arena: Small, url: str, model: str, api: Literal["chat", "responses"], stream: bool
) -> None:
    configure(arena, url, model, api=api, stream=stream)
    (day,) = made(trade(arena, model))
    assert day.ending is Ending.DONE
    assert [f.order.quantity for f in day.fills] == [3]
    assert day.usage.calls == 2
    assert asked(url, model) == 3
    assert replayed(arena, day) == day


@pytest.mark.parametrize("api", ["chat", "responses"])
@pytest.mark.parametrize("model", BREAKS_A_STREAM)
def test_a_stream_that_breaks_is_tried_again(
    arena: Small, url: str, model: str, api: Literal["chat", "responses"]
) -> None:
    configure(arena, url, model, api=api, stream=True)
    (day,) = made(trade(arena, model))
    assert [f.order.quantity for f in day.fills] == [3]
    assert asked(url, model) == 3


@pytest.mark.parametrize("model", FAILS)
def test_what_does_not_pass_fails_with_its_cause(arena: Small, url: str, model: str) -> None:
    configure(arena, url, model)
    began = time.monotonic()
    (step,) = trade(arena, model)
    assert isinstance(step, Broken)
    assert re.search(FAILS[model], step.reason), step.reason
    assert time.monotonic() - began < 20  # the day's deadline
    assert not arena.floor.model_days.sessions("small", model)
    assert asked(url, model) == REQUESTS.get(model, 2)


def test_one_that_hangs_ends_at_the_deadline(arena: Small, url: str) -> None:
    configure(arena, url, "hangs", timeout=60, deadline=1)
    (day,) = made(trade(arena, "hangs"))
    assert day.ending is Ending.DEADLINE
    assert not day.blotter
    assert replayed(arena, day) == day


def test_a_filtered_prompt_ends_the_day(arena: Small, url: str) -> None:
    configure(arena, url, "filtered")
    (day,) = made(trade(arena, "filtered"))
    assert day.ending is Ending.REFUSED_BY_PROVIDER
    assert len(day.fills) == 1
    assert "content management policy" in day.transcript[-2].text


def test_one_that_never_stops_is_stopped(arena: Small, url: str) -> None:
    configure(arena, url, "never-done", max_steps=3)
    (day,) = made(trade(arena, "never-done"))
    assert day.ending is Ending.STEP_LIMIT
    assert asked(url, "never-done") == 3


def test_chaos_leaves_the_ledger_as_it_had_been_without(arena: Small, url: str) -> None:
    configure(arena, url, "chaos", tries=12, deadline=100)
    days = made(trade(arena, "chaos", 5))
    assert [day.ending for day in days] == [Ending.DONE] * 5
    assert days[-1].closing.positions == {"AAA": 5}
    spent = sum(f.notional for day in days for f in day.fills)
    assert days[-1].closing.cash == days[0].opening.portfolio.cash - spent
    kept = [len(arena.floor.calls.of_day("small", "chaos", day.session)) for day in days]
    assert kept == [2] * 5
