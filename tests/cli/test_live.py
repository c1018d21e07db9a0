"""aitrader live, fed from a socket and from a pipe, and the player that feeds it."""

import gzip
import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from threading import Event

import pytest

from aitrader_core.cli.ticks_playing import address
from aitrader_core.domain.errors import InputError
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.market.ticks.playing import Line
from aitrader_core.runner.live_trail import read_trail
from aitrader_core.storage.database import engine_for
from aitrader_core.storage.trading_states import ALL, Throw, TradingStates
from aitrader_core.storage.urls import DatabaseUrls
from tests.cli.conftest import Run
from tests.runner.live_feeds import Player, lines

LINES = lines(1_500)
COMMAND = "from aitrader_core.cli import main; main()"
LIVE = ("live", "--market", "btc", "--model", "pattern")


@pytest.fixture
def empty(database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command's database: nothing is stored, the initial cash is what there is."""
    monkeypatch.setenv("AITRADER_DATABASE_URL", database.libpq)


@pytest.mark.usefixtures("empty")
def test_trades_what_a_socket_tells_and_says_what_came_of_it(run: Run) -> None:
    with Player(LINES).listening() as port:
        done = run(*LIVE, "--feed", f"127.0.0.1:{port}", "--json")
    assert done.exit_code == 0, done.stderr
    assert "nothing of it goes to the ledger" in done.stderr
    told = json.loads(done.stdout)
    assert (told["ending"], told["ticks"], told["findings"]) == ("feed_ended", 3_000, {})
    traded = told["traded"]
    assert traded["session"] == "2024-08-09"
    assert traded["orders"] == told["tick_to_order"]["count"] > 0
    assert traded["value_at_start"] == "100000.00000000"
    trail = read_trail(Path(traded["trail"]))
    assert (len(trail), trail[-1].hash) == (traded["entries"], traded["last_hash"])

    with Player(LINES).listening() as port:
        refused = run(*LIVE, "--feed", f"127.0.0.1:{port}")
    assert refused.exit_code == 2
    assert f"traded live before, with {len(trail)} entries in {traded['trail']}" in refused.stderr
    with Player(LINES[:2]).listening() as port:
        shown = run(*LIVE, "--feed", f"127.0.0.1:{port}", "--again")
    assert shown.exit_code == 0, shown.stderr
    assert "2 of 2 lines" in shown.stdout


@pytest.mark.usefixtures("empty")
def test_the_kill_switch_thrown_elsewhere_stops_it(
    run: Run, database: DatabaseUrls, tmp_path: Path
) -> None:
    stopped = Event()

    def quiet_at_last() -> Iterator[Line]:
        yield from LINES
        stopped.wait(60)

    def halt() -> None:
        while not list(tmp_path.glob("home/live/btc/pattern/*.jsonl")):
            time.sleep(0.05)
        throw = Throw(ALL, TradingState.HALTED, "a fat finger", "test", datetime.now(UTC))
        TradingStates(engine_for(database.engine)).set_state("btc", throw)

    with Player(quiet_at_last()).listening() as port, ThreadPoolExecutor() as pool:
        halted = pool.submit(halt)
        done = run(*LIVE, "--feed", f"127.0.0.1:{port}", "--json")
        stopped.set()
        halted.result()
    told = json.loads(done.stdout)
    assert (done.exit_code, told["ending"]) == (0, "halted")
    last = read_trail(Path(told["traded"]["trail"]))[-1]
    assert (last.event, "a fat finger" in last.facts) == ("trading", True)


@pytest.mark.usefixtures("empty")
def test_a_pipe_feeds_it_and_a_signal_ends_it_in_order(tmp_path: Path) -> None:
    told = subprocess.Popen(
        [sys.executable, "-c", COMMAND, *LIVE, "--feed", "-", "--json"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert told.stdin is not None
    assert told.stderr is not None
    with told:
        assert b"paper trading" in told.stderr.readline()
        told.stdin.write(b"".join(line for _, line in LINES) + b"torn")
        told.stdin.flush()
        trail = tmp_path / "home" / "live" / "btc" / "pattern" / "2024-08-09.jsonl"
        while not (trail.is_file() and trail.stat().st_size):  # it is at work
            assert told.poll() is None
            time.sleep(0.05)
        told.send_signal(signal.SIGTERM)
        summary, _ = told.communicate(timeout=60)
    assert told.returncode == 128 + signal.SIGTERM
    assert json.loads(summary)["ending"] == "interrupted"
    assert read_trail(trail)


@pytest.mark.usefixtures("empty")
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (("--model", "pattern", "--feed", "here"), 2, "'here' is no HOST:PORT"),
        (("--model", "pattern", "--feed", "127.0.0.1:1"), 2, "there is no feed at 127.0.0.1:1"),
        (("--model", "patern", "--feed", "-"), 2, "did you mean pattern"),
    ],
)
def test_what_cannot_be_is_said_in_a_sentence(
    arguments: tuple[str, ...], code: int, sentence: str, run: Run
) -> None:
    done = run("live", "--market", "btc", *arguments)
    assert (done.exit_code, done.stdout) == (code, "")
    assert sentence in done.stderr


def test_the_player_prints_a_packed_file_as_it_stands(tmp_path: Path, run: Run) -> None:
    data = b"".join(line for _, line in LINES[:50])
    file = tmp_path / "recording.gz"
    file.write_bytes(gzip.compress(data))
    done = run("ticks", "play", str(file), "--pace", "max")
    assert done.stdout_bytes == data
    assert "played 50 lines" in done.stderr
    for wrong, sentence in (
        ([str(file), "--pace", "fast"], "fast is no pace"),
        ([str(file), "--market", "btc"], "name either a FILE, or a --market and its --session"),
        ([str(tmp_path / "no.gz")], "there is no such file"),
    ):
        refused = run("ticks", "play", *wrong)
        assert (refused.exit_code, refused.stdout) == (2, "")
        assert sentence in refused.stderr


@pytest.mark.parametrize("told", ["9000", ":9000", "host:", "host:x", "host:70000"])
def test_a_place_that_is_none_is_refused(told: str) -> None:
    with pytest.raises(InputError, match="is no HOST:PORT"):
        address(told)
