"""A transcript as a conversation: calls with their answers, in bars and steps."""

import json
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from aitrader_core.domain.transcript import SUMMARY
from aitrader_core.storage.transcripts import Excerpt

_SPEAKS = ("model", "agent")  # who begins a step
_MEANWHILE = ("desk", "search", "ledger")  # who may speak between a call and its answer
_REFUSED = ": refused, "  # as the desk tells it


@dataclass(frozen=True, slots=True)
class Said:
    """What anybody but a tool said; a desk's refusal is to be seen."""

    excerpt: Excerpt

    @property
    def role(self) -> str:
        return self.excerpt.entry.role

    @property
    def is_refused(self) -> bool:
        return self.role == "desk" and _REFUSED in self.excerpt.entry.text


@dataclass(frozen=True, slots=True)
class ToolUse:
    """A call, what the desk did meanwhile, and the answer; None where it never came."""

    call: Excerpt
    meanwhile: list[Said]
    answer: Excerpt | None

    @property
    def arguments(self) -> Mapping[str, str] | None:
        """By name; None for what is no JSON object, or is not here whole."""
        if self.call.is_cut:
            return None
        try:
            given = json.loads(self.call.entry.text or "{}")
        except (ValueError, RecursionError):
            return None
        if not isinstance(given, dict):
            return None
        return {
            name: value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
            for name, value in given.items()
        }

    @property
    def is_error(self) -> bool:
        return self.answer is not None and self.answer.entry.text.startswith("error: ")

    @property
    def is_refused(self) -> bool:
        return any(said.is_refused for said in self.meanwhile)


Turn = Said | ToolUse


@dataclass(slots=True)
class Step:
    """What a model said once, and all that came of it; number 0 is what it was told before.

    `bar` is the clock of an intraday session's bar, empty in one that has no more.
    """

    bar: str
    number: int
    turns: list[Turn] = field(default_factory=list)

    @property
    def is_silent(self) -> bool:
        """Whether the venue alone speaks, which tells the time."""
        return all(isinstance(turn, Said) and turn.role == "venue" for turn in self.turns)


def turns(excerpts: Sequence[Excerpt]) -> list[Turn]:
    """In order. A call is paired with the next answer of its id; what the desk or a search said
    until somebody else speaks is its own."""
    answers = _answers(excerpts)
    paired = set(answers.values())
    found: list[Turn] = []
    for at, excerpt in enumerate(excerpts):
        if at in paired:
            continue
        if excerpt.entry.role == "call":
            answer = answers.get(at)
            found.append(ToolUse(excerpt, [], None if answer is None else excerpts[answer]))
        elif excerpt.entry.role in _MEANWHILE and found and at - 1 not in paired:
            last = found[-1]
            if isinstance(last, ToolUse):
                last.meanwhile.append(Said(excerpt))
            else:
                found.append(Said(excerpt))
        else:
            found.append(Said(excerpt))
    return found


def steps(excerpts: Sequence[Excerpt]) -> list[Step]:
    """Each begins where the model speaks; a bar begins where the venue tells the time."""
    found = [Step("", 0)]
    for turn in turns(excerpts):
        role = turn.role if isinstance(turn, Said) else "call"
        if role == "venue" and isinstance(turn, Said):
            found.append(Step(turn.excerpt.entry.text, 0))
        elif role == SUMMARY:
            found.append(Step(SUMMARY, 0))
        elif role in _SPEAKS:
            found.append(Step(found[-1].bar, found[-1].number + 1))
        found[-1].turns.append(turn)
    return [step for step in found if step.turns]


def side_by_side(left: Sequence[Step], right: Sequence[Step]) -> Iterator[tuple[Step, Step]]:
    """The steps of two conversations that have the same place, bar by bar; an empty one where
    one of them has no more."""
    ours, theirs = _by_place(left), _by_place(right)
    places = sorted(ours.keys() | theirs.keys(), key=lambda place: (place[0] == SUMMARY, place))
    for place in places:
        yield ours.get(place, Step(*place)), theirs.get(place, Step(*place))


def _by_place(found: Sequence[Step]) -> dict[tuple[str, int], Step]:
    """A place that is told twice, as a recording may do, holds the turns of both."""
    places: dict[tuple[str, int], Step] = {}
    for step in found:
        place = step.bar, step.number
        places.setdefault(place, Step(*place)).turns.extend(step.turns)
    return places


def _answers(excerpts: Sequence[Excerpt]) -> dict[int, int]:
    """Where the answer to each call is; an answer belongs to one call alone."""
    waiting: dict[str | None, deque[int]] = {}
    found: dict[int, int] = {}
    for at, excerpt in enumerate(excerpts):
        entry = excerpt.entry
        if entry.role == "call":
            waiting.setdefault(entry.id, deque()).append(at)
        elif entry.role == "tool" and (calls := waiting.get(entry.id)):
            found[calls.popleft()] = at
    return found
