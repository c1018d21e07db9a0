"""The networks that a process answers for: each opened when it is first asked for."""

import asyncio
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from aitrader_core.domain.errors import ConfigError
from aitrader_core.inference.batching import Batcher, Device, Limits
from aitrader_core.inference.network import FOLDER, read_network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import RunnerInfo, Signature
from aitrader_core.inference.runners import Runners, runners

if TYPE_CHECKING:  # numpy is for those who have a network to run
    import numpy as np
    from numpy.typing import NDArray

_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*", re.ASCII)  # nothing that leads out of the folder

_Stamp = tuple[int, int]  # of a file: changed when, and how large


def network_names(config_dir: Path) -> tuple[str, ...]:
    """In alphabetical order."""
    return tuple(sorted(path.stem for path in (config_dir / FOLDER).glob("*.onnx")))


@dataclass(frozen=True, slots=True)
class Served:
    """A network that is open."""

    signature: Signature
    info: RunnerInfo
    batcher: Batcher

    async def ask(self, rows: "NDArray[np.float32]") -> "NDArray[np.float32]":
        return await self.batcher.ask(rows)


class Serving:
    """Of `config_dir`'s networks all, or those in `only`; a file that changed is opened again."""

    def __init__(
        self,
        config_dir: Path | None = None,
        pool: Runners | None = None,
        limits: Limits | None = None,
        only: Sequence[str] = (),
    ) -> None:
        self.limits = limits or Limits()
        self._config_dir, self._only = config_dir, tuple(only)
        self._pool = runners(RunnerOptions()) if pool is None else pool
        self._device = Device()
        self._open: dict[str, tuple[_Stamp, Served]] = {}
        self._opening: dict[str, asyncio.Task[Served]] = {}

    @property
    def names(self) -> tuple[str, ...]:
        """That may be asked for, in alphabetical order."""
        if self._config_dir is None:
            return ()
        return tuple(name for name in network_names(self._config_dir) if self._may_serve(name))

    @property
    def open(self) -> Mapping[str, Served]:
        return {name: served for name, (_, served) in sorted(self._open.items())}

    async def of(self, name: str) -> Served:
        """ConfigError for one that there is not, InferenceError for one that can't be run."""
        stamp = self._stamp(name)
        known = self._open.get(name)
        if known is not None and known[0] == stamp:
            return known[1]
        if name not in self._opening:
            self._opening[name] = asyncio.create_task(self._opened(name, stamp))
            self._opening[name].add_done_callback(lambda task: self._is_opened(name, task))
        # whoever gives up does not end it for the others
        return await asyncio.shield(self._opening[name])

    async def close(self) -> None:
        """What is on the device is answered, what waits is refused."""
        for _, served in self._open.values():
            await served.batcher.close()
        self._device.close()

    def _stamp(self, name: str) -> _Stamp:
        known = name in self._open or (_NAME.fullmatch(name) and self._may_serve(name))
        if known and self._config_dir is not None:
            with suppress(OSError):
                found = os.stat(f"{self._config_dir}/{FOLDER}/{name}.onnx")  # noqa: PTH116 - quick
                return found.st_mtime_ns, found.st_size
        raise ConfigError(f"there is no network {name!r}")

    def _may_serve(self, name: str) -> bool:
        return not self._only or name in self._only

    async def _opened(self, name: str, stamp: _Stamp) -> Served:
        assert self._config_dir is not None
        network = await asyncio.to_thread(read_network, self._config_dir, name)
        runner = await asyncio.to_thread(self._pool.of, network)
        batcher = Batcher(runner.predict, self.limits, self._device)
        served = Served(runner.signature, runner.info(), batcher)
        self._open[name] = (stamp, served)
        return served

    def _is_opened(self, name: str, task: "asyncio.Task[Served]") -> None:
        del self._opening[name]
        if not task.cancelled():
            task.exception()  # asyncio wants it looked at, also where nobody waits any more
