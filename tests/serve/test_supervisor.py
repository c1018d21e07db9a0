"""The supervisor's parts, and it as a whole: started, stopped in every way, nothing left."""

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from http.client import HTTPConnection
from pathlib import Path

import pytest

from aitrader_core.cli.progress import Screen
from aitrader_core.domain.errors import InferenceError, InputError
from aitrader_core.inference import installed
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.settings import Settings, project_root
from aitrader_core.serve import children, supervisor
from aitrader_core.serve.children import Child, ChildFailed, Household, household
from aitrader_core.serve.imports import Imports, spans, wanted_first
from aitrader_core.serve.lock import AlreadyUp, announce, holder, only_one
from aitrader_core.serve.signals import Signals, Stopped
from aitrader_core.serve.site import DAGSTER, choose_port
from aitrader_core.storage.embedded import embedded_server

# Port -------------------------------------------------------------------------------------------


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_that_was_asked_for_and_is_taken_is_refused(taken: int) -> None:
    with pytest.raises(InputError, match=f"port {taken} is taken"):
        choose_port(taken, DAGSTER)


def test_without_a_wish_it_is_the_next_free_one(taken: int) -> None:
    assert taken < choose_port(None, taken) < taken + 100


# Lock -------------------------------------------------------------------------------------------


def test_the_second_is_told_where_the_first_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    assert holder(home) is None
    with only_one(home):
        announce(home, "http://127.0.0.1:3007")
        for _ in range(2):
            found = holder(home)
            assert found is not None
            assert (found.pid, found.url) == (os.getpid(), "http://127.0.0.1:3007")
        told = rf"up already at http://127.0.0.1:3007 \(pid {os.getpid()}\): stop it first"
        with pytest.raises(AlreadyUp, match=told):
            only_one(home).__enter__()
    assert holder(home) is None
    assert not (home / "up.json").exists()
    with only_one(home):
        assert holder(home) is not None


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    script = (
        "import sys; from pathlib import Path; from aitrader_core.serve.lock import only_one\n"
        f"with only_one(Path({str(tmp_path)!r})): print('held', flush=True); sys.stdin.read()"
    )
    with python(script) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        assert holder(tmp_path) is not None
        process.kill()
    assert holder(tmp_path) is None
    with only_one(tmp_path):
        pass


# Signals ----------------------------------------------------------------------------------------


def test_a_signal_ends_a_wait_and_a_second_one_hurries() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Signals() as signals:
        signals.sleep(0)
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Stopped):
            signals.sleep(60)
        first = signals.hurry
        os.kill(os.getpid(), signal.SIGINT)
        assert (first, signals.hurry) == (False, True)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize(
    ("ignored", "then"), [(signal.SIGINT, "handled"), (signal.SIGHUP, "ignored still")]
)
def test_an_inherited_ignored_signal(ignored: signal.Signals, then: str) -> None:
    """An interrupt must stop us all the same; a hang-up is ignored under nohup, and stays so."""
    before = signal.signal(ignored, signal.SIG_IGN)
    with Signals():
        handled = signal.getsignal(ignored) != signal.SIG_IGN
    signal.signal(ignored, before)
    assert ("handled" if handled else "ignored still") == then


# Children ---------------------------------------------------------------------------------------


@pytest.fixture
def family(tmp_path: Path) -> Iterator[Household]:
    with Signals() as signals:
        made = household(tmp_path / "logs", None, dict(os.environ), tmp_path, signals)
        with made as found:
            yield found


def ended(child: Child) -> Child:
    wait_until(lambda: child.poll() is not None)
    return child


def test_a_child_that_dies_at_once_is_reported_with_its_log(family: Household) -> None:
    child = ended(family.start("daemon", "sh", "-c", "echo starting; echo no such thing; exit 3"))
    said: list[str] = []
    told = (
        r"daemon ended with status 3; the last that .*daemon\.log says: starting \| no such thing"
    )
    with pytest.raises(ChildFailed, match=told):
        family.check([child], said.append)
    assert said == []


def test_a_child_that_dies_later_is_started_again(
    family: Household, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(children, "YOUNG", 0.0)
    script = f"echo once more >> {tmp_path}/ran; test $(wc -l < {tmp_path}/ran) -gt 1 && sleep 60"
    child = ended(family.start("daemon", "sh", "-c", script))
    said: list[str] = []
    family.check([child], said.append)
    assert child.poll() is None
    assert len(said) == 1
    assert said[0].endswith("; starting it again")
    family.check([child], said.append)
    assert len(said) == 1


def test_a_program_that_is_not_there_is_a_sentence(family: Household) -> None:
    with pytest.raises(ChildFailed, match=r"daemon cannot be started \(.*no-such-program"):
        family.start("daemon", "no-such-program")


def test_whole_groups_end_and_the_stubborn_are_killed(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; sleep 300 & echo $! > pid; while :; do sleep 1; done"
    with Signals() as signals:
        made = household(tmp_path / "logs", None, dict(os.environ), tmp_path, signals)
        with made as found:
            child = found.start("stubborn", "sh", "-c", stubborn)
            wait_until(lambda: (tmp_path / "pid").exists() and (tmp_path / "pid").read_text())
            signals.count = 2  # do not wait for it
        grandchild = int((tmp_path / "pid").read_text())
        wait_until(lambda: not runs(grandchild) and not runs(child.group))


def test_children_end_without_their_guard(tmp_path: Path) -> None:
    with Signals() as signals:
        made = household(tmp_path / "logs", None, dict(os.environ), tmp_path, signals)
        with made as found:
            found.start("first", "sleep", "300")
            guard = found._guard._process
            guard.kill()
            guard.wait()
            second = found.start("second", "sleep", "300")
            wait_until(lambda: runs(second.group))
        assert not any(runs(child.group) for child in found.children)


def test_children_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    script = (
        "import os, sys; from pathlib import Path\n"
        "from aitrader_core.serve.children import household\n"
        "from aitrader_core.serve.signals import Signals\n"
        f"here = Path({str(tmp_path)!r})\n"
        "with household(here / 'logs', None, dict(os.environ), here, Signals()) as family:\n"
        "    print(family.start('a', 'sh', '-c', 'sleep 300 & sleep 300').group, flush=True)\n"
        "    sys.stdin.read()"
    )
    with python(script) as process:
        assert process.stdout is not None
        group = int(process.stdout.readline())
        assert runs(group)
        process.kill()
    wait_until(lambda: not group_runs(group))


# Prices -----------------------------------------------------------------------------------------


def test_the_demo_waits_for_no_more_prices_than_it_needs(arena: Arena) -> None:
    needed, rest = wanted_first(arena, arena.sessions)
    assert (needed[0], needed[-1]) == (date(2011, 6, 2), date(2013, 3, 1))
    assert len([s for s in needed if s < arena.demo_sessions[0]]) == arena.history
    assert (rest[0], rest[-1]) == (date(2000, 3, 1), date(2011, 6, 1))
    assert wanted_first(arena, ()) == ([], [])


def test_only_what_is_missing_is_imported(arena: Arena) -> None:
    missing = [date(2012, 6, 1), date(2012, 6, 4), date(2012, 6, 6), date(2012, 7, 3)]
    assert list(spans(arena.calendar, missing)) == [
        (date(2012, 6, 1), date(2012, 6, 4)),
        (date(2012, 6, 6), date(2012, 6, 6)),
        (date(2012, 7, 3), date(2012, 7, 3)),
    ]


def test_imports_go_one_after_the_other_and_a_failure_ends_them(
    family: Household, arena: Arena
) -> None:
    started: list[Sequence[str]] = []

    def start(name: str, *command: str) -> Child:
        started.append(command)
        return family.start(name, "sh", "-c", f"echo no bars; exit {len(started) - 1}")

    imports = Imports(start)
    imports.add("us", arena.calendar, [date(2012, 6, d) for d in (1, 4, 6, 8)])
    assert [command[-1] for command in started] == ["2012-06-01...2012-06-04"]
    assert started[0][:3] == ("dagster", "asset", "materialize")
    wait_until(lambda: family.children[0].poll() is not None)
    imports.look()
    wait_until(lambda: family.children[1].poll() is not None)
    with pytest.raises(ChildFailed, match="prices ended with status 1; .* no bars"):
        imports.look()
    assert len(started) == 2
    assert imports.are_done


# The whole --------------------------------------------------------------------------------------


@pytest.fixture
def home() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="aitrader-up-", dir="/tmp") as folder:
        Path(folder).chmod(0o755)  # the server may run as nobody
        configure(Path(folder) / "configs")
        yield Path(folder)
        assert not processes_of(Path(folder)), "something of it was left running"


def test_two_runtimes_are_refused_before_anything_is_started(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(installed, "version", lambda _: "1.31.1")
    settings = Settings(home=home, config_dir=home / "configs", database_url=None)
    with (
        pytest.raises(InferenceError, match="both installed"),
        supervisor.serving(settings, Signals(), Screen()),
    ):
        pass
    assert not (home / "postgres").exists()


def configure(folder: Path) -> None:
    """The us arena alone, of nine months: more of them would only take longer to start."""
    shutil.copytree(project_root() / "configs", folder)
    for arena in ("btc", "cn", "crypto"):
        (folder / "arenas" / f"{arena}.yaml").unlink()
    us = folder / "arenas" / "us.yaml"
    us.write_text(us.read_text().replace("first_session: 2000-03-01", "first_session: 2012-06-01"))


def up(home: Path, before: str = ":") -> subprocess.Popen[str]:
    """`aitrader up`, from a shell that has done something `before`."""
    command = [sys.executable, "-c", "from aitrader_core.cli import main; main()", "up"]
    bare = {k: v for k, v in os.environ.items() if not k.startswith("AITRADER_")}
    return subprocess.Popen(
        ["sh", "-c", f"{before}; exec {shlex.join(command)}"],
        env={**bare, "AITRADER_HOME": str(home), "AITRADER_CONFIG_DIR": str(home / "configs")},
        cwd=project_root(),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def served(process: subprocess.Popen[str]) -> tuple[str, str]:
    """The URLs of dashboard and Dagster UI, once both answer."""
    urls: dict[str, str] = {}
    while len(urls) < 2:
        *name, url = says(process, " is at ").split()
        urls[" ".join(name)] = url
    return urls["the dashboard is at"], urls["the Dagster UI is at"]


def answers(url: str, path: str) -> int:
    """The status."""
    connection = HTTPConnection(url.removeprefix("http://"), timeout=10)
    connection.request("GET", path)
    status = connection.getresponse().status
    connection.close()
    return status


def says(process: subprocess.Popen[str], words: str) -> str:
    """The line with `words`, once it comes."""
    assert process.stdout is not None
    for line in process.stdout:
        if words in line:
            return line
    raise AssertionError(f"it ended with status {process.wait()}")


@pytest.mark.daemon
def test_up_serves_starts_its_database_again_and_stops_leaving_nothing(home: Path) -> None:
    with up(home) as process:
        dashboard, dagster = served(process)
        assert answers(dashboard, "/openapi.json") == 200
        assert answers(dagster, "/server_info") == 200
        with up(home) as second:
            told, _ = second.communicate(timeout=60)
        assert second.returncode == 1
        assert told.startswith(
            f"aitrader: aitrader is up already at {dashboard} (pid {process.pid})"
        )
        assert len(processes_of(home)) >= 5, "server, guard, daemon and webservers"
        before = postmaster(home)
        os.kill(before, signal.SIGKILL)
        says(process, "PostgreSQL had ended; it is started again")
        assert postmaster(home) != before
        with embedded_server(home / "postgres"):
            pass  # who comes and goes leaves it to `up`
        assert runs(postmaster(home))
        process.terminate()
        assert process.wait(30) == 0


@pytest.mark.daemon
def test_up_stops_while_it_starts_on_an_interrupt_that_was_inherited_as_ignored(
    home: Path,
) -> None:
    with up(home, before="trap '' INT") as process:
        started(home)
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0


@pytest.mark.daemon
def test_up_leaves_nothing_when_it_is_killed(home: Path) -> None:
    with up(home) as process:
        started(home)
        process.kill()
        process.wait(10)
        wait_until(lambda: not processes_of(home), 30)


def started(home: Path) -> None:
    """Its children are there, and may not answer yet."""
    wait_until(lambda: (found := holder(home)) and found.url, 60)
    wait_until(lambda: len(processes_of(home)) >= 4)


def python(script: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def wait_until(condition: Callable[[], object], seconds: float = 15) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to pass"
        time.sleep(0.05)


def runs(pid: int) -> bool:
    """Whether it is there, and not only waiting to be reaped."""
    found = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return bool(found.stdout.strip()) and not found.stdout.strip().startswith("Z")


def group_runs(group: int) -> bool:
    found = subprocess.run(
        ["ps", "-A", "-o", "pgid=,stat="], capture_output=True, text=True, check=True
    )
    rows = (line.split() for line in found.stdout.splitlines())
    return any(pgid == str(group) and not stat.startswith("Z") for pgid, stat in rows)


def processes_of(home: Path) -> list[str]:
    """Everything that names `home` in its command or its environment."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            text = (process / "cmdline").read_bytes() + (process / "environ").read_bytes()
        except OSError:
            continue
        if os.fsencode(home) in text and process.name != str(os.getpid()):
            found.append(f"{process.name} {text[:200]!r}")
    return found


def postmaster(home: Path) -> int:
    return int((home / "postgres" / "postmaster.pid").read_text().split("\n")[0])
