"""To ask a neural network: many who ask at the same time are answered together."""

import asyncio
import logging
from collections.abc import Mapping
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import ClientDisconnect
from starlette.routing import Route

from aitrader_core.domain.errors import Busy, ConfigError, InferenceError, Unanswerable
from aitrader_core.inference.serving import Served, Serving
from aitrader_core.runner.config import did_you_mean
from aitrader_core.web.inference.bodies import JSON, LATER, NPY, Room, unless_gone
from aitrader_core.web.inference.rows import as_json, as_npy, read_json, rows_in, rows_of
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.answers import json_answer
from aitrader_core.web.rest.asked import only_known
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.shapes import json_text

router = APIRouter(prefix="/infer", tags=["inference"])

RUNNER = "X-Aitrader-Runner"  # beside an array: what JSON says of who answered
_GONE = 499  # nobody sees it
_log = logging.getLogger(__name__)


class InferAsked(BaseModel):
    """What a network is asked about: at most 8 MiB of it."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"network": "daily_mlp", "inputs": [[0.01, -0.02], [0.03, 0.04]]}]
        },
    )

    network: str = Field(max_length=200, description="Its name, as /infer/networks has it.")
    inputs: list[list[Any]] = Field(
        min_length=1,
        description="A list for each row: of numbers, or of lists where the network takes such.",
    )


class Runner(BaseModel):
    """Who answers."""

    requested: str = Field(description="The backend that was asked for.", examples=["auto"])
    actual: str = Field(description="The one that runs.", examples=["ort-cpu"])
    device: str
    precision: str
    versions: dict[str, str]
    engine: str | None = Field(description="The key of the built engine, where there is one.")
    fallback: str | None = Field(description="Why the CPU stands in for what was asked for.")


class Answered(BaseModel):
    """On the CPU a row's answer is the same to the bit, whatever rows it comes with."""

    network: str
    digest: str = Field(description="sha256 of its file.")
    outputs: list[list[float]] = Field(description="A list for each row, exact float32.")
    runner: Runner


class Counted(BaseModel):
    """Since it was opened."""

    served: int = Field(description="Requests that were answered.")
    refused: int = Field(description="Requests that there was no room for.")
    rows: int
    batches: int
    mean_batch: float | None = Field(description="Requests in a batch.")
    waiting_rows: int = Field(description="Now.")


class NetworkRow(BaseModel):
    """All but the name is null until somebody asks it for the first time."""

    name: str
    digest: str | None
    row: list[int] | None = Field(description="The shape of a row.", examples=[[2]])
    width: int | None = Field(description="How many numbers it answers for each row.")
    runner: Runner | None
    counts: Counted | None


class NetworkList(BaseModel):
    networks: list[NetworkRow]
    most_rows: int = Field(description="Of one request, and of one batch.")
    queue_rows: int = Field(description="That may wait for one network.")


async def the_serving(request: Request) -> Serving:
    return cast(Serving, request.app.state.serving)


TheServing = Annotated[Serving, Depends(the_serving)]

_BINARY = {"type": "string", "format": "binary"}
_KINDS = {
    JSON: {"schema": InferAsked.model_json_schema()},
    NPY: {"schema": _BINARY | {"description": "A file of float32 [rows, ...], at most 64 MiB."}},
}
_RETRY = {"Retry-After": {"description": "Seconds.", "schema": {"type": "string"}}}
_BUSY = {"description": "Too much waits for it, or it can't be run here", "headers": _RETRY}
_ARRAY = {NPY: {"schema": _BINARY}}
_TOLD = {RUNNER: {"description": "Of an array: all but `outputs`.", "schema": {"type": "string"}}}
_answers = answers(403, 404, 413, 415, 504)


@router.post(
    "",
    summary="Ask a network",
    response_model=Answered,
    responses={
        **_answers,
        200: {"description": "What it answers", "content": _ARRAY, "headers": _TOLD},
        503: {**_answers[503], **_BUSY},
    },
    openapi_extra={"requestBody": {"required": True, "content": _KINDS}},
)
async def infer(
    request: Request,
    network: Annotated[
        str | None, Query(max_length=200, description="Of an array; JSON names it itself.")
    ] = None,
) -> Response:
    """JSON is answered with JSON, an array of numpy's with an array.

    Those who ask the same network at the same time are answered by one call of it. Where more waits
    than there is room for, 503 says when to come again; what takes too long ends in 504.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind not in _KINDS:
        raise Problem(415, f"a body of {kind or 'no type'} is not read", f"send {JSON} or {NPY}")
    serving, answered = await the_serving(request), _of_json if kind == JSON else _of_array
    patience = serving.limits.patience
    try:
        async with asyncio.timeout(patience):
            return await answered(request, serving, network)
    except TimeoutError:
        raise Problem(504, f"no answer within {patience:g} seconds", "ask again") from None
    except Busy as error:
        raise Problem(503, str(error), "ask again", LATER) from None
    except Unanswerable as error:
        raise Problem(422, str(error), "leave that row out") from None
    except InferenceError as error:
        _log.error("a network failed: %s", error)
        raise Problem(503, str(error), "the log of the server has it too", LATER) from None
    except ClientDisconnect:
        return Response(status_code=_GONE)


def add_quick_infer(app: FastAPI) -> None:
    """FastAPI takes as long to look at a request as all the rest does: it tells of this call in the
    document, and a plain route answers it."""

    async def quick(request: Request) -> Response:
        request.scope["route"] = route  # as FastAPI does
        if request.query_params:
            await only_known(request)
        return await infer(request, request.query_params.get("network"))

    route = Route(router.prefix, quick, methods=["POST"])
    app.router.routes.insert(0, route)


@router.get("/networks", summary="The networks", response_model=NetworkList, responses=answers())
async def list_networks(serving: TheServing) -> Response:
    """Those that may be asked, on what they run, and how much they have to do."""
    limits, opened = serving.limits, serving.open
    told = {
        "networks": [_network_row(name, opened.get(name)) for name in serving.names],
        "most_rows": limits.most_rows,
        "queue_rows": limits.queue_rows,
    }
    return json_answer(told, headers={"Cache-Control": "no-store"})


async def _of_json(request: Request, serving: Serving, network: str | None) -> Response:
    if network is not None:
        raise Problem(422, "network is named twice", "name it in the body alone")
    async with _room(request).of(request, JSON) as body:
        name, inputs = read_json(body)
        served = await _open(serving, name)
        rows = rows_of(inputs, served.signature.row, serving.limits.most_rows)
        found = await unless_gone(request, served.ask(rows))
    return Response(f'{_told(served)[:-1]}, "outputs": {as_json(found)}}}', media_type=JSON)


async def _of_array(request: Request, serving: Serving, network: str | None) -> Response:
    if network is None:
        raise Problem(422, "network is missing", "name it in the address: /infer?network=NAME")
    served = await _open(serving, network)
    async with _room(request).of(request, NPY) as body:
        rows = rows_in(body, served.signature.row, serving.limits.most_rows)
        found = await unless_gone(request, served.ask(rows))
    return Response(as_npy(found), headers={RUNNER: _told(served)}, media_type=NPY)


async def _open(serving: Serving, name: str) -> Served:
    """Problem 404 for one that there is not, 503 for one that can't be run here."""
    try:
        return await serving.of(name)
    except (ConfigError, InferenceError) as error:
        if (names := serving.names) and name in names:
            raise Problem(503, str(error), "see /infer/networks") from None
        hint = f"{did_you_mean(name, names)}there are {', '.join(names) or 'none'}"
        raise Problem(404, f"there is no network {name!r}", hint) from None


def _room(request: Request) -> Room:
    return cast(Room, request.app.state.infer_room)


def _told(served: Served) -> str:
    """All of an answer but its numbers."""
    info = served.info
    return json_text({"network": info.network, "digest": info.digest, "runner": _runner(served)})


def _runner(served: Served) -> Mapping[str, Any]:
    info = served.info
    found = {name: getattr(info, name) for name in Runner.model_fields}
    return {**found, "versions": dict(info.versions)}


def _network_row(name: str, served: Served | None) -> dict[str, Any]:
    if served is None:
        return {"name": name, **dict.fromkeys(("digest", "row", "width", "runner", "counts"))}
    counts = served.batcher.counts
    return {
        "name": name,
        "digest": served.info.digest,
        "row": list(served.signature.row),
        "width": served.signature.width,
        "runner": _runner(served),
        "counts": {
            "served": counts.served,
            "refused": counts.refused,
            "rows": counts.rows,
            "batches": counts.batches,
            "mean_batch": counts.served / counts.batches if counts.batches else None,
            "waiting_rows": served.batcher.waiting_rows,
        },
    }
