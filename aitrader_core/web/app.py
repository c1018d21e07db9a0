"""The site: REST and dashboard in one application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import to_thread
from fastapi import FastAPI
from fastapi.responses import FileResponse
from fastapi.staticfiles import StaticFiles
from fastapi_offline import FastAPIOffline

from aitrader_core import __version__
from aitrader_core.web.house import House
from aitrader_core.web.pages import add_pages
from aitrader_core.web.problems import ProblemDetail, answer_problems
from aitrader_core.web.rest import add_rest
from aitrader_core.web.scripts import plotly_script
from aitrader_core.web.security import HOSTS, secure

THREADS = 6  # that answer at once, each on a connection of its own: more only get in the way
_STATIC = Path(__file__).parent / "static"
_LONG = {"Cache-Control": "public, max-age=86400"}
_PROBLEMS = {
    422: {"model": ProblemDetail, "description": "What is wrong with the request"},
}


def create_app(house: House) -> FastAPI:
    app = FastAPIOffline(
        title="aitrader",
        version=__version__,
        summary="Runs trading models against real market history, one session at a time.",
        responses=_PROBLEMS,
        redoc_url=None,
        lifespan=_with_threads,
    )
    app.state.house = house
    answer_problems(app)
    secure(app, HOSTS)
    add_rest(app, house)
    add_pages(app)
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")

    @app.get("/plotly.min.js", include_in_schema=False)
    def charts() -> FileResponse:
        """As its package carries it: nothing is fetched from elsewhere."""
        return FileResponse(plotly_script(), media_type="text/javascript", headers=_LONG)

    return app


@asynccontextmanager
async def _with_threads(app: FastAPI) -> AsyncIterator[None]:
    to_thread.current_default_thread_limiter().total_tokens = THREADS
    yield
    await app.state.serving.close()
