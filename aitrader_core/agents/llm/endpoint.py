"""Questions to an OpenAI-compatible endpoint: asked again when it stumbles, within a deadline."""

import asyncio
import email.utils
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from aitrader_core.agents.llm.dialect import Garbled
from aitrader_core.domain.errors import ProviderError
from aitrader_core.domain.model_call import Outcome

if TYPE_CHECKING:
    import httpx2
    import openai

_SHOWN = 400  # characters of a provider's answer
_LONGEST_WAIT = 60.0  # seconds between two tries that nobody asked for
_TOO_LONG_TO_WAIT = "asks to wait {:.0f} s, and {:.0f} s are left of the model-day's deadline"
_FILTERS = ("content_filter", "content_policy", "responsible_ai", "moderation")


class _Passing(Exception):  # noqa: N818 - never leaves this module
    """May be better in a moment; `after` is how many seconds the provider asks for."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


@dataclass(frozen=True)
class Said:
    """The text of an answer, and whether the provider refused to answer."""

    outcome: Outcome
    text: str


@dataclass
class Endpoint:
    """One provider, for the time of one model-day: a client is opened when it is first needed.

    `check` looks at the JSON of an answer and raises Garbled for what is none.
    """

    base_url: str
    key: str | None
    timeout: float
    tries: int
    sleep: Callable[[float], Awaitable[None]]
    transport: "httpx2.AsyncBaseTransport | None" = None
    _runner: asyncio.Runner | None = field(default=None, repr=False)
    _client: "openai.AsyncOpenAI | None" = field(default=None, repr=False)

    def ask(
        self, path: str, body: Mapping[str, Any], within: float, check: Callable[[object], object]
    ) -> Said:
        """The answer, within so many seconds.

        Raises TimeoutError when they are over, and ProviderError when the last try failed too.
        """
        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            return self._runner.run(self._ask(path, body, within, check))
        except _Passing as failure:
            tried = "" if self.tries == 1 else f", {self.tries} times"
            raise ProviderError(f"{self.base_url}: {self.shown(str(failure))}{tried}") from None

    def close(self) -> None:
        runner, client, self._runner, self._client = self._runner, self._client, None, None
        if runner is not None:
            if client is not None:
                runner.run(client.close())
            runner.close()

    def shown(self, text: str) -> str:
        """For a message: shortened, and never with the key."""
        text = text.replace(self.key, "***") if self.key else text
        text = " ".join(text.split())
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."

    async def _ask(
        self, path: str, body: Mapping[str, Any], within: float, check: Callable[[object], object]
    ) -> Said:
        loop = asyncio.get_running_loop()
        ends = loop.time() + within
        backoff = wait_exponential_jitter(initial=1, max=_LONGEST_WAIT)

        def wait(state: RetryCallState) -> float:
            failure = state.outcome.exception() if state.outcome else None
            asked = failure.after if isinstance(failure, _Passing) else None
            pause = backoff(state) if asked is None else asked
            left = ends - loop.time()
            if asked is not None and asked > left:
                raise ProviderError(f"{self.base_url} {_TOO_LONG_TO_WAIT.format(asked, left)}")
            return pause

        retrying = AsyncRetrying(
            stop=stop_after_attempt(self.tries),
            wait=wait,
            retry=retry_if_exception_type(_Passing),
            sleep=self.sleep,
            reraise=True,
        )
        async with asyncio.timeout(within):
            return await retrying(self._try, path, body, check)

    async def _try(
        self, path: str, body: Mapping[str, Any], check: Callable[[object], object]
    ) -> Said:
        import openai

        try:
            async with asyncio.timeout(self.timeout):
                text = await self._send(path, body)
        except TimeoutError:
            raise _Passing(f"no answer within {self.timeout:g} s") from None
        except openai.APIStatusError as error:
            return self._judge(error)
        except openai.APIConnectionError as error:
            raise _Passing(str(error.__cause__ or error) or type(error).__name__) from None
        try:
            check(json.loads(text))
        except (ValueError, RecursionError, Garbled) as error:
            raise _Passing(f"its answer is none ({error}): {text[:80]!r}") from None
        return Said(Outcome.REPLIED, text)

    async def _send(self, path: str, body: Mapping[str, Any]) -> str:
        import httpx2

        response = await self._opened().post(path, body=dict(body), cast_to=httpx2.Response)
        return self.unkeyed(response.text)

    def unkeyed(self, text: str) -> str:
        """Whatever a server answers, our key is not kept."""
        return text.replace(self.key, "***") if self.key else text

    def _opened(self) -> "openai.AsyncOpenAI":
        if self._client is None:
            import httpx2
            import openai

            http = httpx2.AsyncClient(transport=self.transport, verify=_certificates())
            self._client = openai.AsyncOpenAI(
                api_key=self.key or "none",
                base_url=self.base_url,
                max_retries=0,
                timeout=None,
                http_client=http,
            )
        return self._client

    def _judge(self, error: "openai.APIStatusError") -> Said:
        """A refusal, something that passes, or a failure for good."""
        code = error.status_code
        told = self.unkeyed(str(error))
        if code in (400, 403, 451) and any(word in told.lower() for word in _FILTERS):
            return Said(Outcome.REFUSED, json.dumps({"status": code, "said": told}))
        if code in (408, 409, 429) or code >= 500:
            if error.code == "insufficient_quota":
                raise ProviderError(f"{self.base_url} answers {self.shown(told)}")
            raise _Passing(f"answers {told}", _retry_after(error.response.headers))
        raise ProviderError(f"{self.base_url} answers {self.shown(told)}")


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; RFC 9110 has a number of them or a date."""
    wanted = headers.get("retry-after-ms")
    if wanted is not None and (milliseconds := _number(wanted)) is not None:
        return milliseconds / 1000
    wanted = headers.get("retry-after")
    if wanted is None:
        return None
    if (seconds := _number(wanted)) is not None:
        return seconds
    parsed = email.utils.parsedate_tz(wanted)
    now = email.utils.parsedate_tz(headers.get("date", ""))
    if parsed is None or now is None:
        return None
    return max(0.0, float(email.utils.mktime_tz(parsed) - email.utils.mktime_tz(now)))


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < float("inf") else None


@cache
def _certificates() -> Any:
    """Once for a process: reading them takes longer than a call."""
    import httpx2

    return httpx2.create_ssl_context()
