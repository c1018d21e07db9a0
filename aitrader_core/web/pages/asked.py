"""What a form asks for: a field left empty is not asked for."""

from collections.abc import Iterable, Sequence
from datetime import date

from aitrader_core.runner.config import did_you_mean
from aitrader_core.web.problems import Problem


def day(text: str | None, field: str) -> date | None:
    """Problem 422 for what is no date."""
    if not text:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Problem(422, f"{field}: {text!r} is no date", "write it as 2012-06-01") from None


def one_of(name: str, known: Iterable[str], what: str, status: int = 422) -> str:
    """`name`, if it is known; else a Problem."""
    there = list(known)
    if name not in there:
        raise Problem(
            status,
            f"there is no {what} {name!r}",
            f"{did_you_mean(name, there)}there are {', '.join(there) or 'none'}",
        )
    return name


def models(names: Sequence[str], known: Sequence[str]) -> list[str]:
    """Each once, in the order of `known`. Problem 404 for one that has not traded."""
    for name in names:
        one_of(name, known, "model that has traded named", 404)
    return [name for name in known if name in names]
