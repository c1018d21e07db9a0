"""Days of our own in AI-Trader's format: what it can tell, and what only the ledger can."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from aitrader_core.agents.recorded import Recorded
from aitrader_core.agents.rules import RandomTrader
from aitrader_core.domain.market import CashDividend, CorporateAction, Split
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.orders import Order, Side
from aitrader_core.domain.risk import TradingRules
from aitrader_core.exchange.position_lines import Dialect, opens_in, position_lines
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Tape
from tests.simulation.tapes import FREE, MONDAY, WHOLE, A, B, C, run_days, tape_of, weekdays

D = Decimal
DAYS = weekdays(6)
RETAIL = CostProfile(commission_minimum=D(1), slippage=D("0.001"))
ROWS = {A: "10.1 12.3 14.7 8.2 9.4 10.6", B: "20.7 21.9 22.1 23.3 24.9 25.3"}


class Script:
    """Orders by session; a bar that has none is silent."""

    def __init__(self, *orders: tuple[int, Side, str]) -> None:
        self._orders = orders

    def trade(self, desk: Desk) -> Ending:
        for day, side, quantity in self._orders:
            if DAYS[day] == desk.view.session:
                desk.submit(Order(A, side, D(quantity)))
        return Ending.DONE


def written(days: list[ModelDay], *, coins: bool = False) -> list[dict[str, object]]:
    lines = position_lines(days, Dialect((B, A, C), coins), "2023-12-29")
    return [json.loads(line) for line in lines]


def test_refusals_are_left_out_but_of_nothing_as_ai_trader_has_it() -> None:
    script = Script((0, Side.BUY, "3"), (0, Side.BUY, "99999"), (2, Side.SELL, "0"))
    days = run_days(script, tape_of(ROWS), MONDAY, 3)
    told = [(line["id"], line["date"], line.get("this_action")) for line in written(days)]
    nothing = {"action": "no_trade", "symbol": "", "amount": 0}
    assert told == [
        (0, "2023-12-29", None),
        (1, "2024-01-01", {"action": "buy", "symbol": "AAA", "amount": 3}),
        (2, "2024-01-02", nothing),
        (3, "2024-01-03", {"action": "sell", "symbol": "AAA", "amount": 0}),
    ]
    (text, *_) = position_lines(days, Dialect((B, A, C)), "2023-12-29")
    assert text == (
        '{"date": "2023-12-29", "id": 0, "positions": {"BBB": 0, "AAA": 0, "CCC": 0, "CASH": '
        "10000.0}}"
    )
    assert [opens_in(day) for day in days] == [None, "2024-01-02", None]


def test_cash_is_in_binary_floating_point_and_drifts_no_further_than_that() -> None:
    script = Script(*((day, Side.BUY, "7") for day in range(6)))
    days = run_days(script, tape_of(ROWS), MONDAY, 6)
    cash, expected = 10_000.0, []
    for price in (10.1, 12.3, 14.7, 8.2, 9.4, 10.6):
        cash = cash - price * 7
        expected.append(cash)
    told = [line["positions"]["CASH"] for line in written(days)[1:]]  # type: ignore[index]
    assert told == expected
    assert any(D(repr(c)) != day.closing.cash for c, day in zip(told, days, strict=True))


def test_coins_are_floats_and_have_actions_of_their_own() -> None:
    script = Script((0, Side.BUY, "0.1234"), (1, Side.SELL, "0.1"), (2, Side.BUY, "5"))
    days = run_days(script, tape_of(ROWS), MONDAY, 4, rules=TradingRules(D("0.0001")))
    lines = written(days, coins=True)
    assert [line["this_action"]["action"] for line in lines[1:]] == [  # type: ignore[index]
        "buy_crypto",
        "sell_crypto",
        "buy_crypto",
        "no_trade",
    ]
    assert lines[3]["this_action"]["amount"] == 5.0  # type: ignore[index]
    assert '"amount": 5.0' in list(position_lines(days, Dialect((A,), coins=True), "x"))[3]
    assert lines[1]["positions"] == {
        "BBB": 0.0,
        "AAA": 0.1234,
        "CCC": 0.0,
        "CASH": 9998.75366,
    }  # the ledger's, not rounded


ACTIONS: list[CorporateAction] = [Split(A, DAYS[3], D(2)), CashDividend(B, DAYS[4], D("0.37"))]
GROUNDS = [
    (tape_of(ROWS, depth=5), FREE, WHOLE),
    (tape_of(ROWS, ACTIONS), RETAIL, WHOLE),
    (tape_of(ROWS, ACTIONS), RETAIL, TradingRules(D("0.0001"))),
]


@pytest.mark.parametrize(("tape", "costs", "rules"), GROUNDS, ids=["free", "retail", "coins"])
def test_days_of_our_own_are_read_back_as_the_same_ledger(
    tape: Tape, costs: CostProfile, rules: TradingRules, tmp_path: Path
) -> None:
    """Of a retail broker too: each line has the ledger's cash, and the difference is corrected."""
    for seed in range(5):
        agent = RandomTrader(seed=seed, turnover=0.5)
        days = run_days(agent, tape, MONDAY, 6, costs=costs, rules=rules)
        assert sum(len(day.fills) for day in days) > 8
        coins = rules is not WHOLE
        lines = list(position_lines(days, Dialect((A, B), coins), "2023-12-29"))
        for day in days:
            own = [
                json.loads(line) for line in lines if json.loads(line)["date"] == str(day.session)
            ]
            assert abs(D(own[-1]["positions"]["CASH"]) - day.closing.cash) < D("1e-6")
        file = tmp_path / "position.jsonl"
        file.write_text("".join(f"{line}\n" for line in lines))
        again = run_days(Recorded(file, "as_recorded"), tape, MONDAY, 6, rules=rules)
        for was, now in zip(days, again, strict=True):
            assert now.closing.positions == was.closing.positions
            assert abs(now.closing.cash - was.closing.cash) < D("1e-6")
            if costs is FREE:
                assert (now.blotter, now.adjustments) == (was.blotter, was.adjustments)
