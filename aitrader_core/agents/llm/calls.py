"""Calls that are kept before they are acted on, and taken from what was kept."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from hashlib import sha256
from itertools import zip_longest
from typing import Any, Literal, Protocol

from aitrader_core.domain.errors import LedgerError, ReplayMiss
from aitrader_core.domain.model_call import CallSite, ModelCall, Outcome
from aitrader_core.domain.transcript import NOTHING_USED, Usage

Mode = Literal["record", "live", "replay"]

_NOTHING = object()
_LONGEST = 10_000  # calls that one conversation is kept in


class CallStore(Protocol):
    """Keeps what was asked and answered. Nothing in it is ever changed."""

    def find(self, key: str) -> ModelCall | None:
        """The newest call with this key; LedgerError if its answer was changed."""

    def keep(self, call: ModelCall) -> None:
        """Durable when it returns."""

    def of_day(self, market: str, model: str, session: date) -> Sequence[ModelCall]:
        """The calls that a model-day made itself, oldest first."""

    def spent(
        self, *, market: str | None = None, model: str | None = None, request: str | None = None
    ) -> Usage:
        """What was paid for, by a model or on behalf of a request.

        The dollars are those of the calls whose price is known; None when no call's is.
        """


@dataclass(frozen=True)
class Question:
    """Everything that decides an answer. `items` are the conversation, the rest is `terms`."""

    terms: Mapping[str, Any]
    items: Sequence[Any] = ()

    @property
    def key(self) -> str:
        return sha256(canonical({**self.terms, "items": list(self.items)}).encode()).hexdigest()


@dataclass(frozen=True)
class Answer:
    """What came back: JSON text, and what it took."""

    outcome: Outcome
    reply: str
    usage: Usage


@dataclass
class Calls:
    """The calls of one model-day, in order."""

    store: CallStore
    mode: Mode
    site: CallSite
    made: int = 0  # so far
    paid: int = 0  # of them, those that were really sent
    previous: Question | None = field(default=None, repr=False)

    def put(self, question: Question, send: Callable[[], Answer]) -> ModelCall:
        """The answer to `question`: as it was kept, or else from `send`, and kept.

        Raises ReplayMiss in a replay that finds none.
        """
        self.made += 1
        key, before = question.key, self.previous
        if question.items:  # a search stands between two questions of one conversation
            self.previous = question
        found = None if self.mode == "live" else self._kept(key)
        if found is not None and (self.mode == "replay" or found.outcome.is_final):
            return found
        site = replace(self.site, number=self.made)
        if self.mode == "replay":
            raise ReplayMiss(self._difference(question))
        self.paid += 1
        answer = send()
        follows = before is not None and is_continued(before, question)
        after = before.key if before is not None and follows else None
        call = ModelCall(
            key,
            after,
            site,
            _asked(question, before if follows else None),
            answer.outcome,
            answer.reply,
            answer.usage,
        )
        self.store.keep(call)
        return call

    def _kept(self, key: str) -> ModelCall | None:
        """In a replay, rather what this very model-day was told than what is newest."""
        own = self._own.get((self.made, key)) if self.mode == "replay" else None
        return own or self.store.find(key)

    @cached_property
    def _own(self) -> dict[tuple[int, str], ModelCall]:
        site = self.site
        kept = self.store.of_day(site.market, site.model, site.session)
        return {(call.site.number, call.key): call for call in kept}

    def _difference(self, question: Question) -> str:
        site = self.site
        what = f"call {self.made} of {site.model} on {site.session} was never recorded"
        kept = self.store.of_day(site.market, site.model, site.session)
        before = next((call for call in reversed(kept) if call.site.number == self.made), None)
        if before is None:
            last = max((call.site.number for call in kept), default=0)
            return f"{what}: that day has {f'calls 1 to {last}' if last else 'no calls'}"
        was = recorded_question(self.store, before)
        return f"{what}: {first_difference(was, _whole(question))}"


def canonical(value: object) -> str:
    """JSON that is the same for the same content."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)


def is_continued(before: Question, question: Question) -> bool:
    """Whether `question` is the conversation of `before` and more."""
    start = list(question.items[: len(before.items)])
    return before.terms == question.terms and start == list(before.items) and bool(start)


def recorded_question(store: CallStore, call: ModelCall) -> dict[str, Any]:
    """All that was asked, the earlier conversation included.

    LedgerError when a part of it is gone, or is not what was asked.
    """
    told = [json.loads(call.asked)]
    earliest = call
    while earliest.after is not None:
        before = store.find(earliest.after)
        if before is None or len(told) > _LONGEST:
            raise LedgerError(f"{_named(call)} goes on from call {earliest.after}, which is gone")
        told.append(json.loads(before.asked))
        earliest = before
    items = [item for part in reversed(told) for item in part["items"]]
    whole = {**told[-1], "items": items}
    if sha256(canonical(whole).encode()).hexdigest() != call.key:
        raise LedgerError(f"what {_named(call)} asked was changed after it was kept")
    return whole


def first_difference(was: object, now: object, place: str = "") -> str:
    """The first place where two pieces of JSON differ, and how."""
    if isinstance(was, dict) and isinstance(now, dict):
        for key in sorted(was.keys() | now.keys()):
            a, b = was.get(key, _NOTHING), now.get(key, _NOTHING)
            if a != b:
                return first_difference(a, b, f"{place}.{key}")
    if isinstance(was, list) and isinstance(now, list):
        for at, (a, b) in enumerate(zip_longest(was, now, fillvalue=_NOTHING)):
            if a != b:
                return first_difference(a, b, f"{place}[{at}]")
    if isinstance(was, str) and isinstance(now, str):
        same = next((n for n, (a, b) in enumerate(zip(was, now, strict=False)) if a != b), None)
        start = max(0, (min(len(was), len(now)) if same is None else same) - 20)
        was, now = was[start : start + 60], now[start : start + 60]
    return f"{place.lstrip('.') or 'all of it'} was {_short(was)}, is {_short(now)}"


def _asked(question: Question, before: Question | None) -> str:
    if before is None:
        return json.dumps(_whole(question), default=str)
    return json.dumps({"items": list(question.items[len(before.items) :])}, default=str)


def _whole(question: Question) -> dict[str, Any]:
    whole = {**question.terms, "items": list(question.items)}
    return dict(json.loads(json.dumps(whole, default=str)))


def _named(call: ModelCall) -> str:
    site = call.site
    return f"call {site.number} of {site.model} on {site.session} ({site.market})"


def _short(value: object) -> str:
    if value is _NOTHING:
        return "not there"
    text = canonical(value)
    return text if len(text) <= 160 else f"{text[:160]}..."


class MemoryCalls:
    """A CallStore that forgets when its process ends. Same contract as the one in Postgres."""

    def __init__(self) -> None:
        self._kept: list[tuple[ModelCall, str]] = []  # with its digest; appending is atomic

    def find(self, key: str) -> ModelCall | None:
        found = ((call, digest) for call, digest in reversed(self._kept) if call.key == key)
        return next((call.unchanged(digest) for call, digest in found), None)

    def keep(self, call: ModelCall) -> None:
        self._kept.append((call, call.digest))

    def of_day(self, market: str, model: str, session: date) -> Sequence[ModelCall]:
        wanted = (market, model, session)
        return [
            call.unchanged(digest)
            for call, digest in self._kept
            if (call.site.market, call.site.model, call.site.session) == wanted
        ]

    def spent(
        self, *, market: str | None = None, model: str | None = None, request: str | None = None
    ) -> Usage:
        paid = [
            call.usage
            for call, _ in self._kept
            if market in (None, call.site.market)
            and model in (None, call.site.model)
            and request in (None, call.site.request)
        ]
        total = sum(paid, NOTHING_USED)
        known = [usage.dollars for usage in paid if usage.dollars is not None]
        return replace(total, dollars=sum(known, Decimal(0)) if known or not paid else None)
