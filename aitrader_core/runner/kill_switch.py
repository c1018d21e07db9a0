"""The kill switch of an arena, or of one of its models: for the command line, REST and Dagster."""

from datetime import datetime

from aitrader_core.domain.errors import InputError
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.runner.config import did_you_mean
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.equity import last_sessions
from aitrader_core.storage.trading_states import ALL, Throw, TradingStates

LONGEST = 1000  # characters of a reason


def throw_switch(
    floor: Floor, state: TradingState, reason: str, source: str, now: datetime, model: str = ALL
) -> Throw:
    """Set it, for all of the arena unless a model is named. InputError says what is missing."""
    why = " ".join(reason.split())
    if not why or len(why) > LONGEST or not why.isprintable():
        raise InputError(f"give a reason, of {LONGEST:,} characters at most: it is kept for ever")
    check_model(floor, model)
    throw = Throw(model, state, why, source, now)
    TradingStates(floor.engine).set_state(floor.arena.market, throw)
    return throw


def check_model(floor: Floor, model: str) -> None:
    """InputError for one that the arena does not have and never had."""
    arena = floor.arena
    if model == ALL or model in arena.models:
        return
    known = [*arena.models, *last_sessions(floor.engine, arena.market)]
    if model not in known:
        hint = did_you_mean(model, known)
        raise InputError(
            f"there is no model {model!r} in the {arena.market} arena: {hint}"
            f"there are {', '.join(dict.fromkeys(known))}"
        )
