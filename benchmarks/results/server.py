"""The site as `aitrader up` starts it, in a process of its own."""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection

from aitrader_core.runner.settings import Settings, project_root
from aitrader_core.serve.site import HOST, choose_port

__all__ = ["HOST", "Server", "serving"]

_FIRST_PORT, _PATIENCE = 8400, 60.0


@dataclass(frozen=True, slots=True)
class Server:
    port: int

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self.port}"

    def status(self, path: str) -> tuple[int, str]:
        """And the tag of the answer."""
        connection = HTTPConnection(HOST, self.port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            answer.read()
            return answer.status, answer.headers.get("ETag", "")
        finally:
            connection.close()

    def tag_of(self, path: str) -> str:
        return self.status(path)[1]


@contextmanager
def serving(settings: Settings) -> Iterator[Server]:
    port = choose_port(None, _FIRST_PORT)
    environment = {
        **os.environ,
        "AITRADER_HOME": str(settings.home),
        "AITRADER_CONFIG_DIR": str(settings.config_dir),
    }
    command = [sys.executable, "-m", "aitrader_core.web", "--port", str(port)]
    process = subprocess.Popen(command, env=environment, cwd=project_root())
    try:
        server = Server(port)
        _wait(server, process)
        yield server
    finally:
        process.terminate()
        process.wait(30)


def _wait(server: Server, process: "subprocess.Popen[bytes]") -> None:
    end = time.monotonic() + _PATIENCE
    while process.poll() is None and time.monotonic() < end:
        try:
            if server.status("/openapi.json")[0] == 200:
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the web server does not come up")
