"""The real recordings, followed and written again: the same bytes but for faults of theirs."""

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from aitrader_core.agents.recorded import Recorded
from aitrader_core.agents.recorded_log import logs_in, read_log
from aitrader_core.agents.recording import listed_symbols
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.exchange.in_memory import traded
from aitrader_core.exchange.log_lines import log_lines
from aitrader_core.exchange.position_lines import Dialect, opens_in, position_lines
from aitrader_core.market.files import read_price_file
from aitrader_core.market.source import Wanted
from aitrader_core.runner.arena import Arena, load_arena
from aitrader_core.runner.settings import project_root
from aitrader_core.simulation.tape import Tape
from tests.recordings import RECORDINGS, SHARED, needs_recordings

pytestmark = needs_recordings

Lines = Sequence[str]
HOLIDAY = {"sse": "2025-10-01", "sse_hourly": "2025-10-09 08:30:00"}  # not for us to know


@dataclass(frozen=True)
class Ground:
    name: str
    arena: Arena
    tape: Tape

    def follow(self, file: Path) -> list[ModelDay]:
        """The days of a recording, as it was recorded."""
        last = date.fromisoformat(json.loads(file.read_text().splitlines()[-1])["date"][:10])
        sessions = [session for session in self.arena.sessions if session <= last]
        agent = Recorded(file, "as_recorded")
        return list(traded(self.arena, self.tape, agent, "model", sessions))

    def write(self, file: Path, days: list[ModelDay]) -> Lines:
        opened = HOLIDAY.get(self.name) or opens_in(days[0]) or "never"
        dialect = Dialect(listed_symbols(file), coins=self.name == "coins")
        return list(position_lines(days, dialect, opened))


@pytest.fixture(params=RECORDINGS, scope="module")
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """Each of the recorded arenas with its prices."""
    name: str = request.param
    folder = tmp_path_factory.mktemp(name)
    config_dir = Path(shutil.copytree(project_root() / "configs", folder / "configs"))
    RECORDINGS[name].write(config_dir, name)
    arena = load_arena(config_dir, name)
    return Ground(name, arena, _tape(arena, name))


def _tape(arena: Arena, name: str) -> Tape:
    wanted = Wanted(arena.calendar, dict.fromkeys(arena.symbols, ()), arena.is_intraday)
    bars = [
        bar
        for bar in read_price_file(RECORDINGS[name].prices, wanted).bars
        if arena.first_session <= bar.session <= arena.last_session
    ]
    return Tape(arena.sessions, bars, depth=arena.history)


def _same(recorded: Lines, written: Lines) -> None:
    assert list(written) == list(recorded)


def _without_a_session(recorded: Lines, written: Lines) -> None:
    """AI-Trader did not run on 2025-10-15; we have a line that nothing was traded, as line 17."""
    silent = json.loads(written[16])
    assert (silent["date"], silent["this_action"]["action"]) == ("2025-10-15", "no_trade")
    assert list(written[:16]) == list(recorded[:16])
    assert [_numbered(line, -1) for line in written[17:]] == list(recorded[16:])


def _hourly(recorded: Lines, written: Lines) -> None:
    """Line 132 says that nothing is traded in a bar in which line 133 then buys; 75 lines have
    the id at their end; two trades name their price."""
    twice = json.loads(recorded[131])
    assert (twice["date"], twice["this_action"]["action"]) == ("2025-10-30 14:00:00", "no_trade")
    told = [*recorded[:131], *(_numbered(line, -1) for line in recorded[132:])]
    moved = [n for n, line in enumerate(told) if list(json.loads(line))[-1] == "id"]
    priced = [
        n for n, line in enumerate(told) if "price" in json.loads(line).get("this_action", {})
    ]
    assert (len(moved), moved[0], moved[-1], priced) == (75, 1, 126, [127, 131])
    for number, (was, now) in enumerate(zip(told, written, strict=True)):
        if number in (*moved, *priced):
            assert _usual(was) == now
        else:
            assert was == now


def _numbered(line: str, by: int) -> str:
    record = json.loads(line)
    return json.dumps({**record, "id": record["id"] + by})


def _usual(line: str) -> str:
    """With its keys in their usual order, and without a price."""
    record = json.loads(line)
    record["this_action"].pop("price", None)
    return json.dumps({key: record[key] for key in ("date", "id", "this_action", "positions")})


FAULTS = {
    ("sse", "MiniMax-M2"): _without_a_session,
    ("nasdaq_hourly", "qwen3-max"): _hourly,
}


def test_a_recording_is_written_as_it_was_and_read_as_the_same_ledger(
    ground: Ground, tmp_path: Path
) -> None:
    for model, file in RECORDINGS[ground.name].positions.items():
        days = ground.follow(file)
        written = ground.write(file, days)
        FAULTS.get((ground.name, model), _same)(file.read_text().splitlines(), written)
        copy = tmp_path / f"{model}.jsonl"
        copy.write_text("".join(f"{line}\n" for line in written))
        for was, now in zip(days, ground.follow(copy), strict=True):
            assert (now.closing, now.marks, now.blotter) == (was.closing, was.marks, was.blotter)


def test_logs_are_written_as_they_were() -> None:
    """But for the name of the model, which AI-Trader did not write in one way."""
    found = 0
    for folder in sorted((SHARED / "us_daily" / "agent_data").glob("*/log")):
        for _, path in logs_in(folder):
            lines = path.read_text().split("\n")[:-1]
            names = [json.loads(line)["signature"] for line in lines]
            for name, line, now in zip(names, lines, log_lines(read_log(path), "?"), strict=True):
                assert now.replace('"?"', json.dumps(name), 1) == line, path
                found += 1
    assert found == 242
