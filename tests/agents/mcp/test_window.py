"""A call is for the session that was open when it was made, or for none."""

from itertools import count

from aitrader_core.agents.llm.loop import Answered
from aitrader_core.agents.mcp.window import Window


def test_who_still_waits_when_it_is_over_is_turned_away() -> None:
    window, done = Window(), list[str]()
    first, late = window.ask("finish", "{}"), window.ask("buy", "{}")

    def use(name: str, arguments: str) -> Answered:
        done.append(name)
        return Answered(arguments)

    assert window.serve(use, 9, lambda: "it is over" if done else None)
    assert (done, first.result(0)) == (["finish"], Answered("{}"))
    assert late.result(0) == Answered("it is over", is_error=True)


def test_a_call_that_was_withdrawn_is_not_carried_out() -> None:
    window, done = Window(), list[str]()
    window.ask("buy", "{}").cancel()
    window.ask("finish", "{}")

    def use(name: str, _: str) -> Answered:
        done.append(name)
        return Answered("")

    assert window.serve(use, 9, lambda: "it is over" if done else None)
    assert done == ["finish"]


def test_nobody_can_keep_a_session_open() -> None:
    ticks = count()
    window = Window(clock=lambda: float(next(ticks)))
    asked = [window.ask("portfolio", "{}") for _ in range(9)]
    assert not window.serve(lambda *_: Answered(""), 5, lambda: None)
    assert [future.done() for future in asked] == [True] * 4 + [False] * 5
