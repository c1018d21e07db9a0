"""What a browser's form sends."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import Depends, Request

from aitrader_core.web.problems import Problem

_MOST = 256 * 1024  # bytes; a form of ours has a few hundred, and a name for each model


@dataclass(frozen=True)
class Sent:
    """The fields of a form, each as often as it was filled in."""

    fields: Mapping[str, Sequence[str]]

    def one(self, name: str) -> str:
        """Without the space around it; empty where it is not there."""
        return next(iter(self.fields.get(name, ())), "").strip()

    def all(self, name: str) -> list[str]:
        return list(self.fields.get(name, ()))


async def _sent(request: Request) -> Sent:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST:
            raise Problem(413, f"the form is longer than {_MOST:,} bytes")
    text = body.decode(errors="replace")
    try:
        return Sent(parse_qs(text, keep_blank_values=True, max_num_fields=5000))
    except ValueError as error:
        raise Problem(422, f"that is no form: {error}") from error


TheForm = Annotated[Sent, Depends(_sent)]
