"""Recordings that are traded."""

from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest

from aitrader_core.agents.recorded import Recorded
from aitrader_core.domain.model_day import ModelDay, Opening
from aitrader_core.domain.risk import TradingRules
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.memory import MemoryStore
from aitrader_core.storage.store import Origin
from tests.agents.recordings import DAYS, TAPE, Trade, write
from tests.simulation.tapes import WHOLE, run_days


@pytest.fixture
def trade(tmp_path: Path) -> Trade:
    """`trade(mode, *lines)`: the sessions of a recording, on a ledger that closes each day."""

    def run(
        mode: Literal["as_recorded", "enforced"],
        *lines: str,
        rules: TradingRules = WHOLE,
        tape: Tape = TAPE,
        first: date = DAYS[0],
        sessions: int = 6,
        opening: Opening | None = None,
    ) -> list[ModelDay]:
        agent = Recorded(write(tmp_path, *lines), mode)
        opening = opening or Opening.with_cash(Decimal(1000))
        days = run_days(agent, tape, first, sessions, opening=opening, rules=rules)
        if opening.after is None:
            store = MemoryStore()
            for day in days:
                store.put(day, Origin("test", "test"))
        return days

    return run
