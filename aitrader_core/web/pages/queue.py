"""The queue: what was asked for, how far it has come, and a form to ask for more."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse, RedirectResponse, Response

from aitrader_core.domain.errors import InputError
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.requests import submit_due
from aitrader_core.storage import progress
from aitrader_core.web.house import House, TheHouse
from aitrader_core.web.pages import links
from aitrader_core.web.pages.forms import Sent, TheForm
from aitrader_core.web.pages.job_progress import LATEST, Progress
from aitrader_core.web.pages.rendering import page

router = APIRouter(include_in_schema=False)
_JOBS = 20  # of one page


@dataclass(frozen=True)
class Wish:
    """A request as it was typed. `models` are those ticked, None before anybody ticked any."""

    start: str = ""
    end: str = ""
    models: list[str] | None = None
    replace: bool = False

    def has(self, model: str) -> bool:
        return self.models is None or model in self.models


@router.get("/queue")
def queue(
    house: TheHouse,
    request: Request,
    arena: str | None = None,
    start: str = "",
    end: str = "",
    model: Annotated[list[str] | None, Query()] = None,
    replace: str = "",
    before: Annotated[int, Query(ge=1, le=LATEST)] = LATEST,
) -> HTMLResponse:
    """The form may be filled in by the address that leads here."""
    floor = house.floor(arena or house.default_market)
    wish = Wish(start, end, model, bool(replace))
    return _page(house, request, floor, wish, before=before)


@router.post("/queue")
def submit(house: TheHouse, request: Request, form: TheForm) -> Response:
    """Inserts a job and leads to it; what is wrong is told above what was typed."""
    floor = house.floor(form.one("arena"))
    wish = _wish(form)
    try:
        job_id = submit_due(
            floor,
            wish.start or None,
            wish.end or None,
            wish.models or [],
            source="dashboard",
            replace_existing=wish.replace,
        )
    except InputError as error:
        return _page(house, request, floor, wish, fault=str(error), status=422)
    if job_id is None:
        said = "Every model is up to date: nothing is queued."
        return _page(house, request, floor, wish, said=said)
    return RedirectResponse(links.job(job_id), 303)


def _wish(form: Sent) -> Wish:
    return Wish(form.one("start"), form.one("end"), form.all("model"), bool(form.one("replace")))


def _page(
    house: House,
    request: Request,
    floor: Floor,
    wish: Wish,
    *,
    before: int = LATEST,
    fault: str | None = None,
    said: str | None = None,
    status: int = 200,
) -> HTMLResponse:
    found = progress.newest(house.engine, None, None, before, _JOBS + 1)
    return page(
        request,
        "queue.html",
        here="queue",
        status=status,
        jobs=[(row, Progress.of(row)) for row in found[:_JOBS]],
        older=found[_JOBS - 1]["job_id"] if len(found) > _JOBS else None,
        is_first=before == LATEST,
        arena=floor.arena,
        wish=wish,
        fault=fault,
        said=said,
    )
