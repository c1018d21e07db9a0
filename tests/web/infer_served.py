"""Networks served alone, in this process, by a runner that a test holds back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from io import BytesIO
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import numpy as np
from fastapi import FastAPI
from numpy.typing import NDArray

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.batching import Limits
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import InferenceRunner
from aitrader_core.inference.runners import Runners
from aitrader_core.inference.serving import Serving
from aitrader_core.web.inference.app import create_inference_app
from aitrader_core.web.security import HOSTS

Rows = NDArray[np.float32]
BROKEN = 666.0
Receive = Callable[[], Awaitable[Mapping[str, Any]]]


class HeldRunner:
    """Answers when it is let go; `BROKEN` breaks it."""

    def __init__(self, runner: InferenceRunner, gate: Event) -> None:
        self._gate, self.signature, self.info = gate, runner.signature, runner.info
        self._predict = runner.predict

    def predict(self, batch: Rows) -> Rows:
        assert self._gate.wait(20)
        if (batch == BROKEN).any():
            raise InferenceError("the device fell off the bus")
        return self._predict(batch)


class HeldRunners(Runners):
    def __init__(self) -> None:
        super().__init__(RunnerOptions("ort-cpu"))
        self.gate = Event()

    def of(self, network: Network) -> InferenceRunner:
        return HeldRunner(super().of(network), self.gate)


class Site:
    """`app` over the networks of a folder; every request is a coroutine of its own."""

    def __init__(self, config_dir: Path, limits: Limits, pool: HeldRunners) -> None:
        self.serving = Serving(config_dir, pool, limits)
        self.app: FastAPI = create_inference_app(self.serving, HOSTS)
        self.gate = pool.gate
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://testserver")

    def ask(self, inputs: object, network: str = "sum") -> "asyncio.Task[httpx.Response]":
        asked = {"network": network, "inputs": inputs}
        return asyncio.create_task(self.client.post("/infer", json=asked))

    def waiting_rows(self) -> int:
        return sum(served.batcher.waiting_rows for served in self.serving.open.values())

    async def until(self, holds: Callable[[], bool]) -> None:
        async with asyncio.timeout(20):
            while not holds():
                await asyncio.sleep(0.001)


@asynccontextmanager
async def held_site(config_dir: Path, limits: Limits | None = None) -> AsyncIterator[Site]:
    """Its network `sum` is open, and one request for a row is on the device."""
    site = Site(config_dir, limits or Limits(), HeldRunners())
    try:
        await site.serving.of("sum")
        holder = site.ask([[1, 1]])
        await site.until(lambda: _is_on_device(site))
        yield site
        site.gate.set()
        assert (await holder).status_code in (200, 504)
    finally:
        site.gate.set()
        await site.serving.close()
        await site.client.aclose()


def _is_on_device(site: Site) -> bool:
    (served,) = site.serving.open.values()
    return served.batcher.is_at_work and not served.batcher.waiting_rows


async def asked_bare(app: FastAPI, receive: Receive, kind: str = "application/json") -> int:
    """The status of a request whose body comes as a test has it come."""
    told: list[Mapping[str, Any]] = []

    async def send(message: Mapping[str, Any]) -> None:
        told.append(message)

    scope = {
        **{"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "scheme": "http"},
        **{"method": "POST", "path": "/infer", "raw_path": b"/infer", "query_string": b""},
        **{"root_path": "", "client": None, "server": ("testserver", 80)},
        "headers": [(b"host", b"testserver"), (b"content-type", kind.encode())],
    }
    await app(scope, receive, send)  # type: ignore[arg-type]
    status: int = told[0]["status"]
    return status


def npy(rows: NDArray[Any]) -> bytes:
    written = BytesIO()
    np.save(written, rows)
    return written.getvalue()
