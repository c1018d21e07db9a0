"""A web server on this machine: a language model that says what it is told to, and a search."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

Call = tuple[str, Any]  # a tool and its arguments


def said(text: str = "", *calls: Call) -> dict[str, Any]:
    """A Chat Completions answer."""
    message: dict[str, Any] = {"role": "assistant", "content": text}
    if calls:
        message["tool_calls"] = [
            {
                "id": f"call_{n}",
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
            for n, (name, arguments) in enumerate(calls)
        ]
    return {"choices": [{"index": 0, "message": message}], "usage": {"prompt_tokens": 100}}


@dataclass
class Web:
    """Each question gets the next of `replies`; a search what `answer` makes of its query."""

    url: str
    replies: list[dict[str, Any]] = field(default_factory=list)
    answer: Callable[[str], tuple[int, Any]] = lambda _: (200, {"code": 200, "data": []})
    queries: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    closing: Event = field(default_factory=Event)


@contextmanager
def served() -> Iterator[Web]:
    """On a free port, until it is left. A query `hang` is never answered, `drip` for ever."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        web = _Handler.webs[server.server_port] = Web(f"http://127.0.0.1:{server.server_port}")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield web
        finally:
            web.closing.set()
            server.shutdown()
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    webs: dict[int, Web] = {}  # noqa: RUF012 - by port

    @property
    def web(self) -> Web:
        return self.webs[self.connection.getsockname()[1]]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self._send(200, self.web.replies.pop(0))

    def do_GET(self) -> None:
        query = parse_qs(urlsplit(self.path).query)["q"][0]
        self.web.queries.append(query)
        self.web.headers.append(dict(self.headers))
        if query == "hang":
            self.web.closing.wait()
        elif query == "drip":
            self._drip()
        else:
            self._send(*self.web.answer(query))

    def _send(self, status: int, content: Any) -> None:
        body = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _drip(self) -> None:
        self.send_response(200)
        self.end_headers()
        try:
            while not self.web.closing.wait(0.02):
                self.wfile.write(b" ")
        except OSError:
            pass  # the other side had enough

    def log_message(self, *_: object) -> None:
        pass
