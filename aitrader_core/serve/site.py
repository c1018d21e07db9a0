"""The webservers, ours and Dagster's: their ports, and whether they answer."""

import socket
import time
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

from aitrader_core.domain.errors import InputError
from aitrader_core.serve.children import Child

HOST = "127.0.0.1"  # they have no authentication: the loopback alone
DASHBOARD, DAGSTER = 8000, 3000  # the ports that are tried first
PATIENCE = 180.0  # seconds until it must have answered
_NEXT = 100  # ports that are tried


def choose_port(wished: int | None, first: int) -> int:
    """The wished port, or one from `first` on that is free. InputError if there is none."""
    if wished is not None:
        if not _is_free(wished):
            raise InputError(
                f"port {wished} is taken or closed to us: choose another, or leave it out"
            )
        return wished
    for port in range(first, first + _NEXT):
        if _is_free(port):
            return port
    raise InputError(f"ports {first} to {first + _NEXT - 1} are all taken: choose another one")


class Site:
    """A webserver while it comes up: `name` is what a user calls it, `probe` what it answers."""

    def __init__(
        self, name: str, child: Child, port: int, probe: str, say: Callable[[str], None]
    ) -> None:
        self.url = address(port)
        self.is_ready = False
        self._name, self._child, self._port = name, child, port
        self._probe, self._say = probe, say

    def look(self) -> None:
        """Say where it is, once it answers; ChildFailed when it does not for too long."""
        if self.is_ready:
            return
        if self._answers():
            self.is_ready = True
            self._say(f"{self._name} is at {self.url}")
        elif time.monotonic() - self._child.started > PATIENCE:
            raise self._child.failure()

    def _answers(self) -> bool:
        connection = HTTPConnection(HOST, self._port, timeout=2)
        try:
            connection.request("GET", self._probe)
            return connection.getresponse().status == 200
        except (OSError, HTTPException):
            return False
        finally:
            connection.close()


def address(port: int) -> str:
    return f"http://{HOST}:{port}"


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError):
            return False
    return True
