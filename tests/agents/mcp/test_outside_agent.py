"""An agent plays its session through the SDK's own client: the tools are those of any desk."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import time
from decimal import Decimal
from typing import Any

import pytest
from mcp import Client
from mcp_types import TextContent

from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.llm.tools import told
from aitrader_core.agents.mcp.outside_agent import OutsideAgent, SeatedAgent
from aitrader_core.agents.mcp.server import NOBODY, server_for
from aitrader_core.agents.mcp.session_tools import tools_of
from aitrader_core.agents.mcp.window import Window
from aitrader_core.domain.errors import ConfigError, ReplayMiss
from aitrader_core.domain.market import Bar
from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.runner.settings import project_root
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Tape
from tests.simulation.tapes import MONDAY, A, B, run_days, tape_of

D = Decimal
TAPE = tape_of({A: "10/11 12/13 14/15", B: "20 21 22"})
AGAIN = "ask again for what is open now"
Play = Callable[[Client], Awaitable[Any]]


def seated(**spec: Any) -> SeatedAgent:
    """Nothing here takes so long, unless it never ends."""
    agent = OutsideAgent(**{"deadline": 30, **spec})
    prepared = agent.prepared(project_root() / "configs", {}, (A, B))
    return prepared.connected(Connections("test", "model"))


def played(
    agent: SeatedAgent,
    play: Play,
    sessions: int = 1,
    tape: Tape = TAPE,
) -> list[ModelDay]:
    """In memory: the sessions in one thread, the agent in another."""
    window = Window()
    server = server_for(window, tools_of(agent.spec.tools))

    sitting = replace(agent, window=window)

    async def connected() -> list[ModelDay]:
        async with Client(server) as client:
            days = threads.submit(run_days, sitting, tape, MONDAY, sessions)
            await play(client)
        return days.result()

    with ThreadPoolExecutor() as threads:
        return asyncio.run(connected())


async def call(client: Client, name: str, **arguments: Any) -> str:
    """What the tool says, with a `!` before an error."""
    result = await client.call_tool(name, arguments)
    (content,) = result.content
    assert isinstance(content, TextContent)
    return f"{'!' if result.is_error else ''}{content.text}"


@dataclass(frozen=True)
class BuysThree:
    def trade(self, desk: Desk) -> Ending:
        desk.buy(A, D(3))
        desk.buy(B, D(10_000))
        return Ending.DONE


def test_a_session_is_what_the_same_orders_of_a_rule_make_of_it() -> None:
    async def play(client: Client) -> None:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        names = ["portfolio", "prices", "history", "buy", "sell", "calculate"]
        assert list(listed) == [*names, "finish_session"]
        for name in names:
            assert listed[name].description == told(name).description
            assert listed[name].input_schema == told(name).parameters
        assert json.loads(await call(client, "portfolio"))["cash"] == "10000.00"
        assert json.loads(await call(client, "buy", symbol="AAA", quantity=3))["cash_now"] == (
            "9970.00"
        )
        refused = json.loads(await call(client, "buy", symbol="BBB", quantity=10_000))
        assert refused["reason"] == "costs 200000.00, cash is 9970.00"
        wrong = '!error: quantity is "3": give a number without quotes, such as 10'
        assert await call(client, "buy", symbol="AAA", quantity="3") == wrong
        wrong = "!error: 'date' is no argument: it takes none"
        assert await call(client, "prices", date="2024-02-01") == wrong
        assert (await call(client, "finish")).startswith(
            "!error: there is no tool 'finish': did you mean finish_session? there are portfolio,"
        )
        assert (await call(client, "finish_session", why="x")).startswith("!error: 'why' is no")
        done = await call(client, "finish_session", reason="It rises.")
        assert done == '{"finished": "2024-01-01"}'

    (day,) = played(seated(), play)
    (same,) = run_days(BuysThree(), TAPE, MONDAY, 1)
    assert replace(same, transcript=()) == replace(day, transcript=())
    said = [(e.role, e.tool, e.text) for e in day.transcript]
    assert said[:3] == [
        ("agent", None, "calls for portfolio"),  # and names the kept call
        ("call", "portfolio", "{}"),
        ("tool", "portfolio", said[2][2]),
    ]
    assert ("call", "buy", '{"symbol": "AAA", "quantity": 3}') in said
    assert ("model", None, "It rises.") in said
    assert said[-1][0] == "summary"
    assert said[-1][2].startswith("Bought 3 AAA at 10.00. Refused: buy 10000 BBB")
    assert [e.id for e in day.transcript if e.role == "call"] == [f"call_{n}" for n in range(1, 9)]


def test_where_no_session_is_open_an_agent_is_told() -> None:
    window = Window()

    async def come_early() -> None:
        async with Client(server_for(window, tools_of(["buy"]), patience=0.05)) as client:
            assert await call(client, "buy", symbol="AAA", quantity=1) == f"!{NOBODY}"
            (day,) = run_days(replace(seated(deadline=0.05), window=window), TAPE, MONDAY, 1)
            assert not day.blotter  # it was withdrawn
            window.close("error: it is all over")
            assert await call(client, "buy", symbol="AAA", quantity=1) == "!error: it is all over"

    asyncio.run(come_early())


def test_calls_are_carried_out_one_at_a_time() -> None:
    async def play(client: Client) -> None:
        orders = [call(client, "buy", symbol="AAA", quantity=400) for _ in range(5)]
        bought = await asyncio.gather(*orders)
        assert ["filled" in answer for answer in bought].count(True) == 2
        await call(client, "finish_session")

    (day,) = played(seated(), play)
    assert day.closing.cash == 2000
    entries = [entry.role for entry in day.transcript if entry.role in ("call", "tool")]
    assert entries == ["call", "tool"] * 6


def test_whoever_comes_too_late_is_told_before_it_trades_the_next_session() -> None:
    async def play(client: Client) -> None:
        await call(client, "buy", symbol="AAA", quantity=1)
        while (late := await call(client, "portfolio"))[0] != "!":
            await asyncio.sleep(0.1)
        assert late == f"!error: 2024-01-01 was ended (0.8 s are over): {AGAIN}"
        assert json.loads(await call(client, "prices"))["time"] == "2024-01-02"
        await call(client, "finish_session")

    first, second = played(seated(deadline=0.8), play, 2)
    assert (first.ending, len(first.blotter)) == (Ending.DEADLINE, 1)
    assert (second.ending, len(second.blotter)) == (Ending.DONE, 0)
    assert first.transcript[-2].text == "deadline: 0.8 s are over, and not finished yet"


def test_what_was_called_for_behind_the_finish_is_not_for_the_next_session() -> None:
    window = Window()
    finish = window.ask("finish_session", "{}")
    behind = window.ask("buy", '{"symbol": "AAA", "quantity": 1}')
    first, second = run_days(replace(seated(deadline=0.3), window=window), TAPE, MONDAY, 2)
    assert (first.ending, second.ending) == (Ending.DONE, Ending.DEADLINE)
    assert not finish.result(0).is_error
    assert behind.result(0).text == f"error: 2024-01-01 is finished: {AGAIN}"
    assert not (*first.blotter, *second.blotter)


def test_calls_have_an_end() -> None:
    async def play(client: Client) -> None:
        answers = [await call(client, "calculate", expression="1+1") for _ in range(3)]
        assert answers[2] == f"!error: 2024-01-01 was ended (2 calls): {AGAIN}"
        await call(client, "finish_session")

    first, second = played(seated(max_calls=2), play, 2)
    assert (first.ending, second.ending) == (Ending.STEP_LIMIT, Ending.DONE)


def test_an_agent_knows_only_disguised_names_where_it_is_to() -> None:
    agent = seated(anonymise=True, seed=1)
    name = agent.disguise.name(A)

    async def play(client: Client) -> None:
        opens = json.loads(await call(client, "prices"))
        assert set(opens["open"]) == {"STOCK001", "STOCK002"}
        assert opens["time"] != "2024-01-01"
        assert (await call(client, "buy", symbol="AAA", quantity=1)).startswith("!error: symbol is")
        await call(client, "buy", symbol=name, quantity=1)
        done = json.loads(await call(client, "finish_session"))
        assert done == {"finished": opens["time"]}

    (day,) = played(agent, play)
    assert day.closing.positions == {A: 1}


def test_each_bar_of_a_session_is_finished_by_itself() -> None:
    noon = time(12)
    bars = [Bar(A, MONDAY, D(n), D(n), D(n), D(n), D(1), at) for n, at in ((8, time(9)), (9, noon))]

    async def play(client: Client) -> None:
        for shown in ("2024-01-01 09:00", "2024-01-01 12:00"):
            assert json.loads(await call(client, "prices"))["time"] == shown
            await call(client, "finish_session")

    (day,) = played(seated(), play, tape=Tape([MONDAY], bars, (), depth=1, prices="handmade"))
    ids = [e.id for e in day.transcript if e.role == "call"]
    assert ids == ["call_1", "call_2", "call_3", "call_4"]


def test_over_http_an_agent_may_come_back() -> None:
    """Each session has its own server here, at the same port, as in a job."""

    async def play(url: str) -> None:
        for call_of_it in ("buy", "sell"):
            async with Client(url) as client:
                await call(client, call_of_it, symbol="AAA", quantity=2)
        async with Client(url) as client:
            await call(client, "finish_session", reason="In and out.")

    with ThreadPoolExecutor() as threads, seated().served() as (agent, url):
        days = threads.submit(run_days, agent, TAPE, MONDAY, 1)
        asyncio.run(play(url))
        (day,) = days.result()
        assert len(day.fills) == 2
        with pytest.raises(ConfigError, match="nobody can listen at port .* give another port"):
            run_days(seated(port=int(url.split(":")[2].removesuffix("/mcp"))), TAPE, MONDAY, 1)


def test_a_bug_of_ours_reaches_the_walk_and_not_the_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError("a bug")

    monkeypatch.setattr(Desk, "buy", broken)
    monkeypatch.setattr(Desk, "submit", broken)

    async def play(client: Client) -> None:
        failed = await call(client, "buy", symbol="AAA", quantity=2)
        assert failed == "!error: the session failed"

    with pytest.raises(ZeroDivisionError):
        played(seated(), play)


def test_a_setting_that_can_not_work_is_told() -> None:
    with pytest.raises(ConfigError, match="nobody would be told: give it a port, or play it"):
        run_days(seated(), TAPE, MONDAY, 1)
    with pytest.raises(ValueError, match="news is for models of kind llm"):
        OutsideAgent(tools=("news",))
    agent = seated(port=1)
    assert agent.repeated(2) == replace(agent, repeat=2)


def test_a_day_replays_from_what_the_agent_called_for() -> None:
    """The one that it finished as well as the one that it left; and a changed price is noticed."""

    async def play(client: Client) -> None:
        await call(client, "buy", symbol="AAA", quantity=3)
        await call(client, "buy", quantity="x")
        await call(client, "finish_session", reason="It rises.")
        await call(client, "sell", symbol="AAA", quantity=1)

    agent = seated(deadline=1)
    days = played(agent, play, 2)
    assert [day.ending for day in days] == [Ending.DONE, Ending.DEADLINE]
    assert agent.connections is not None
    offline = agent.connected(replace(agent.connections, mode="replay"))
    assert run_days(offline, TAPE, MONDAY, 2) == days
    with pytest.raises(ReplayMiss, match=r"call 2 of model on 2024-01-01 .*told"):
        run_days(offline, tape_of({A: "11/11 12/13 14/15", B: "20 21 22"}), MONDAY, 1)

    async def leave(client: Client) -> None:
        await call(client, "finish_session")

    (again,) = played(agent, leave)
    assert not again.blotter  # it was asked, whatever is on record
