"""A transcript as a conversation: every entry is in it once, calls with their answers."""

from collections.abc import Iterator, Sequence

import pytest

from aitrader_core.domain.transcript import Entry
from aitrader_core.storage.transcripts import Excerpt
from aitrader_core.web.pages.conversation import Said, Step, ToolUse, Turn, side_by_side, steps

CALL = Entry("call", '{"symbol": "AAA", "bars": 3}', "history", "1")
BUY, BOUGHT = Entry("call", "{}", "buy", "1"), Entry("desk", "buy 1 AAA: refused, no cash")
LINES = {
    "one call after the other": [
        Entry("system", "s"),
        Entry("user", "u"),
        Entry("model", "I look", id="k"),
        CALL,
        Entry("tool", "[]", "history", "1"),
        Entry("model", "I buy"),
        BUY,  # an id again
        BOUGHT,
        Entry("tool", "error: no", "buy", "1"),
        Entry("arena", "step_limit: 2 replies"),
        Entry("summary", "nothing"),
    ],
    "all calls before their answers": [
        Entry("model", "both"),
        CALL,
        Entry("call", "oops", "buy", "2"),
        BOUGHT,
        Entry("tool", "second", "buy", "2"),
        Entry("tool", "first", "history", "1"),
        Entry("tool", "of nobody", "history", "9"),
    ],
    "bars of a day": [
        Entry("venue", "10:00"),
        Entry("model", "a"),
        Entry("desk", "buy 1 AAA at 2, commission 0"),
        Entry("venue", "11:00"),
        Entry("model", "b"),
        Entry("model", "c"),
    ],
    "nothing": [],
}


def excerpts(entries: Sequence[Entry]) -> list[Excerpt]:
    return [Excerpt(n, entry, len(entry.text)) for n, entry in enumerate(entries, 1)]


def numbers(turn: Turn) -> Iterator[int]:
    if isinstance(turn, Said):
        yield turn.excerpt.number
    else:
        yield turn.call.number
        yield from (said.excerpt.number for said in turn.meanwhile)
        yield from (turn.answer.number,) if turn.answer else ()


@pytest.mark.parametrize("name", LINES)
def test_every_entry_is_told_once(name: str) -> None:
    entries = LINES[name]
    told = [n for step in steps(excerpts(entries)) for turn in step.turns for n in numbers(turn)]
    assert sorted(told) == [*range(1, len(entries) + 1)]


def test_calls_have_their_answers() -> None:
    found = [t for s in steps(excerpts(LINES["one call after the other"])) for t in s.turns]
    look, buy = (turn for turn in found if isinstance(turn, ToolUse))
    assert look.arguments == {"symbol": "AAA", "bars": "3"}
    assert look.answer
    assert (look.answer.entry.text, look.is_error, look.is_refused) == ("[]", False, False)
    assert (buy.is_error, buy.is_refused) == (True, True)
    found = [t for s in steps(excerpts(LINES["all calls before their answers"])) for t in s.turns]
    first, second = (turn for turn in found if isinstance(turn, ToolUse))
    assert first.answer
    assert second.answer
    assert (first.answer.entry.text, second.answer.entry.text) == ("first", "second")
    assert second.arguments is None
    assert [turn.excerpt.entry.text for turn in found if isinstance(turn, Said)][-1] == "of nobody"


def test_bars_and_steps_stand_side_by_side() -> None:
    day = steps(excerpts(LINES["bars of a day"]))
    other = steps(excerpts([*LINES["bars of a day"][3:5], Entry("summary", "s")]))
    places = [((a.bar, a.number), (b.bar, b.number)) for a, b in side_by_side(day, other)]
    assert places[:2] == [(("10:00", 0), ("10:00", 0)), (("10:00", 1), ("10:00", 1))]
    assert [a for a, _ in places[2:]] == [("11:00", 0), ("11:00", 1), ("11:00", 2), ("summary", 0)]
    shown = [turn for a, b in side_by_side(day, other) for turn in (*a.turns, *b.turns)]
    assert len(shown) == sum(len(s.turns) for s in (*day, *other))
    assert list(side_by_side([], [])) == []
    assert [a for a, _ in side_by_side([], [Step("", 0)])] == [Step("", 0)]
