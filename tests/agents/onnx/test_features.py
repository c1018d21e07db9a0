"""The features: numbers worked out by hand, and what they must never depend on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from aitrader_core.agents.onnx.features import LOOKBACK, NAMES, features
from aitrader_core.agents.onnx.reckoning import reckoned, standardised, together, windows
from aitrader_core.domain.market import DAILY, Bar, MarketView, Split, Symbol
from aitrader_core.runner.lookahead import scrambled
from aitrader_core.simulation.tape import Playhead, Tape
from tests.agents.onnx.markets import (
    DAYS,
    TODAY,
    WIDTH,
    D,
    bars,
    drawn,
    tape_of_walks,
    view_of,
    views,
)
from tests.simulation.tapes import A, B, C

QUIET = [100] * LOOKBACK
SWING = [110, *[100, 110] * 30]  # 60 returns: 30 of -1/11, 30 of 1/10
SPREAD = (0.1 + 1 / 11) / 2  # their standard deviation


def figures(view: MarketView) -> dict[str, float]:
    """Of the one symbol of a view, before it is compared with others."""
    ((*row,),) = reckoned(together([windows(view)])).tolist()
    return dict(zip(NAMES, row, strict=True))


def test_returns_are_from_close_to_close() -> None:
    closes = [*QUIET]
    closes[-1], closes[-2], closes[-6], closes[-21], closes[-61] = 110, 88, 55, 440, 44
    found = figures(view_of(bars(A, closes), {A: 1}))
    told = [found[name] for name in ("return_1", "return_5", "return_20", "return_60")]
    assert told == pytest.approx([0.25, 1.0, -0.75, 1.5])


def test_a_swing() -> None:
    """High 4 above and low 6 below each close: true ranges of 14 on the way up, 16 on that down."""
    highs, lows = [c + 4 for c in SWING], [c - 6 for c in SWING]
    found = figures(view_of(bars(A, SWING, highs=highs, lows=lows), {A: 121}))
    assert found == pytest.approx(
        {
            "return_1": 0.1,
            "return_5": 0.1,
            "return_20": 0.0,
            "return_60": 0.0,
            "volatility_20": SPREAD,
            "volatility_60": SPREAD,
            "high_60": 110 / 114 - 1,
            "deviation_20": 1.0,  # 110, where 105 is the mean and 5 the deviation
            "rsi_14": 0.5,
            "volume_5_60": float("nan"),
            "gap": 0.1,
            "range_14": 15 / 110,
        },
        nan_ok=True,
    )


def test_the_short_volatility_is_of_the_last_20_returns() -> None:
    found = figures(view_of(bars(A, [*[100] * 40, *[110, 100] * 10, 110]), {A: 1}))
    assert found["volatility_20"] == pytest.approx(SPREAD)
    shares = np.array([0.0] * 39 + [0.1] + [-1 / 11, 0.1] * 10)
    assert found["volatility_60"] == pytest.approx(shares.std())


@pytest.mark.parametrize(("bars_ago", "drop"), [(60, -0.5), (61, 0.0)])
def test_a_high_counts_for_60_bars(bars_ago: int, drop: float) -> None:
    highs = [*QUIET]
    highs[-bars_ago] = 200
    found = figures(view_of(bars(A, QUIET, highs=highs, lows=QUIET), {A: 1}))
    assert found["high_60"] == drop


def test_an_rsi_is_what_rose_of_all_that_moved() -> None:
    closes = [*[100] * 47, *range(101, 112), 108, 107, 107]  # of 14 moves 11 up by 1, then 4 down
    assert figures(view_of(bars(A, closes), {A: 1}))["rsi_14"] == pytest.approx(11 / 15)


def test_volumes_of_a_week_over_those_of_a_quarter() -> None:
    def ratio(*volumes: float) -> float:
        past = bars(A, QUIET, volumes=volumes)
        return figures(view_of(past, {A: 1}))["volume_5_60"]

    assert ratio(999, *[0] * 55, *[1200] * 5) == pytest.approx(12)
    assert ratio(999, *[7] * 55, *[0] * 5) == 0
    assert np.isnan(ratio(999, *[0] * 60))


def test_what_stood_still_has_no_deviation_and_no_rsi() -> None:
    found = figures(view_of(bars(A, [0.1] * LOOKBACK), {A: 0.1}))  # 0.1 twenty times is not 2.0
    unknown = [name for name, figure in found.items() if np.isnan(figure)]
    assert unknown == ["deviation_20", "rsi_14", "volume_5_60"]
    assert found["range_14"] == 0


def test_scores_among_the_symbols_of_a_session() -> None:
    raw = np.array([[[1.0, 5, 7, 1], [2, 5, np.nan, 1e6], [3, 5, 9, 2]]])
    wanted = [[-1.224745, 0, -1, -0.707107], [0, 0, 0, 1.414214], [1.224745, 0, 1, -0.707105]]
    assert standardised(raw)[0] == pytest.approx(np.array(wanted), abs=1e-6)


def test_one_alone_is_the_mean_and_two_are_its_two_sides() -> None:
    assert standardised(np.full((1, 1, 2), 5.0)).tolist() == [[[0, 0]]]
    assert standardised(np.array([[[5.0, 7], [6, -7]]])).tolist() == [[[-1, 1], [1, -1]]]
    nothing = np.full((1, 3, 1), np.nan)
    assert standardised(nothing).tolist() == [[[0]] * 3]


def test_no_score_is_beyond_three() -> None:
    raw = np.zeros((1, 20, 2))
    raw[0, 3] = [1, -1]  # 4.36 deviations from the mean
    assert standardised(raw)[0, 3].tolist() == [3, -3]


def test_what_differs_by_its_rounding_is_the_same() -> None:
    raw = np.array([[[0.1 + 0.2], [0.3]]])
    assert raw[0, 0] != raw[0, 1]
    assert standardised(raw).tolist() == [[[0], [0]]]


# Who has a past -----------------------------------------------------------------------------


def test_a_symbol_without_enough_bars_has_no_row() -> None:
    late = [b for b in bars(B, QUIET) if b.session > DAYS[0]]
    symbols, rows = features(view_of([*bars(A, QUIET), *late], {C: 1, B: 1, A: 1}))
    assert (symbols, rows.shape, rows.dtype.name) == ((A,), (1, WIDTH), "float32")


def test_a_close_that_never_became_known_leaves_it_without_one() -> None:
    past = bars(B, QUIET)
    past[30] = replace(past[30], close=None)
    assert features(view_of([*bars(A, QUIET), *past], {A: 1, B: 1}))[0] == (A,)


@pytest.mark.parametrize("number", [0, 1, LOOKBACK - 1])
def test_a_tape_that_has_only_begun_has_no_features(number: int) -> None:
    symbols, rows = features(view_of(bars(A, QUIET[:number]), {A: 1}, today=DAYS[number]))
    assert (symbols, rows.shape) == ((), (0, WIDTH))


# What they never depend on ------------------------------------------------------------------


def scaled(past: list[Bar], price: str, volume: str) -> list[Bar]:
    p, v = D(price), D(volume)
    return [
        replace(
            b,
            open=b.open * p,
            high=b.high and b.high * p,
            low=b.low and b.low * p,
            close=b.close and b.close * p,
            volume=None if b.volume is None else b.volume * v,
        )
        for b in past
    ]


def told(past: list[Bar], opens: dict[Symbol, float], *splits: Split) -> NDArray[np.float32]:
    symbols, rows = features(view_of(past, opens, splits))
    assert symbols == (A, B, C)
    return rows


OPENS: dict[Symbol, float] = {A: 50, B: 60, C: 70}


def past_of(seed: int) -> list[Bar]:
    return drawn(seed, DAYS[:LOOKBACK])


@pytest.mark.parametrize(
    ("change", "opens"),
    [
        (lambda past: scaled(past, "3.7", "1000"), {A: 185, B: 222, C: 259}),
        (lambda past: past[::-1], dict(reversed(OPENS.items()))),
        (lambda past: [*scaled(past[:61], "0.01", "1"), *past[61:]], {**OPENS, A: 0.5}),
    ],
    ids=["another currency", "another order", "one symbol in cents"],
)
def test_units_and_orders_do_not_matter(
    change: Callable[[list[Bar]], list[Bar]], opens: dict[Symbol, float]
) -> None:
    past = past_of(3)
    assert told(change(past), opens) == pytest.approx(told(past, OPENS), abs=1e-5)


@pytest.mark.parametrize("ex", [1, 20, 57, LOOKBACK])
def test_a_split_changes_nothing(ex: int) -> None:
    past, ratio = past_of(4), "4"
    before = [b for b in past if b.symbol == A and b.session < DAYS[ex]]
    rest = [b for b in past if b not in before]
    split = told([*scaled(before, ratio, "0.25"), *rest], OPENS, Split(A, DAYS[ex], D(ratio)))
    assert split.tolist() == told(past, OPENS).tolist()


def cut_off(tape: Tape, session: date) -> Tape:
    """What is known at the open of `session`, of as many bars as may be looked at."""
    window = [day for day in tape.sessions if day <= session][-LOOKBACK - 1 :]
    known = [b for day in window[:-1] for b in tape.bars[day, DAILY].values()]
    opens = [Bar(s, session, price) for s, price in tape.opens[session, DAILY].items()]
    actions = [a for found in tape.actions.values() for a in found if a.ex_date <= session]
    return Tape(window, known + opens, actions, depth=LOOKBACK)


@given(seed=st.integers(0, 10**6), cut=st.integers(LOOKBACK, len(DAYS) - 1))
@settings(max_examples=25, deadline=None)
def test_nothing_later_is_in_them_and_no_earlier_start(seed: int, cut: int) -> None:
    """The same to the bit: after a walk, alone, on a tape that ends there, on one that goes on
    otherwise."""
    tape, session = tape_of_walks(seed, listed=seed % 8), DAYS[cut]
    *_, last = (features(view) for view in views(tape, TODAY) if view.session <= session)
    symbols, rows = last
    for other in (tape, cut_off(tape, session), scrambled(tape, session)):
        names, again = features(Playhead(other, session).advance())
        assert (names, again.tobytes()) == (symbols, rows.tobytes())
    assert np.isfinite(rows).all()
    assert np.abs(rows).max() <= 3
