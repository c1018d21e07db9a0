"""What is timed does the same work: one equity, whoever computes it."""

from dataclasses import replace
from decimal import Decimal

import pytest

from aitrader_core.domain.model_day import ModelDay
from benchmarks.rules import loop, ours, peers
from benchmarks.rules.bench import check
from benchmarks.rules.workload import Prices, Rule, random_walk

WORK = [
    pytest.param(seed, Rule(lookback, top, every, cash), id=f"{seed}-{lookback}-{top}-{every}")
    for seed, lookback, top, every, cash in [
        (1, 20, 10, 5, 1_000_000),
        (2, 5, 3, 1, 100_000),
        (3, 1, 7, 2, 5_000),
        (4, 30, 1, 10, 1_000_000),
        (5, 10, 20, 3, 250_000),
    ]
]


def run(prices: Prices, rule: Rule) -> list[ModelDay]:
    return ours.prepare(prices, rule)()


@pytest.mark.parametrize(("seed", "rule"), WORK)
def test_our_engine_ends_where_the_plain_loop_does(seed: int, rule: Rule) -> None:
    prices = random_walk(seed, symbols=20, sessions=90)
    days, rows = run(prices, rule), loop.prepare(prices, rule)()
    assert ours.equity(days) == loop.equity(rows) != rule.cash
    assert [len(day.fills) for day in days] == [len(row.trades) for row in rows]
    assert [day.closing.positions for day in days] == [row.held for row in rows]
    assert not any(day.refusals for day in days)


@pytest.mark.skipif(not peers.is_installed("backtrader"), reason="only in .venv-bench")
@pytest.mark.parametrize(("seed", "rule"), WORK)
def test_backtrader_ends_where_our_engine_does(seed: int, rule: Rule) -> None:
    prices = random_walk(seed, symbols=20, sessions=90)
    assert peers.prepare_backtrader(prices, rule)() == ours.equity(run(prices, rule))


@pytest.mark.skipif(not peers.is_installed("bt"), reason="only in .venv-bench")
def test_bt_ends_near_our_engine() -> None:
    prices, rule = random_walk(1, symbols=20, sessions=90), Rule(top=5)
    reached = peers.prepare_bt(prices, rule)()
    assert reached == pytest.approx(float(ours.equity(run(prices, rule))), rel=0.02)


def test_equal_returns_rank_by_name() -> None:
    """On prices that are all the same, the first names are held."""
    prices = random_walk(1, symbols=12, sessions=30)
    same = prices.opens[:, :1].repeat(12, axis=1)
    prices = replace(prices, opens=same, highs=same, lows=same, closes=same)
    rule = Rule(top=4)
    days, rows = run(prices, rule), loop.prepare(prices, rule)()
    assert list(days[-1].closing.positions) == list(prices.symbols[:4])
    assert list(rows[-1].held) == list(prices.symbols[:4])
    if peers.is_installed("backtrader"):
        assert peers.prepare_backtrader(prices, rule)() == ours.equity(days)


def test_nothing_trades_before_there_is_a_return() -> None:
    rule = Rule(lookback=20, top=2, every=5)
    days = run(random_walk(1, symbols=4, sessions=27), rule)
    assert [at for at, day in enumerate(days) if day.fills] == [25]


def test_the_walk_is_the_seed_s() -> None:
    first, again, other = (list(random_walk(seed, 3, 10).bars()) for seed in (1, 1, 2))
    assert first == again != other
    assert len(first) == 30
    assert all(b.low <= b.open <= b.high for b in first if b.low and b.high)
    assert all(b.low <= b.close <= b.high for b in first if b.low and b.high and b.close)


def test_a_different_equity_stops_the_benchmark() -> None:
    check({"a": Decimal("1.00"), "b": Decimal("1.00")})
    with pytest.raises(RuntimeError, match=r"a 1\.00, b 1\.01"):
        check({"a": Decimal("1.00"), "b": Decimal("1.01")})
