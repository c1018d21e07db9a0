"""Whoever asks gets the answer to what it asked, whoever asks beside it, gives up or is refused."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise
from threading import Event

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aitrader_core.domain.errors import Busy, InferenceError
from aitrader_core.inference.batching import Batcher, Device, Limits
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import RunnerOptions
from tests.networks import WIDTH, linear

Rows = NDArray[np.float32]
BAD = 666.0


class Gate:
    """A runner that negates, once it is opened; of rows with `BAD` in them it can make nothing."""

    def __init__(self, *, is_open: bool = False) -> None:
        self.opened, self.batches = Event(), list[Rows]()
        if is_open:
            self.opened.set()

    def predict(self, rows: Rows) -> Rows:
        assert self.opened.wait(20)
        self.batches.append(rows)
        if (rows == BAD).any():
            raise InferenceError("666 is too much")
        return -rows


@asynccontextmanager
async def batching(gate: Gate, limits: Limits) -> AsyncIterator[Batcher]:
    device = Device()
    batcher = Batcher(gate.predict, limits, device)
    try:
        yield batcher
    finally:
        gate.opened.set()
        await batcher.close()
        device.close()


def rows(count: int, value: float) -> Rows:
    return np.full((count, 1), value, np.float32)


async def settled() -> None:
    """Everything that can go on without the device has gone on."""
    for _ in range(20):
        await asyncio.sleep(0)


def asking(batcher: Batcher, sizes: Sequence[int]) -> list["asyncio.Task[Rows]"]:
    """The n-th asks for rows of n, beginning with 1."""
    return [
        asyncio.create_task(batcher.ask(rows(size, number)))
        for number, size in enumerate(sizes, start=1)
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.tuples(st.integers(1, 10), st.booleans()), min_size=1, max_size=12),
    st.integers(10, 15),
)
def test_what_waits_is_answered_in_its_order(asked: list[tuple[int, bool]], most: int) -> None:
    """While the device is held everybody comes, and some give up again."""

    async def play() -> None:
        gate = Gate()
        async with batching(gate, Limits(most, 10_000, 0)) as batcher:
            holder = asyncio.create_task(batcher.ask(rows(1, 0)))
            await settled()
            tasks = asking(batcher, [size for size, _ in asked])
            await settled()
            assert batcher.waiting_rows == sum(size for size, _ in asked)
            for task, (_, stays) in zip(tasks, asked, strict=True):
                if not stays:
                    task.cancel()
            await settled()
            staying = [(n, s) for n, (s, stays) in enumerate(asked, start=1) if stays]
            assert batcher.waiting_rows == sum(size for _, size in staying)
            gate.opened.set()
            await holder
            told = await asyncio.gather(*tasks, return_exceptions=True)
        for number, size in staying:
            assert np.array_equal(told[number - 1], rows(size, -number))  # type: ignore[arg-type]
        assert sum(isinstance(each, asyncio.CancelledError) for each in told) == len(asked) - len(
            staying
        )
        batches = [batch[:, 0].tolist() for batch in gate.batches[1:]]
        assert [v for batch in batches for v in batch] == [n for n, s in staying for _ in range(s)]
        assert all(len(batch) <= most for batch in batches)
        for batch, after in pairwise(batches):  # no room is left unused
            assert len(batch) + after.count(after[0]) > most
        assert (batcher.counts.served, batcher.counts.refused) == (len(staying) + 1, 0)

    asyncio.run(play())


def test_what_there_is_no_room_for_is_refused_at_once() -> None:
    async def play() -> None:
        gate = Gate()
        async with batching(gate, Limits(10, 20, 0)) as batcher:
            holder = asyncio.create_task(batcher.ask(rows(10, 0)))
            await settled()
            first, second, third, fourth = asking(batcher, [9, 9, 3, 2])
            await settled()
            assert third.done()
            with pytest.raises(Busy, match="18 rows wait already, and 3 more are too many"):
                await third
            first.cancel()  # whoever gives up leaves its place
            await settled()
            fifth = asyncio.create_task(batcher.ask(rows(9, 5)))
            await settled()
            gate.opened.set()
            assert [len(await task) for task in (holder, second, fourth, fifth)] == [10, 9, 2, 9]
            assert batcher.counts.refused == 1

    asyncio.run(play())


def test_one_that_fails_takes_nobody_with_it() -> None:
    async def play() -> None:
        gate = Gate()
        async with batching(gate, Limits(wait=0)) as batcher:
            holder = asyncio.create_task(batcher.ask(rows(1, 0)))
            await settled()
            good, other = asking(batcher, [2, 3])
            bad = asyncio.create_task(batcher.ask(rows(1, BAD)))
            await settled()
            gate.opened.set()
            with pytest.raises(InferenceError, match="666 is too much"):
                await bad
            assert np.array_equal(await good, rows(2, -1))
            assert np.array_equal(await other, rows(3, -2))
            assert len(await holder) == 1

    asyncio.run(play())


def test_a_bug_is_seen_by_those_whom_it_struck_and_the_next_is_answered() -> None:
    class Once(Gate):
        def predict(self, rows: Rows) -> Rows:
            if not self.batches:
                self.batches.append(rows)
                raise ZeroDivisionError
            return super().predict(rows)

    async def play() -> None:
        async with batching(Once(is_open=True), Limits()) as batcher:
            with pytest.raises(ZeroDivisionError):
                await batcher.ask(rows(1, 1))
            assert np.array_equal(await batcher.ask(rows(1, 2)), rows(1, -2))

    asyncio.run(play())


def test_closing_answers_what_is_on_the_device_and_refuses_what_waits() -> None:
    async def play() -> None:
        gate = Gate()
        async with batching(gate, Limits(wait=0)) as batcher:
            on_the_device = asyncio.create_task(batcher.ask(rows(1, 7)))
            await settled()
            (waiting,) = asking(batcher, [2])
            await settled()
            closing = asyncio.create_task(batcher.close())
            await settled()
            with pytest.raises(Busy, match="closing"):
                await waiting
            with pytest.raises(Busy, match="closing"):
                await batcher.ask(rows(1, 1))
            gate.opened.set()
            await closing
            assert np.array_equal(await on_the_device, rows(1, -7))

    asyncio.run(play())


def test_two_networks_take_turns_on_the_device() -> None:
    async def play() -> None:
        gate, device = Gate(), Device()
        both = [Batcher(gate.predict, Limits(2, 10, 0), device) for _ in range(2)]
        holder = asyncio.create_task(both[0].ask(rows(1, 0)))
        await settled()
        tasks = [*asking(both[0], [2, 2, 2]), asyncio.create_task(both[1].ask(rows(2, 9)))]
        await settled()
        gate.opened.set()
        await asyncio.gather(holder, *tasks)
        assert [batch[0, 0] for batch in gate.batches] == [0, 9, 1, 2, 3]
        device.close()

    asyncio.run(play())


def test_many_clients_who_come_and_go() -> None:
    """With little room and on a device that answers: all is accounted for, and nobody is mixed
    up."""
    came_to = {"answered": 0, "refused": 0, "gave up": 0}

    async def client(number: int, batcher: Batcher) -> None:
        chance = np.random.default_rng(number)
        for _ in range(30):
            asked = rows(int(chance.integers(1, 6)), float(chance.integers(1, 600)))
            patience = 0.0 if chance.random() < 0.2 else 20.0
            try:
                told = await asyncio.wait_for(batcher.ask(asked), patience)
            except Busy:
                came_to["refused"] += 1
                await asyncio.sleep(0)
            except TimeoutError:
                came_to["gave up"] += 1
            else:
                came_to["answered"] += 1
                assert np.array_equal(told, -asked)

    async def play() -> Batcher:
        async with batching(Gate(is_open=True), Limits(16, 32, 0.0005)) as batcher:
            await asyncio.gather(*(client(number, batcher) for number in range(32)))
        return batcher

    batcher = asyncio.run(play())
    assert sum(came_to.values()) == 32 * 30
    assert min(came_to.values()) > 0, came_to
    assert (batcher.waiting_rows, batcher.counts.refused) == (0, came_to["refused"])


def test_on_the_cpu_company_does_not_change_an_answer() -> None:
    runner = open_runner(linear("sum", [0.3, -1.7], 0.1), RunnerOptions("ort-cpu"))
    parts = [
        np.random.default_rng(number).standard_normal((number % 7 + 1, WIDTH), np.float32)
        for number in range(40)
    ]

    async def play() -> list[Rows]:
        device = Device()
        batcher = Batcher(runner.predict, Limits(64), device)
        told = await asyncio.gather(*(batcher.ask(part) for part in parts))
        assert batcher.counts.batches < len(parts)
        device.close()
        return told

    for part, told in zip(parts, asyncio.run(play()), strict=True):
        assert told.tobytes() == runner.predict(part).tobytes()
