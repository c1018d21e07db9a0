"""A vendor on this machine: a real HTTP server that gives the answers a test lays out."""

import json
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any
from urllib.parse import parse_qsl, urlsplit

DROP = "drop the connection"
HANG = "never answer"


@dataclass
class StandIn:
    """`answers` are taken one after the other for each symbol, the last one again and again."""

    url: str = ""
    answers: defaultdict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    asked: list[dict[str, str]] = field(default_factory=list)
    over: Event = field(default_factory=Event)

    @property
    def symbols(self) -> list[str]:
        return [question["symbol"] for question in self.asked]

    def next_answer(self, question: dict[str, str]) -> Any:
        self.asked.append(question)
        answers = self.answers[question["symbol"]]
        return answers.pop(0) if len(answers) > 1 else answers[0]


@contextmanager
def standing_in() -> Iterator[StandIn]:
    vendor = StandIn()
    server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(vendor))
    vendor.url = f"http://127.0.0.1:{server.server_port}/query"
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield vendor
    finally:
        vendor.over.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _handler(vendor: StandIn) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = vendor.next_answer(dict(parse_qsl(urlsplit(self.path).query)))
            if answer == HANG:
                vendor.over.wait()
            if answer in (DROP, HANG):
                self.close_connection = True
                return
            status, body = answer if isinstance(answer, tuple) else (200, answer)
            content = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Not to the test's output."""

    return Handler
