"""How long those who look wait: at the database, over REST with many others, at the dashboard."""

import json
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from http.client import HTTPConnection
from statistics import median, quantiles
from time import perf_counter

from aitrader_core.storage.leaderboards import latest_written
from aitrader_core.storage.reading import CURVE, Asked, Order, page
from aitrader_core.storage.series import latest_standings, series, session_of_all
from benchmarks.line import Line
from benchmarks.results.clients import Answered, Ask
from benchmarks.results.ledger import Ledger, Size, ledger
from benchmarks.results.mix import asks, pages
from benchmarks.results.server import HOST, Server, serving

NAME = "results"
BOARD_AIM, SERIES_AIM, DATE_AIM = 5, 15, 15  # ms at the database, p99
RATE, RATE_AIM = 100, 25  # requests a second; ms, p99
CLIENTS, CLIENTS_AIM = 100, 200  # at once; ms, p99


def run(*, quick: bool) -> list[Line]:
    """A ledger of 252,000 model-days and a million orders; it is made once, which takes minutes."""
    size, rounds, calls, seconds = (
        (Size(4, 252), 1, 50, 2) if quick else (Size(100, 2520), 3, 300, 20)
    )
    with ledger(size) as here:
        lines = _at_the_database(here, rounds, calls)
        with serving(here.settings) as server:
            mix = asks(here.models, here.sessions, server.tag_of)
            _answered(server, mix, ["--rate", str(RATE), "--seconds", "3"])  # to warm up
            lines += [_load(server, mix, rounds, seconds, rate=RATE, aim=RATE_AIM)]
            lines += [_load(server, mix, rounds, seconds, clients=CLIENTS, aim=CLIENTS_AIM)]
            lines += [_page(server, name, path, 3 if quick else 15) for name, path in pages(here)]
    return lines


def _at_the_database(here: Ledger, rounds: int, calls: int) -> list[Line]:
    """From the call to rows in Python; the JSON of a curve is written by Postgres."""
    engine, model = here.floor.engine, here.models[0]
    session, sessions = here.sessions[len(here.sessions) // 2], len(here.sessions)
    curve = Asked("us", (model,))
    reads: Mapping[tuple[str, float], Callable[[], object]] = {
        ("leaderboard, the view", BOARD_AIM): lambda: latest_standings(engine, "us"),
        ("leaderboard, as published", BOARD_AIM): lambda: latest_written(engine, "us"),
        (f"a curve of {sessions:,} sessions", SERIES_AIM): lambda: series(engine, "us", [model]),
        ("the same as JSON", SERIES_AIM): lambda: page(
            engine, CURVE, Order.BY_MODEL, curve, sessions
        ),
        (f"one date, {len(here.models)} models with holdings", DATE_AIM): lambda: session_of_all(
            engine, "us", session
        ),
    }
    taken: dict[str, list[Sequence[float]]] = {what: [] for what, _ in reads}
    for _ in range(rounds):
        for (what, _), read in reads.items():
            taken[what].append([_timed(read) for _ in range(calls)])
    return [_percentile(what, taken[what], aim) for what, aim in reads]


def _timed(read: Callable[[], object]) -> float:
    """Milliseconds."""
    began = perf_counter()
    read()
    return 1_000 * (perf_counter() - began)


def _percentile(what: str, rounds: Sequence[Sequence[float]], aim: float) -> Line:
    worst = [quantiles(taken, n=100)[98] for taken in rounds]
    note = f"p50 {median(median(taken) for taken in rounds):.2f} ms"
    return Line(NAME, f"{what}, p99", min(worst), median(worst), "ms", len(rounds), None, aim, note)


def _load(
    server: Server,
    mix: Sequence[Ask],
    rounds: int,
    seconds: int,
    *,
    aim: float,
    rate: int | None = None,
    clients: int | None = None,
) -> Line:
    """RuntimeError when an answer was an error."""
    pace = ["--rate", str(rate)] if rate else ["--clients", str(clients)]
    found = [_answered(server, mix, [*pace, "--seconds", str(seconds)]) for _ in range(rounds)]
    if errors := sum(each.errors for each in found):
        raise RuntimeError(f"{errors} of {sum(each.answers for each in found)} answers were errors")
    what = f"REST, {rate} requests a second, p99" if rate else f"REST, {clients} clients, p99"
    worst = [each.p99 for each in found]
    note = (
        f"p50 {median(each.p50 for each in found):.1f} ms, "
        f"{median(each.per_second for each in found):,.0f} answers a second, no errors"
    )
    return Line(NAME, what, min(worst), median(worst), "ms", rounds, None, aim, note)


def _answered(server: Server, mix: Sequence[Ask], pace: Sequence[str]) -> Answered:
    """By clients in a process of their own."""
    command = [sys.executable, "-m", "benchmarks.results.clients", server.url, *pace]
    told = json.dumps([asdict(ask) for ask in mix])
    done = subprocess.run(command, input=told, capture_output=True, text=True, check=True)
    return Answered(**json.loads(done.stdout))


def _page(server: Server, name: str, path: str, repeats: int) -> Line:
    """Until the first byte of the dashboard's page, after it was seen once."""
    taken = [_first_byte(server, path) for _ in range(repeats + 1)][1:]
    what = f"dashboard, {name}, first byte"
    return Line(NAME, what, min(taken), median(taken), "ms", repeats)


def _first_byte(server: Server, path: str) -> float:
    connection = HTTPConnection(HOST, server.port, timeout=60)
    try:
        began = perf_counter()
        connection.request("GET", path, headers={"Accept": "text/html"})
        answer = connection.getresponse()
        took = 1_000 * (perf_counter() - began)
        if answer.status != 200:
            raise RuntimeError(f"{path} is answered with {answer.status}")
        answer.read()
        return took
    finally:
        connection.close()
