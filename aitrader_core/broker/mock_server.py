"""The mock over the Model Context Protocol, in memory or over streamable HTTP."""

import asyncio
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING, Any, Protocol

from aitrader_core import __version__
from aitrader_core.broker.kite import TOKEN
from aitrader_core.broker.kite_tools import TOOLS
from aitrader_core.broker.mock_broker import Answered, Fault
from aitrader_core.domain.errors import ConfigError

if TYPE_CHECKING:
    from mcp.server import Server
    from starlette.requests import Request
    from starlette.responses import Response

PATH = "/mcp"
LOGIN_PAGE = "/connect/login"
LATE = 1.0  # seconds after which a late reply comes
_BLINK = 0.02


class Kite(Protocol):
    """What is behind the server: a MockKite."""

    login_page: str

    def consent(self) -> str: ...

    def answer(self, tool: str, arguments: Mapping[str, Any], token: str | None) -> Answered: ...


def server_for(
    kite: Kite, late: float = LATE, is_over: Callable[[], bool] = lambda: False
) -> "Server[Any]":
    """Kite's flat tools over `kite`; an error is Kite's own, as JSON. When it `is_over`, nobody is
    kept waiting any more."""
    import mcp_types as types
    from mcp.server import Server
    from mcp.server.context import ServerRequestContext
    from mcp.shared.exceptions import MCPError

    told = [
        types.Tool(name=name, description=description, input_schema=wanted.model_json_schema())
        for name, (wanted, description) in TOOLS.items()
    ]

    async def list_tools(_context: object, _params: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=told)

    async def call_tool(
        context: ServerRequestContext[Any, Any], params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        token = (context.meta or {}).get(TOKEN)
        answered = kite.answer(params.name, params.arguments or {}, str(token))
        if answered.fault in (Fault.LOST_REQUEST, Fault.LOST_REPLY):
            raise MCPError(types.INTERNAL_ERROR, "the connection to Kite broke")
        silence = late if answered.fault is Fault.LATE_REPLY else 0.0
        while silence > 0 and not is_over():
            await asyncio.sleep(_BLINK)
            silence -= _BLINK
        content = types.TextContent(type="text", text=answered.text)
        return types.CallToolResult(content=[content], is_error=answered.is_error)

    return Server(
        "kite-mock", version=__version__, on_list_tools=list_tools, on_call_tool=call_tool
    )


@contextmanager
def listening(
    kite: Kite, port: int = 0, host: str = "127.0.0.1", late: float = LATE
) -> Iterator[str]:
    """Serve from a thread, at any free port unless one is given; gives the URL.

    ConfigError when it can't listen there.
    """
    import uvicorn
    from starlette.routing import Route

    bound = _bound(host, port)
    origin = f"http://{host}:{bound.getsockname()[1]}"
    kite.login_page = f"{origin}{LOGIN_PAGE}"
    closing = Event()
    app = server_for(kite, late, closing.is_set).streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        json_response=True,
        host=host,
        custom_starlette_routes=[Route(LOGIN_PAGE, _login_page(kite))],
    )
    config = uvicorn.Config(
        app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=2
    )
    http = uvicorn.Server(config)
    thread = Thread(target=http.run, kwargs={"sockets": [bound]}, name="broker-mock", daemon=True)
    thread.start()
    try:
        while not http.started and thread.is_alive():
            time.sleep(0.005)
        yield f"{origin}{PATH}"
    finally:
        closing.set()
        http.should_exit = True
        thread.join()
        bound.close()


def _login_page(kite: Kite) -> Any:
    """Where a browser would come back from Kite with."""

    def page(_request: "Request") -> "Response":
        from starlette.responses import PlainTextResponse

        told = f"aitrader broker login --request-token {kite.consent()}\n"
        return PlainTextResponse(f"You are logged in. Now run\n\n    {told}")

    return page


def _bound(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port))
    except OSError as error:
        raise ConfigError(
            f"nobody can listen at port {port} of {host} ({error.strerror}): give another port"
        ) from None
