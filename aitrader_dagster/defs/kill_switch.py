"""The kill switch of one market, as an asset: materialized with a state, it is thrown."""

from datetime import UTC, datetime

import dagster as dg

from aitrader_core.domain.errors import AitraderError
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.kill_switch import throw_switch
from aitrader_core.storage.trading_states import ALL, TradingStates
from aitrader_dagster.lib.resources import TradingFloors


class SwitchConfig(dg.Config):
    """`state` is active, reducing or halted; without one, the switch is only looked at.

    Without a `model` it is that of all of the arena.
    """

    state: str | None = None
    reason: str = ""
    model: str | None = None


def trading_state_asset(arena: Arena) -> dg.AssetsDefinition:
    @dg.asset(key=[arena.market, "trading_state"], group_name=arena.market, kinds={"postgres"})
    def trading_state(config: SwitchConfig, floors: TradingFloors) -> dg.MaterializeResult[None]:
        """What the arena's models may do: the kill switch, and who threw it last."""
        floor, model = floors.open(arena.market), config.model or ALL
        if config.state is not None:
            try:
                state = _state(config.state)
                throw_switch(floor, state, config.reason, "dagster", datetime.now(UTC), model)
            except AitraderError as error:
                raise dg.Failure(str(error), allow_retries=False) from None
        states = TradingStates(floor.engine)
        last = next(iter(states.history(arena.market, limit=1)), None)
        return dg.MaterializeResult(
            metadata={
                "state": states.state_of(arena.market, model).value,
                "model": config.model or "all",
                "reason": last.reason if last else "nobody has thrown it yet",
                "set at": f"{last.set_at:%Y-%m-%d %H:%M:%S}" if last else "never",
            }
        )

    return trading_state


def _state(name: str) -> TradingState:
    if name not in tuple(TradingState):
        allowed = ", ".join(TradingState)
        raise dg.Failure(f"state {name!r} is none: choose from {allowed}", allow_retries=False)
    return TradingState(name)
