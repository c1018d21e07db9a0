"""Networks served alone, by a process that holds the device: no arena, no database."""

import gc
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import APIRouter, Depends, FastAPI, Response
from fastapi_offline import FastAPIOffline
from pydantic import BaseModel, Field

from aitrader_core import __version__
from aitrader_core.domain.errors import ConfigError
from aitrader_core.inference.serving import Served, Serving
from aitrader_core.web.inference.bodies import Room
from aitrader_core.web.problems import answer_problems
from aitrader_core.web.rest import infer
from aitrader_core.web.rest.answers import json_answer
from aitrader_core.web.rest.asked import only_known
from aitrader_core.web.rest.documented import answers, document_problems
from aitrader_core.web.security import secure

router = APIRouter(tags=["status"])


class Health(BaseModel):
    """That it answers is all there is to it: a network that can't be run is never served."""

    status: str = Field(examples=["up"])
    networks: dict[str, str] = Field(
        description="What each runs on.", examples=[{"daily_mlp": "ort-cpu, fp32, CPU"}]
    )
    served: int = Field(description="Requests that were answered.")
    refused: int = Field(description="Requests that there was no room for.")
    waiting_rows: int = Field(description="Of all networks, now.")


@router.get("/health", summary="Whether all is well", response_model=Health, responses=answers())
async def get_health(serving: infer.TheServing) -> Response:
    """And how much there is to do; /infer/networks has it by network."""
    opened = serving.open
    batchers = [served.batcher for served in opened.values()]
    told = Health(
        status="up",
        networks={name: on_what(served) for name, served in opened.items()},
        served=sum(each.counts.served for each in batchers),
        refused=sum(each.counts.refused for each in batchers),
        waiting_rows=sum(each.waiting_rows for each in batchers),
    )
    return json_answer(told.model_dump(), headers={"Cache-Control": "no-store"})


def create_inference_app(serving: Serving, hosts: list[str]) -> FastAPI:
    """`hosts` are the names that it answers under."""

    @asynccontextmanager
    async def opened(_app: FastAPI) -> AsyncIterator[None]:
        for name in serving.names:
            await serving.of(name)
        yield
        await serving.close()

    app = FastAPIOffline(
        title="aitrader inference",
        version=__version__,
        summary="Answers for neural networks.",
        redoc_url=None,
        lifespan=opened,
    )
    app.state.serving, app.state.infer_room = serving, Room()
    answer_problems(app)
    secure(app, hosts)
    calls = APIRouter(
        dependencies=[Depends(only_known)], generate_unique_id_function=lambda route: route.name
    )
    calls.include_router(infer.router)
    calls.include_router(router)
    app.include_router(calls)
    infer.add_quick_infer(app)
    document_problems(app)
    return app


def on_what(served: Served) -> str:
    info = served.info
    return f"{info.actual}, {info.precision}, {info.device}"


def listen(host: str, port: int) -> socket.socket:
    """ConfigError when nobody can."""
    try:
        return socket.create_server((host, port), backlog=2048)
    except (OSError, OverflowError) as error:
        why = getattr(error, "strerror", None) or error
        raise ConfigError(
            f"nobody can listen at port {port} of {host} ({why}): give another"
        ) from None


def serve(app: FastAPI, bound: socket.socket) -> None:
    """Until a signal: what has been asked is answered first."""
    import uvicorn

    gc.freeze()  # what is there now stays, and is looked through no more

    config = uvicorn.Config(
        app, log_level="warning", access_log=False, ws="none", timeout_graceful_shutdown=30
    )
    uvicorn.Server(config).run(sockets=[bound])
