"""Clients of the REST service, in a process of their own: so many a second, or one after another.

They speak as little HTTP as they can: what they take of the machine, the server has not.
"""

import asyncio
import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from random import Random
from statistics import quantiles
from time import perf_counter
from urllib.parse import urlsplit

import click


@dataclass(frozen=True, slots=True)
class Ask:
    """`tag` is sent as If-None-Match; JSON as `body` is posted."""

    path: str
    weight: float = 1.0
    tag: str | None = None
    body: str | None = None


@dataclass(frozen=True, slots=True)
class Answered:
    """Milliseconds of all answers; those that were neither 200 nor 304 are errors."""

    answers: int
    errors: int
    per_second: float
    p50: float
    p99: float
    worst: float


class _Connection:
    """One that is kept, and reads whole answers."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, ask: Ask) -> int:
        """The status. A server hangs up on those that were idle: then there is a new one."""
        try:
            return await self._ask(ask)
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.end()
            return await self._ask(ask)

    async def _ask(self, ask: Ask) -> int:
        if self._streams is None:
            self._streams = await asyncio.open_connection(self._host, self._port, limit=2**21)
        reader, writer = self._streams
        same = f"If-None-Match: {ask.tag}\r\n" if ask.tag else ""
        method, body = "GET" if ask.body is None else "POST", (ask.body or "").encode()
        kind = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        line = f"{method} {ask.path} HTTP/1.1\r\nHost: {self._host}"
        writer.write(f"{line}\r\n{same}{kind if body else ''}\r\n".encode() + body)
        head = (await reader.readuntil(b"\r\n\r\n")).lower()
        _, found, rest = head.partition(b"content-length: ")
        if found:
            await reader.readexactly(int(rest.partition(b"\r\n")[0]))
        return int(head[9:12])

    async def end(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            with suppress(OSError):
                await self._streams[1].wait_closed()
            self._streams = None


async def closed(
    host: str, port: int, asks: Sequence[Ask], clients: int, seconds: float
) -> Answered:
    """Each client asks again as soon as it is answered."""
    taken: list[tuple[int, float]] = []
    end = perf_counter() + seconds

    async def client(number: int) -> None:
        connection, mix = _Connection(host, port), _mix(asks, number)
        while (began := perf_counter()) < end:
            status = await connection.ask(next(mix))
            taken.append((status, perf_counter() - began))
        await connection.end()

    await asyncio.gather(*(client(number) for number in range(clients)))
    return _answered(taken, seconds)


async def constant(
    host: str, port: int, asks: Sequence[Ask], rate: float, seconds: float
) -> Answered:
    """An answer's time counts from when it was due to be asked for, however late that was."""
    taken: list[tuple[int, float]] = []
    free: list[_Connection] = []
    mix, began = _mix(asks, 0), perf_counter()

    async def one(due: float) -> None:
        connection = free.pop() if free else _Connection(host, port)
        status = await connection.ask(next(mix))
        taken.append((status, perf_counter() - due))
        free.append(connection)

    running = []
    for number in range(round(rate * seconds)):
        due = began + number / rate
        await asyncio.sleep(max(0.0, due - perf_counter()))
        running.append(asyncio.create_task(one(due)))
    await asyncio.gather(*running)
    taken_for = perf_counter() - began
    await asyncio.gather(*(connection.end() for connection in free))
    return _answered(taken, taken_for)


def _mix(asks: Sequence[Ask], seed: int) -> Iterator[Ask]:
    chance, weights = Random(seed), [ask.weight for ask in asks]
    while True:
        yield from chance.choices(asks, weights, k=1_000)


def _answered(taken: Sequence[tuple[int, float]], seconds: float) -> Answered:
    cuts = quantiles([1_000 * took for _, took in taken], n=100)
    return Answered(
        len(taken),
        sum(status not in (200, 304) for status, _ in taken),
        len(taken) / seconds,
        cuts[49],
        cuts[98],
        1_000 * max(took for _, took in taken),
    )


@click.command()
@click.argument("url")
@click.option("--clients", type=int, help="So many, each as fast as it is answered.")
@click.option("--rate", type=float, help="Or so many requests a second.")
@click.option("--seconds", type=float, default=20.0)
def main(url: str, clients: int | None, rate: float | None, seconds: float) -> None:
    """What is asked for comes as JSON, a list of `Ask`; what came of it goes out likewise."""
    place = urlsplit(url)
    asks = [Ask(**told) for told in json.load(sys.stdin)]
    host, port = place.hostname or "", place.port or 80
    work = (
        constant(host, port, asks, rate, seconds)
        if rate
        else closed(host, port, asks, clients or 1, seconds)
    )
    click.echo(json.dumps(asdict(asyncio.run(work))))


if __name__ == "__main__":
    main()
