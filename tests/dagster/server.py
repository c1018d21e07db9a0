"""`aitrader up` on a test's own configuration and database, and its GraphQL API."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import httpx

from aitrader_core.runner.floor import Floor
from aitrader_core.runner.settings import project_root
from aitrader_core.storage.job import Job
from aitrader_core.storage.urls import DatabaseUrls

T = TypeVar("T")

BACKFILL = """
mutation Backfill($keys: [String!]!) {
  launchPartitionBackfill(backfillParams: {
    assetSelection: [{path: ["us", "model_day"]}], partitionNames: $keys
  }) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""

BACKFILL_STATE = """
query State($id: String!) {
  partitionBackfillOrError(backfillId: $id) { ... on PartitionBackfill { status } }
}"""

ENQUEUE = """
mutation Enqueue($config: RunConfigData!) {
  launchRun(executionParams: {
    selector: {
      repositoryLocationName: "aitrader", repositoryName: "__repository__",
      jobName: "enqueue_simulation"
    }
    runConfigData: $config
  }) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}"""

RUN_STATE = """
query Run($id: ID!) {
  runOrError(runId: $id) {
    ... on Run {
      status
      tags { key value }
      eventConnection { events {
        ... on ExecutionStepFailureEvent { error { message } }
      } }
    }
  }
}"""


@dataclass(frozen=True)
class Server:
    floor: Floor
    config_dir: Path
    url: str

    def graphql(self, query: str, **variables: object) -> dict[str, Any]:
        answer = httpx.post(
            f"{self.url}/graphql", json={"query": query, "variables": variables}, timeout=30
        ).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def backfill(self, days: Sequence[date], models: Sequence[str]) -> str:
        keys = [f"{day}|{model}" for day in days for model in models]

        def launch() -> str | None:
            """None until the sensor has made the models partitions."""
            launched = self.graphql(BACKFILL, keys=keys)["launchPartitionBackfill"]
            return str(launched["backfillId"]) if "backfillId" in launched else None

        return wait_for(launch, seconds=60)

    def backfill_status(self, backfill: str) -> str:
        found = self.graphql(BACKFILL_STATE, id=backfill)["partitionBackfillOrError"]
        return str(found["status"])

    def enqueue(self, **config: object) -> dict[str, Any]:
        """The finished run of the enqueue job."""
        launched = self.graphql(ENQUEUE, config={"ops": {"enqueue": {"config": config}}})
        run_id = launched["launchRun"]["run"]["runId"]
        return wait_for(lambda: self._finished(run_id), seconds=60)

    def job(self, job_id: int) -> Job:
        job = self.floor.jobs.get(job_id)
        assert job is not None
        return job

    def _finished(self, run_id: str) -> dict[str, Any] | None:
        run: dict[str, Any] = self.graphql(RUN_STATE, id=run_id)["runOrError"]
        return run if run["status"] in ("SUCCESS", "FAILURE") else None


def wait_for(ask: Callable[[], T | None], seconds: float = 120.0) -> T:
    """The first answer that is not None or False."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.25)
    raise AssertionError(f"nothing within {seconds} s")


@contextmanager
def serving(floor: Floor, urls: DatabaseUrls, config_dir: Path, home: Path) -> Iterator[Server]:
    """Serve until the block ends; a clean stop is part of every test that uses it."""
    port, dashboard = _free_port(), _free_port()
    env = {
        **os.environ,
        "AITRADER_DATABASE_URL": urls.libpq,
        "AITRADER_CONFIG_DIR": str(config_dir),
        "AITRADER_HOME": str(home),
        "PYTHONPATH": str(config_dir.parent),
    }
    ports = ("--dagster-port", str(port), "--port", str(dashboard))
    command = [str(Path(sys.executable).with_name("aitrader")), "up", *ports]
    with (home / "up.out").open("w") as output:
        process = subprocess.Popen(
            command, env=env, cwd=project_root(), stdout=output, stderr=subprocess.STDOUT
        )
    url = f"http://127.0.0.1:{port}"
    try:
        wait_for(lambda: process.poll() is not None or _answers(url), seconds=90)
        assert process.poll() is None, (home / "up.out").read_text()
        yield Server(floor, config_dir, url)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/server_info", timeout=2).is_success
    except httpx.HTTPError:
        return False


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
