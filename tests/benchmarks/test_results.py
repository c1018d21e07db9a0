"""The clients that load REST count right, and the trader that fills its ledger trades."""

import asyncio
from collections.abc import Callable, Coroutine
from decimal import Decimal

from aitrader_core.domain.model_day import Ending
from benchmarks.results.clients import Answered, Ask, closed, constant
from benchmarks.results.trader import FourOrders
from tests.simulation.tapes import A, B, desk_at, tape_of, weekdays

ASKS = [Ask("/", 3), Ask("/known", 1, tag='"here"'), Ask("/broken", 1)]
Load = Callable[[str, int], Coroutine[None, None, Answered]]


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """304 to whoever has it, 500 to whoever asks for what is broken; then it hangs up."""
    for _ in range(5):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        if 'If-None-Match: "here"' in head:
            writer.write(b"HTTP/1.1 304 Not Modified\r\n\r\n")
        else:
            status = b"500 Oh" if head.startswith("GET /broken ") else b"200 OK"
            writer.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 3\r\n\r\nyes")
        await writer.drain()
    writer.close()


def _loaded(load: Load) -> Answered:
    async def run() -> Answered:
        server = await asyncio.start_server(_answer, "127.0.0.1", 0)
        async with server:
            return await load("127.0.0.1", server.sockets[0].getsockname()[1])

    return asyncio.run(run())


def test_answers_and_errors_are_counted() -> None:
    steady = _loaded(lambda host, port: constant(host, port, ASKS, rate=400, seconds=0.25))
    assert steady.answers == 100
    assert 5 <= steady.errors <= 40  # a fifth of them
    assert steady.p50 <= steady.p99 <= steady.worst
    crowd = _loaded(lambda host, port: closed(host, port, ASKS[:2], clients=4, seconds=0.1))
    assert crowd.answers > 8
    assert crowd.errors == 0


def test_the_trader_has_four_orders_a_session() -> None:
    tape = tape_of({A: "10 11", B: "20 21"})
    blotters = []
    for seed in (1, 1, 2):
        desk = desk_at(tape, weekdays(2)[1], cash="1000")
        assert FourOrders(seed).trade(desk) is Ending.DONE
        assert len(desk.blotter) == 4
        assert desk.portfolio.cash < Decimal(1000)
        blotters.append(desk.blotter)
    assert blotters[0] == blotters[1] != blotters[2]
