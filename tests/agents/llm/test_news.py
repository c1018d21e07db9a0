"""News are of before the session, and a search is recorded and replayed like any other call."""

import json
import time
from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from sqlalchemy import text

from aitrader_core.agents.agent import Terms
from aitrader_core.agents.llm.calls import Calls, MemoryCalls, Mode
from aitrader_core.agents.llm.language_model import LanguageModel
from aitrader_core.agents.llm.news import NewsSearch
from aitrader_core.agents.llm.tools import EVERY_TOOL
from aitrader_core.domain.errors import ConfigError, ReplayMiss, ToolError
from aitrader_core.domain.model_call import CallSite, Outcome
from aitrader_core.domain.model_day import Ending
from aitrader_core.domain.transcript import Transcript
from aitrader_core.runner.settings import project_root
from aitrader_core.runner.walk import Broken, Made, Plan, Step, walk
from aitrader_core.storage.store import Origin
from tests.agents.llm.web import Web, said
from tests.small import DAYS, Small

KEY = "jina_0123/456789abcdef"
SESSION = date(2012, 6, 6)


def search(
    web: Web,
    store: MemoryCalls,
    *,
    session: date = SESSION,
    mode: Mode = "record",
    key: str | None = KEY,
    timeout: float = 10,
) -> NewsSearch:
    site = CallSite("test", "model", session, 0, "nobody")
    transcript = Transcript()
    calls = Calls(store, mode, site)
    left = lambda: 10.0  # noqa: E731
    return NewsSearch(web.url, key, session, calls, transcript, timeout, left, time.monotonic)


def result(title: str, **more: Any) -> dict[str, Any]:
    return {"title": title, "url": f"https://example.com/{title}", "content": "Words.", **more}


def echo(query: str) -> bytes:
    """With our key in it, its slash escaped or not."""
    title = f"{query} {KEY}"
    said = json.dumps({"data": [result(title, date="2012-06-01")]})
    return said.replace("Words.", KEY).replace(title, title.replace("/", "\\/")).encode()


def test_only_what_was_published_before_the_session_is_told(web: Web) -> None:
    web.answer = lambda _: (
        200,
        {
            "code": 200,
            "data": [
                result("undated"),
                result("relative", date="3 days ago"),
                result("same-day", date="2012-06-06"),
                result("later", publishedTime="Mon, 11 Jun 2012 08:00:00 GMT"),
                result("changed later", date="2012-06-01", modifiedTime="2012-06-11"),
                result("good", date="Jun 5, 2012", content=f"Long {'word ' * 300}"),
                result("described", date="2012-06-04", content=None, description="Short."),
                result("no url", date="2012-06-03", url=["x"]),
                "no result",
                *(result(f"more {n}", date="2012-06-01") for n in range(9)),
            ],
        },
    )
    found = search(web, MemoryCalls())("apple")
    assert [r["title"] for r in found] == ["good", "described", "no url", "more 0", "more 1"]
    assert found[0] == {
        "title": "good",
        "url": "https://example.com/good",
        "date": "2012-06-05",
        "text": f"Long {'word ' * 300}"[:600],
    }
    assert (found[1]["text"], found[2]["url"]) == ("Short.", "")
    assert web.queries == ["apple"]
    assert web.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert web.headers[0]["Accept"] == "application/json"


def test_a_session_asks_once(web: Web) -> None:
    store = MemoryCalls()
    web.answer = lambda query: (200, echo(query))
    first = search(web, store)
    told = first("apple")
    assert (told[0]["title"], told[0]["text"]) == ("apple ***", "***")
    assert first.transcript.usage.calls == 1
    assert first.transcript.usage.seconds > 0
    assert not first.transcript.usage.tokens
    assert first.transcript.usage.dollars == 0
    assert search(web, store)("apple") == told
    assert web.queries == ["apple"]
    search(web, store, session=date(2012, 6, 7))("apple")
    search(web, store)("pear")
    assert web.queries == ["apple", "apple", "pear"]
    assert KEY not in repr(store.of_day("test", "model", SESSION))


@pytest.mark.parametrize(
    ("query", "answer", "why"),
    [
        ("x", (500, b"oops"), "the search answers 500"),
        ("x", (429, {"code": 429}), "the search answers 429"),
        ("x", (200, b"<html>"), "the answer is not JSON"),
        ("x", (200, b"[" * 100_000), "the answer is not JSON"),
        ("x", (200, b"\xff\xfe"), "the answer is not JSON"),
        ("x", (200, {"data": "none"}), "the answer has no results"),
        ("x", (200, []), "the answer has no results"),
        ("x", (200, b" " * 5 * 2**20), "the answer is too long"),
        ("hang", None, "no answer within 0.2 s"),
        ("drip", None, "no answer within 0.2 s"),
    ],
)
def test_a_failure_is_told_and_is_no_answer(web: Web, query: str, answer: Any, why: str) -> None:
    web.answer = lambda _: answer
    store = MemoryCalls()
    failing = search(web, store, timeout=0.2 if answer is None else 10)
    with pytest.raises(ToolError, match=f"news can't be searched now: {why}"):
        failing(query)
    assert failing.transcript.usage.seconds > 0
    with pytest.raises(ToolError, match=why):
        search(web, store, mode="replay", key=None)(query)
    (kept,) = store.of_day("test", "model", SESSION)
    assert kept.outcome is Outcome.FAILED
    web.answer = lambda _: (200, {"data": []})
    if query == "x":
        assert search(web, store)(query) == []  # it is asked again


def test_without_a_key_time_or_server_nothing_is_found(web: Web) -> None:
    with pytest.raises(ToolError, match="JINA_API_KEY is not set"):
        search(web, MemoryCalls(), key=None)("apple")
    late = replace(search(web, MemoryCalls()), seconds_left=lambda: 0.0)
    with pytest.raises(ToolError, match="no answer within 0 s"):
        late("apple")
    nowhere = replace(search(web, MemoryCalls()), endpoint="http://127.0.0.1:1")
    with pytest.raises(ToolError, match=r"can't be reached \(ConnectError\)"):
        nowhere("apple")
    with pytest.raises(ReplayMiss):
        search(web, MemoryCalls(), mode="replay")("apple")
    assert not web.queries


def test_any_text_can_be_searched_for(web: Web) -> None:
    search(web, MemoryCalls())("a&b=c \ud800 \0 é")
    assert web.queries == ["a&b=c ? \0 é"]


def test_a_missing_key_is_told_when_a_job_is_submitted() -> None:
    spec = LanguageModel("scripted", endpoint="scripted", tools=EVERY_TOOL)

    def check(environment: Mapping[str, str], *, offline: bool = False) -> None:
        prepared = spec.prepared(project_root() / "configs", environment, ())
        prepared.check(Terms((), is_intraday=False, is_offline=offline))

    with pytest.raises(ConfigError, match="JINA_API_KEY is not set.*leave news out of its tools"):
        check({})
    check({}, offline=True)
    check({"JINA_API_KEY": KEY})
    with pytest.raises(ConfigError, match="search_endpoint: is no URL"):
        replace(spec, search_endpoint="scripted").prepared(project_root() / "configs", {}, ())


def test_a_day_with_searches_replays_with_everything_gone(
    small: Small, web: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JINA_API_KEY", KEY)
    small.model(
        "reader",
        kind="llm",
        model="m",
        endpoint=web.url,
        search_endpoint=f"{web.url}/search",
        tools=["news", "buy"],
        token_prices={"input": 1, "output": 1},
    )
    small.configure(models=["reader"])
    small.priced()
    answers = iter([(500, b"oops"), (200, {"data": [result(f"good {KEY}", date="2012-05-31")]})])
    web.answer = lambda _: next(answers)
    asked = ("news", {"query": "apple"})
    web.replies = [
        said("I look.", asked),
        said("Again, twice.", asked, asked),
        said("I buy.", ("buy", {"symbol": "AAA", "quantity": 2})),
        said("Done."),
    ]
    day = _made(small, "one")
    assert len(web.queries) == 2
    assert day.ending is Ending.DONE
    assert day.usage.calls == 7
    assert day.usage.tokens == 400
    told = [json.dumps(entry.text) for entry in day.transcript if entry.role == "tool"]
    assert ["can't be searched now" in words for words in told] == [True, False, False, False]
    assert "good ***" in told[1]
    assert told[1] == told[2]

    calls = small.floor.calls.of_day("small", "reader", DAYS[0])
    assert [call.after is None for call in calls] == [True, True, False, True, False, False]

    web.replies, web.answer = [], lambda _: (500, b"gone")
    monkeypatch.delenv("JINA_API_KEY")
    small.configure(models=["reader"], calls="replay")
    assert _made(small, "two").transcript == day.transcript
    assert len(web.queries) == 2
    assert KEY not in _everything(small)


def _made(small: Small, request: str) -> Any:
    (step,) = _walked(small, request)
    assert isinstance(step, Made), step.reason if isinstance(step, Broken) else step
    return step.day


def _walked(small: Small, request: str) -> list[Step]:
    return list(walk(small.floor, Plan("reader", (DAYS[0],), Origin(request, request))))


def _everything(small: Small) -> str:
    """All that the database has, as text."""
    with small.engine.connect() as connection:
        names = connection.scalars(
            text("select table_name from information_schema.tables where table_schema = 'public'")
        ).all()
        return "".join(
            str(connection.scalars(text(f'select t::text from "{name}" t')).all()) for name in names
        )
