"""A job of an intraday arena needs every bar of its sessions."""

import pytest

from aitrader_core.domain.errors import JobError
from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.requests import submit
from tests.small import DAYS, Small


def test_a_session_that_lacks_bars_of_a_symbol_is_refused(small: Small) -> None:
    small.configure(bars="intraday")
    rows = [
        f"{s},{d},{at},10" for s in ("AAA", "BBB") for d in DAYS[:3] for at in ("10:00", "11:00")
    ]
    rows.remove(f"BBB,{DAYS[1]},11:00,10")
    file = small.file(
        "hourly.csv", "symbol,session,time,open,close", *(f"{row},10" for row in rows)
    )
    import_files(small.floor, file, None, gaps="allow")
    days = [str(day) for day in DAYS]
    with pytest.raises(JobError, match=f"BBB has 1 of 2 bars on {DAYS[1]}: import them first"):
        submit(small.floor, days[0], days[2], ["random"], source="test")
    submit(small.floor, days[2], days[2], ["random"], source="test")
