"""The embedded server: shared, stopped by the last to leave, and back after every kind of crash."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from aitrader_core.domain.errors import StorageError
from aitrader_core.storage import embedded
from aitrader_core.storage.embedded import embedded_server, embedded_url, revive
from aitrader_core.storage.urls import DatabaseUrls
from tests.conftest import server_folder

HOLDER = """
import sys
from pathlib import Path
from aitrader_core.storage.embedded import embedded_server
with embedded_server(Path(sys.argv[1])) as url:
    print(url, flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with server_folder("aitrader test ") as path:
        yield path


@pytest.fixture(scope="module")
def made(folder: Path) -> Path:
    """A data directory that has run and was stopped, kept for all tests: making one is slow."""
    data = folder / "made"
    with embedded_server(data) as url:
        execute(url, "create table kept (n int)")
    return data


@pytest.fixture
def data(made: Path) -> Iterator[Path]:
    yield made
    assert not postmaster(made), "a test left its server running"


def execute(url: str, statement: str) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(statement.encode())


def count(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute("select count(*) from kept").fetchone()
    assert row is not None
    return int(row[0])


def postmaster(data: Path) -> int | None:
    pid_file = data / "postmaster.pid"
    return int(pid_file.read_text().split("\n")[0]) if pid_file.exists() else None


def hold(data: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", HOLDER, str(data)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


def told(holder: subprocess.Popen[str]) -> str:
    assert holder.stdout is not None
    return holder.stdout.readline().strip()


def kill_server(data: Path) -> None:
    pid = postmaster(data)
    assert pid
    os.kill(pid, signal.SIGKILL)


def test_the_last_to_leave_stops_it(data: Path) -> None:
    with embedded_server(data) as first:
        with embedded_server(data) as second:
            assert first == second == embedded_url(data)
        assert postmaster(data)
        before = count(first)
        execute(first, "insert into kept values (1)")
    assert not postmaster(data)
    with embedded_server(data) as again:
        assert count(again) == before + 1


def test_both_databases_are_there_for_every_driver(data: Path) -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    with embedded_server(data) as url:
        urls = DatabaseUrls(url)
        for form, name in ((urls.engine, "aitrader"), (urls.dagster, "aitrader_dagster")):
            engine = sqlalchemy.create_engine(form)
            with engine.connect() as connection:
                assert connection.exec_driver_sql("select current_database()").scalar() == name
            engine.dispose()


def test_what_is_committed_is_on_the_disk(data: Path) -> None:
    with embedded_server(data) as url, psycopg.connect(url) as connection:
        for setting in ("fsync", "full_page_writes", "synchronous_commit"):
            assert connection.execute(f"show {setting}".encode()).fetchone() == ("on",)
        assert connection.execute("show listen_addresses").fetchone() == ("",)


def test_a_failure_inside_is_not_hidden(data: Path) -> None:
    with pytest.raises(ZeroDivisionError), embedded_server(data):
        _ = 1 / 0


def test_a_killed_holder_counts_no_more(data: Path) -> None:
    with hold(data) as holder:
        assert told(holder) == embedded_url(data)
        holder.kill()
        holder.wait()
    assert postmaster(data), "nobody was there to stop it"
    with embedded_server(data):
        pass
    assert not postmaster(data)


def test_a_killed_server_comes_back_with_what_was_committed(data: Path) -> None:
    with embedded_server(data) as url:
        before = count(url)
        execute(url, "insert into kept values (2)")
        kill_server(data)
        with embedded_server(data) as again:
            assert count(again) == before + 1


def test_a_server_that_recovers_from_a_crash_still_has_its_users(data: Path) -> None:
    with hold(data) as holder:
        assert told(holder) == embedded_url(data)
        with psycopg.connect(embedded_url(data)) as connection:
            os.kill(connection.info.backend_pid, signal.SIGKILL)  # it ends all the others
            with pytest.raises(psycopg.OperationalError):
                connection.execute("select 1")
        with embedded_server(data) as url:
            assert count(url) >= 0
        assert postmaster(data), "it was stopped under its first user"
        holder.communicate("", timeout=20)


def test_a_killed_server_is_revived_for_its_user(data: Path) -> None:
    with embedded_server(data) as url:
        assert not revive(data)
        kill_server(data)
        assert revive(data)
        assert count(url) >= 0
        assert not revive(data)


def test_the_pid_of_a_killed_server_may_be_another_process(data: Path) -> None:
    with embedded_server(data):
        kill_server(data)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        for lock in (data / "postmaster.pid", data / ".s.PGSQL.5432.lock"):
            old, rest = lock.read_text().split("\n", 1)
            assert int(old)
            lock.write_text(f"{stranger.pid}\n{rest}")
        with embedded_server(data) as url:
            assert count(url) >= 0
        assert stranger.poll() is None
        stranger.kill()


def test_eight_start_at_once(data: Path) -> None:
    holders = [hold(data) for _ in range(8)]
    assert {told(holder) for holder in holders} == {embedded_url(data)}
    assert postmaster(data)
    for holder in holders:
        holder.communicate("", timeout=20)
    assert [holder.returncode for holder in holders] == [0] * 8


def test_a_long_path_has_its_socket_elsewhere(folder: Path) -> None:
    data = folder / ("long" * 25) / "postgres"
    with embedded_server(data) as url:
        assert len(url) < 107
        assert count_databases(url) == 2
    socket = Path(DatabaseUrls(url).url.partition("host=")[2])
    assert not list(socket.iterdir())
    socket.rmdir()


def count_databases(url: str) -> int:
    with psycopg.connect(url) as connection:
        row = connection.execute(
            "select count(*) from pg_database where datname like 'aitrader%'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def test_a_url_starts_nothing(tmp_path: Path) -> None:
    data = tmp_path / "a%b c" / "postgres"
    assert embedded_url(data) == embedded_url(data.parent / ".." / "a%b c" / "postgres")
    assert not data.parent.exists()


def test_an_interrupted_creation_is_done_again(folder: Path) -> None:
    data = folder / "interrupted"
    half = folder / "interrupted.new-abandoned"
    half.mkdir()
    (half / "PG_VERSION").write_text("18\n")
    with embedded_server(data) as url:
        assert count_databases(url) == 2
    assert not half.exists()


def test_a_folder_of_something_else_is_left_alone(folder: Path) -> None:
    data = folder / "photos"
    data.mkdir()
    (data / "cat.jpg").touch()
    with pytest.raises(StorageError, match="no database of PostgreSQL"), embedded_server(data):
        pass
    assert [path.name for path in data.iterdir()] == ["cat.jpg"]
    assert not list(folder.glob("photos.new-*"))


def test_a_server_that_cannot_start_says_why_and_at_once(data: Path, folder: Path) -> None:
    copy = folder / "newer"
    shutil.copytree(data, copy)
    (copy / "PG_VERSION").write_text("99\n")
    began = time.monotonic()
    with pytest.raises(StorageError, match="(?s)did not start.*version 99"), embedded_server(copy):
        pass
    assert time.monotonic() - began < embedded.CRASH_PATIENCE


@pytest.fixture
def as_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    account = embedded._Account(user="nobody")
    if os.geteuid() != 0 or not account.may("-x", embedded._program("postgres")):
        pytest.skip("needs root, and packages that nobody may read")
    monkeypatch.setattr(embedded, "_account", lambda: account)


@pytest.mark.usefixtures("as_nobody")
def test_root_without_namespaces_runs_it_as_nobody(folder: Path) -> None:
    data = folder / "nobody"
    with embedded_server(data) as url:
        assert count_databases(url) == 2
        assert data.stat().st_uid != 0
    assert not postmaster(data)


@pytest.mark.usefixtures("as_nobody")
def test_a_folder_closed_to_nobody_is_named(folder: Path) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    refused = pytest.raises(StorageError, match=f"nobody may not reach {closed}.*AITRADER_HOME")
    with refused, embedded_server(closed / "postgres"):
        pass
