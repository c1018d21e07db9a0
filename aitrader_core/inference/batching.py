"""Those who ask the same network at the same time are answered together."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aitrader_core.domain.errors import Busy, InferenceError
from aitrader_core.inference.options import MOST_ROWS

if TYPE_CHECKING:  # numpy is for those who have a network to run
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

Predict = Callable[["Rows"], "Rows"]


@dataclass(frozen=True, slots=True)
class Limits:
    """`most_rows` are run at once, `queue_rows` of a network may wait.

    In seconds: `wait` is how long the first of them waits for company while others ask too,
    `patience` how long anybody waits for an answer.
    """

    most_rows: int = MOST_ROWS
    queue_rows: int = 4 * MOST_ROWS
    wait: float = 0.002
    patience: float = 30.0

    def __post_init__(self) -> None:
        if not 1 <= self.most_rows <= self.queue_rows:
            raise ValueError(
                f"most_rows is {self.most_rows}, must be 1 to queue_rows, {self.queue_rows}"
            )
        if not 0 <= self.wait <= 1:
            raise ValueError(f"wait is {self.wait}, must be 0 to 1 second")


class Device:
    """One batch at a time, in a thread of its own: whose turn it is goes round the networks."""

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self.thread = ThreadPoolExecutor(1, "inference")

    def close(self) -> None:
        self.thread.shutdown()


@dataclass(slots=True)
class Counts:
    """Requests and rows that were answered, by how many batches; requests that were refused."""

    served: int = 0
    rows: int = 0
    batches: int = 0
    refused: int = 0


@dataclass(eq=False, slots=True)
class _Asked:
    rows: "Rows"
    since: float  # by the loop's clock
    answer: "asyncio.Future[Rows]"


class Batcher:
    """What waits for one network, in the order of its coming; of one event loop at a time."""

    def __init__(self, predict: Predict, limits: Limits, device: Device) -> None:
        self.counts = Counts()
        self.waiting_rows = 0
        self._predict, self._limits, self._device = predict, limits, device
        self._waiting: OrderedDict[_Asked, None] = OrderedDict()
        self._work: asyncio.Task[None] | None = None
        self._has_company = False
        self._closed = False

    @property
    def is_at_work(self) -> bool:
        return self._work is not None and not self._work.done()

    async def ask(self, rows: "Rows") -> "Rows":
        """The network's output, a row for each; whoever is cancelled leaves the queue.

        `rows` are at most `most_rows`, and were looked at before. Raises Busy where there is no
        room, InferenceError where the network can't answer.
        """
        loop = asyncio.get_running_loop()
        self._let_in(len(rows))
        asked = _Asked(rows, loop.time(), loop.create_future())
        self._waiting[asked] = None
        self.waiting_rows += len(rows)
        if not self.is_at_work:
            self._work = loop.create_task(self._answer_all())
        try:
            return await asked.answer
        finally:
            self._leaves(asked)

    async def close(self) -> None:
        """What is on the device is still answered, what waits is refused."""
        self._closed = True
        for asked in tuple(self._waiting):
            self._leaves(asked)
            asked.answer.set_exception(Busy("the service is closing"))
            self.counts.refused += 1
        if self._work is not None:
            await self._work

    def _let_in(self, rows: int) -> None:
        room = self._limits.queue_rows - self.waiting_rows
        if self._closed or rows > room:
            self.counts.refused += 1
            raise Busy(
                "the service is closing"
                if self._closed
                else f"{self.waiting_rows:,} rows wait already, and {rows:,} more are too many"
            )

    def _leaves(self, asked: _Asked) -> None:
        if asked in self._waiting:
            del self._waiting[asked]
            self.waiting_rows -= len(asked.rows)

    async def _answer_all(self) -> None:
        while self._waiting:
            await self._wait_for_company()
            async with self._device.turn:
                if batch := self._next():
                    await self._answer(batch)

    async def _wait_for_company(self) -> None:
        """Who asks alone is not kept waiting."""
        first = next(iter(self._waiting))
        left = first.since + self._limits.wait - asyncio.get_running_loop().time()
        if self._has_company and left > 0 and self.waiting_rows < self._limits.most_rows:
            await asyncio.sleep(left)

    def _next(self) -> Sequence[_Asked]:
        """The first of them, as many as fit: nobody overtakes."""
        batch, rows = list[_Asked](), 0
        while self._waiting:
            asked = next(iter(self._waiting))
            rows += len(asked.rows)
            if rows > self._limits.most_rows:
                break
            self._leaves(asked)
            batch.append(asked)
        self._has_company = len(batch) > 1 or bool(self._waiting)
        return batch

    async def _answer(self, batch: Sequence[_Asked]) -> None:
        loop, parts = asyncio.get_running_loop(), [asked.rows for asked in batch]
        try:
            answers = await loop.run_in_executor(
                self._device.thread, _answers, self._predict, parts
            )
        except Exception as bug:  # whoever asked is to see it
            answers = [bug] * len(batch)
        self.counts.batches += 1
        for asked, answer in zip(batch, answers, strict=True):
            self._tell(asked, answer)

    def _tell(self, asked: _Asked, answer: "Rows | Exception") -> None:
        if asked.answer.done():  # who asked has left
            return
        if isinstance(answer, Exception):
            asked.answer.set_exception(answer)
            return
        self.counts.served += 1
        self.counts.rows += len(answer)
        asked.answer.set_result(answer)


def _answers(predict: Predict, parts: "Sequence[Rows]") -> "Sequence[Rows | Exception]":
    """One for each part. Where they fail together each is asked alone, so that one that can't be
    answered takes nobody with it."""
    import numpy as np

    try:
        if len(parts) == 1:
            return [predict(parts[0])]
        ends = np.cumsum([len(part) for part in parts])[:-1]
        return np.split(predict(np.concatenate(parts)), ends)
    except InferenceError as error:
        if len(parts) == 1:
            return [error]
        return [answer for part in parts for answer in _answers(predict, [part])]
