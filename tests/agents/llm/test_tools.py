"""What the tools of a desk answer, and what they can't be asked."""

import json
from datetime import date
from typing import Any

import pytest

from aitrader_core.agents.llm.disguise import undisguised
from aitrader_core.agents.llm.tools import EVERY_TOOL, DeskTools, told
from aitrader_core.agents.mcp.session_tools import tools_of
from aitrader_core.domain.errors import ToolError
from tests.simulation.tapes import MONDAY, A, B, C, desk_at, tape_of, weekdays

TUESDAY, WEDNESDAY = weekdays(3)[1:]
TAPE = tape_of({A: "10/11 12/13 14/15", B: "20 21 22"}, depth=5)


def tools(session: date = WEDNESDAY, **desk: Any) -> DeskTools:
    """Of a desk that knows one more symbol than is traded."""
    return DeskTools(desk_at(TAPE, session, **desk), undisguised((A, B, C)), EVERY_TOOL)


def use(box: DeskTools, name: str, **arguments: Any) -> Any:
    return json.loads(box.use(name, json.dumps(arguments)))


def refused(box: DeskTools, name: str, **arguments: Any) -> str:
    with pytest.raises(ToolError) as error:
        box.use(name, json.dumps(arguments))
    return str(error.value)


def test_no_tool_can_be_asked_about_another_time() -> None:
    taken = {
        "portfolio": [],
        "prices": [],
        "history": ["symbol", "bars"],
        "buy": ["symbol", "quantity"],
        "sell": ["symbol", "quantity"],
        "news": ["query"],
        "calculate": ["expression"],
        "finish_session": ["reason"],
    }
    for tool in tools_of(EVERY_TOOL):
        assert list(tool.parameters["properties"]) == taken.pop(tool.name)
        assert tool.parameters["additionalProperties"] is False
    assert not taken
    assert [tool.name for tool in tools().tools] == list(EVERY_TOOL)


def test_the_portfolio_is_that_of_the_desk() -> None:
    box = tools(held={A: 3})
    use(box, "sell", symbol="AAA", quantity=1)
    use(box, "sell", symbol="AAA", quantity=9)
    found = use(box, "portfolio")
    assert (found["cash"], found["value"]) == ("1014.00", "1042.00")
    assert found["positions"] == [
        {"symbol": "AAA", "quantity": "2", "sellable_now": "2", "price": "14.00", "value": "28.00"}
    ]
    assert [order["outcome"] for order in found["orders_this_session"]] == ["filled", "refused"]


def test_prices_are_of_the_open_and_history_of_before() -> None:
    box = tools()
    prices = {"time": "2024-01-03", "open": {"AAA": "14.00", "BBB": "22.00"}}
    assert use(box, "prices") == prices
    found = use(box, "history", symbol="AAA", bars=5)
    assert found["columns"] == ["time", "open", "high", "low", "close", "volume"]
    assert [bar[0] for bar in found["bars"]] == ["2024-01-01", "2024-01-02"]
    assert found["bars"][1] == ["2024-01-02", "12.00", "14.00", "6.00", "13.00", "1000"]
    assert use(box, "history", symbol="AAA") == found, "as many as there are, unless it says"
    assert len(use(box, "history", symbol="AAA", bars=1)["bars"]) == 1
    assert use(tools(MONDAY), "history", symbol="AAA", bars=3)["bars"] == []
    assert refused(box, "history", symbol="AAA", bars=6) == (
        "bars is 6: at most 5 can be looked back at"
    )


def test_orders_are_filled_or_refused_and_both_are_answers() -> None:
    box = tools()
    filled = use(box, "buy", symbol="AAA", quantity=10)
    assert (filled["outcome"], filled["price"], filled["cash_now"]) == ("filled", "14.00", "860.00")
    for quantity, reason in (
        (0, "quantity 0 is not a positive number"),
        (-5, "quantity -5 is not a positive number"),
        (10.5, "quantity 10.5 is not a multiple of the lot, 1"),
        (10**20, "quantity 100000000000000000000 is above 1,000,000,000,000, the most of one"),
        (100, "costs 1400.00, cash is 860.00"),
    ):
        answer = use(box, "buy", symbol="AAA", quantity=quantity)
        assert answer["outcome"] == "refused"
        assert answer["reason"].startswith(reason)
    assert len(box.desk.blotter) == 6


def test_a_fraction_is_an_order_where_fractions_are_traded() -> None:
    assert refused(tools(), "buy", symbol="AAA", quantity=10.0) == (
        "quantity is 10.0: this market trades whole shares, write 10"
    )
    assert refused(tools(), "buy", symbol="AAA", quantity=1e30).startswith("quantity is 1E+30")
    box = tools(step="0.1")
    assert use(box, "buy", symbol="AAA", quantity=10.0)["outcome"] == "filled"
    assert use(box, "buy", symbol="AAA", quantity=10.5)["quantity"] == "10.5"
    assert use(box, "buy", symbol="AAA", quantity=0.05)["outcome"] == "refused"


@pytest.mark.parametrize(
    ("symbol", "hint"),
    [
        ("aaa", "did you mean AAA? there are AAA, BBB"),
        ("AA", "did you mean AAA? there are AAA, BBB"),
        ("CCC", "there are AAA, BBB"),  # listed, without a bar today
        ("AAA\0", "did you mean AAA?"),
        ("\ufffd", "there are AAA, BBB"),
        ("", "there are AAA, BBB"),
    ],
)
def test_a_symbol_that_is_not_traded_is_no_order(symbol: str, hint: str) -> None:
    box = tools()
    for name in ("buy", "sell"):
        said = refused(box, name, symbol=symbol, quantity=1)
        assert said.startswith(f"symbol is {symbol!r}, which is not traded at this open: {hint}")
    assert "not traded at this open" in refused(box, "history", symbol=symbol, bars=2)
    assert not box.desk.blotter


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("Buy", "did you mean buy? there are portfolio, "),
        ("histroy", "did you mean history? "),
        ("_buy", "did you mean buy? "),
        ("get_price_on", "there are portfolio, "),
        ("__class__", "there are portfolio, "),
        ("", "there are portfolio, "),
    ],
)
def test_a_tool_that_is_not_there_is_told(name: str, hint: str) -> None:
    assert f"there is no tool {name!r}: {hint}" in refused(tools(), name)


def test_a_tool_that_is_not_given_is_not_there() -> None:
    box = DeskTools(desk_at(TAPE, MONDAY), undisguised((A, B)), ("prices",))
    assert refused(box, "buy", symbol="AAA", quantity=1).endswith("there are prices")
    assert refused(tools(), "news", query="apple") == "news can't be searched here"


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3 * 4", "14"),
        ("(2 + 3) * 4", "20"),
        ("-2 ** 2", "-4"),
        ("2 ** 3 ** 2", "512"),
        ("7 // 2 + 7 % 4", "6"),
        ("10 / 4", "2.5"),
        ("(560.01 - 540) / 540 * 100", "3.705555556"),
        ("min(3, 2) + max(1, abs(-5)) + round(2.7)", "10"),
        ("1e400", "inf"),
        (f"{'9' * 50} * {'9' * 50}", str(int("9" * 50) ** 2)),
    ],
)
def test_arithmetic_is_done(expression: str, value: str) -> None:
    assert use(tools(), "calculate", expression=expression)["value"] == value


@pytest.mark.parametrize(
    "expression",
    [
        *("1/0", "1 % 0", "9**9**9", "10.0 ** 400", "9" * 4000, "-" * 1900 + "1"),
        *("(" * 900 + "1" + ")" * 900, "1 +", "", "x", "AAA", "()", "'a' * 10**9", "'a' + 'b'"),
        *("().__class__", "(1).real", "__import__('os')", "open('x')", "lambda: 1", "[1][0]"),
        *("max()", "min(1, 'a')", "round(1, 2, 3)", "1 if True else 2", "True", "1 == 1"),
        *("[x for x in (1, 2)]", "1; 2", "a = 1", "1 << 9999", "1 | 2", "nan", "\0", "\ud800"),
        *("not 1", "-True", "None", "max(1, key=abs)", "*(1,)", f"{'9' * 51} * {'9' * 51}"),
    ],
)
def test_what_is_no_arithmetic_is_told(expression: str) -> None:
    said = refused(tools(), "calculate", expression=expression)
    assert "can't be calculated" in said or "at most 2000" in said


def test_a_model_is_told_of_a_tool_once() -> None:
    assert told("buy") is told("buy")
    assert told("buy").description.startswith("Buy at this open.")
