"""Questions to a vendor over HTTP: asked again when it stumbles, its key never shown."""

from collections.abc import Mapping
from types import TracebackType
from typing import Self

import httpx
from tenacity import Retrying, retry_if_exception_type, stop_after_attempt, wait_exponential

from aitrader_core.domain.errors import ConfigError, MarketDataError
from aitrader_core.market.source import DownloadStopped

TRIES = 3
_SHOWN = 300  # characters of an answer


class Vendor:
    """`wait` seconds lie between the first two tries, twice as many between the next."""

    def __init__(self, name: str, url: str, key: str, timeout: float, wait: float) -> None:
        self._name, self._url, self._key = name, url, key
        self._client = httpx.Client(timeout=timeout)
        self._retrying = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=wait_exponential(multiplier=wait),
            retry=retry_if_exception_type(_PASSING),
            reraise=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._client.close()

    def ask(self, question: Mapping[str, str]) -> str:
        """The answer's text. DownloadStopped when the vendor gives none for now."""
        try:
            response = self._retrying(self._send, question)
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise ConfigError(
                f"alpha_vantage: url: {self._url!r} is none ({error}): correct it"
            ) from error
        except (httpx.HTTPError, _ServerError) as error:
            cause = self.shown(str(error) or type(error).__name__)
            raise DownloadStopped(f"{cause}, {TRIES} times") from error
        if response.status_code == httpx.codes.TOO_MANY_REQUESTS:
            raise DownloadStopped(self.shown(f"429 {response.text}"))
        if response.status_code != httpx.codes.OK:
            answered = f"{response.status_code} {response.reason_phrase}"
            fault = f"{self._name}: {self._url} answered {answered}: check the URL and the key"
            raise MarketDataError(fault)
        return response.text

    def shown(self, text: str) -> str:
        """What the vendor says, on one line and cut where it is long."""
        return self.without_key(" ".join(text.split()))[:_SHOWN]

    def without_key(self, text: str) -> str:
        """Vendors repeat the key in their answers."""
        return text.replace(self._key, "***")

    def _send(self, question: Mapping[str, str]) -> httpx.Response:
        request = self._client.build_request("GET", self._url, params=question)
        # httpx logs the URL of a request and its errors carry it, so that the key is only in what
        # is sent.
        keyed = request.url.copy_merge_params({"apikey": self._key})
        request.extensions["target"] = keyed.raw_path
        response = self._client.send(request)
        if response.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise _ServerError(f"it answered {response.status_code} {response.reason_phrase}")
        return response


class _ServerError(Exception):
    """An answer that the next try may better."""


_PASSING = (
    httpx.TimeoutException,
    httpx.NetworkError,
    httpx.RemoteProtocolError,
    httpx.ProxyError,
    _ServerError,
)
