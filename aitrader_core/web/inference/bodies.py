"""Reads a request's body: no more of it than is allowed, and not too many at once."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from typing import TypeVar

from fastapi import Request
from starlette.requests import ClientDisconnect

from aitrader_core.web.problems import Problem

Answer = TypeVar("Answer")

JSON, NPY = "application/json", "application/x-npy"
MOST = {JSON: 8 * 2**20, NPY: 64 * 2**20}  # bytes
LATER = {"Retry-After": "1"}  # seconds
_HINTS = {JSON: f"send an array as {NPY}", NPY: "send it in parts"}
_AT_ONCE = 4 * MOST[NPY]  # bytes of all bodies that are being read or answered
_END = {"Connection": "close"}  # else the rest of the body is read for nothing


class Room:
    """For the bodies of all requests: where it is used up, others are to come later."""

    def __init__(self, most: int = _AT_ONCE) -> None:
        self._left = most

    @asynccontextmanager
    async def of(self, request: Request, kind: str) -> AsyncIterator[bytearray]:
        """The body; Problem 413 for one that is too large, 503 where there is no room for it."""
        body, most = bytearray(), MOST[kind]
        told = request.headers.get("content-length", "0")
        if told.isdecimal() and int(told) > most:
            raise _too_large(kind)
        try:
            async for chunk in request.stream():
                if len(body) + len(chunk) > most:
                    raise _too_large(kind)
                if len(chunk) > self._left:
                    raise Problem(503, "too much is sent at once", "ask again", LATER | _END)
                self._left -= len(chunk)
                body += chunk
            yield body
        finally:
            self._left += len(body)


async def unless_gone(request: Request, asked: Awaitable[Answer]) -> Answer:
    """What comes of `asked`, which is given up when nobody is there to be answered any more.

    The request's body has been read. Raises ClientDisconnect.
    """
    answer, gone = asyncio.ensure_future(asked), asyncio.create_task(_gone(request))
    try:
        await asyncio.wait((answer, gone), return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ClientDisconnect
        return answer.result()
    finally:
        gone.cancel()
        answer.cancel()


async def _gone(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _too_large(kind: str) -> Problem:
    most = f"{MOST[kind] // 2**20} MiB"
    return Problem(413, f"a body of {kind} may have {most}, this one has more", _HINTS[kind], _END)
