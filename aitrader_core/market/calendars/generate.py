"""Write a calendar file: `python -m aitrader_core.market.calendars.generate XNYS`.

Needs exchange_calendars, a development dependency: importing it costs a run half a second.
"""

import json
import sys
from datetime import date, timedelta
from pathlib import Path

FIRST, LAST = date(2000, 1, 1), date(2030, 12, 31)


def generate(exchange: str) -> str:
    """The file's text; the same library gives the same bytes."""
    import exchange_calendars

    calendar = exchange_calendars.get_calendar(exchange, start=str(FIRST), end=str(LAST))
    sessions = {stamp.date() for stamp in calendar.sessions}
    days = [FIRST + timedelta(n) for n in range((LAST - FIRST).days + 1)]
    regular = {d for d in days if calendar.weekmask[d.weekday()] == "1"}
    if sessions - regular:
        raise SystemExit(f"{exchange} opens on days off its weekmask: {min(sessions - regular)}")
    facts = {
        "exchange": exchange,
        "timezone": str(calendar.tz),
        "first": str(FIRST),
        "last": str(LAST),
        "weekmask": calendar.weekmask,
        "holidays": [str(d) for d in sorted(regular - sessions)],
    }
    return json.dumps(facts, indent=1) + "\n"


if __name__ == "__main__":
    for name in sys.argv[1:]:
        Path(__file__).with_name(f"{name}.json").write_text(generate(name), encoding="utf-8")
