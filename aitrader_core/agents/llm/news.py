"""News from before a session: a search of the web that is kept, and replayed, like a model call."""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from aitrader_core.agents.llm.calls import Answer, Calls, Question
from aitrader_core.agents.llm.published import published
from aitrader_core.domain.errors import ToolError
from aitrader_core.domain.model_call import Outcome
from aitrader_core.domain.transcript import Transcript, Usage

JINA = "https://s.jina.ai"
KEY_VARIABLE = "JINA_API_KEY"
_MOST = 5  # results
_LONGEST = {"title": 300, "url": 1000, "text": 600}  # characters
_MOST_BYTES = 4 * 2**20  # of an answer, which has whole pages in it
_OK = 200


class _Failed(Exception):  # noqa: N818 - says what is so
    """One search did; the message is for the model."""


@dataclass(frozen=True)
class NewsSearch:
    """A search for one session. `timeout` is for one search, `seconds_left` of the model-day.

    What it takes goes into `transcript`, so that it counts towards the day's deadline.
    """

    endpoint: str
    key: str | None
    session: date
    calls: Calls
    transcript: Transcript
    timeout: float
    seconds_left: Callable[[], float]
    clock: Callable[[], float]

    def __call__(self, query: str) -> Sequence[dict[str, str]]:
        """At most five results, of before the session. Raises ToolError when there is no answer."""
        terms = {"search": self.endpoint, "query": query, "session": self.session.isoformat()}
        call = self.calls.put(Question(terms), lambda: self._answer(query))
        self.transcript.add("search", query, "news", call.key, call.usage)
        said = json.loads(call.reply)
        if call.outcome is not Outcome.REPLIED:
            raise ToolError(f"news can't be searched now: {said['why']}")
        results: Sequence[dict[str, str]] = said["results"]
        return results

    def _answer(self, query: str) -> Answer:
        within, began = min(self.timeout, self.seconds_left()), self.clock()
        reply: dict[str, Any]
        try:
            found = self._search(query, within)
            reply, outcome = {"results": _of_before(self.session, found)}, Outcome.REPLIED
        except TimeoutError:
            reply, outcome = {"why": f"no answer within {within:g} s"}, Outcome.FAILED
        except _Failed as failure:
            reply, outcome = {"why": str(failure)}, Outcome.FAILED
        seconds = round(self.clock() - began, 6)
        return Answer(outcome, self._unkeyed(json.dumps(reply)), Usage(seconds=seconds))

    def _search(self, query: str, within: float) -> Sequence[Any]:
        if not self.key:
            raise _Failed(f"{KEY_VARIABLE} is not set")
        if within <= 0:
            raise TimeoutError
        try:
            answer = json.loads(self._unkeyed(asyncio.run(self._fetched(query, within))))
        except (ValueError, RecursionError):
            raise _Failed("the answer is not JSON") from None
        found = answer.get("data") if isinstance(answer, dict) else None
        if not isinstance(found, list):
            raise _Failed("the answer has no results")
        return found

    async def _fetched(self, query: str, within: float) -> str:
        """Within so many seconds, however slowly it comes."""
        import httpx2

        asked = {"q": query.encode(errors="replace").decode()}
        headers = {"Authorization": f"Bearer {self.key}", "Accept": "application/json"}
        try:
            async with (
                asyncio.timeout(within),
                httpx2.AsyncClient(timeout=None) as client,
                client.stream("GET", self.endpoint, params=asked, headers=headers) as response,
            ):
                if response.status_code != _OK:
                    raise _Failed(f"the search answers {response.status_code}")
                return (await _body(response)).decode(errors="replace")
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            raise _Failed(f"the search can't be reached ({type(error).__name__})") from None

    def _unkeyed(self, text: str) -> str:
        """Whatever a server answers, our key is not kept."""
        return text.replace(self.key, "***") if self.key else text


async def _body(response: Any) -> bytearray:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise _Failed("the answer is too long")
    return body


def _of_before(session: date, found: Sequence[Any]) -> list[dict[str, str]]:
    """What is not dated at all may be of after it."""
    dated = [(published(r), r) for r in found if isinstance(r, dict)]
    return [_result(day, r) for day, r in dated if day is not None and day < session][:_MOST]


def _result(day: date, found: Mapping[str, Any]) -> dict[str, str]:
    text = _words(found.get("content")) or _words(found.get("description"))
    shown = {"title": _words(found.get("title")), "url": _words(found.get("url")), "text": text}
    cut = {name: words[: _LONGEST[name]] for name, words in shown.items()}
    return {"title": cut["title"], "url": cut["url"], "date": day.isoformat(), "text": cut["text"]}


def _words(value: object) -> str:
    """One line, as it can be sent on: a page may have anything in it."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    return text.encode(errors="replace").decode()
