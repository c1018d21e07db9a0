"""How an answer is sent: tagged, in pages, as JSON or as a table."""

from collections.abc import Callable, Mapping, Sequence
from hashlib import sha256
from typing import Any, cast
from urllib.parse import urlencode

from anyio import CapacityLimiter, to_thread
from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from aitrader_core import __version__
from aitrader_core.web.rest.kept import Answers, Body
from aitrader_core.web.rest.shapes import MEDIA_TYPES, Format, as_table, json_text

_ASK_AGAIN = {"Cache-Control": "no-cache"}  # keep it, and ask each time whether it still holds


def tagged(request: Request, state: str, make: Callable[[], Body]) -> Response:
    """What `make` makes, unless whoever asks has it already, or somebody had it before.

    `state` names all that the answer says beside what was asked.
    """
    tag, answers = _tag(request, state), cast(Answers, request.app.state.answers)
    if _has(request, tag):
        return _same(tag)
    return _whole(answers.get(tag) or answers.keep(tag, make()), tag)


async def tagged_in_turn(
    request: Request, state: str, make: Callable[[], Body], turn: CapacityLimiter | None
) -> Response:
    """As `tagged`, in a thread of `turn`: whoever waits for one keeps no other call waiting."""
    tag, answers = _tag(request, state), cast(Answers, request.app.state.answers)
    if _has(request, tag):
        return _same(tag)

    def find() -> Body:
        return answers.get(tag) or answers.keep(tag, make())

    body = answers.get(tag)
    if body is None:
        body = await to_thread.run_sync(find, limiter=turn)
    return _whole(body, tag)


def sent(body: Body, headers: Mapping[str, str] | None = None) -> Response:
    return Response(
        body.content, media_type=body.media_type, headers={**body.headers, **(headers or {})}
    )


def json_answer(
    value: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    return Response(json_text(value), status, headers, MEDIA_TYPES[Format.JSON])


def whole(
    form: Format,
    head: Mapping[str, Any],
    name: str,
    row: type[BaseModel],
    rows: Sequence[Mapping[str, Any]],
    headers: Mapping[str, str] | None = None,
) -> Body:
    """JSON has `head` beside the rows, a table has them alone."""
    if form is Format.JSON:
        content = json_text({**head, name: rows}).encode()
    else:
        content = as_table(form, row, rows)
    return Body(content, MEDIA_TYPES[form], headers or {})


def page(
    request: Request,
    form: Format,
    head: Mapping[str, Any],
    name: str,
    row: type[BaseModel],
    rows: Sequence[Mapping[str, Any]],
    cursor: str | None,
) -> Body:
    """Some of the rows: another page begins at `cursor`, if there is any."""
    address = _following(request, cursor)
    told = {**head, "next_cursor": cursor, "next": address}
    return whole(form, told, name, row, rows, _links(address))


def written(
    request: Request, head: Mapping[str, Any], name: str, rows: str, cursor: str | None
) -> Body:
    """As `page`, in JSON, where the rows are its text already."""
    address = _following(request, cursor)
    told = json_text({**head, "next_cursor": cursor, "next": address})
    content = f'{told[:-1]}, "{name}": [{rows}]}}'
    return Body(content.encode(), MEDIA_TYPES[Format.JSON], _links(address))


def _following(request: Request, cursor: str | None) -> str | None:
    """The address of the next page."""
    if cursor is None:
        return None
    asked = [(k, v) for k, v in request.query_params.multi_items() if k != "cursor"]
    return f"{request.url.path}?{urlencode([*asked, ('cursor', cursor)])}"


def _links(address: str | None) -> dict[str, str]:
    return {} if address is None else {"Link": f'<{address}>; rel="next"'}


def _tag(request: Request, state: str) -> str:
    asked = f"{__version__} {request.url.path}?{request.url.query} {state}"
    return f'"{sha256(asked.encode()).hexdigest()[:32]}"'


def _same(tag: str) -> Response:
    return Response(status_code=304, headers={"ETag": tag, **_ASK_AGAIN})


def _whole(body: Body, tag: str) -> Response:
    return sent(body, {"ETag": tag, **_ASK_AGAIN})


def _has(request: Request, tag: str) -> bool:
    header = request.headers.get("if-none-match", "")
    told = [part.strip().removeprefix("W/") for part in header.split(",")]
    return tag in told or "*" in told
