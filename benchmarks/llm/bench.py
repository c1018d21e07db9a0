"""What aitrader itself takes of a language model's days: alone, side by side, replayed."""

from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice
from statistics import median
from time import perf_counter
from typing import Any

from aitrader_core.agents.llm.calls import recorded_question
from aitrader_core.runner.replaying import replay
from aitrader_core.runner.side_by_side import walk_all
from aitrader_core.runner.walk import Broken, Plan, Step
from aitrader_core.storage.store import Origin
from benchmarks.ground import FIRST
from benchmarks.line import Line, duration
from benchmarks.llm.server import LATENCY, REQUESTS
from benchmarks.llm.world import ALONE, TOGETHER, World, world
from benchmarks.timing import Contestant, take_turns

NAME = "llm"
AIM, TOGETHER_AIM, REPLAY_AIM = 20, 1.3, 5
WARM = 3  # sessions before the clock runs


def run(*, quick: bool) -> list[Line]:
    """Model-days of three tool calls, four requests, against a server in another process."""
    length, repeats, side_by_side = (10, 2, 5) if quick else (50, 5, 20)
    with world() as here:
        sessions = _sessions(here)
        _walk(here, [ALONE], list(islice(sessions, WARM)))
        bodies = _bodies(here)
        timed = take_turns(
            {
                "ours": Contestant(lambda: _walking(here, list(islice(sessions, length))), repeats),
                "bare": Contestant(lambda: _posting(here, bodies * length), repeats),
            }
        )
        together = list(_together(here, side_by_side, 1 if quick else 3))
        replayed, days = _replaying(here, 1 if quick else 3)
    ours, bare = timed["ours"].seconds, timed["bare"].seconds
    each = 1000 / length
    what = f"own overhead of a model-day, {REQUESTS} requests"
    over = (min(ours) - min(bare)) * each, (median(ours) - median(bare)) * each
    paid = LATENCY * REQUESTS * side_by_side
    ratios = [seconds / paid for seconds in together]
    beside = f"{len(TOGETHER)} models side by side, to the latency of one"
    return [
        Line(NAME, what, *over, "ms", len(ours), None, AIM, "with its calls and days in Postgres"),
        Line(NAME, "the same with its posts", *_middle(ours, each), "ms", len(ours)),
        Line(NAME, "its posts alone", *_middle(bare, each), "ms", len(bare)),
        Line(NAME, beside, *_middle(ratios), "x", len(ratios), None, TOGETHER_AIM, _said(paid)),
        duration(NAME, f"replay of {days} model-days", replayed, aim=REPLAY_AIM),
    ]


def _middle(taken: Sequence[float], each: float = 1) -> tuple[float, float]:
    return min(taken) * each, median(taken) * each


def _said(paid: float) -> str:
    return f"{paid:g} s of answers, {LATENCY * 1000:g} ms each"


def _walking(here: World, span: Sequence[date]) -> Callable[[], None]:
    return lambda: _walk(here, [ALONE], span)


def _posting(here: World, bodies: Sequence[dict[str, Any]]) -> Callable[[], None]:
    """What has to be sent anyway, by the HTTP client that the openai package uses."""
    import httpx2

    def post() -> None:
        with httpx2.Client() as client:
            for body in bodies:
                client.post(f"{here.url}/chat/completions", json=body).json()

    return post


def _together(here: World, length: int, repeats: int) -> Iterator[float]:
    """Seconds of several models that wait for their answers, each over as many sessions."""
    sessions = _sessions(here)
    _walk(here, TOGETHER, list(islice(sessions, WARM)))
    for _ in range(repeats):
        span = list(islice(sessions, length))
        began = perf_counter()
        _walk(here, TOGETHER, span)
        yield perf_counter() - began


def _replaying(here: World, repeats: int) -> tuple[list[float], int]:
    """Seconds of each, and of how many days; RuntimeError if one comes out otherwise."""
    taken, days = [], 0
    for _ in range(repeats):
        began = perf_counter()
        (replayed,) = replay(here.floor, [ALONE])
        taken.append(perf_counter() - began)
        if replayed.differences:
            raise RuntimeError(f"a replay differs: {replayed.differences[0]}")
        days = replayed.days
    return taken, days


def _sessions(here: World) -> Iterator[date]:
    return iter(here.floor.arena.calendar.between(FIRST, here.floor.arena.last_session))


def _walk(here: World, models: Sequence[str], span: Sequence[date]) -> None:
    origin = Origin(f"run-{span[0]}", "benchmark")
    plans = [Plan(model, tuple(span), origin, may_start=True) for model in models]
    steps: list[Step] = [step for _, step in walk_all(here.floor, plans)]
    for step in steps:
        if isinstance(step, Broken):
            raise RuntimeError(step.reason)


def _bodies(here: World) -> list[dict[str, Any]]:
    """The requests of one model-day, as they were sent."""
    session = here.floor.model_days.sessions("us", ALONE)[-1]
    calls = here.floor.calls
    asked = [recorded_question(calls, c) for c in calls.of_day("us", ALONE, session)]
    return [{**question["body"], "messages": question["items"]} for question in asked]
