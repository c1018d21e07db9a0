"""A session of ticks is the same however it is fed, and nothing in it comes from its future."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import pairwise
from math import isfinite

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aitrader_core.domain.limits import Limits
from aitrader_core.domain.market import MarketView, Past, Symbol
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.risk import TradingRules
from aitrader_core.domain.signals import Located
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.patterns.engine import Engine
from aitrader_core.patterns.parameters import PatternParameters
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.patterns.session import TickSession, trade_ticks
from aitrader_core.patterns.strategy import StrategyParameters, exact
from aitrader_core.simulation.costs import CostProfile
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.feed import Feed, VenueTerms
from aitrader_core.simulation.ticks import TRADE, Tick, Ticks, is_possible
from aitrader_core.simulation.venue import SimulatedVenue
from tests.patterns.scoring import scored
from tests.patterns.streams import STREAMS, SYMBOLS, walk
from tests.simulation.tapes import MONDAY, tape_of

D = Decimal
COUNT = 1500
PATTERNS = PatternParameters(
    fast=5, slow=20, volume_span=20, volatility_span=20, bar=5, warmup=30, cooldown=0.2,
    threshold=0.3,
)  # fmt: skip


@dataclass(frozen=True)
class Setting:
    """All that one session may be made under."""

    seed: int = 1
    quoted: bool = True
    scored: bool = False
    patterns: PatternParameters = PATTERNS
    terms: VenueTerms = field(default_factory=VenueTerms)
    strategy: StrategyParameters = field(default_factory=StrategyParameters)
    limits: Limits = field(default_factory=Limits)
    rules: TradingRules = field(default_factory=TradingRules)
    trading: TradingState = TradingState.ACTIVE
    opening: Portfolio = Portfolio(D(100_000), {Symbol("S0"): D(20)})  # noqa: RUF009 - frozen


SETTINGS = st.builds(
    Setting,
    seed=st.integers(1, 4),
    quoted=st.booleans(),
    scored=st.booleans(),
    terms=st.builds(
        VenueTerms,
        latency_ms=st.sampled_from([D(0), D("0.000001"), D(5), D(800), D(60_000)]),
        maker_fee=st.sampled_from([D(0), D("0.0002")]),
        taker_fee=st.sampled_from([D(0), D("0.0004"), D("0.01")]),
        displayed_only=st.booleans(),
        participation=st.sampled_from([D(1), D("0.013")]),
    ),
    strategy=st.builds(
        StrategyParameters,
        entry=st.just(D("0.3")),
        model_weight=st.sampled_from([D("0.4"), D(1)]),
        risk=st.sampled_from([D("0.0001"), D("0.01")]),
        exits=st.sampled_from(["all", "confidence"]),
        orders=st.sampled_from(["market", "limit"]),
        limit_from=st.sampled_from(["last", "best"]),
        offset=st.sampled_from([D(0), D("0.001"), D("-0.0005")]),
        price_step=st.sampled_from([None, D("0.01")]),
        fee_margin=st.sampled_from([D(0), D("0.002")]),
    ),
    limits=st.sampled_from(
        [
            Limits(),
            Limits(price_collar=D("0.0001"), max_orders=1),
            Limits(max_daily_loss=D("0.00001"), max_position_share=D("0.1")),
            Limits(max_notional=D(900), max_gross_exposure=D("0.2"), max_account_age_ms=1),
        ]
    ),
    rules=st.sampled_from(
        [TradingRules(), TradingRules(D("0.00001")), TradingRules(lot_size=D(5))]
    ),
    trading=st.sampled_from([*TradingState, TradingState.ACTIVE]),
    opening=st.sampled_from(
        [
            Portfolio(D(100_000), {}),
            Portfolio(D(3), {Symbol("S0"): D("7")}),
            Portfolio(D(250), {Symbol("S1"): D("2")}),
        ]
    ),
)
CUTS = st.lists(st.integers(0, COUNT), max_size=12).map(sorted)


@cache
def ticks_of(seed: int, quoted: bool) -> Ticks:
    ticks = walk(COUNT, seed=seed)
    if quoted:
        return ticks
    trades = ticks.kind == TRADE
    ticks = Ticks(ticks.symbols, *(column[trades] for column in ticks.columns))
    unknown, nothing = np.full(len(ticks), np.nan), np.zeros(len(ticks))
    return replace(ticks, bid=unknown, ask=unknown, bid_size=nothing, ask_size=nothing)


@cache
def signals_of(seed: int, quoted: bool) -> Sequence[Located]:
    ticks = ticks_of(seed, quoted)
    return [Located(*found) for found in Engine(PATTERNS, ticks.symbols).located(ticks)]


def trader_of(setting: Setting) -> PatternTrader:
    trader = PatternTrader(setting.patterns, setting.strategy, setting.limits)
    return scored(trader) if setting.scored else trader


def desk_of(
    setting: Setting, ticks: Ticks, cuts: Sequence[int] = (), *, known: bool = False
) -> Desk:
    bounds = [0, *(min(cut, len(ticks)) for cut in cuts), len(ticks)]

    def chunks() -> Iterator[Ticks]:
        for start, end in pairwise(bounds):
            yield ticks[start:end]

    feed = Feed(
        ticks.symbols, chunks, setting.terms, "made", "test|pattern|2024-01-01",
        trading=setting.trading,
        signals=signals_of(setting.seed, setting.quoted) if known else None,
        quoted=setting.quoted,
    )  # fmt: skip
    opens = {symbol: _first(ticks, at) for at, symbol in enumerate(ticks.symbols)}
    view = MarketView(date(2024, 1, 1), opens, Past(), {}, 5)
    venue = SimulatedVenue(tape_of({Symbol("S0"): "100"}), CostProfile(), MONDAY)
    return Desk(venue, view, setting.opening, setting.rules, feed=feed)


def _first(ticks: Ticks, symbol: int) -> Decimal:
    prices = ticks.price[(ticks.symbol == symbol) & (ticks.kind == TRADE)].tolist()
    return exact(next(price for price in prices if isfinite(price) and price > 0))


def outcome_of(desk: Desk) -> tuple[object, ...]:
    return desk.trail, desk.blotter, desk.portfolio, list(desk.transcript)


def played(setting: Setting, cuts: Sequence[int] = (), *, known: bool = False) -> Desk:
    desk = desk_of(setting, ticks_of(setting.seed, setting.quoted), cuts, known=known)
    assert trade_ticks(trader_of(setting), desk) is Ending.DONE
    return desk


def ticked(setting: Setting, cuts: Sequence[int], kills: Sequence[TradingState]) -> Desk:
    """One tick at a time; the kill switch is thrown after each of `cuts`."""
    ticks = ticks_of(setting.seed, setting.quoted)
    desk = desk_of(setting, ticks)
    session, thrown = TickSession(trader_of(setting), desk), list(zip(cuts, kills, strict=False))
    for number, tick in enumerate(ticks):
        while thrown and thrown[0][0] == number:
            session.kill(thrown.pop(0)[1], "for the test", 0)
        session.on_tick(tick)
    for _, state in thrown:
        session.kill(state, "for the test", 0)
    session.close()
    return desk


def chunked(
    setting: Setting, cuts: Sequence[int], kills: Sequence[TradingState], *, known: bool
) -> Desk:
    desk = desk_of(setting, ticks_of(setting.seed, setting.quoted), cuts, known=known)
    assert desk.feed is not None
    session, pending = TickSession(trader_of(setting), desk), list(kills)
    for number, chunk in enumerate(desk.feed.chunks()):
        session.play(chunk)
        if pending and number < len(cuts):
            session.kill(pending.pop(0), "for the test", 0)
    session.close()
    return desk


@settings(max_examples=30, deadline=None)
@given(SETTINGS, CUTS, st.lists(st.sampled_from(list(TradingState)), max_size=4))
def test_whole_chunked_played_back_and_tick_by_tick_are_one_session(
    setting: Setting, cuts: Sequence[int], kills: Sequence[TradingState]
) -> None:
    cuts = [min(cut, len(ticks_of(setting.seed, setting.quoted))) for cut in cuts]
    one = outcome_of(ticked(setting, cuts, kills))
    assert outcome_of(chunked(setting, cuts, kills, known=False)) == one
    assert outcome_of(chunked(setting, cuts, kills, known=True)) == one


@settings(max_examples=30, deadline=None)
@given(STREAMS)
def test_what_can_be_true_is_the_same_to_the_engine_and_to_the_venue(stream: list[Tick]) -> None:
    engine = Engine(PATTERNS, SYMBOLS)
    for tick in stream:
        engine.on_tick(tick)
    skipped = sum(engine.skipped(symbol) for symbol in range(len(SYMBOLS)))
    assert skipped == sum(not is_possible(tick) for tick in stream)
