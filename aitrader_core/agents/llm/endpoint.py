"""Questions to an OpenAI-compatible endpoint: asked again when it stumbles, within a deadline."""

import asyncio
import contextlib
import email.utils
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any, NoReturn

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt
from tenacity.wait import wait_exponential_jitter

from aitrader_core.agents.llm.complaint import Complaint, complaint, complaint_in, read
from aitrader_core.agents.llm.dialect import Dialect, Garbled
from aitrader_core.agents.llm.secret import ApiKey
from aitrader_core.agents.llm.sendable import sendable
from aitrader_core.domain.errors import ProviderError
from aitrader_core.domain.model_call import Outcome

if TYPE_CHECKING:
    import httpx2
    import openai

_SHOWN = 400  # characters of a provider's answer
_LONGEST_WAIT = 60.0  # seconds between two tries that nobody asked for
_ENDS_WITHIN = 0.1  # seconds from the last event of a stream to its end
_REFUSING = (200, 400, 403, 422, 451)
_PASSING = (200, 408, 409, 425, 429)


class _Passing(Exception):  # noqa: N818 - never leaves this module
    """May be better in a moment; `after` is how many seconds the provider asks for."""

    def __init__(self, why: str, after: float | None = None) -> None:
        super().__init__(why)
        self.after = after


@dataclass(frozen=True)
class Said:
    """The JSON text of an answer, and whether the provider refused to answer."""

    outcome: Outcome
    text: str


@dataclass
class Endpoint:
    """One provider, for the time of one model-day: a client is opened when it is first needed.

    `timeout` is for one try, in seconds.
    """

    base_url: str
    key: ApiKey
    timeout: float
    tries: int
    sleep: Callable[[float], Awaitable[None]]
    transport: "httpx2.AsyncBaseTransport | None" = None
    _runner: asyncio.Runner | None = field(default=None, repr=False)
    _client: "openai.AsyncOpenAI | None" = field(default=None, repr=False)

    def ask(self, dialect: Dialect, body: Mapping[str, Any], within: float) -> Said:
        """The answer, within so many seconds.

        Raises TimeoutError when they are over, and ProviderError when the last try failed too.
        """
        if self._runner is None:
            self._runner = asyncio.Runner()
        try:
            return self._runner.run(self._ask(dialect, body, within))
        except _Passing as failure:
            tried = "" if self.tries == 1 else f" (given up after {self.tries} tries)"
            raise ProviderError(f"{self.base_url} {self._shown(str(failure))}{tried}") from None

    def close(self) -> None:
        runner, client, self._runner, self._client = self._runner, self._client, None, None
        if runner is not None:
            try:
                if client is not None:
                    runner.run(client.close())
            finally:
                runner.close()

    async def _ask(self, dialect: Dialect, body: Mapping[str, Any], within: float) -> Said:
        loop = asyncio.get_running_loop()
        ends = loop.time() + within
        backoff = wait_exponential_jitter(initial=1, max=_LONGEST_WAIT)

        def wait(state: RetryCallState) -> float:
            failure = state.outcome.exception() if state.outcome else None
            asked = failure.after if isinstance(failure, _Passing) else None
            if asked is not None and asked > (left := ends - loop.time()):
                raise self._failure(
                    f"{failure}, and asks to wait {asked:.0f} s when {left:.0f} s are left of the "
                    "model-day's deadline"
                ) from None
            return backoff(state) if asked is None else asked

        retrying = AsyncRetrying(
            stop=stop_after_attempt(self.tries),
            wait=wait,
            retry=retry_if_exception_type(_Passing),
            sleep=self.sleep,
            reraise=True,
        )
        async with asyncio.timeout(within):
            return await retrying(self._try, dialect, body)

    async def _try(self, dialect: Dialect, body: Mapping[str, Any]) -> Said:
        import httpx2
        import openai

        try:
            async with asyncio.timeout(self.timeout):
                text = await self._send(dialect, body)
            return self._read(dialect, self.key.hidden(text))
        except TimeoutError:
            raise _Passing(f"gives no answer within {self.timeout:g} s") from None
        except openai.APIStatusError as error:
            answer = error.response
            return self._judge(complaint(answer.text), error.status_code, answer)
        except (openai.APIConnectionError, httpx2.HTTPError) as error:
            cause = error.__cause__ or error
            raise _Passing(f"breaks off: {cause or type(cause).__name__}") from None
        except openai.APIError as error:  # in the middle of a stream
            return self._judge(read(error.body), 200)
        except (ValueError, RecursionError, Garbled) as error:
            raise _Passing(f"sends no answer: {error}") from None

    async def _send(self, dialect: Dialect, body: Mapping[str, Any]) -> str:
        """The JSON of the answer; of a streamed one, put together."""
        import httpx2
        import openai

        client, path = self._opened(), dialect.path
        if not body.get("stream"):
            whole = await client.post(path, body=dict(body), cast_to=httpx2.Response)
            return whole.text
        kind = openai.AsyncStream[object]
        async with await client.post(
            path, body=dict(body), cast_to=object, stream=True, stream_cls=kind
        ) as stream:
            if "json" in stream.response.headers.get("content-type", ""):
                await stream.response.aread()  # it does not stream, whatever it was asked for
                return stream.response.text
            events: list[object] = []
            async for event in stream:
                events.append(event)
                if dialect.is_last(event):
                    await _end(stream)
                    break
        return json.dumps(dialect.joined(events))

    def _read(self, dialect: Dialect, text: str) -> Said:
        """Looks whether the text is an answer at all."""
        try:
            answer = json.loads(text, parse_constant=_no_number)
            clean = sendable(answer)
        except (ValueError, RecursionError) as error:
            raise Garbled(f"{error} in {text[:80]!r}") from None
        try:
            dialect.read(clean, 1)
        except Garbled as error:
            if (found := complaint_in(answer)) is None:
                raise Garbled(f"{error} in {text[:80]!r}") from None
            return self._judge(found, 200)
        return Said(Outcome.REPLIED, text if clean == answer else json.dumps(clean))

    def _judge(
        self, found: Complaint, status: int, response: "httpx2.Response | None" = None
    ) -> Said:
        """A refusal, something that passes, or a failure for good."""
        if found.is_refusal and status in _REFUSING:
            said = {"status": status, "said": self.key.hidden(found.text)}
            return Said(Outcome.REFUSED, json.dumps(said))
        number = "" if response is None else f" {status} {response.reason_phrase}".rstrip()
        told = f"answers{number}: {found.text}" if found.text else f"answers{number}"
        if (status in _PASSING or status >= 500) and not found.is_for_good:
            raise _Passing(told, _retry_after(response.headers) if response is not None else None)
        raise self._failure(told) from None

    def _failure(self, told: str) -> ProviderError:
        return ProviderError(f"{self.base_url} {self._shown(told)}")

    def _shown(self, text: str) -> str:
        """For a message: shortened, and never with the key."""
        text = " ".join(self.key.hidden(text).split())
        return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."

    def _opened(self) -> "openai.AsyncOpenAI":
        if self._client is None:
            import httpx2
            import openai

            http = httpx2.AsyncClient(
                transport=self.transport, verify=_certificates(), timeout=None
            )
            self._client = openai.AsyncOpenAI(
                api_key=self.key.value or "none",
                base_url=self.base_url,
                max_retries=0,
                timeout=None,
                http_client=http,
            )
        return self._client


async def _end(stream: "openai.AsyncStream[object]") -> None:
    """Read what follows the last event, so that the connection can be used again; if it ends."""
    import openai

    with contextlib.suppress(TimeoutError, ValueError, openai.APIError):
        async with asyncio.timeout(_ENDS_WITHIN):
            async for _ in stream:
                pass


def _retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds; RFC 9110 has a number of them or a date, which counts from the answer's own."""
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


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


@cache
def _certificates() -> Any:
    """Once for a process: reading them takes longer than a call."""
    import httpx2

    return httpx2.create_ssl_context()
