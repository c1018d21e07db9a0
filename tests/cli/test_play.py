"""aitrader play: an agent outside plays stored sessions, at one URL for all of them."""

import asyncio
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from mcp import Client

from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.runner.replaying import replay
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.simulation.desk import Desk
from aitrader_core.storage.store import Origin
from tests.cli.conftest import Run
from tests.small import DAYS, A, B, Small


@dataclass(frozen=True)
class Buys:
    """What the agent below does."""

    def trade(self, desk: Desk) -> Ending:
        for symbol, quantity in ((A, 3), (B, 1_000)):
            desk.buy(symbol, Decimal(quantity))
        return Ending.DONE


@pytest.fixture
def played(small: Small, monkeypatch: pytest.MonkeyPatch) -> Small:
    """The command's arena, with an outside agent and a rule."""
    small.model("outside", kind="mcp")
    small.model("rule", kind=f"{__name__}:Buys")
    small.configure(models=["outside", "rule"])
    small.priced()
    url = small.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("AITRADER_DATABASE_URL", url)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(small.config_dir))
    return small


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


async def agent(port: int, sessions: int) -> list[str]:
    """Plays each session over a connection of its own, once somebody is there."""
    for _ in range(600):
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            break
    finished = []
    for _ in range(sessions):
        async with Client(f"http://127.0.0.1:{port}/mcp") as client:
            for symbol, quantity in (("AAA", 3), ("BBB", 1_000)):
                await client.call_tool("buy", {"symbol": symbol, "quantity": quantity})
            done: Any = await client.call_tool("finish_session", {"reason": "Enough."})
            finished.append(json.loads(done.content[0].text)["finished"])
    return finished


def test_two_sessions_are_stored_as_a_rule_would_have_made_them(played: Small, run: Run) -> None:
    port = free_port()
    with ThreadPoolExecutor() as threads:
        outside = threads.submit(asyncio.run, agent(port, 2))
        first, last = str(DAYS[0]), str(DAYS[1])
        options = ("--start", first, "--end", last, "--market", "small", "--port", str(port))
        result = run("play", "outside", *options)
        assert outside.result() == [first, last]
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        f"outside plays 2 sessions at http://127.0.0.1:{port}/mcp",
        f"{first} done: 1 fill, 1 refusal, worth 1,003.00",
        f"{last} done: 1 fill, 1 refusal, worth 1,012.00",
    ]
    plan = Plan("rule", tuple(DAYS[:2]), Origin("run", "run"), may_start=True)
    for step in walk(played.floor, plan):
        assert isinstance(step, Made)
        stored = played.floor.model_days.get("small", "outside", step.session)
        assert stored is not None
        assert _ledger(stored) == _ledger(step.day)
        assert [e.text for e in stored.transcript if e.role == "model"] == ["Enough."]
    (replayed,) = replay(played.floor, ["outside"])  # and nobody is waited for
    assert (replayed.days, replayed.differences) == (2, ())


def _ledger(day: ModelDay) -> tuple[object, ...]:
    return day.opening, day.blotter, day.closing, day.marks, day.ending


def test_what_can_not_be_played_is_told(played: Small, run: Run) -> None:
    assert played
    for model, day, sentence in (
        ("nobody", "2012-06-01", "there is no model 'nobody' in the small arena"),
        ("rule", "2012-06-01", "test_play:Buys, which trades by itself: submit a job for it"),
        ("outside", "2012-06-02", "2012-06-02 is not an XNYS session"),
        ("outside", "2012-06-15", "1 of the 1 sessions have no prices"),
        ("outside", "soon", "'soon' is not a date"),
    ):
        result = run("play", model, "--start", day, "--end", day, "--market", "small")
        assert (result.exit_code, result.stdout) == (2, "")
        assert sentence in result.stderr
    day_of_it = ("--start", "2012-06-01", "--end", "2012-06-01", "--market", "small")
    result = run("jobs", "submit", "--model", "outside", *day_of_it)
    assert result.exit_code == 2
    assert "port 0, any free one, which nobody would be told" in result.stderr
