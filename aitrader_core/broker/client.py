"""The client of a broker that speaks Kite over the Model Context Protocol."""

import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Any

from pydantic import SecretStr

from aitrader_core.broker.kite import TOKEN, KiteError
from aitrader_core.broker.kite_account import KiteAccount
from aitrader_core.broker.limits import KITE, Limits
from aitrader_core.broker.tokens import Tokens
from aitrader_core.domain.errors import BrokerError, NoAnswer

if TYPE_CHECKING:
    from anyio.from_thread import BlockingPortal
    from mcp import Client
    from mcp.server import Server
    from mcp_types import CallToolResult

TIMEOUT = 10.0  # seconds


class McpBroker(KiteAccount):
    """An account at the broker behind a URL, or a server in memory. Close it, or use `with`."""

    def __init__(
        self,
        server: "str | Server[Any]",
        tokens: Tokens | None = None,
        *,
        home: str = "NSE",
        limits: Limits = KITE,
        clock: Callable[[], int] = time.time_ns,
        sleep: Callable[[float], None] = time.sleep,
        timeout: float = TIMEOUT,
    ) -> None:
        wire = McpWire(server, timeout)
        super().__init__(wire, tokens, home=home, limits=limits, clock=clock, sleep=sleep)

    def __enter__(self) -> "McpBroker":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class McpWire:
    """One connection, made when it is first needed, and anew after it broke."""

    def __init__(self, server: "str | Server[Any]", timeout: float) -> None:
        self._server = server
        self._timeout = timeout
        self._lock = Lock()
        self._open: ExitStack | None = None
        self._portal: BlockingPortal | None = None
        self._client: Client | None = None
        logging.getLogger("mcp.client.streamable_http").addFilter(_without_messages)

    @property
    def _name(self) -> str:
        return self._server if isinstance(self._server, str) else "the broker in memory"

    def call(self, tool: str, arguments: Mapping[str, Any], token: SecretStr | None) -> str:
        meta = {} if token is None else {TOKEN: token.get_secret_value()}
        with self._lock:
            portal, client = self._connected()
            try:
                result = portal.call(self._called, client, tool, dict(arguments), meta)
            except TimeoutError:
                raise NoAnswer(
                    f"{self._name} did not answer {tool} in {self._timeout:g} s"
                ) from None
            except Exception as error:  # whatever the transport raises: the connection is broken
                self._disconnect()
                why = type(error).__name__  # its text may hold what was sent
                raise NoAnswer(f"the connection to {self._name} broke ({why})") from None
        return _text(result, tool)

    def close(self) -> None:
        with self._lock:
            self._disconnect()

    async def _called(
        self, client: "Client", tool: str, arguments: dict[str, Any], meta: Any
    ) -> "CallToolResult":
        import anyio

        with anyio.fail_after(self._timeout):
            patience = 2 * self._timeout  # so that it is here that time is up
            return await client.call_tool(tool, arguments, patience, meta=meta)

    def _connected(self) -> "tuple[BlockingPortal, Client]":
        from anyio.from_thread import start_blocking_portal
        from mcp import Client

        if self._portal is None or self._client is None:
            with ExitStack() as stack:
                portal = stack.enter_context(start_blocking_portal())
                client = Client(self._server, read_timeout_seconds=self._timeout)
                try:
                    stack.enter_context(portal.wrap_async_context_manager(client))
                except Exception as error:  # likewise
                    why = type(error).__name__
                    raise BrokerError(
                        f"nobody answers as a broker at {self._name} ({why}): is it up?"
                    ) from None
                self._portal, self._client = portal, client
                self._open = stack.pop_all()
        return self._portal, self._client

    def _disconnect(self) -> None:
        opened, self._open, self._portal, self._client = self._open, None, None, None
        if opened is not None:
            opened.close()


def _text(result: "CallToolResult", tool: str) -> str:
    text = "".join(getattr(content, "text", "") for content in result.content)
    if not result.is_error:
        return text
    try:
        error = json.loads(text)
        raise KiteError(error["error_type"], error["message"], error["code"])
    except (ValueError, KeyError, TypeError):  # a server that does not speak of errors as Kite does
        raise KiteError("GeneralException", f"{tool}: {text[:200]}", 500) from None


def _without_messages(record: logging.LogRecord) -> bool:
    """The SDK writes whole messages into its debug log, tokens among them."""
    return record.levelno >= logging.WARNING
