"""What the OpenAPI document says of answers beside their JSON."""

from typing import Any

from fastapi import FastAPI

from aitrader_core.web.problems import MEDIA_TYPE, ProblemDetail
from aitrader_core.web.rest.shapes import MEDIA_TYPES, Format

_SAID = {
    400: "The request can't be read",
    403: "Another site asked for it",
    404: "There is no such thing",
    409: "It can't be done now",
    413: "There is too much in the request",
    415: "The request's body is of no kind that is read",
    422: "What is wrong with the request",
    500: "A fault of ours",
    503: "The database does not answer",
    504: "There was no answer in time",
}
_ALWAYS = (400, 422, 500, 503)
_TAG = {"ETag": {"description": "Names what is said.", "schema": {"type": "string"}}}
_NEXT = {"Link": {"description": "The next page, if any.", "schema": {"type": "string"}}}

Responses = dict[int | str, dict[str, Any]]


def answers(
    *statuses: int, tables: bool = False, tag: bool = False, pages: bool = False
) -> Responses:
    """The problems that a call may end in, those that each call may among them, and what its
    success is beside JSON."""
    found: Responses = {
        status: {"model": ProblemDetail, "description": _SAID[status]}
        for status in sorted({*_ALWAYS, *statuses})
    }
    success: dict[str, Any] = {"description": "What was asked for"}
    if tables:
        kinds = (MEDIA_TYPES[form].partition(";")[0] for form in (Format.CSV, Format.PARQUET))
        success["content"] = {kind: {"schema": {"type": "string"}} for kind in kinds}
    if tag or pages:
        success["headers"] = {**(_TAG if tag else {}), **(_NEXT if pages else {})}
    if tag:
        found[304] = {"description": "If-None-Match names it: it has not changed"}
    return {200: success, **found}


def document_problems(app: FastAPI) -> None:
    """FastAPI tells of every model as application/json."""
    plain = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            for path in plain()["paths"].values():
                for call in path.values():
                    _retell(call["responses"])
        return plain()

    app.openapi = openapi  # type: ignore[method-assign]  # as FastAPI documents it


def _retell(responses: dict[str, Any]) -> None:
    for said in responses.values():
        content = said.get("content", {})
        shape = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        if shape.endswith(f"/{ProblemDetail.__name__}"):
            content[MEDIA_TYPE] = content.pop("application/json")
