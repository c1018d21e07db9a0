"""Whether all that aitrader needs is there and answers."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from anyio import CapacityLimiter, create_task_group, move_on_after, to_thread
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from aitrader_core.domain.errors import StorageError
from aitrader_core.runner.arena import Arena
from aitrader_core.storage.liveness import daemon_beats, newest_bars, schema_revision
from aitrader_core.web.house import House, TheHouse
from aitrader_core.web.rest.answers import json_answer
from aitrader_core.web.rest.documented import answers

router = APIRouter(tags=["status"])

PATIENCE = 1.5  # seconds, for all checks together
QUIET = timedelta(seconds=60)  # of the daemon: it gives a sign of life every 30
_AT_ONCE = 8  # checks; those that hang keep their thread
_LOCATIONS = """{ workspaceOrError { ... on Workspace {
  locationEntries { name loadStatus locationOrLoadError { __typename } } } } }"""


class State(StrEnum):
    UP = "up"
    DOWN = "down"
    ABSENT = "not served here"


class Check(BaseModel):
    status: State
    detail: str


class Health(BaseModel):
    """`status` is down when any check is."""

    status: State
    checked_at: datetime
    checks: dict[str, Check] = Field(
        description="database, daemon, code_location, and prices of each arena that has any.",
        examples=[{"database": {"status": "up", "detail": "schema 0004"}}],
    )


Checks = dict[str, Check]


@router.get(
    "/health",
    summary="Whether all is well",
    response_model=Health,
    responses={
        **answers(),
        503: {"model": Health, "description": "Something is down: `checks` says what"},
    },
)
async def get_health(request: Request, house: TheHouse) -> Response:
    """Answers within two seconds, whatever hangs; 503 when a part is down."""
    looks: dict[str, Callable[[], Checks]] = {
        "database": lambda: {"database": _database(house)},
        "daemon": lambda: {"daemon": _daemon(house)},
        "code_location": lambda: {"code_location": _code_location(house)},
        "prices": lambda: _prices(house),
    }
    limiter: CapacityLimiter = request.app.state.health_limiter
    found: Checks = {}

    async def look(name: str) -> None:
        found[name] = Check(status=State.DOWN, detail=f"no answer within {PATIENCE:g} seconds")
        checks = await to_thread.run_sync(looks[name], abandon_on_cancel=True, limiter=limiter)
        del found[name]
        found.update(checks)

    with move_on_after(PATIENCE):
        async with create_task_group() as group:
            for name in looks:
                group.start_soon(look, name)
    is_down = any(check.status is State.DOWN for check in found.values())
    told = Health(
        status=State.DOWN if is_down else State.UP,
        checked_at=house.now(),
        checks=dict(sorted(found.items())),
    )
    return json_answer(told.model_dump(), 503 if is_down else 200, {"Cache-Control": "no-store"})


def limiter() -> CapacityLimiter:
    return CapacityLimiter(_AT_ONCE)


def _database(house: House) -> Check:
    try:
        revision = schema_revision(house.urls)
    except StorageError as error:
        return _down(str(error))
    return _up(f"schema {revision}")


def _daemon(house: House) -> Check:
    """The one that runs sensors: the queue is a sensor."""
    try:
        beats = daemon_beats(house.urls)
    except StorageError as error:
        return _down(str(error))
    if "SENSOR" not in beats:
        return _down("Dagster's daemon has never run on this database: start `aitrader up`")
    silent = house.now() - beats["SENSOR"]
    if silent > QUIET:
        return _down(f"no sign of life since {beats['SENSOR']:%Y-%m-%d %H:%M:%S} UTC")
    return _up(f"alive {max(0, round(silent.total_seconds()))} seconds ago")


def _code_location(house: House) -> Check:
    import httpx  # slow to import

    if house.dagster is None:
        return Check(status=State.ABSENT, detail="this server was not told of a Dagster webserver")
    try:
        query = {"query": _LOCATIONS}
        said = httpx.post(f"{house.dagster}/graphql", json=query, timeout=PATIENCE).json()
        entries = said["data"]["workspaceOrError"]["locationEntries"]
    except (httpx.HTTPError, ValueError, KeyError, TypeError):
        return _down("Dagster's webserver gives no answer")
    if bad := [entry["name"] for entry in entries if not _is_loaded(entry)]:
        return _down(f"{', '.join(bad)} does not load: Dagster's UI says why")
    if not entries:
        return _down("Dagster has no code location")
    return _up(f"{', '.join(entry['name'] for entry in entries)} is loaded")


def _is_loaded(entry: dict[str, dict[str, str]]) -> bool:
    found = entry["locationOrLoadError"]
    return found is not None and found["__typename"] == "RepositoryLocation"


def _prices(house: House) -> Checks:
    try:
        newest = newest_bars(house.urls)
    except StorageError as error:
        return {"prices": _down(str(error))}
    found = {}
    for market, floor in house.floors.items():
        latest = newest.get((market, floor.arena.source.name))
        if latest is not None:
            found[f"prices {market}"] = _freshness(floor.arena, latest, house.now())
    return found or {"prices": _up("no arena has any yet")}


def _freshness(arena: Arena, latest: date, now: datetime) -> Check:
    expected = expected_session(arena, now)
    if expected is not None and latest < expected:
        return _down(f"the latest session is {latest}, expected is {expected}")
    return _up(f"the latest session is {latest}")


def expected_session(arena: Arena, now: datetime) -> date | None:
    """The last one that is over, that the arena trades and that its source can price."""
    calendar, coverage = arena.calendar, arena.source.coverage()
    today = now.astimezone(ZoneInfo(calendar.timezone)).date()
    ends = [arena.last_session, *([coverage[1]] if coverage else [])]
    over = calendar.previous(min(max(today, calendar.first), calendar.last))
    return None if over is None else min(over, *ends)


def _up(detail: str) -> Check:
    return Check(status=State.UP, detail=detail)


def _down(detail: str) -> Check:
    return Check(status=State.DOWN, detail=detail)
