"""The tools of a desk over MCP, in memory or over streamable HTTP."""

import asyncio
import json
import socket
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Thread
from typing import TYPE_CHECKING, Any

from aitrader_core import __version__
from aitrader_core.agents.llm.dialect import Tool
from aitrader_core.agents.llm.loop import Answered
from aitrader_core.agents.mcp.window import Window
from aitrader_core.domain.errors import ConfigError

if TYPE_CHECKING:
    from mcp.server import Server

PATH = "/mcp"
NOBODY = "error: no session is open: call again in a moment"
PATIENCE = 10.0  # seconds that a call waits for the next session
_INSTRUCTIONS = (
    "You trade a portfolio, one session of a market at a time, at its open. Look at your portfolio "
    "and the prices, buy and sell, and call finish_session when you are done: the next session "
    "opens then, if there is one. Nothing later than the open exists yet."
)


def server_for(window: Window, tools: Sequence[Tool], patience: float = PATIENCE) -> "Server[Any]":
    """A server whose calls go through `window`. The names of tools never change."""
    import mcp_types as types
    from mcp.server import Server

    told = [
        types.Tool(name=t.name, description=t.description, input_schema=dict(t.parameters))
        for t in tools
    ]

    async def list_tools(_context: object, _params: object) -> types.ListToolsResult:
        return types.ListToolsResult(tools=told)

    async def call_tool(
        _context: object, params: types.CallToolRequestParams
    ) -> types.CallToolResult:
        answered = await _answered(window, params.name, params.arguments or {}, patience)
        content = types.TextContent(type="text", text=answered.text)
        return types.CallToolResult(content=[content], is_error=answered.is_error)

    return Server(
        "aitrader",
        version=__version__,
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


@contextmanager
def listening(server: "Server[Any]", host: str, port: int) -> Iterator[str]:
    """Serve at `host`, port 0 being any free one, from a thread; gives the URL.

    It keeps no state of a connection, so that an agent may come back at any time. Raises
    ConfigError when it can't listen there.
    """
    import uvicorn

    bound = _bound(host, port)
    app = server.streamable_http_app(
        streamable_http_path=PATH, stateless_http=True, json_response=True, host=host
    )
    config = uvicorn.Config(
        app, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=2
    )
    http = uvicorn.Server(config)
    thread = Thread(target=http.run, kwargs={"sockets": [bound]}, name="mcp", daemon=True)
    thread.start()
    try:
        while not http.started and thread.is_alive():
            time.sleep(0.005)
        name = f"[{host}]" if ":" in host else host
        yield f"http://{name}:{bound.getsockname()[1]}{PATH}"
    finally:
        http.should_exit = True
        thread.join()
        bound.close()


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"nobody can listen at port {port} of {host} ({error.strerror}): give another port"
        ) from None


async def _answered(
    window: Window, name: str, arguments: dict[str, Any], patience: float
) -> Answered:
    try:
        text = json.dumps(arguments)
    except (ValueError, RecursionError) as error:  # a number of five thousand digits
        return Answered(f"error: the arguments are not JSON ({error})", is_error=True)
    asked = window.ask(name, text)
    try:
        return await asyncio.wait_for(asyncio.shield(asyncio.wrap_future(asked)), patience)
    except TimeoutError:
        if asked.cancel():
            return Answered(NOBODY, is_error=True)
        return await asyncio.wrap_future(asked)  # it was just taken
    except asyncio.CancelledError:  # the agent has gone: it must not trade in its absence
        asked.cancel()
        raise
