"""A provider on this machine: a real HTTP server that sends what a test lays out."""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any


@dataclass(frozen=True)
class Sent:
    """What a request is answered with.

    `lacks` bytes of the body are announced and not sent; `drips` is seconds between two bytes,
    `slow` seconds before the first one. A connection is `dropped` or left `hanging` without one.
    """

    body: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    lacks: int = 0
    drips: float = 0.0
    slow: float = 0.0
    dropped: bool = False
    hanging: bool = False


@dataclass
class Provider:
    """`answers` are taken one after the other, the last one again and again."""

    url: str = ""
    answers: list[Sent] = field(default_factory=list)
    asked: list[dict[str, Any]] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    script: Callable[[dict[str, Any]], Sent] | None = None  # answers in place of them
    connected: set[object] = field(default_factory=set)
    ever: int = 0  # opened
    over: Event = field(default_factory=Event)

    def next_answer(self) -> Sent:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def renew(self) -> None:
        """As if it had just been started: whoever still hangs is let go."""
        self.over.set()
        self.over = Event()
        self.answers, self.asked, self.headers, self.ever = [], [], [], 0

    def lets_go(self) -> bool:
        """Whether nobody is connected any more, within seconds."""
        for _ in range(2000):
            if not self.connected:
                return True
            time.sleep(0.001)
        return False


@contextmanager
def standing_in() -> Iterator[Provider]:
    provider = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(provider))
    provider.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield provider
    finally:
        provider.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(provider: Provider) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"  # connections are kept, as providers do
        disable_nagle_algorithm = True

        def setup(self) -> None:
            super().setup()
            provider.connected.add(self)
            provider.ever += 1

        def finish(self) -> None:
            super().finish()
            provider.connected.discard(self)

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            provider.asked.append({"path": self.path, **asked})
            provider.headers.append({k.lower(): v for k, v in self.headers.items()})
            answer = provider.script(asked) if provider.script else provider.next_answer()
            if answer.hanging:
                provider.over.wait()
            if answer.hanging or answer.dropped:
                self.close_connection = True
                return
            provider.over.wait(answer.slow)
            self._send(answer)

        def _send(self, answer: Sent) -> None:
            content = answer.body.encode()
            self.send_response_only(answer.status)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            content = content[: len(content) - answer.lacks]
            self.close_connection = self.close_connection or answer.lacks > 0
            try:
                for start in range(0, len(content), 1) if answer.drips else ():
                    self.wfile.write(content[start : start + 1])
                    if provider.over.wait(answer.drips):
                        return
                if not answer.drips:
                    self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):
                self.close_connection = True

        def log_message(self, format: str, *args: object) -> None:
            """Not to the test's output."""

    return Handler
