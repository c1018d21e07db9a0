"""A model-day that is cut short and made again pays for no question twice."""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import httpx2
import pytest

from aitrader_core.agents.llm.scripted import completion
from aitrader_core.runner.settings import project_root
from aitrader_core.runner.walk import Broken, Made
from tests.runner.scripted_days import (
    MODEL,
    PRICES,
    SEVEN,
    answered_by,
    scripted_arena,
    simulate,
)
from tests.small import Small

FIVE = 5  # answers: the two of the first session, three of the four of the second
KILLED = f"""
import os, signal, sys
from pathlib import Path
import httpx2
from sqlalchemy import create_engine
from aitrader_core.agents.llm import scripted
from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from tests.runner.scripted_days import simulate

config_dir, url, seen = sys.argv[1:]
script = scripted.transport_for().handler

def answer(request):
    if os.path.exists(seen) and len(Path(seen).read_text().splitlines()) == {FIVE}:
        os.kill(os.getpid(), signal.SIGKILL)
    with open(seen, "a") as file:
        print(request.content.decode(), file=file)
    return script(request)

scripted.transport_for = lambda: httpx2.MockTransport(answer)
simulate(Floor(load_arena(Path(config_dir), "small"), create_engine(url)))
"""


@pytest.fixture
def ready(small: Small) -> Small:
    """Prices, and a scripted model whose failures are not tried again."""
    scripted_arena(small, {"tries": 1})
    small.priced(PRICES)
    return small


def answer_and_count(monkeypatch: pytest.MonkeyPatch, seen: Counter[str], most: int = 0) -> None:
    """A provider that notes what it is asked, and is gone after `most` answers."""

    def answer(request: httpx2.Request) -> httpx2.Response:
        if most and seen.total() == most:
            raise httpx2.ConnectError("unplugged")
        seen[request.content.decode()] += 1
        return httpx2.Response(200, json=completion(json.loads(request.content)))

    answered_by(monkeypatch, answer)


def test_a_day_that_failed_goes_on_where_it_was(
    ready: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: Counter[str] = Counter()
    answer_and_count(monkeypatch, seen, FIVE)
    steps = simulate(ready.floor)
    assert [type(step) for step in steps] == [Made, Broken]
    assert isinstance(steps[-1], Broken)
    assert "unplugged" in steps[-1].reason
    (failed,) = ready.floor.failed_days.of_model("small", MODEL, SEVEN[1], SEVEN[1])
    assert sum(entry.role == "model" for entry in failed.entries) == 3

    answer_and_count(monkeypatch, seen)
    assert len(simulate(ready.floor)) == 7
    assert set(seen.values()) == {1}
    assert seen.total() == ready.floor.calls.spent(model=MODEL).calls > FIVE + 7


def test_a_killed_process_goes_on_where_it_was(
    ready: Small, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "seen"
    url = ready.engine.url.render_as_string(hide_password=False)
    command = [sys.executable, "-c", KILLED, str(ready.config_dir), url, str(file)]
    done = subprocess.run(command, cwd=project_root(), check=False)
    assert done.returncode == -signal.SIGKILL
    seen = Counter(file.read_text().splitlines())
    assert seen.total() == FIVE

    answer_and_count(monkeypatch, seen)
    assert Broken not in map(type, simulate(ready.floor))
    assert list(ready.floor.model_days.sessions("small", MODEL)) == SEVEN
    assert set(seen.values()) == {1}
    assert seen.total() == ready.floor.calls.spent(model=MODEL).calls
