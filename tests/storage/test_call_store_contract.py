"""What every CallStore does, the one in memory and the one in Postgres."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date
from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import DBAPIError

from aitrader_core.agents.llm.calls import (
    Answer,
    Calls,
    CallStore,
    MemoryCalls,
    Question,
    recorded_question,
)
from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.model_call import CallSite, ModelCall, Outcome
from aitrader_core.domain.transcript import NOTHING_USED, Usage
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.calls import PostgresCalls

DAY, NEXT = date(2012, 6, 5), date(2012, 6, 6)
USED = Usage(100, 60, 40, 10, 1.234567, Decimal("0.0012345678"))
_numbers = count(1)

Change = Callable[[ModelCall, str], None]


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> CallStore:
    if request.param == "memory":
        return MemoryCalls()
    floor: Floor = request.getfixturevalue("module_floor")
    return PostgresCalls(floor.engine)


@pytest.fixture
def site() -> CallSite:
    """Of a model and a request that no other test has."""
    number = next(_numbers)
    return CallSite("test", f"model-{number}", DAY, 1, f"job-{number}")


@pytest.fixture
def change(store: CallStore, request: pytest.FixtureRequest) -> Change:
    """Puts another reply into a kept call, behind the store's back."""

    def in_memory(call: ModelCall, reply: str) -> None:
        assert isinstance(store, MemoryCalls)
        at = store._kept.index((call, call.digest))
        store._kept[at] = (replace(call, reply=reply), call.digest)

    def in_postgres(call: ModelCall, reply: str) -> None:
        floor: Floor = request.getfixturevalue("module_floor")
        with floor.engine.begin() as connection:
            connection.execute(text("set local session_replication_role = replica"))
            changed = "update model_calls set reply = :reply where key = :key"
            assert connection.execute(text(changed), {"reply": reply, "key": call.key}).rowcount

    return in_memory if isinstance(store, MemoryCalls) else in_postgres


def call_of(site: CallSite, key: str = "key", **facts: Any) -> ModelCall:
    made = ModelCall(
        f"{key} of {site.model}",
        None,
        site,
        json.dumps({"path": "/chat", "items": [key]}),
        Outcome.REPLIED,
        json.dumps({"said": key}),
        USED,
    )
    return replace(made, **facts)


def test_what_is_kept_is_found(store: CallStore, site: CallSite) -> None:
    kept = [call_of(site, outcome.value, outcome=outcome) for outcome in Outcome]
    for call in kept:
        store.keep(call)
    assert [store.find(call.key) for call in kept] == kept
    assert store.find(f"nobody asked {site.model}") is None


def test_the_newest_with_a_key_is_found(store: CallStore, site: CallSite) -> None:
    first = call_of(site, outcome=Outcome.DEADLINE, usage=Usage(seconds=600.0))
    again = call_of(replace(site, request="job-another"), reply='{"said": "at last"}')
    store.keep(first)
    store.keep(again)
    assert store.find(first.key) == again
    assert list(store.of_day("test", site.model, DAY)) == [first, again]


def test_a_day_has_its_own_calls(store: CallStore, site: CallSite) -> None:
    ours = [call_of(replace(site, number=n), str(n)) for n in (1, 2)]
    others = (
        replace(site, session=NEXT),
        replace(site, model=f"{site.model}@2"),
        replace(site, market="elsewhere"),
    )
    for call in (*ours, *(call_of(other) for other in others)):
        store.keep(call)
    assert list(store.of_day("test", site.model, DAY)) == ours
    assert list(store.of_day("test", "nobody", DAY)) == []


def test_what_is_spent_is_told_by_whom_and_for_whom(store: CallStore, site: CallSite) -> None:
    other = replace(site, model=f"{site.model}@2", market="elsewhere")
    for call in (call_of(site), call_of(replace(site, session=NEXT)), call_of(other)):
        store.keep(call)
    twice = Usage(200, 120, 80, 20, 2.469134, Decimal("0.0024691356"), 2)
    assert store.spent(market="test", model=site.model) == twice
    assert store.spent(model=other.model) == USED
    assert store.spent(request=site.request) == twice + USED
    assert store.spent(model=site.model, request="job-none") == NOTHING_USED
    assert store.spent().calls >= 3
    assert isinstance(store.spent().tokens, int)


def test_an_unknown_price_counts_for_nothing_and_hides_nothing(
    store: CallStore, site: CallSite
) -> None:
    unknown = call_of(site, "unknown", usage=replace(USED, dollars=None))
    store.keep(unknown)
    assert store.find(unknown.key) == unknown
    assert store.spent(model=site.model).dollars is None
    store.keep(call_of(site, "known"))
    assert store.spent(model=site.model) == replace(USED + USED, dollars=USED.dollars)


ODD = "NUL \x00, half a pair \ud800, a whole one 📈, a quote \" and 'another', «é» \\ \n"


def test_any_text_comes_back_as_it_was(store: CallStore, site: CallSite) -> None:
    """In JSON, whose escapes a store is not to read: as jsonb Postgres would refuse these."""
    for ascii_only in (True, False):
        text = json.dumps(
            {"items": [ODD if ascii_only else ODD.replace("\ud800", "")]}, ensure_ascii=ascii_only
        )
        call = call_of(site, f"odd {ascii_only}", asked=text, reply=text)
        store.keep(call)
        assert store.find(call.key) == call


def asked(store: CallStore, site: CallSite, *questions: Question) -> list[ModelCall]:
    calls = Calls(store, "record", site)
    return [
        calls.put(question, lambda: Answer(Outcome.REPLIED, "{}", USED)) for question in questions
    ]


def test_a_conversation_is_kept_once_and_told_whole(store: CallStore, site: CallSite) -> None:
    terms = {"path": "/chat", "body": {"model": site.model, "temperature": 0.5}}
    items = [{"role": "user", "content": f"{n} {ODD}"} for n in range(200)]
    talk = [Question(terms, items[:n]) for n in (2, 3, 7, 200)]
    other = Question(terms, [{"role": "user", "content": "something else"}])
    kept = asked(store, site, *talk, other)
    assert [len(json.loads(call.asked)["items"]) for call in kept] == [2, 1, 4, 193, 1]
    assert [call.after for call in kept] == [None, *(call.key for call in kept[:3]), None]
    for question, call in zip((*talk, other), kept, strict=True):
        assert recorded_question(store, call) == {**terms, "items": list(question.items)}


def test_a_conversation_that_lost_its_beginning_says_so(store: CallStore, site: CallSite) -> None:
    kept = asked(store, site, Question({}, [site.model]), Question({}, [site.model, 2]))
    gone = replace(kept[1], after="nobody")
    with pytest.raises(LedgerError, match=f"call 2 of {site.model} on {DAY} .* which is gone"):
        recorded_question(store, gone)
    other = replace(kept[1], asked='{"items": [3]}')
    with pytest.raises(LedgerError, match=f"what call 2 of {site.model} on {DAY} .* was changed"):
        recorded_question(store, other)


def test_a_changed_answer_is_found_out(store: CallStore, site: CallSite, change: Change) -> None:
    call, other = call_of(replace(site, number=2)), call_of(site, "other")
    store.keep(call)
    store.keep(other)
    change(call, '{"said": "what pays better"}')
    told = (
        rf"^the stored answer to call 2 of {site.model} on {DAY} \(test\) was changed after it was "
        "kept: restore it, or delete it from model_calls to have it asked again$"
    )
    with pytest.raises(LedgerError, match=told):
        store.find(call.key)
    with pytest.raises(LedgerError, match=told):
        store.of_day("test", site.model, DAY)
    assert store.find(other.key) == other


def test_writers_side_by_side_lose_nothing(store: CallStore, site: CallSite) -> None:
    calls = [call_of(replace(site, number=n), f"{n % 5}") for n in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(store.keep, calls))
    found = store.of_day("test", site.model, DAY)
    assert sorted(call.site.number for call in found) == list(range(40))
    assert store.spent(model=site.model).calls == 40
    for n in range(5):
        newest = [call for call in found if call.key == calls[n].key][-1]
        assert store.find(calls[n].key) == newest


# In Postgres alone ------------------------------------------------------------------------------


def test_the_database_lets_nobody_change_a_call(module_floor: Floor, site: CallSite) -> None:
    module_floor.calls.keep(call_of(site))
    for column in ("reply", "asked", "key", "digest", "outcome"):
        with (
            pytest.raises(DBAPIError, match="append-only"),
            module_floor.engine.begin() as connection,
        ):
            connection.execute(text(f"update model_calls set {column} = 'replied'"))
    assert module_floor.calls.find(f"key of {site.model}") == call_of(site)


@pytest.fixture
def elsewhere(module_floor: Floor) -> Iterator[Engine]:
    """Another process's connections to the same database."""
    engine = create_engine(module_floor.engine.url)
    yield engine
    engine.dispose()


def test_a_kept_call_is_there_for_others_at_once(
    module_floor: Floor, elsewhere: Engine, site: CallSite
) -> None:
    module_floor.calls.keep(call_of(site))
    assert PostgresCalls(elsewhere).find(f"key of {site.model}") == call_of(site)
