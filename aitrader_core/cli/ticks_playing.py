"""aitrader ticks play."""

import socket
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.printing import counted
from aitrader_core.domain.errors import InputError

if TYPE_CHECKING:
    from aitrader_core.market.ticks.playing import Line, Played


class Pace(click.ParamType[float | None]):
    """How many times faster than recorded; None: as fast as it is taken."""

    name = "pace"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float | None:
        """Of N or max; fails for anything else."""
        if value in {None, "max"}:
            return None
        try:
            pace = float(str(value))
        except ValueError:
            pace = 0.0
        if not 0 < pace < 1e9:
            sentence = f"{value} is no pace: 1 is as recorded, 10 ten times as fast, or max"
            self.fail(sentence, param, ctx)
        return pace


@click.command("play")
@click.argument("file", required=False, type=click.Path(path_type=Path))
@click.option("--market", help="Instead of a FILE: the arena whose stored session is played.")
@click.option("--session", metavar="DATE", help="Of that arena.")
@click.option(
    "--to", "target", default="-", show_default=True, metavar="HOST:PORT|-",
    help="Wait there for one client, or print.",
)  # fmt: skip
@click.option(
    "--pace", type=Pace(), default="1", show_default=True, metavar="N|max",
    help="How many times faster than recorded; max: as fast as it is taken.",
)  # fmt: skip
def play_ticks(
    file: Path | None, market: str | None, session: str | None, target: str, pace: float | None
) -> None:
    """Play a recording, a FILE or a stored session, as a stream of ticks."""
    from aitrader_core.market.ticks.playing import play

    with _recording(file, market, session) as lines, _target(target) as send:
        try:
            played = play(lines, send, pace, time.monotonic_ns, time.sleep)
        except (BrokenPipeError, ConnectionResetError):
            raise InputError("who was listening went away before the end") from None
    click.echo(_told(played, pace), err=True)


@contextmanager
def _recording(
    file: Path | None, market: str | None, session: str | None
) -> Iterator[Iterable["Line"]]:
    from aitrader_core.market.ticks.playing import lines_of_file, lines_of_ticks

    if (file is None) == (market is None) or (market is None) != (session is None):
        raise InputError("name either a FILE, or a --market and its --session")
    if file is not None:
        yield lines_of_file(
            file, lambda _, line, why: click.echo(f"{file}:{line}: {why}", err=True)
        )
        return
    from aitrader_core.runner.floor import open_floor
    from aitrader_core.runner.requests import parse_date
    from aitrader_core.runner.settings import load_settings
    from aitrader_core.runner.ticks import kept_ticks

    day = parse_date(str(session))
    yield lines_of_ticks(kept_ticks(open_floor(load_settings(), str(market)), day).read(day))


@contextmanager
def _target(target: str) -> Iterator[Callable[[bytes], object]]:
    """Where lines go: it blocks for as long as who reads them is not done with those before."""
    if target == "-":
        out = sys.stdout.buffer

        def send(lines: bytes) -> None:
            out.write(lines)
            out.flush()

        yield send
        return
    host, port = address(target)
    try:
        server = socket.create_server((host, port))
    except OSError as error:
        raise InputError(f"{target} can't be listened at: {error.strerror or error}") from error
    with server:
        click.echo(f"waiting for one client at {host}:{server.getsockname()[1]}", err=True)
        client, _ = server.accept()
    with client:
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        yield client.sendall


def address(told: str) -> tuple[str, int]:
    """Of HOST:PORT. InputError for anything else."""
    host, _, port = told.rpartition(":")
    if not (host and port.isdigit() and int(port) < 1 << 16):
        raise InputError(f"{told!r} is no HOST:PORT, such as 127.0.0.1:9000")
    return host.strip("[]"), int(port)


def _told(played: "Played", pace: float | None) -> str:
    sentence = f"played {counted(played.lines, 'line')}, {played.size:,} bytes"
    if pace is None:
        return sentence
    return f"{sentence}; at most {played.behind / 1e6:,.1f} ms behind a pace of {pace:g}"
