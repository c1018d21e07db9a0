"""Bars within sessions as coarse ticks."""

from datetime import date
from pathlib import Path

import pytest

from aitrader_core.domain.errors import TickFileError
from aitrader_core.domain.market import Symbol
from aitrader_core.market.ticks.coarse import BarTicks
from aitrader_core.market.ticks.making import make_ticks
from tests.recordings import CN_HOURLY, US_HOURLY, needs_recordings

SESSION = date(2024, 8, 8)
HEADER = "symbol,session,time,open,close,volume"
ROWS = (
    "A,2024-08-08,10:00,10,10.5,3",
    "A,2024-08-08,11:00,10.5,11,4",
    "B,2024-08-08,10:00,7,7.25,5",
    "A,2024-08-09,10:00,12,13,1",
)


def source(tmp_path: Path, *rows: str, stamped: str = "start") -> BarTicks:
    path = tmp_path / "hours.csv"
    path.write_text("\n".join((HEADER, *rows)) + "\n")
    return BarTicks(path, "XSHG", stamped="end" if stamped == "end" else "start")


def test_a_bar_is_a_trade_at_its_end(tmp_path: Path) -> None:
    began = source(tmp_path, *ROWS)
    assert began.sessions() == [SESSION, date(2024, 8, 9)]
    symbols = (Symbol("A"), Symbol("B"))
    made = make_ticks(began.load(SESSION, symbols))
    three = 1_723_086_000 * 10**9  # 11:00 in Shanghai
    hour = 3600 * 10**9
    assert [(t.received, t.symbol, t.price, t.volume) for t in made.ticks] == [
        (three, 0, 10.5, 3.0),
        (three, 1, 7.25, 5.0),
        (three + hour, 0, 11.0, 4.0),
    ]
    ended = make_ticks(source(tmp_path, *ROWS, stamped="end").load(SESSION, symbols))
    assert (made.ticks.received - ended.ticks.received).tolist() == [hour] * 3
    assert not made.findings.faults


def test_what_is_no_trade_is_told_by_line(tmp_path: Path) -> None:
    rows = (
        ROWS[0],
        "A,2024-08-08,11:00,10,,4",
        "C,2024-08-08,10:00,1,1,1",
        "A,2024-08-08,13:00,1,1,0",
    )
    made = make_ticks(source(tmp_path, *rows).load(SESSION, (Symbol("A"),)))
    assert [tick.price for tick in made.ticks] == [10.5]
    places = [place for found in made.findings.places.values() for place in found]
    told = {(place.line, place.kind.value) for place in places}
    assert told == {(3, "bad_price"), (4, "unknown_symbol"), (5, "bad_volume")}
    with pytest.raises(TickFileError, match=r"hours.txt: bars are read from .jsonl, .csv"):
        BarTicks(tmp_path / "hours.txt", "XSHG").sessions()


@needs_recordings
@pytest.mark.parametrize(
    ("path", "exchange", "stamped", "sessions"),
    [(US_HOURLY, "XNYS", "start", 29), (CN_HOURLY, "XSHG", "end", 30)],
)
def test_recorded_hours(path: Path, exchange: str, stamped: str, sessions: int) -> None:
    hours = BarTicks(path, exchange, stamped="end" if stamped == "end" else "start")
    days = hours.sessions()
    assert len(days) == sessions
    made = make_ticks(hours.load(days[0], ()))
    assert not made.findings.faults
    assert len(made.ticks) > 3 * len(made.ticks.symbols)
