"""The kill switch: what an arena and its models may do, and who said so."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from aitrader_core.domain.errors import InputError
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.runner.kill_switch import LONGEST, throw_switch
from aitrader_core.storage.trading_states import ALL, Throw, TradingStates
from aitrader_core.web.house import TheHouse
from aitrader_core.web.problems import Problem
from aitrader_core.web.rest.answers import json_answer
from aitrader_core.web.rest.documented import answers

router = APIRouter(prefix="/trading", tags=["trading"])

MarketName = Annotated[str, Path(max_length=64, description="The arena.", examples=["us"])]


class SwitchAsked(BaseModel):
    """What the switch is to be, for all of the arena or for one model."""

    model_config = ConfigDict(
        strict=True,
        extra="forbid",
        json_schema_extra={"examples": [{"state": "halted", "reason": "the feed is wrong"}]},
    )

    state: Annotated[TradingState, Field(strict=False)]
    reason: str = Field(min_length=1, max_length=LONGEST, description="It is kept for ever.")
    model: str | None = Field(None, max_length=200, description="null: all of the arena.")


class SwitchRow(BaseModel):
    """One throw of the switch."""

    model: str | None = Field(description="null: all of the arena.")
    state: TradingState
    reason: str
    source: str = Field(description="Who asked.")
    set_at: datetime


class Switches(BaseModel):
    """A model is held to the stricter of its own switch and the arena's."""

    market: str
    state: TradingState = Field(description="Of the arena as a whole.")
    switches: list[SwitchRow] = Field(description="The newest throw for each that has one.")
    history: list[SwitchRow] = Field(description="Newest first.")
    first_changed: int | None = Field(
        description="The first throw that is not what was written, counted from 1."
    )


@router.get("/{market}", summary="The kill switch", response_model=Switches, responses=answers(404))
def trading_state(
    house: TheHouse,
    market: MarketName,
    limit: Annotated[int, Query(ge=1, le=1000, description="Of the history.")] = 20,
) -> Response:
    """As it stands, and how it came to."""
    house.floor(market)
    return json_answer(_told(house.engine, market, limit))


@router.post(
    "/{market}",
    summary="Throw the kill switch",
    response_model=Switches,
    responses=answers(403, 404),
)
def set_trading_state(house: TheHouse, market: MarketName, asked: SwitchAsked) -> Response:
    """Halted cancels what is open and denies every order; reducing lets through only what makes a
    position smaller."""
    floor = house.floor(market)
    try:
        model = asked.model or ALL
        throw_switch(floor, asked.state, asked.reason, "rest", house.now(), model)
    except InputError as error:
        raise Problem(422, str(error), f"/models?market={market} has the models") from None
    return json_answer(_told(house.engine, market, 20))


def _told(engine: Any, market: str, limit: int) -> dict[str, Any]:
    states = TradingStates(engine)
    return {
        "market": market,
        "state": states.state_of(market),
        "switches": [_row(throw) for throw in states.latest(market).values()],
        "history": [_row(throw) for throw in states.history(market, limit=limit)],
        "first_changed": states.first_changed(market),
    }


def _row(throw: Throw) -> dict[str, Any]:
    return {
        "model": throw.model or None,
        "state": throw.state,
        "reason": throw.reason,
        "source": throw.source,
        "set_at": throw.set_at,
    }
