"""The price store: editions of a history, of which the latest is used and none is lost."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, time
from decimal import Decimal
from itertools import count

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from aitrader_core.domain.errors import MarketDataError
from aitrader_core.domain.market import Bar, CashDividend, CorporateAction, Split, Symbol
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.prices import PriceStore, Saved
from tests.simulation.tapes import A, B, C, bar, weekdays

D = Decimal
DAYS = weekdays(4)
FIRST = [bar(symbol, session, "10", "11") for session in DAYS[:3] for symbol in (A, B)]
RESTATED = [*FIRST[:3], replace(FIRST[3], close=D("11.00000001")), *FIRST[4:]]
_markets = (f"market-{n}" for n in count(1))
Stored = list[tuple[str, date, str, Decimal | None]]


@pytest.fixture
def market() -> str:
    """One that no other test of this module has prices in."""
    return next(_markets)


@pytest.fixture
def prices(module_floor: Floor, market: str) -> PriceStore:
    return PriceStore(module_floor.engine, market, "vendor")


@pytest.fixture
def stored(module_floor: Floor, market: str) -> "Rows":
    return Rows(module_floor, market)


class Rows:
    """The rows of a market's prices, those that a later vintage replaced included."""

    def __init__(self, floor: Floor, market: str) -> None:
        self._floor = floor
        self._market = market

    def bars(self) -> Stored:
        return self._read("session, symbol, close", "bars")

    def actions(self) -> Stored:
        return self._read("ex_date, symbol, value", "corporate_actions")

    def _read(self, columns: str, table: str) -> Stored:
        query = f"select label, {columns} from {table} p join vintages v on v.id = p.vintage_id"
        query += " where p.market = :market order by 1, 2, 3"
        with self._floor.engine.connect() as connection:
            found = connection.execute(text(query), {"market": self._market})
            return [(label, day, symbol, value) for label, day, symbol, value in found]


def rows_of(vintage: str, bars: Sequence[Bar]) -> Stored:
    return [(vintage, b.session, b.symbol, b.close) for b in bars]


def bars_of(prices: PriceStore, *symbols: Symbol) -> Sequence[Bar]:
    return prices.load(symbols or (A, B), DAYS[0], DAYS[-1]).bars


def test_what_is_saved_is_loaded(prices: PriceStore) -> None:
    unknown = Bar(C, DAYS[2], D("0.00000001"))  # a session that has only begun
    assert prices.save("v1", [*FIRST, unknown], []) == Saved(new=7)
    assert prices.counts(DAYS[0], DAYS[3]) == {DAYS[0]: 2, DAYS[1]: 2, DAYS[2]: 3}
    found = prices.load([A, B, C], DAYS[0], DAYS[2])
    assert found.bars == [*FIRST, unknown]
    assert (found.actions, found.name(DAYS)) == ([], "vendor v1")


def test_a_load_is_of_symbols_and_a_span(prices: PriceStore) -> None:
    prices.save("v1", FIRST, [])
    found = prices.load([B, C], DAYS[1], DAYS[2])
    assert found.bars == [b for b in FIRST if b.symbol == B and b.session >= DAYS[1]]
    assert prices.load([C], DAYS[0], DAYS[2]).bars == []


def test_markets_and_sources_are_apart(
    module_floor: Floor, prices: PriceStore, market: str
) -> None:
    prices.save("v1", FIRST, [Split(A, DAYS[0], D(2))])
    for other in (
        PriceStore(module_floor.engine, market, "rival"),
        PriceStore(module_floor.engine, next(_markets), "vendor"),
    ):
        assert bars_of(other) == []
        assert other.load([A], DAYS[0], DAYS[3]).actions == []
        assert (other.sessions(), other.sessions_by_symbol()) == ([], {})
    rival = PriceStore(module_floor.engine, market, "rival")
    rival.save("v1", RESTATED, [])
    assert (bars_of(prices), bars_of(rival)) == (FIRST, RESTATED)


def test_unchanged_bars_are_not_stored_again(prices: PriceStore, stored: Rows) -> None:
    prices.save("v1", FIRST, [])
    for vintage in ("v1", "v2"):
        assert prices.save(vintage, FIRST, []) == Saved()
        assert stored.bars() == rows_of("v1", FIRST)


def test_a_restated_bar_is_of_the_new_vintage(prices: PriceStore, stored: Rows) -> None:
    prices.save("v1", FIRST, [])
    later = bar(A, DAYS[3], "12")
    assert prices.save("v2", [*RESTATED, later], []) == Saved(new=1, restated=1)
    assert stored.bars() == [*rows_of("v1", FIRST), *rows_of("v2", [RESTATED[3], later])]
    assert bars_of(prices) == [*RESTATED, later]
    assert prices.load([A, B], DAYS[0], DAYS[3]).name(DAYS) == "vendor v2"
    assert prices.load([A, B], DAYS[0], DAYS[0]).name(DAYS) == "vendor v1"


def test_the_latest_vintage_is_the_last_one_that_was_new(prices: PriceStore) -> None:
    """Labels are a vendor's own: their order says nothing."""
    prices.save("v9", FIRST, [])
    prices.save("v10", RESTATED, [])
    prices.save("v9", FIRST, [])  # an older import again restates nothing
    assert bars_of(prices) == RESTATED


def test_a_vintage_that_contradicts_itself_is_refused(prices: PriceStore, stored: Rows) -> None:
    prices.save("v1", FIRST, [])
    complaint = f"vendor gives BBB on {DAYS[1]} another price .* vintage, v1: import it as a new"
    with pytest.raises(MarketDataError, match=complaint):
        prices.save("v1", [bar(C, DAYS[0], "1"), *RESTATED], [Split(A, DAYS[0], D(2))])
    assert stored.bars() == rows_of("v1", FIRST)
    assert stored.actions() == []
    with pytest.raises(MarketDataError):
        prices.save("v1", [replace(FIRST[0], volume=None)], [])


def test_nor_may_an_older_vintage_contradict_itself(prices: PriceStore) -> None:
    prices.save("v1", FIRST, [])
    prices.save("v2", RESTATED, [])
    with pytest.raises(MarketDataError):
        prices.save("v1", [replace(FIRST[3], close=D(12))], [])


def test_nor_may_one_import(prices: PriceStore) -> None:
    with pytest.raises(MarketDataError):
        prices.save("v1", [*FIRST, RESTATED[3]], [])


def test_nor_may_its_actions(prices: PriceStore) -> None:
    prices.save("v1", FIRST, [Split(A, DAYS[1], D(2))])
    with pytest.raises(MarketDataError):
        prices.save("v1", FIRST, [Split(A, DAYS[1], D(3))])


def test_a_price_of_many_decimals_is_imported_again(prices: PriceStore) -> None:
    exact = replace(FIRST[0], close=D("10.123456789"))
    prices.save("v1", [exact], [])
    prices.save("v1", [exact], [])


ACTIONS: list[CorporateAction] = [
    CashDividend(A, DAYS[1], D("0.12345678")),
    Split(A, DAYS[1], D("1.5")),
    Split(B, DAYS[2], D("0.1")),
]


def test_actions_are_loaded_by_ex_date(prices: PriceStore) -> None:
    prices.save("v1", FIRST, reversed(ACTIONS))
    prices.save("v1", FIRST, ACTIONS)
    assert prices.load([A, B], DAYS[0], DAYS[3]).actions == ACTIONS
    assert prices.load([A, B], DAYS[2], DAYS[3]).actions == ACTIONS[2:]
    assert prices.load([A], DAYS[0], DAYS[3]).actions == ACTIONS[:2]


def test_a_restated_action_is_of_the_new_vintage(prices: PriceStore, stored: Rows) -> None:
    prices.save("v1", FIRST, ACTIONS)
    prices.save("v2", FIRST, [Split(B, DAYS[2], D("0.2"))])
    found = prices.load([A, B], DAYS[0], DAYS[3])
    assert found.actions == [*ACTIONS[:2], Split(B, DAYS[2], D("0.2"))]
    assert len(stored.actions()) == 4


def test_a_restated_action_gives_the_history_another_name(prices: PriceStore) -> None:
    """Else a day's manifest says that it was made of prices that it was not made of."""
    prices.save("v1", FIRST, [])
    prices.save("v2", FIRST, [Split(B, DAYS[2], D("0.2"))])
    assert prices.load([A, B], DAYS[0], DAYS[3]).name(DAYS) == "vendor v2"


def test_sessions_are_told_by_symbol(prices: PriceStore) -> None:
    prices.save("v1", FIRST, [])
    prices.save("v2", [*RESTATED, bar(B, DAYS[3], "12"), bar(C, DAYS[0], "1")], [])
    assert prices.sessions() == DAYS
    assert prices.sessions_by_symbol() == {A: DAYS[:3], B: DAYS, C: DAYS[:1]}


def test_a_session_with_fewer_bars_than_the_others_have_is_told(prices: PriceStore) -> None:
    hours = [time(10), time(11), time(12)]
    whole = [replace(bar(A, day, "10"), at=at) for day in DAYS[:2] for at in hours]
    part = [replace(bar(B, DAYS[0], "10"), at=at) for at in hours[:2]]
    prices.save("v1", [*whole, *part], [])
    assert list(map(str, prices.short_sessions())) == [f"BBB has 2 of 3 bars on {DAYS[0]}"]


BROKEN = {
    "open": replace(FIRST[0], open=D(0)),
    "close": replace(FIRST[0], close=D(-1)),
    "range": replace(FIRST[0], high=D(1), low=D(2)),
    "volume": replace(FIRST[0], volume=D(-1)),
}


@pytest.mark.parametrize("check", BROKEN)
def test_no_price_can_be_what_it_is_not(prices: PriceStore, stored: Rows, check: str) -> None:
    with pytest.raises(IntegrityError, match=f"ck_bars_{check}"):
        prices.save("v1", [BROKEN[check], *FIRST[1:]], [])
    assert stored.bars() == []
