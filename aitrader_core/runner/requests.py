"""Checks a request before anything is stored: every fault gets a sentence and a way out."""

from collections.abc import Sequence
from datetime import date
from typing import Required, TypedDict, Unpack

from aitrader_core.agents.agent import Terms
from aitrader_core.domain.errors import JobError
from aitrader_core.market.gaps import find_gaps
from aitrader_core.runner.arena import Arena
from aitrader_core.runner.catch_up import due
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.job import JobRequest

_LEAST = 0.0001  # of any budget: less would be stored as nothing
_MOST = {"dollars": 1_000_000_000, "tokens": 2**63 - 1}


class How(TypedDict, total=False):
    """The rest of a request: who asks, whether days are made again, what may be spent on it, and
    whether it is refused instead of queued (`alone`) while another job of the market is active."""

    source: Required[str]
    replace_existing: bool
    fresh: bool
    max_dollars: float | None
    max_tokens: int | None
    alone: bool


def submit(
    floor: Floor, first: str, last: str | None, models: Sequence[str], **how: Unpack[How]
) -> int:
    """Check a request, queue it, and return the job's id. InputError names what is wrong.

    Without `last` it goes to the latest session with prices.
    """
    job_id = submit_due(floor, first, last, models, **how)
    assert job_id is not None
    return job_id


def submit_due(
    floor: Floor, first: str | None, last: str | None, models: Sequence[str], **how: Unpack[How]
) -> int | None:
    """As `submit`; without `first` each model goes on from its own last session, and None says
    that all of them are up to date."""
    arena = floor.arena
    limits = how.get("max_dollars"), how.get("max_tokens")
    for (name, most), limit in zip(_MOST.items(), limits, strict=True):
        if limit is not None and not _LEAST <= limit <= most:
            raise JobError(
                f"a budget of {limit} {name} is none: give a number above 0, {_LEAST} to {most:,}"
            )
    names = _models(arena, models, in_dollars=limits[0] is not None)
    if first is None and (how.get("fresh") or how.get("replace_existing")):
        raise JobError("to make days again, say from which session on: give a start")
    starts = {} if first is not None else _due(floor, names, last)
    if first is None and not starts:
        return None
    begin = min(starts.values()) if first is None else parse_date(first)
    sessions = sessions_between(arena, begin, _end(floor, last))
    check_prices(floor, sessions)
    floor.register_models()
    return floor.jobs.submit(
        JobRequest(
            arena.market,
            sessions[0],
            sessions[-1],
            tuple(starts) if first is None else names,
            sessions,
            starts=starts,
            **how,
        )
    )


def _due(floor: Floor, names: Sequence[str], last: str | None) -> dict[str, date]:
    """Where each model goes on from, of those that have not come to the end."""
    end, (_, waiting) = _end(floor, last), due(floor, names)
    return {m: start for start, models in waiting.items() if start <= end for m in models}


def _end(floor: Floor, last: str | None) -> date:
    if last is not None:
        return parse_date(last)
    latest, _ = due(floor, ())
    if latest is None:
        raise JobError(
            f"the {floor.arena.market} arena has no prices yet: import them first "
            f"(aitrader prices import --market {floor.arena.market})"
        )
    return latest


def checked(
    floor: Floor, first: str, last: str, models: Sequence[str], *, in_dollars: bool = False
) -> tuple[tuple[date, ...], tuple[str, ...]]:
    """The sessions and models of a request, whose limit may be in dollars. InputError names what
    is wrong."""
    sessions = sessions_between(floor.arena, parse_date(first), parse_date(last))
    names = _models(floor.arena, models, in_dollars=in_dollars)
    check_prices(floor, sessions)
    return sessions, names


def parse_date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise JobError(f"{text!r} is not a date: write it as YYYY-MM-DD") from error


def sessions_between(arena: Arena, first: date, last: date) -> tuple[date, ...]:
    """Both of them included. JobError for what is no session of the arena."""
    if first > last:
        raise JobError(f"the range is reversed: {first} is after {last}")
    for end in (first, last):
        if not arena.calendar.is_session(end):
            raise JobError(arena.calendar.explain(end))
        if not arena.first_session <= end <= arena.last_session:
            raise JobError(
                f"{end} is outside the {arena.market} arena, which has the sessions "
                f"{arena.first_session} to {arena.last_session}"
            )
    return arena.calendar.between(first, last)


def _models(arena: Arena, names: Sequence[str], *, in_dollars: bool = False) -> tuple[str, ...]:
    if not names:
        raise JobError(f"no model is named: choose from {', '.join(arena.models)}")
    terms = Terms(arena.symbols, arena.is_intraday, arena.calls == "replay", in_dollars)
    for name in names:
        check = getattr(arena.model(name).agent, "check", None)
        if check is not None:
            check(terms)
    return tuple(dict.fromkeys(names))


def check_prices(floor: Floor, sessions: Sequence[date]) -> None:
    """JobError for sessions that lack a price, or have one that is not trusted."""
    stored = floor.prices.sessions_by_symbol()
    by_symbol = {s: listed for s, listed in stored.items() if s in floor.arena.symbols}
    priced = {session for listed in by_symbol.values() for session in listed}
    missing = [s for s in sessions if s not in priced]
    where = f"import them first (aitrader prices import --market {floor.arena.market})"
    if missing:
        raise JobError(
            f"{len(missing)} of the {len(sessions)} sessions have no prices, the first is "
            f"{missing[0]}: {where}"
        )
    for symbol, listed in by_symbol.items():
        end = floor.arena.calendar.next(listed[-1])
        if end in sessions:
            raise JobError(f"{symbol} has no bar on {end}, nor later: {where}")
    gaps = find_gaps(floor.arena.calendar, by_symbol)
    for symbol, absent in gaps.items():
        if inside := [s for s in absent if sessions[0] <= s <= sessions[-1]]:
            raise JobError(
                f"{symbol} has no bar on {inside[0]}"
                + (f" and {len(inside) - 1} more sessions" if len(inside) > 1 else "")
                + f": {where}"
            )
    for short in floor.prices.short_sessions() if floor.arena.is_intraday else ():
        if short.symbol in by_symbol and sessions[0] <= short.session <= sessions[-1]:
            raise JobError(f"{short}: {where}")
    if jumps := floor.suspects(sessions[0], sessions[-1]):
        raise JobError(floor.not_trusted(jumps[0]))
