"""Kills parts of a running aitrader at random moments, and compares what it then has stored
with what an undisturbed one stores: `tools/faults --help`."""

import argparse
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median

import psycopg

from aitrader_core.runner.board import is_published
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.requests import submit
from aitrader_core.runner.walk import Plan, walk
from aitrader_core.storage.embedded import embedded_server
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls
from tests.faults.installation import Installation, span, stock
from tests.faults.ledger import differences, own_faults, row_counts
from tests.faults.processes import left_over
from tests.faults.rounds import TARGETS, Fault, GaveUp, Pace, Round

MOST_SESSIONS = 40  # of a round
SECONDS_AT_WORK = 6.0  # of a round's longest run, three models after one another
SHOWN = 20  # differences


class Campaign:
    def __init__(
        self, faults: int, seed: int, groups: Sequence[str], minutes: float, place: Installation
    ) -> None:
        self._deadline = time.monotonic() + 60 * minutes
        self._place = place
        self._floor = place.floor
        self._random = Random(seed)
        self._left = list(self._draw(faults, groups))
        sessions = len(self._floor.arena.sessions)
        self._length = min(MOST_SESSIONS, sessions // (len(self._left) + 1))
        self.rounds: list[Round] = []
        self.struck: list[Fault] = []
        place.pace = SECONDS_AT_WORK / 3 / self._length

    def run(self) -> list[str]:
        """What is wrong in the end, nothing if all is well."""
        self._place.prepare()
        self._place.start()
        pace = self._next_round().measure()
        say(
            f"undisturbed, {self.rounds[0].size} model-days take {pace.whole:.1f} s to the "
            f"leaderboard; their first run begins after {pace.to_run:.1f} s"
        )
        while self._left and time.monotonic() < self._deadline:
            self._play(pace)
        wrong = [*self._settle(), *self._stop()]
        with embedded_server(self._place.data) as url:
            undisturbed = self._undisturbed(DatabaseUrls(url))
            wrong += own_faults(self._floor.engine, "us")
            wrong += differences(self._floor.engine, undisturbed.engine)
            rows = row_counts(self._floor.engine)
            say("compared: " + ", ".join(f"{count:,} {name}" for name, count in rows.items()))
            for floor in (self._floor, undisturbed):
                floor.engine.dispose()
        verified = self._place.verify()
        say(f"aitrader verify: {(verified.stdout + verified.stderr).strip()[-300:]}")
        if verified.returncode:
            wrong.append("aitrader verify finds differences, see above")
        return wrong

    def summary(self) -> Iterator[str]:
        groups = defaultdict(list)
        for fault in self.struck:
            groups[fault.target].append(fault)
        yield f"{'target':<16} faults   at work  again by hand  job again  stuck  whole after (s)"
        for target, faults in sorted(groups.items()):
            notes = Counter(note.split(" (")[0] for f in faults for note in f.restarted)
            seconds = [fault.whole_after for fault in faults]
            at_work = sum(fault.phase.startswith("working") for fault in faults)
            yield (
                f"{target:<16} {len(faults):6} {at_work:9} {notes['up by hand']:14}"
                f" {notes['job again']:10} {notes['up STUCK']:6}"
                f"  {median(seconds):.1f} median, {max(seconds):.1f} most"
            )
        phases = Counter(fault.phase.split(",")[0] for fault in self.struck)
        yield "moments: " + ", ".join(f"{count} {phase}" for phase, count in phases.most_common())
        for sentence, count in Counter(line[:160] for line in self._place.ended).most_common(8):
            yield f"`up` ended {count} times by itself, having said last: {sentence}"

    def _draw(self, count: int, groups: Sequence[str]) -> Iterator[Fault]:
        """Every group as often as the others, in any order."""
        kinds: list[str] = []
        for number in range(1, count + 1):
            kinds = kinds or self._random.sample(groups, len(groups))
            group = kinds.pop()
            target = self._random.choice(TARGETS[group])
            yield Fault(number, group, target, self._random.random(), self._random.randrange(10**9))

    def _next_round(self) -> Round:
        sessions = span(self._floor.arena.sessions, len(self.rounds), self._length)
        self.rounds.append(Round(self._place, sessions))
        return self.rounds[-1]

    def _play(self, pace: Pace) -> None:
        """One to three of the faults, two on average."""
        count = self._random.choice((1, 2, 2, 3))
        faults, self._left = self._left[:count], self._left[count:]
        played = self._next_round()
        self._left[:0] = played.play(faults, pace)
        for fault in played.struck:
            say(str(fault))
        self.struck += played.struck

    def _settle(self) -> Iterator[str]:
        """Let everything come to its end; Dagster's partitions are then the stored model-days."""
        if not _within(120, lambda: is_published(self._floor)):
            yield "the leaderboard is not that of the ledger"
        if not _within(60, lambda: not self._unfinished_runs()):
            yield f"runs that never ended: {self._unfinished_runs()}"
        stored, materialized = self._partitions()
        for key in sorted(materialized - stored):
            yield f"materialized and not stored: {key}"
        missing = stored - materialized
        sessions = {key.split("|")[0] for key in missing}
        hit = [r for r in self.rounds if any(str(s) in sessions for s in r.sessions)]
        say(
            f"stored and not materialized: {len(missing)} of {len(stored)} partitions, "
            f"in {len(hit)} of {len(self.rounds)} jobs"
        )
        for again in hit:
            again.play([], Pace(0, 0))
        stored, materialized = self._partitions()
        if missing:
            left = len(stored - materialized)
            say(f"after the same jobs were submitted again: {left}")
        for key in sorted(stored - materialized):
            yield f"not materialized even by another job: {key}"

    def _partitions(self) -> tuple[set[str], set[str]]:
        with self._floor.engine.connect() as connection:
            rows = connection.exec_driver_sql("select session, model from model_days")
            stored = {f"{session}|{model}" for session, model in rows}
        return stored, {
            str(key)
            for (key,) in self._ask_dagster(
                "select distinct partition from event_logs"
                """ where asset_key = '["us", "model_day"]'"""
                " and dagster_event_type = 'ASSET_MATERIALIZATION'"
            )
        }

    def _unfinished_runs(self) -> list[tuple[object, ...]]:
        return self._ask_dagster(
            "select run_id, status from runs where status not in ('SUCCESS', 'FAILURE', 'CANCELED')"
        )

    def _ask_dagster(self, query: str) -> list[tuple[object, ...]]:
        url = self._floor.engine.url.render_as_string(hide_password=False)
        with psycopg.connect(DatabaseUrls(url).dagster_libpq) as connection:
            return connection.execute(query.encode()).fetchall()

    def _stop(self) -> Iterator[str]:
        if not self._place.is_up():
            yield f"`up` had ended: {self._place.said()}"
        elif status := self._place.stop():
            yield f"`up` ended with {status} on SIGTERM: {self._place.said()}"
        for process in left_over(self._place.home):
            yield f"still there: {process}"

    def _undisturbed(self, urls: DatabaseUrls) -> Floor:
        """The same jobs, walked in this process into a database of their own."""
        with psycopg.connect(urls.in_database("postgres"), autocommit=True) as connection:
            connection.execute("create database undisturbed")
            connection.execute("alter database undisturbed set synchronous_commit = off")
        floor = self._place.floor_on(DatabaseUrls(urls.in_database("undisturbed")))
        stock(floor)
        for played in self.rounds:
            _walk(floor, played.sessions)
        return floor


def _walk(floor: Floor, sessions: Sequence[date]) -> None:
    models = list(floor.arena.models)
    job = submit(floor, str(sessions[0]), str(sessions[-1]), models, source="campaign")
    for model in models:
        origin = Origin(f"job-{job}", "undisturbed", job)
        for _ in walk(floor, Plan(model, tuple(sessions), origin, replace=False, may_start=True)):
            pass


def _within(seconds: float, condition: Callable[[], object]) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.5)
    return True


def say(line: str) -> None:
    print(line, flush=True)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tools/faults", description=__doc__)
    parser.add_argument("--faults", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", default=",".join(TARGETS), help="of %(default)s")
    parser.add_argument("--minutes", type=float, default=60, help="no fault after so many")
    parser.add_argument("--keep", action="store_true", help="leave its folder, for a look at it")
    arguments = parser.parse_args()
    if unknown := set(arguments.only.split(",")) - set(TARGETS):
        parser.error(f"{', '.join(sorted(unknown))}: there are {', '.join(TARGETS)}")
    return arguments


def main() -> int:
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what we started is cleared away
    folder = Path(tempfile.mkdtemp(prefix="aitrader-faults-", dir="/tmp"))
    folder.chmod(0o755)  # the server may run as nobody
    say(f"{asked.faults} faults, seed {asked.seed}, in {folder}")
    began, place = time.monotonic(), Installation(folder, 0.0, free_port())
    campaign = Campaign(asked.faults, asked.seed, asked.only.split(","), asked.minutes, place)
    try:
        wrong = campaign.run()
    except GaveUp as error:
        wrong = [str(error)]
    finally:
        place.clear()
    for line in ("", *campaign.summary(), *islice(wrong, SHOWN)):
        say(line)
    outcome = f"{len(wrong)} faults of ours" if wrong else "nothing lost, nothing doubled"
    minutes = (time.monotonic() - began) / 60
    say(f"{len(campaign.struck)} faults in {minutes:.1f} minutes: {outcome}")
    if not (asked.keep or wrong):
        shutil.rmtree(folder)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
