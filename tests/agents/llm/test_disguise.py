"""Under other names and dates, a market is the same market."""

import json
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aitrader_core.agents.llm.disguise import Disguise, undisguised
from aitrader_core.agents.llm.prompt import request, system_prompt
from aitrader_core.agents.llm.tools import WITHOUT_NEWS, DeskTools
from aitrader_core.domain.errors import ToolError
from aitrader_core.domain.market import Symbol
from tests.simulation.tapes import A, B, C, desk_at, tape_of, weekdays

TUESDAY = weekdays(2)[1]
TAPE = tape_of({A: "10/11 12/13", B: "20 21", C: "5 6"})
names = st.lists(st.text("ABC.-19", min_size=1, max_size=6).map(Symbol), unique=True, max_size=8)


@given(names, st.integers(0, 99), st.randoms(use_true_random=False))
def test_it_is_the_same_for_the_same_symbols_in_any_order(symbols, seed, lot) -> None:  # type: ignore[no-untyped-def]
    drawn = Disguise.drawn(symbols, seed)
    shuffled = list(symbols)
    lot.shuffle(shuffled)
    assert Disguise.drawn(shuffled, seed) == drawn
    shown = [drawn.name(symbol) for symbol in symbols]
    assert len(set(shown)) == len(symbols)
    assert [drawn.symbol(name) for name in shown] == symbols
    assert drawn.days % 7 == 0
    assert drawn.days
    assert drawn.real(drawn.shown(date(2012, 6, 1))) == date(2012, 6, 1)


def test_another_seed_is_another_disguise() -> None:
    symbols = [Symbol(f"S{n}") for n in range(20)]
    assert Disguise.drawn(symbols, 1) != Disguise.drawn(symbols, 2)


def test_a_sentence_is_disguised_whole() -> None:
    symbols = [Symbol(s) for s in ("A", "AA", "BTC-USDT", "600519.SH")]
    disguise = Disguise.drawn(symbols, 3)
    a, aa, btc, sh = map(disguise.name, symbols)
    moved = disguise.shown(date(2012, 6, 1)).isoformat()
    text = "A, AA and BTC-USDT: 600519.SH since 2012-06-01. AAA, A1 and 2012-99-01 are none. A."
    assert disguise.text(text) == (
        f"{a}, {aa} and {btc}: {sh} since {moved}. AAA, A1 and 2012-99-01 are none. {a}."
    )
    assert undisguised(symbols).text(text) == text


@pytest.fixture
def box() -> DeskTools:
    """Of a desk whose model knows other names."""
    return DeskTools(desk_at(TAPE, TUESDAY, held={B: 2}), Disguise.drawn((A, B, C), 7))


def test_orders_reach_the_real_symbol(box: DeskTools) -> None:
    a, b = box.disguise.name(A), box.disguise.name(B)
    bought = json.loads(box.use("buy", json.dumps({"symbol": a, "quantity": 3})))
    assert (bought["symbol"], bought["price"]) == (a, "12.00")
    sold = json.loads(box.use("sell", json.dumps({"symbol": b, "quantity": 5})))
    assert sold["reason"] == f"sells 5 {b}, 2 are held"
    assert [outcome.order.symbol for outcome in box.desk.blotter] == [A, B]
    assert box.desk.portfolio.positions == {A: 3, B: 2}


def test_nothing_that_a_model_is_told_names_the_market(box: DeskTools) -> None:
    disguise, told = box.disguise, []
    for name, arguments in (
        ("buy", {"symbol": disguise.name(A), "quantity": 1}),
        ("sell", {"symbol": disguise.name(C), "quantity": 1}),
        ("buy", {"symbol": "STOCK999", "quantity": 1}),
        ("portfolio", {}),
        ("prices", {}),
        ("history", {"symbol": disguise.name(B), "bars": 1}),
    ):
        try:
            told.append(box.use(name, json.dumps(arguments)))
        except ToolError as mistake:
            told.append(str(mistake))
    prompt = "$session $symbols $lot $history $max_steps $tools"
    told.append(system_prompt(prompt, box.desk, disguise, ", ".join(WITHOUT_NEWS), 9))
    told.append(request(box.desk, disguise))
    everything = "\n".join(told)
    assert all(disguise.name(symbol) in everything for symbol in (A, B, C))
    assert disguise.shown(TUESDAY).isoformat() in everything
    for real in (A, B, C, "2024"):
        assert real not in everything


def test_real_names_are_unknown_under_a_disguise(box: DeskTools) -> None:
    with pytest.raises(ToolError, match="symbol is 'AAA', which is not traded"):
        box.use("buy", json.dumps({"symbol": "AAA", "quantity": 1}))
