"""Dagster's webserver: its port, and whether it answers."""

import socket
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

from aitrader_core.domain.errors import InputError
from aitrader_core.serve.children import Child

HOST, PORT = "127.0.0.1", 3000  # it has no authentication: the loopback alone
PATIENCE = 180.0  # seconds until it must have answered
_NEXT = 100  # ports that are tried


def choose_port(wished: int | None) -> int:
    """The wished port, or the first from 3000 on that is free. InputError if there is none."""
    if wished is not None:
        if not _is_free(wished):
            raise InputError(
                f"port {wished} is taken or closed to us: choose another, or leave --port out"
            )
        return wished
    for port in range(PORT, PORT + _NEXT):
        if _is_free(port):
            return port
    raise InputError(f"ports {PORT} to {PORT + _NEXT - 1} are all taken: choose one with --port")


class Site:
    """The webserver while it comes up."""

    def __init__(self, child: Child, port: int, say: Callable[[str], None]) -> None:
        self.url = f"http://{HOST}:{port}"
        self.is_ready = False
        self._child, self._port, self._say = child, port, say

    def look(self) -> None:
        """Say where it is, once it answers; ChildFailed when it does not for too long."""
        if self.is_ready:
            return
        if self._answers():
            self.is_ready = True
            self._say(f"the UI is at {self.url}")
        elif time.monotonic() - self._child.started > PATIENCE:
            raise self._child.failure()

    def _answers(self) -> bool:
        connection = HTTPConnection(HOST, self._port, timeout=2)
        try:
            connection.request("GET", "/server_info")
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True
