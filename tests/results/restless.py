"""An agent that trades at random over splits, dividends and corrections, for those who add up."""

from collections.abc import Iterator
from decimal import Decimal
from random import Random

from aitrader_core.domain.market import CashDividend, CorporateAction, Split, Symbol
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.risk import TradingRules
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Tape
from tests.simulation.tapes import SYMBOLS, random_bars, run_days, weekdays

D = Decimal
SESSIONS = weekdays(12)
DEAR = CostProfile(D("0.0007"), D("0.005"), D("0.35"), D("0.0005"))


class Restless:
    """Trades at random, and is corrected now and then."""

    def __init__(self, lot: Random) -> None:
        self._lot = lot

    def trade(self, desk: Desk) -> Ending:
        lot = self._lot
        for _ in range(lot.randint(0, 5)):
            symbol, quantity = lot.choice(SYMBOLS), D(lot.randint(1, 40_000)) / 1000
            (desk.buy if lot.random() < 0.6 else desk.sell)(symbol, quantity)
        if lot.random() < 0.3:
            symbol = lot.choice([*SYMBOLS])
            desk.correct(symbol, D(lot.randint(0, 9)), D(lot.randint(0, 50)), "a test says so")
        if lot.random() < 0.2:
            desk.correct(None, D(0), D("3.21"), "interest")
        return Ending.DONE


def some_days(seed: int) -> Iterator[tuple[ModelDay | None, ModelDay, Tape]]:
    """A model-day, the one before it, and the tape of both."""
    lot = Random(seed)
    actions: list[CorporateAction] = []
    for session in SESSIONS:
        for symbol in SYMBOLS:
            if lot.random() < 0.1:
                actions.append(Split(symbol, session, D(lot.choice(["2", "1.5", "0.1"]))))
            if lot.random() < 0.1:
                actions.append(CashDividend(symbol, session, D("0.2345")))
    tape = Tape(SESSIONS, random_bars(lot, SESSIONS), actions, depth=2, prices="handmade")
    rules = TradingRules(D("0.001"))
    days = run_days(Restless(lot), tape, SESSIONS[0], 12, costs=DEAR, rules=rules)
    for before, day in zip([None, *days[:-1]], days, strict=True):
        yield before, day, tape


def closes(tape: Tape, day: ModelDay | None) -> dict[Symbol, Decimal]:
    found = tape.closes[day.session, day.marks[-1].at] if day else {}
    return {symbol: close for symbol, close in found.items() if close is not None}
