"""When something on the web was published, by whatever its finder says of it."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from email.utils import parsedate_to_datetime

# Where search engines put it; `metadata` holds what the page says of itself.
_PUBLISHED = (
    "date",
    "publishedTime",
    "published_time",
    "publishedDate",
    "published_date",
    "published",
    "article:published_time",
)
_CHANGED = ("modifiedTime", "modified_time", "article:modified_time", "og:updated_time")
_MONTHS = (
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
)
_NUMBERS = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)")
_WORDS = re.compile(
    r"(?:[a-z]{3,9},? +)?"
    r"(?:([a-z]{3,9})\.? +(\d{1,2})(?:st|nd|rd|th)?|(\d{1,2})(?:st|nd|rd|th)? +([a-z]{3,9})\.?)"
    r",? +(\d{4})(?![\d:])",
    re.IGNORECASE,
)


def published(found: Mapping[str, object]) -> date | None:
    """The latest day that `found` is dated at or was changed on; None where it has no date."""
    if not (days := list(_days(found, _PUBLISHED))):
        return None
    return max((*days, *_days(found, _CHANGED)))


def day_of(text: object) -> date | None:
    """ISO, RFC 2822, or with the month's name. None for `3 days ago`: nobody knows from when.

    Of a moment with a time zone it is the later of the day there and the day in Greenwich.
    """
    if not isinstance(text, str) or len(text) > 80:
        return None
    text = text.strip()
    if (moment := _moment(text)) is not None:
        return _later(moment)
    if numbers := _NUMBERS.match(text):
        return _date(numbers[1], int(numbers[2]), numbers[3])
    if words := _WORDS.match(text):
        month = words[1] or words[4]
        return _date(words[5], _month(month), words[2] or words[3])
    return None


def _days(found: Mapping[str, object], names: tuple[str, ...]) -> Iterator[date]:
    told = found.get("metadata")
    for where in (found, told if isinstance(told, dict) else {}):
        yield from (day for name in names if (day := day_of(where.get(name))) is not None)


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        pass
    if _WORDS.match(text) is None or ":" not in text:
        return None  # the standard library reads more into it than there is
    try:
        return parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError):
        return None


def _later(moment: datetime) -> date:
    if moment.tzinfo is None:
        return moment.date()
    try:
        return max(moment.date(), moment.astimezone(UTC).date())
    except OverflowError:
        return moment.date()


def _month(name: str) -> int:
    """0 for what is none."""
    near = (n for n, month in enumerate(_MONTHS, 1) if month.startswith(name.lower()))
    return next(near, 0)


def _date(year: str, month: int, day: str) -> date | None:
    try:
        return date(int(year), month, int(day))
    except ValueError:
        return None
