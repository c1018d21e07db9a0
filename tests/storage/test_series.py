"""The reads behind pages and REST say what the store has."""

from decimal import Decimal

from aitrader_core.runner.walk import Plan, walk
from aitrader_core.storage.series import latest_standings, series, session_of_all
from aitrader_core.storage.store import Origin
from tests.small import DAYS, Small


def test_series_sessions_and_standings_are_those_of_the_ledger(small: Small) -> None:
    small.priced()
    floor = small.floor
    for model in ("buy_and_hold", "random"):
        list(walk(floor, Plan(model, tuple(DAYS[:4]), Origin("run-1", "r"), may_start=True)))
    kept = [floor.model_days.get("small", "random", day) for day in DAYS[:4]]
    found = series(small.engine, "small", ["random"])
    assert [(r["session"], r["value"], r["cash"], r["fills"]) for r in found] == [
        (day.session, day.value, day.closing.cash, len(day.fills)) for day in kept if day
    ]
    assert not series(small.engine, "small", ["random"], DAYS[5])
    both = session_of_all(small.engine, "small", DAYS[3])
    assert [row["model"] for row in both] == ["buy_and_hold", "random"]
    last = kept[-1]
    assert last is not None
    held = {symbol: Decimal(quantity) for symbol, quantity in both[1]["holdings"].items()}
    assert held == last.closing.positions
    standings = {row["model"]: row for row in latest_standings(small.engine, "small")}
    row = standings["random"]
    assert (row["sessions"], row["fills"], row["traded"]) == (
        4,
        last.totals.fills,
        last.totals.traded,
    )
    assert [r["rank"] for r in latest_standings(small.engine, "small")] == [1, 2]
