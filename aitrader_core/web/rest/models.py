"""Who takes part, and how far each has come."""

from datetime import date
from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field
from sqlalchemy import RowMapping

from aitrader_core.runner.arena import Model
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.equity import ledger_and_board
from aitrader_core.storage.series import latest_standings
from aitrader_core.web.rest.answers import tagged, whole
from aitrader_core.web.rest.asked import Form, SinceCommit, TheFloor
from aitrader_core.web.rest.documented import answers
from aitrader_core.web.rest.kept import Body
from aitrader_core.web.rest.shapes import Format, Money

router = APIRouter(tags=["models"])


class ModelRow(BaseModel):
    name: str
    in_arena: bool = Field(description="false: it has traded, and takes part no longer.")
    kind: str | None
    parameters: dict[str, Any] | None
    config_hash: str | None = Field(description="Of all that decides its results.")
    knowledge_cutoff: date | None = Field(description="Sessions up to it it may have read of.")
    last_session: date | None = Field(description="null: it has never traded.")
    sessions: int
    value: Money | None
    cumulative_return: float | None
    fills: int
    refusals: int
    tokens: int
    dollars: Money | None = Field(description="null: some of it of an unknown price.")


class ModelList(BaseModel):
    market: str
    models: list[ModelRow]


@router.get(
    "/models",
    summary="The models of an arena",
    response_model=ModelList,
    responses=answers(404, tables=True, tag=True),
)
def list_models(
    request: Request, floor: TheFloor, known: SinceCommit, form: Form = Format.JSON
) -> Response:
    """As they are configured now, and then those that only the ledger knows."""
    market = floor.arena.market

    def make() -> Body:
        return whole(form, {"market": market}, "models", ModelRow, _rows(floor))

    return tagged(
        request, known.value(market, lambda: ledger_and_board(floor.engine, market))[0], make
    )


def _rows(floor: Floor) -> list[dict[str, Any]]:
    market, entered = floor.arena.market, floor.arena.models
    traded = {row["model"]: row for row in latest_standings(floor.engine, market)}
    names = [*entered, *sorted(traded.keys() - entered.keys())]
    return [{"name": n, **_configured(entered.get(n)), **_come(traded.get(n))} for n in names]


def _configured(model: Model | None) -> dict[str, Any]:
    if model is None:
        nothing = ("kind", "parameters", "config_hash", "knowledge_cutoff")
        return {"in_arena": False, **dict.fromkeys(nothing)}
    return {
        "in_arena": True,
        "kind": model.config.kind,
        "parameters": model.config.parameters,
        "config_hash": model.config_hash,
        "knowledge_cutoff": model.config.knowledge_cutoff,
    }


def _come(standing: RowMapping | None) -> dict[str, Any]:
    if standing is None:
        none = dict.fromkeys(("last_session", "value", "cumulative_return"))
        return {**none, "sessions": 0, "fills": 0, "refusals": 0, "tokens": 0, "dollars": "0"}
    names = ("sessions", "value", "cumulative_return", "fills", "refusals", "tokens", "dollars")
    return {"last_session": standing["as_of"], **{name: standing[name] for name in names}}
