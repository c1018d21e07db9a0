"""A call is for the session that was open when it was made, or for none."""

from itertools import count

from aitrader_core.agents.llm.loop import Answered
from aitrader_core.agents.mcp.window import Asked, Window

OVER = Answered("it is over", is_error=True)


def taken(window: Window, seconds: float = 9) -> Asked:
    asked = window.take(seconds)
    assert asked is not None
    return asked


def test_calls_are_taken_in_order() -> None:
    window = Window()
    first, second = window.ask("buy", "{}"), window.ask("sell", "[]")
    taken(window).answer.set_result(Answered("bought"))
    assert first.result(0) == Answered("bought")
    assert not second.done()
    assert (taken(window).name, window.take(0)) == ("sell", None)


def test_who_still_waits_when_it_is_over_is_turned_away() -> None:
    window = Window()
    first, late = window.ask("finish", "{}"), window.ask("buy", "{}")
    taken(window)
    assert window.turn_away(OVER.text)
    assert late.result(0) == OVER
    assert not first.done()  # it has its own answer
    assert not window.turn_away(OVER.text)


def test_who_was_interrupted_is_told_once() -> None:
    window = Window()
    window.interrupt(OVER.text)
    late, next_one = window.ask("buy", "{}"), window.ask("portfolio", "{}")
    assert taken(window).name == "portfolio"
    assert late.result(0) == OVER
    window.ask("sell", "{}")
    window.interrupt(OVER.text)  # which is told to somebody at once
    window.ask("prices", "{}")
    assert taken(window).name == "prices"
    assert not next_one.done()


def test_a_call_that_was_withdrawn_is_not_taken() -> None:
    window = Window()
    window.ask("buy", "{}").cancel()
    window.ask("finish", "{}")
    assert taken(window).name == "finish"


def test_time_is_over_though_somebody_waits() -> None:
    ticks = count(step=5)
    window = Window(clock=lambda: float(next(ticks)))
    window.ask("portfolio", "{}")
    assert window.take(5) is None
    assert taken(window, 6).name == "portfolio"


def test_nobody_waits_for_ever() -> None:
    window = Window()
    waiting = window.ask("buy", "{}")
    window.close(OVER.text)
    assert waiting.result(0) == OVER
    assert window.ask("buy", "{}").result(0) == OVER
