"""Write calendar files: `python -m aitrader_core.market.calendars.generate XNYS XSHG 24/7`.

Needs exchange_calendars, a development dependency: importing it costs a run half a second.
"""

import json
import sys
from datetime import date, timedelta
from pathlib import Path

from aitrader_core.market.calendar import file_name

FIRST, LAST = date(2000, 1, 1), date(2030, 12, 31)  # wished; no exchange is known for ever


def generate(exchange: str) -> str:
    """The file's text; the same library gives the same bytes."""
    import exchange_calendars

    known = type(exchange_calendars.get_calendar(exchange))
    first = max(FIRST, bound.date()) if (bound := known.bound_min()) else FIRST
    last = min(LAST, bound.date()) if (bound := known.bound_max()) else LAST
    calendar = exchange_calendars.get_calendar(exchange, start=str(first), end=str(last))
    sessions = {stamp.date() for stamp in calendar.sessions}
    days = [first + timedelta(n) for n in range((last - first).days + 1)]
    regular = {d for d in days if calendar.weekmask[d.weekday()] == "1"}
    if sessions - regular:
        raise SystemExit(f"{exchange} opens on days off its weekmask: {min(sessions - regular)}")
    facts = {
        "exchange": exchange,
        "timezone": str(calendar.tz),
        "first": str(first),
        "last": str(last),
        "weekmask": calendar.weekmask,
        "holidays": [str(d) for d in sorted(regular - sessions)],
    }
    return json.dumps(facts, indent=1) + "\n"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(__file__).with_name(file_name(name)).write_text(generate(name), encoding="utf-8")
