"""A provider in a process of its own: three calls of tools and a last word, at once or slowly.

`python -m benchmarks.llm.server` prints its URL; under /slow every answer takes LATENCY.
"""

import json
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

LATENCY = 0.05  # seconds
CALLS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("portfolio", {}),
    ("history", {"symbol": "AAPL", "bars": 20}),
    ("buy", {"symbol": "AAPL", "quantity": 1}),
)
REQUESTS = len(CALLS) + 1  # of a model-day


def _answer(number: int) -> bytes:
    """The one after so many others."""
    message: dict[str, Any] = {"role": "assistant", "content": f"Step {number + 1}."}
    if number < len(CALLS):
        name, arguments = CALLS[number]
        told = {"name": name, "arguments": json.dumps(arguments)}
        message["tool_calls"] = [{"id": f"call_{number}", "type": "function", "function": told}]
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    usage = {"prompt_tokens": 1000, "completion_tokens": 20, "total_tokens": 1020}
    whole = {"id": "x", "object": "chat.completion", "created": 0, "model": "m"}
    return json.dumps({**whole, "choices": [choice], "usage": usage}).encode()


ANSWERS = [_answer(number) for number in range(REQUESTS)]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body in one packet

    def do_POST(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.startswith("/slow"):
            time.sleep(LATENCY)
        said = sum(message["role"] == "assistant" for message in asked["messages"])
        content = ANSWERS[min(said, len(CALLS))]
        self.send_response_only(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Not at all."""


def main() -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as server:
        print(f"http://127.0.0.1:{server.server_port}", flush=True)
        server.serve_forever()


if __name__ == "__main__":
    main()
