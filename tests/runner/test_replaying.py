"""Stored days are decided again from what is on record, byte for byte; what was changed shows."""

import json
import socket
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from hashlib import sha256

import httpx2
import psycopg
import pytest
from sqlalchemy import Engine, create_engine, text

from aitrader_core.agents.llm.scripted import completion
from aitrader_core.domain.market import DAILY
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.lookahead import lookahead_faults
from aitrader_core.runner.remaking import Failure
from aitrader_core.runner.replaying import Replayed, made_again, replay
from aitrader_core.runner.walk import Made
from aitrader_core.storage.rows import child_rows, day_row, entries_json
from aitrader_core.storage.urls import DatabaseUrls
from tests.agents.recordings import line
from tests.runner.scripted_days import (
    MODEL,
    PRICES,
    SEVEN,
    answered_by,
    scripted_arena,
    simulate,
)
from tests.small import DAYS, Small

RECORDING = (
    line("2012-06-01", 1000),
    line("2012-06-04", 855, ("buy", "AAA", 5), {"AAA": 5}),
    line("2012-06-06", 900, ("sell", "AAA", 2), {"AAA": 3}),
)


@pytest.fixture
def traded(small: Small) -> Small:
    """Seven sessions of a scripted language model, a rule and a recording."""
    file = small.file("position.jsonl", *RECORDING)
    small.model("gpt", kind="recorded", file=file.name, mode="as_recorded")
    scripted_arena(small, models=[MODEL, "random", "gpt"])
    small.priced(PRICES)
    for model in small.floor.arena.models:
        assert [type(step) for step in simulate(small.floor, model)] == [Made] * 7
    return small


@contextmanager
def copied(small: Small) -> Iterator[Engine]:
    """Another database with the same in it."""
    small.engine.dispose()  # a database with connections can't be copied
    url, name = small.engine.url, f"{small.engine.url.database}_copy"
    plain = url.set(drivername="postgresql").render_as_string(hide_password=False)
    administered = DatabaseUrls(plain).in_database("postgres")
    with psycopg.connect(administered, autocommit=True) as connection:
        connection.execute(f"create database {name} template {url.database}".encode())
    engine = create_engine(url.set(database=name))
    try:
        yield engine
    finally:
        engine.dispose()
        with psycopg.connect(administered, autocommit=True) as connection:
            connection.execute(f"drop database {name}".encode())


def replayed(floor: Floor, *models: str) -> list[Replayed]:
    return list(replay(floor, models or tuple(floor.arena.models)))


def differences(small: Small, model: str = MODEL) -> list[str]:
    (found,) = replay(small.floor, [model])
    return [str(difference) for difference in found.differences]


def unplugged(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("a replay reached for the network")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    answered_by(monkeypatch, refuse)  # type: ignore[arg-type]
    for name in ("openai", "httpx2", "genai_prices"):
        monkeypatch.setitem(sys.modules, name, None)  # to import it fails


def test_every_kind_of_model_replays_without_a_network(
    traded: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    with copied(traded) as engine:
        unplugged(monkeypatch)
        floor = Floor(traded.floor.arena, engine)
        found = replayed(floor)
        assert [(r.model, r.days, r.identical) for r in found] == [
            (model, 7, 7) for model in (MODEL, "random", "gpt")
        ]
        days = [again for _, again in made_again(floor, floor.tape(*SEVEN[::6]), MODEL, SEVEN)]
    assert as_bytes(traded.engine, days) == stored_bytes(traded.engine)
    assert sum(len(day.fills) for day in days if isinstance(day, ModelDay)) == 2


def stored_bytes(engine: Engine) -> list[tuple[str, str, str]]:
    """Transcript, orders and equity of each day, in Postgres's own words."""
    query = text(
        "select t.entries::text,"
        " (select json_agg(array[symbol, side, quantity::text, outcome, reason] order by number)"
        "    from orders o where o.model_day_id = d.id)::text,"
        " array[value_open, value_close, value, profit, closing_cash]::text"
        " from model_days d join transcripts t on t.model_day_id = d.id"
        f" where model = '{MODEL}' order by session"
    )
    with engine.connect() as connection:
        return [(row[0], row[1] or "null", row[2]) for row in connection.execute(query)]


def as_bytes(engine: Engine, days: Sequence[ModelDay | Failure]) -> list[tuple[str, str, str]]:
    """The same of days that are not stored."""
    query = text("select cast(:entries as jsonb)::text")
    found = []
    with engine.connect() as connection:
        for day in days:
            assert isinstance(day, ModelDay)
            entries = json.dumps(entries_json(day.transcript))
            said = connection.execute(query, {"entries": entries}).scalar_one()
            orders = [
                [o["symbol"], o["side"], str(o["quantity"]), o["outcome"], o["reason"]]
                for table, rows in child_rows(day).items()
                if table.name == "orders"
                for o in rows
            ]
            row = day_row(day)
            names = ("value_open", "value_close", "value", "profit", "closing_cash")
            equity = "{" + ",".join(f"{row[name]:.8f}" for name in names) + "}"
            listed = ", ".join(json.dumps(order, separators=(",", ":")) for order in orders)
            found.append((said, f"[{listed}]" if orders else "null", equity))
    return found


def test_a_request_and_a_span_are_replayed_alone(traded: Small) -> None:
    simulate(traded.floor, MODEL, SEVEN[5:], "job-2")
    floor = traded.floor
    assert [r.days for r in replay(floor, [MODEL], request="job-1")] == [5]
    assert [r.days for r in replay(floor, [MODEL], request="job-2")] == [2]
    assert [r.days for r in replay(floor, [MODEL], SEVEN[1], SEVEN[2])] == [2]
    assert [r.days for r in replay(floor, [MODEL], date(2013, 1, 1))] == [0]
    told: list[tuple[int, int]] = []
    list(replay(floor, [MODEL, "random"], told=lambda *at: told.append(at)))
    assert told == [(n, 14) for n in range(15)]


def test_an_intraday_session_is_replayed_bar_by_bar(small: Small) -> None:
    scripted_arena(small, {"summary": "model"}, bars="intraday")
    rows = [
        f"{s},{d},{at},{10 + n}.5,{11 + n}"
        for n, d in enumerate(DAYS[:3])
        for s in ("AAA", "BBB")
        for at in ("10:00", "11:00")
    ]
    file = small.file("hourly.csv", "symbol,session,time,open,close", *rows)
    import_files(small.floor, file, None, gaps="allow")
    simulate(small.floor, MODEL, DAYS[:3])
    (found,) = replay(small.floor, [MODEL])
    assert (found.days, found.differences) == (3, ())
    day = small.floor.model_days.get("small", MODEL, DAYS[1])
    assert day is not None
    assert (len(day.marks), day.usage.calls) == (2, 9)  # four for each bar, one for the summary


# What was changed -------------------------------------------------------------------------------


def tamper(small: Small, statement: str, **values: object) -> None:
    with small.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))  # no triggers
        assert connection.execute(text(statement), values).rowcount == 1


def change_reply(small: Small, session: date, *, with_digest: bool) -> None:
    """Of the second call of a Monday."""
    call = small.floor.calls.of_day("small", MODEL, session)[1]
    other = call.reply.replace("Scripted: ", "Scripted: psst, ")
    assert other != call.reply
    tamper(
        small,
        "update model_calls set reply = :reply, digest = :digest where key = :key",
        reply=other,
        key=call.key,
        digest=sha256(f"replied {other}".encode()).hexdigest() if with_digest else call.digest,
    )


def test_a_changed_reply_is_found_by_its_digest_or_by_what_it_says(traded: Small) -> None:
    change_reply(traded, SEVEN[1], with_digest=False)
    change_reply(traded, SEVEN[6], with_digest=True)
    by_digest, by_what_it_says = differences(traded)
    assert by_digest == (
        f"{MODEL} 2012-06-04: cannot be replayed: the stored answer to call 2 of {MODEL} on "
        "2012-06-04 (small) was changed after it was kept: restore it, or delete it from "
        "model_calls to have it asked again"
    )
    assert by_what_it_says.startswith(
        f'{MODEL} 2012-06-11: entry 8 (model, call 2): text was "Scripted: a Monday, so I look '
        'for what fell most.", is "Scripted: psst, a Monday'
    )
    missed = "then: call 3 of script on 2012-06-11 was never recorded: items[5].content was"
    assert missed in by_what_it_says


OF_DAY = "(select id from model_days where model = 'script' and session = '{}')"
CHANGES: dict[date, tuple[str, str]] = {
    SEVEN[0]: (
        f"update transcripts set entries = entries - (-1) where model_day_id = {OF_DAY}",
        "entry 9 was not there, is summary: ",
    ),
    SEVEN[1]: (
        "with f as (update fills set quantity = 2, notional = 2 * price"
        f" where number = 1 and model_day_id = {OF_DAY} returning model_day_id)"
        " update orders set quantity = 2"
        " where number = 1 and model_day_id = (select model_day_id from f)",
        "order 1 was buy 2 BBB, filled at 39.33, commission 0.00, replayed buy 6 BBB, filled at ",
    ),
    SEVEN[2]: (
        "update model_calls set output_tokens = 7 where number = 1 and session = '{}'",
        "entry 3 (model, call 1): usage.output_tokens was ",
    ),
    SEVEN[3]: (
        "update transcripts set entries = jsonb_set(entries, '{{5,text}}', '\"nothing\"')"
        f" where model_day_id = {OF_DAY}",
        'entry 6 (call): text was "nothing", is "{}"',
    ),
    SEVEN[4]: (
        f"update model_days set dollars = dollars * 2 where id = {OF_DAY}",
        "dollars is ",
    ),
    SEVEN[5]: (
        f"update model_days set value_close = value_close + 1 where id = {OF_DAY}",
        "value_close is ",
    ),
    SEVEN[6]: (
        "delete from model_calls where number = 3 and session = '{}'",
        "cannot be replayed: call 3 of script on 2012-06-11 was never recorded: that day has "
        "calls 1 to 4",
    ),
}


def test_a_change_is_found_where_it_is(traded: Small) -> None:
    for session, (statement, _) in CHANGES.items():
        tamper(traded, statement.format(session))
    found = differences(traded)
    assert len(found) == 7
    for told, (session, (_, fault)) in zip(found, CHANGES.items(), strict=True):
        assert told.startswith(f"{MODEL} {session}: {fault}"), told


def test_another_configuration_and_restated_prices_are_named(traded: Small) -> None:
    scripted_arena(traded, {"parameters": {"seed": 1}}, models=[MODEL, "random", "gpt"])
    assert differences(traded)[0] == (
        f"{MODEL} 2012-06-01: cannot be replayed: call 1 of {MODEL} on 2012-06-01 was never "
        "recorded: body.seed was not there, is 1 (made under another configuration)"
    )
    traded.model("random", kind="random", seed=3)
    told = differences(traded, "random")
    assert len(told) == 7
    assert all("configuration" in difference for difference in told)

    bars = traded.floor.tape(SEVEN[0], SEVEN[0]).bars[SEVEN[0], DAILY].values()
    traded.floor.prices.save("restated", [replace(bar, open=bar.open + 1) for bar in bars], [])
    told = differences(traded, "gpt")
    assert len(told) == 7
    assert all("prices file" in d and "file restated" in d for d in told), told


def test_no_day_decides_otherwise_with_another_future(traded: Small) -> None:
    assert lookahead_faults(traded.floor, 7, "seed") == []
    scripted_arena(traded, {"parameters": {"seed": 1}}, models=[MODEL])
    assert lookahead_faults(traded.floor, 7, "seed") == [], "made under another configuration"


def test_a_model_that_left_the_arena_can_t_be_replayed(traded: Small) -> None:
    traded.configure(models=["random"], history=20)
    assert len(differences(traded)) == 7
    assert "there is no model 'script' in the small arena" in differences(traded)[0]


def test_a_live_day_replays_by_its_own_answers(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not by those of a later attempt that failed and is no part of the ledger."""
    scripted_arena(small, {"tries": 1}, calls="live")
    small.priced(PRICES)
    assert len(simulate(small.floor)) == 7
    asked = 0

    def answer(request: httpx2.Request) -> httpx2.Response:
        nonlocal asked
        asked += 1
        if asked == 4:
            raise httpx2.ConnectError("unplugged")
        reply = completion(json.loads(request.content))
        reply["choices"][0]["message"]["content"] += " Once more."
        return httpx2.Response(200, json=reply)

    answered_by(monkeypatch, answer)
    simulate(small.floor, MODEL, SEVEN[1:], "job-2")
    assert small.floor.calls.spent(request="job-2").calls == 3
    assert differences(small) == []
