"""Prices come whole or not at all, with their vintage, and tell what they changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from aitrader_core.domain.errors import AitraderError, MarketDataError, PriceFileError
from aitrader_core.domain.market import DAILY, Bar, CorporateAction, Split
from aitrader_core.market.source import DownloadStopped, Prices, Wanted
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import Imported, import_files, import_missing
from aitrader_core.runner.report import curves, leaderboard
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.prices import Saved
from aitrader_core.storage.store import Origin
from tests.conftest import NOW
from tests.simulation.tapes import bar
from tests.small import DAYS, ROWS, A, B, Small

SPLIT = f"AAA,{DAYS[2]},split,2"


@dataclass(frozen=True)
class Vendor:
    """Gives its parts one by one, and ends in an error when it has one."""

    parts: Sequence[Prices]
    error: AitraderError | None = None
    name: str = "vendor"

    def coverage(self) -> tuple[date, date] | None:
        return None

    def fetch(self, wanted: Wanted, now: datetime) -> Iterator[Prices]:  # noqa: ARG002 - has editions
        for part in self.parts:
            lacking = {(s, d) for s, days in wanted.missing.items() for d in days}
            bars = [b for b in part.bars if (b.symbol, b.session) in lacking]
            yield replace(part, bars=bars)
        if self.error:
            raise self.error


def part(bars: Sequence[Bar], actions: Sequence[CorporateAction] = (), label: str = "1") -> Prices:
    return Prices(bars, actions, "vendor", label)


def supplied(small: Small, vendor: Vendor) -> Floor:
    return Floor(replace(small.floor.arena, source=vendor), small.engine)


def labels(floor: Floor) -> list[tuple[str, int, int]]:
    return [(v.label, v.bars, v.actions) for v in floor.prices.vintages()]


OF_A = [bar(A, day, "10", "10") for day in DAYS[:3]]
OF_B = [bar(B, day, "20", "20") for day in DAYS[:3]]


# From the arena's own source --------------------------------------------------------------------


def test_what_is_missing_is_fetched_once(small: Small) -> None:
    floor = supplied(small, Vendor([part(OF_A, [Split(A, DAYS[1], Decimal(2))]), part(OF_B)]))
    done = import_missing(floor, DAYS[0], DAYS[2], NOW)
    assert (done.saved, done.first, done.last) == (Saved(new=6), DAYS[0], DAYS[2])
    assert (done.vintages, done.stopped) == (("1",), None)
    assert [(jump.symbol, jump.session) for jump in done.jumps] == [(A, DAYS[1])]
    assert labels(floor) == [("1", 6, 1)]
    again = import_missing(floor, DAYS[0], DAYS[2], NOW)
    assert again.saved == Saved()


def test_only_the_asked_span_is_fetched(small: Small) -> None:
    floor = supplied(small, Vendor([part(OF_A), part(OF_B)]))
    assert import_missing(floor, DAYS[1], DAYS[1], NOW).saved == Saved(new=2)
    assert floor.prices.sessions() == [DAYS[1]]


def test_a_download_that_stopped_keeps_what_came(small: Small) -> None:
    stop = DownloadStopped("25 requests a day are all it gives")
    floor = supplied(small, Vendor([part(OF_A)], stop))
    done = import_missing(floor, DAYS[0], DAYS[2], NOW)
    assert (done.saved, done.stopped) == (Saved(new=3), "25 requests a day are all it gives")
    assert floor.prices.sessions_by_symbol() == {A: DAYS[:3]}
    rest = import_missing(supplied(small, Vendor([part(OF_A), part(OF_B)])), DAYS[0], DAYS[2], NOW)
    assert (rest.saved, rest.stopped) == (Saved(new=3), None)


def test_one_that_stopped_at_once_brought_nothing(small: Small) -> None:
    floor = supplied(small, Vendor([], DownloadStopped("not now")))
    nothing = Imported(Saved(), None, None, (), (), "not now")
    assert import_missing(floor, DAYS[0], DAYS[2], NOW) == nothing


def test_any_other_fault_is_raised_and_keeps_what_came(small: Small) -> None:
    floor = supplied(small, Vendor([part(OF_A)], MarketDataError("gibberish")))
    with pytest.raises(MarketDataError, match="^gibberish$"):
        import_missing(floor, DAYS[0], DAYS[2], NOW)
    assert floor.prices.sessions_by_symbol() == {A: DAYS[:3]}


# From files -------------------------------------------------------------------------------------


def edition(done: Imported) -> str:
    (label,) = done.vintages
    return label


def test_a_file_is_a_vintage(small: Small) -> None:
    done = small.priced()
    assert (done.saved, done.first, done.last) == (Saved(new=12), DAYS[0], DAYS[5])
    name, digest = edition(done).split()
    assert (name, len(digest)) == ("prices.csv", 8)
    assert labels(small.floor) == [(edition(done), 12, 0)]


def test_the_same_file_brings_nothing_new(small: Small) -> None:
    first, again = small.priced(), small.priced()
    assert (again.saved, again.vintages) == (Saved(), first.vintages)
    assert len(labels(small.floor)) == 1


def test_a_file_that_changed_is_another_vintage(small: Small) -> None:
    first = small.priced()
    again = small.priced({**ROWS, A: "10/11 12/13 14/15.5 16/17 18/19 20/21 22"})
    assert again.saved == Saved(new=1, restated=1)
    assert labels(small.floor) == [(edition(first), 12, 0), (edition(again), 2, 0)]
    assert edition(first) != edition(again)


def test_an_older_file_again_restates_nothing(small: Small) -> None:
    """What it says was known, and the newer one stands."""
    small.priced()
    small.priced({A: "10 12 14"}, "newer.csv")
    assert small.priced().saved == Saved()
    tape = small.floor.tape(DAYS[0], DAYS[2])
    assert [tape.bars[day, DAILY][A].close for day in DAYS[:3]] == [10, 12, 14]


def test_prices_and_actions_are_one_vintage(small: Small) -> None:
    rows = {A: "20 20 10 11 12 13", B: ROWS[B]}
    done = import_files(small.floor, small.prices(rows), small.actions(SPLIT))
    one, two = edition(done).split(" + ")
    assert (one.split()[0], two.split()[0]) == ("prices.csv", "actions.csv")
    assert (done.saved, done.jumps, labels(small.floor)) == (
        Saved(new=12),
        (),
        [(edition(done), 12, 1)],
    )


def test_actions_may_come_alone_and_later(small: Small) -> None:
    jumped = small.priced({A: "20 20 10 11 12 13", B: ROWS[B]})
    assert len(jumped.jumps) == 1
    done = import_files(small.floor, None, small.actions(SPLIT))
    assert (done.saved, done.first, done.last) == (Saved(), DAYS[2], DAYS[2])
    assert done.jumps == ()


def test_bad_actions_keep_good_prices_out(small: Small) -> None:
    actions = small.actions(SPLIT, "AAA,2012-06-09,split,2")
    with pytest.raises(PriceFileError, match="actions.csv:3: "):
        import_files(small.floor, small.prices(), actions)
    assert labels(small.floor) == []
    assert small.floor.prices.sessions() == []


@pytest.mark.parametrize("broken", [{**ROWS, B: "20 21 0 23"}, {**ROWS, B: "20 - 22"}])
def test_bad_prices_keep_good_ones_out(small: Small, broken: dict[str, str]) -> None:
    with pytest.raises(PriceFileError, match="prices.csv:"):
        small.priced(broken)  # type: ignore[arg-type]
    assert labels(small.floor) == []


def test_what_is_let_through_is_asked_for(small: Small) -> None:
    prices = small.prices({**ROWS, B: "20 - 22", "CCC": "1 1 1"})  # type: ignore[dict-item]
    done = import_files(small.floor, prices, None, unknown_symbols="ignore", gaps="allow")
    assert done.saved == Saved(new=8)
    assert small.floor.prices.missing([A, B], DAYS[:3]) == {A: [], B: [DAYS[1]]}


def test_no_file_that_is_there(small: Small, tmp_path: Path) -> None:
    with pytest.raises(PriceFileError, match="there is no such file: check its path$"):
        import_files(small.floor, tmp_path / "gone.csv", None)


# Results that were made from prices that are no longer those --------------------------------------


@pytest.fixture
def traded(small: Small) -> Small:
    small.configure(history=2)
    small.priced()
    traded_again(small)
    return small


def traded_again(small: Small, request: str = "first") -> None:
    plan = Plan("buy_and_hold", tuple(DAYS[:6]), Origin(request, "run"), may_start=True)
    assert [type(step) for step in walk(small.floor, plan)] == [Made] * 6


def outdated(small: Small) -> list[date]:
    points = curves(small.floor)["buy_and_hold"]
    (standing,) = leaderboard(small.floor)
    assert standing.as_json()["restated"] == sum(point.restated for point in points)
    return [point.session for point in points if point.restated]


def test_sessions_that_saw_a_restated_bar_are_told(traded: Small) -> None:
    assert outdated(traded) == []
    traded.priced({**ROWS, A: "10/11 12/13 14/15.5 16/17 18/19 20/21"})
    assert outdated(traded) == DAYS[2:5]  # it is in the history of the two after it


def test_a_restated_action_tells_too(traded: Small) -> None:
    import_files(traded.floor, None, traded.actions(f"BBB,{DAYS[5]},cash_dividend,0.5"))
    assert outdated(traded) == DAYS[5:6]


def test_a_symbol_that_the_arena_left_out_restates_nothing(small: Small) -> None:
    small.priced()
    small.priced({**ROWS, B: "20 21 22.5 23 24 25"})
    small.configure(symbols=[A])
    traded_again(small)
    assert outdated(small) == []


def test_new_sessions_restate_nothing(traded: Small) -> None:
    traded.priced({A: f"{ROWS[A]} 21", B: f"{ROWS[B]} 26"})
    assert outdated(traded) == []


def test_days_that_are_made_again_are_of_the_newest_prices(traded: Small) -> None:
    traded.priced({**ROWS, A: "10/11 12/13 14/15.5 16/17 18/19 20/21"})
    traded_again(traded, "second")
    assert outdated(traded) == []
