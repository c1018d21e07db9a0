"""A model-day's statement says what its rows say, and what is to be doubted of it."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from sqlalchemy import Row, text

from aitrader_core.domain.transcript import Entry
from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.statement import missing, statement, surroundings
from aitrader_core.runner.walk import Plan, walk
from aitrader_core.storage.store import Origin
from aitrader_core.storage.transcripts import part_of_failed, text_of_failed
from tests.small import DAYS, A, B, Small

D = Decimal
SIX = DAYS[:6]


@pytest.fixture
def traded(small: Small) -> Small:
    """Random trades over a split and a dividend, on prices that were restated half-way."""
    small.configure(costs="us_retail", models=["random", "buy_and_hold"])
    rows = {A: "10/11 12/13 7/7.5 8/8.5 9/9.5 10/10.5", B: "20 21 22 23 24 25"}
    actions = small.actions(f"{A},{DAYS[2]},split,2", f"{B},{DAYS[3]},cash_dividend,0.5")
    import_files(small.floor, small.prices(rows), actions)
    walked(small, SIX[:4])
    small.floor.register_models()
    again = {A: "10/11 12/13 7/7.5 8/8.7 9/9.5 10/10.5", B: "20 21 22 23 24 25"}
    import_files(small.floor, small.prices(again, "again.csv"), None)
    walked(small, SIX[4:])
    return small


def walked(small: Small, sessions: list[date], request: str = "job-1", **how: Any) -> None:
    for model in ("random", "buy_and_hold"):
        plan = Plan(model, tuple(sessions), Origin(request, "run-1"), may_start=True, **how)
        list(walk(small.floor, plan))


def test_profit_by_symbol_is_what_its_rows_and_bars_say(traded: Small) -> None:
    for model in ("random", "buy_and_hold"):
        for session in SIX:
            found = statement(traded.floor, model, session)
            assert found is not None
            assert found.profit.is_explained
            assert found.profit.rest == 0
            parts = {s.symbol: s.profit for s in found.profit.symbols}
            assert parts == from_the_rows(traded, model, session)
            assert sum(parts.values(), D(0)) == found.day.profit == found.figures["profit"]


def from_the_rows(small: Small, model: str, session: date) -> dict[str, Decimal]:
    """In SQL and by hand: the vintages are read as what they are here, first and second."""
    parts: defaultdict[str, Decimal] = defaultdict(Decimal)
    with small.engine.connect() as connection:

        def ask(query: str, **asked: object) -> Sequence[Row[Any]]:
            return connection.execute(text(query), asked).all()

        days = ask(
            "select id, session, manifest ->> 'prices' as prices from model_days where model = :m"
            " and session <= :s and superseded_at is null order by session desc limit 2",
            m=model,
            s=session,
        )
        for sign, day in zip((1, -1), days, strict=False):
            for row in ask("select * from holdings where model_day_id = :id", id=day.id):
                listed = ask(
                    "select b.close, v.label from bars b join vintages v on v.id = b.vintage_id"
                    " where symbol = :symbol and session = :session order by v.id",
                    symbol=row.symbol,
                    session=day.session,
                )
                closes = {price.label: price.close for price in listed}
                close = [*closes.values()][-1 if "again.csv" in day.prices else 0]
                parts[row.symbol] += sign * row.quantity * close
        for row in ask("select * from fills where model_day_id = :id", id=days[0].id):
            sign = -1 if row.side == "buy" else 1
            parts[row.symbol] += sign * row.quantity * row.price - row.commission
        for row in ask("select * from adjustments where model_day_id = :id", id=days[0].id):
            parts[row.symbol] += row.cash_change
    return dict(parts)


def test_doubts_and_revisions_are_told(traded: Small) -> None:
    floor = traded.floor
    old = statement(floor, "random", SIX[3])
    assert old is not None
    assert old.restated_to is not None
    assert "again.csv" in old.restated_to
    assert not old.reconfigured
    new = statement(floor, "random", SIX[4])
    assert new is not None
    assert new.restated_to is None
    walked(traded, SIX[3:5], "job-2", replace=True)
    made = statement(traded.floor, "random", SIX[4])
    assert made is not None
    assert [(r.revision, r.request, r.superseded_by) for r in made.revisions] == [
        (2, "job-2", None),
        (1, "job-1", "job-2"),
    ]
    traded.configure(costs="free", models=["random"])
    changed = statement(traded.floor, "random", SIX[4])
    assert changed is not None
    assert changed.reconfigured


def test_sessions_next_to_it_are_those_that_are_stored_or_failed(traded: Small) -> None:
    floor = traded.floor
    floor.failed_days.keep("small", "random", DAYS[7], "broke", Origin("r", "r"), [Entry("x", "y")])
    found = surroundings(floor, "random", SIX[5])
    near = found.near
    assert (near.previous, near.next) == (SIX[4], DAYS[7])
    assert (near.first, near.last) == (SIX[0], SIX[5])
    assert (list(found.asked), list(found.failed)) == ([], [])
    assert [f.reason for f in surroundings(floor, "random", DAYS[7]).failed] == ["broke"]


def test_what_is_not_stored_says_why_and_what_would_make_it(traded: Small) -> None:
    floor = traded.floor
    near = surroundings(floor, "random", DAYS[8]).near
    import_files(floor, traded.prices({A: "- " * 6 + "11 12 13"}, "more.csv"), None)
    told = missing(floor, DAYS[8], near)
    assert told.start == DAYS[6]
    assert str(SIX[5]) in told.why
    assert missing(floor, date(2012, 6, 2), near).start is None  # a Saturday
    assert "outside" in missing(floor, date(2012, 7, 2), near).why
    assert "no prices" in missing(floor, DAYS[10], near).why
    nobody = surroundings(floor, "nobody", SIX[0]).near
    assert missing(floor, SIX[2], nobody).start == SIX[0]


def test_a_long_transcript_comes_in_parts_that_say_how_much_there_is(traded: Small) -> None:
    entries = [Entry("model", "x" * 30_000), *(Entry("tool", "y" * 10_000) for _ in range(999))]
    traded.floor.failed_days.keep("small", "random", DAYS[7], "b", Origin("r", "r"), entries)
    (failed,) = surroundings(traded.floor, "random", DAYS[7]).failed
    part = part_of_failed(traded.engine, failed.id)
    assert (part.total, len(part.excerpts), part.following) == (1000, 400, 401)
    assert [len(e.entry.text) for e in part.excerpts[:2]] == [2_000, 10_000]
    assert (part.excerpts[0].characters, part.excerpts[0].is_cut) == (30_000, True)
    assert sum(len(e.entry.text) for e in part.excerpts) < 1_500_000
    last = part_of_failed(traded.engine, failed.id, 801)
    assert ([e.number for e in last.excerpts], last.following) == ([*range(801, 1001)], None)
    assert text_of_failed(traded.engine, failed.id, 1) == "x" * 30_000
    assert text_of_failed(traded.engine, failed.id, 1001) is None
    assert text_of_failed(traded.engine, failed.id, 0) is None
