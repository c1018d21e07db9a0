"""What is wrong with a request: application/problem+json (RFC 9457) with a hint, or a page."""

import logging
from collections.abc import Mapping
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnection
from starlette.exceptions import HTTPException

from aitrader_core.domain.errors import AitraderError, InputError, StorageError

MEDIA_TYPE = "application/problem+json"
_log = logging.getLogger(__name__)


class ProblemDetail(BaseModel):
    """Of every answer that is no success: `detail` says what is wrong, `hint` the way out."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    hint: str | None = None


class Problem(Exception):  # noqa: N818 - RFC 9457 calls it so
    def __init__(
        self,
        status: int,
        detail: str,
        hint: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status, self.detail, self.hint, self.headers = status, detail, hint, headers


def answer(status: int, detail: str, hint: str | None = None) -> JSONResponse:
    content = _content(status, detail, hint)
    return JSONResponse(content.model_dump(), status, media_type=MEDIA_TYPE)


def _answer_to(request: Request, status: int, detail: str, hint: str | None = None) -> Response:
    """A page for a browser that asked for one: `app.state.problem_page` makes it."""
    draw = getattr(request.app.state, "problem_page", None)
    if draw is None or not _wants_page(request):
        return answer(status, detail, hint)
    page: Response = draw(request, _content(status, detail, hint))
    return page


def _wants_page(request: Request) -> bool:
    """What is in the OpenAPI document is for programs, whoever asks."""
    is_for_programs = getattr(request.scope.get("route"), "include_in_schema", False)
    return not is_for_programs and "text/html" in request.headers.get("accept", "")


def _content(status: int, detail: str, hint: str | None) -> ProblemDetail:
    title = HTTPStatus(status).phrase
    return ProblemDetail(title=title, status=status, detail=detail, hint=hint)


def answer_problems(app: FastAPI) -> None:
    """Every failure of `app` becomes a problem; what is a bug is logged, and told without its
    trace."""

    @app.exception_handler(Problem)
    def _problem(request: Request, error: Problem) -> Response:
        found = _answer_to(request, error.status, error.detail, error.hint)
        found.headers.update(error.headers or {})
        return found

    @app.exception_handler(AitraderError)
    def _ours(request: Request, error: AitraderError) -> Response:
        if isinstance(error, StorageError):
            return _answer_to(request, 503, str(error))
        return _answer_to(request, 422 if isinstance(error, InputError) else 500, str(error))

    @app.exception_handler(RequestValidationError)
    def _invalid(request: Request, error: RequestValidationError) -> Response:
        faults = "; ".join(_fault(f["loc"], f["msg"]) for f in error.errors())
        return _answer_to(request, 422, faults, "what is allowed is told under /docs")

    @app.exception_handler(HTTPException)
    def _http(request: Request, error: HTTPException) -> Response:
        hint = f"there is no {request.url.path}: see /docs" if error.status_code == 404 else None
        found = _answer_to(request, error.status_code, str(error.detail), hint)
        found.headers.update(error.headers or {})
        return found

    @app.exception_handler(OperationalError)
    @app.exception_handler(InterfaceError)
    @app.exception_handler(NoConnection)
    def _no_database(request: Request, _error: Exception) -> Response:
        return _answer_to(
            request, 503, "the database does not answer", "see /health, and try again"
        )

    @app.exception_handler(Exception)
    def _bug(request: Request, error: Exception) -> Response:
        _log.error("%s %s failed", request.method, request.url.path, exc_info=error)
        return _answer_to(
            request, 500, "something of ours went wrong", "the log of the web server has it"
        )


def _fault(place: tuple[int | str, ...], message: str) -> str:
    where = ".".join(str(part) for part in place[1:]) or "the request's body"
    return f"{where}: {message}"
