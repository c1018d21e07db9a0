"""Looks through what was said on stored model-days for dates and prices of after their session."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from functools import cache, partial
from itertools import chain, groupby
from typing import Literal

from aitrader_core.agents.llm.disguise import Disguise, undisguised
from aitrader_core.agents.llm.tools import EVERY_TOOL
from aitrader_core.agents.mcp.session_tools import FINISH
from aitrader_core.domain.market import Moment, Symbol
from aitrader_core.domain.money import plain
from aitrader_core.domain.portfolio import Portfolio
from aitrader_core.domain.transcript import Entry
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.foreknown import AHEAD, Foreknown
from aitrader_core.runner.ledger_figures import figures_of, holding_figures
from aitrader_core.runner.mentions import Dated, Figure, Figures, dates_in
from aitrader_core.runner.remaking import kept_together
from aitrader_core.simulation.tape import Tape
from aitrader_core.storage.calls import FailedDay

Severity = Literal["leak", "mention"]

TOLD_BY_US = ("system", "user", "tool", "desk", "arena")  # the roles of what a model is told
_CLOCK = "venue"  # the role that says which bar has opened
_BARS = 20  # of history, where a call does not say how many

_Found = tuple[Literal["date", "price"], str, str]  # what it is, the thing itself, text around it


@dataclass(frozen=True, slots=True)
class Finding:
    """Something of after its session: a leak where we told the model, else its own mention.

    `entry` is the line of the transcript, 1 is the first; `attempt` numbers those of a model-day
    that failed, and is None for the stored one.
    """

    model: str
    session: date
    attempt: int | None
    entry: int
    who: str
    severity: Severity
    kind: Literal["date", "price"]
    what: str
    around: str


@dataclass(frozen=True, slots=True)
class Audited:
    """What became of one model: transcripts that were looked through, and what is in them."""

    model: str
    days: int
    failed: int
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True)
class _Said:
    """A transcript, and what its model-day's own ledger may have put into it."""

    model: str
    session: date
    entries: Sequence[Entry]
    own: Callable[[], set[Decimal]]
    attempt: int | None = None


def audit(
    floor: Floor,
    models: Sequence[str],
    first: date = date.min,
    last: date = date.max,
    told: Callable[[int, int], object] = lambda *_: None,
) -> Iterator[Audited]:
    """Of each model the stored sessions from `first` to `last`, and those that failed."""
    market = floor.arena.market
    stored = {
        model: [s for s in floor.model_days.sessions(market, model) if first <= s <= last]
        for model in models
    }
    failed = {model: floor.failed_days.of_model(market, model, first, last) for model in models}
    every = [s for sessions in stored.values() for s in sessions]
    every += [day.session for days in failed.values() for day in days]
    done, total = 0, len(every)
    if not every:
        yield from (Audited(model, 0, 0, ()) for model in models)
        return
    auditor = _Auditor(floor, _tape(floor, min(every), max(every)))
    told(done, total)
    for model in models:
        found: list[Finding] = []
        for said in _said(floor, auditor.tape, model, stored[model], failed[model]):
            found += auditor.findings(said)
            done += 1
            told(done, total)
        found.sort(key=lambda f: (f.session, f.attempt or 0, f.entry))
        yield Audited(model, len(stored[model]), len(failed[model]), tuple(found))


def _tape(floor: Floor, first: date, last: date) -> Tape:
    calendar = floor.arena.calendar
    return floor.tape(first, calendar.between(last, calendar.last)[: AHEAD + 1][-1])


def _said(
    floor: Floor,
    tape: Tape,
    model: str,
    sessions: Sequence[date],
    failed: Sequence[FailedDay],
) -> Iterator[_Said]:
    for kept in kept_together(floor, model, sessions):
        for record in kept:
            day = record.day
            own = partial(figures_of, day, _opens(tape, day.session))
            yield _Said(model, day.session, day.transcript, own)
    for session, attempts in groupby(failed, lambda day: day.session):
        own = partial(_at_the_open, floor, tape, model, session)
        for number, attempt in enumerate(attempts, 1):
            yield _Said(model, session, attempt.entries, own, number)


def _opens(tape: Tape, session: date) -> list[Mapping[Symbol, Decimal]]:
    return [tape.opens[moment] for moment in tape.moments_of(session)]


def _at_the_open(floor: Floor, tape: Tape, model: str, session: date) -> set[Decimal]:
    """Of a day that failed, whose orders are nowhere else."""
    before = floor.arena.calendar.previous(session)
    market = floor.arena.market
    opening = before and floor.model_days.opening_after(market, model, before)
    portfolio = opening.portfolio if opening else Portfolio(floor.arena.initial_cash)
    return holding_figures(portfolio, _opens(tape, session))


class _Auditor:
    """Knows the prices, and how each model sees its market."""

    def __init__(self, floor: Floor, tape: Tape) -> None:
        self._floor = floor
        self.tape = tape
        self._foreknown: dict[tuple[Moment, Symbol], Foreknown] = {}

    def findings(self, said: _Said) -> Iterator[Finding]:
        disguise, figures = self._seen_by(said.model)
        back = _looked_back(said.entries, self.tape.depth)
        moments = self.tape.moments_of(said.session)
        moment = moments[0]
        for number, entry in enumerate(said.entries, 1):
            if entry.role == _CLOCK:
                moment = next((m for m in moments if f"{m[1]:%H:%M}" == entry.text), moment)
                continue
            dates = (_dated(day, said.session, disguise) for day in dates_in(entry.text))
            near = figures.found_in(entry.text)
            prices = (self._priced(figure, moment, back, said.own) for figure in near)
            found = {what[:2]: what for what in chain(dates, prices) if what is not None}
            severity: Severity = "leak" if entry.role in TOLD_BY_US else "mention"
            who = f"{entry.role} {entry.tool}" if entry.tool else entry.role
            place = said.model, said.session, said.attempt, number, who, severity
            yield from (Finding(*place, *what) for what in found.values())

    def _priced(
        self, found: Figure, moment: Moment, back: int, own: Callable[[], set[Decimal]]
    ) -> _Found | None:
        key = moment, found.symbol
        if key not in self._foreknown:
            self._foreknown[key] = Foreknown(self.tape, self._floor.arena.costs, *key)
        prices = self._foreknown[key]
        is_later = found.number in prices.later and not prices.is_known(found.number, back)
        if not is_later or found.number in own():
            return None
        what = f"{found.symbol} {plain(found.number)}, {prices.later[found.number]}"
        return "price", what, found.around

    @cache  # noqa: B019 - an auditor lives no longer than its command
    def _seen_by(self, model: str) -> tuple[Disguise, Figures]:
        symbols = self._floor.arena.symbols
        entry = self._floor.arena.models.get(model)
        disguise = getattr(entry and entry.agent, "disguise", None) or undisguised(symbols)
        names: dict[str, Symbol] = {symbol: symbol for symbol in symbols}
        return disguise, Figures(names | {disguise.name(symbol): symbol for symbol in symbols})


def _dated(found: Dated, session: date, disguise: Disguise) -> _Found | None:
    """Moved back where the model's dates are moved, unless it is a real one that slipped in."""
    try:
        day = disguise.real(found.day)
    except OverflowError:
        return None
    if day > session:
        moved = f", which it knows as {found.day}" if disguise.days else ""
        return "date", f"{day}{moved}", found.around
    if disguise.days and session < found.day < session + timedelta(disguise.days // 2):
        return "date", f"{found.day}, undisguised", found.around
    return None


def _looked_back(entries: Sequence[Entry], depth: int) -> int:
    """How many bars a transcript may tell of: what it asked for, where its tools are ours."""
    calls = [entry for entry in entries if entry.role == "call"]
    if not calls or any(call.tool not in (*EVERY_TOOL, FINISH) for call in calls):
        return depth
    return max(
        (_asked_for(call.text, depth) for call in calls if call.tool == "history"), default=0
    )


def _asked_for(arguments: str, depth: int) -> int:
    try:
        bars = json.loads(arguments)["bars"]
    except (ValueError, TypeError, RecursionError):
        return depth
    except KeyError:
        return _BARS
    return min(bars, depth) if isinstance(bars, int) and bars > 0 else depth
