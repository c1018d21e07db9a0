"""/health says which part is down, and answers whatever hangs."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from json import dumps
from threading import Thread
from typing import Any

import psycopg
from fastapi.testclient import TestClient

from aitrader_core.storage.urls import DatabaseUrls
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from tests.small import DAYS, Small


def beat(urls: DatabaseUrls, at: datetime) -> None:
    """As Dagster's daemon does, in its own database."""
    with psycopg.connect(urls.in_database("postgres"), autocommit=True) as connection:
        connection.execute(f'create database "{urls.dagster_database}"'.encode())
    with psycopg.connect(urls.dagster_libpq, autocommit=True) as connection:
        connection.execute(
            "create table daemon_heartbeats (daemon_type varchar, timestamp timestamp)"
        )
        connection.execute(
            "insert into daemon_heartbeats values ('SENSOR', %s)", [at.replace(tzinfo=None)]
        )


@contextmanager
def webserver(kind: str) -> Iterator[str]:
    """Dagster's, with one code location that is loaded, or is not: `kind` is its type name."""
    entry = {"name": "aitrader", "locationOrLoadError": {"__typename": kind}}
    content = dumps({"data": {"workspaceOrError": {"locationEntries": [entry]}}}).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Answer) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def told(house: House) -> tuple[int, dict[str, tuple[str, str]]]:
    answer = TestClient(create_app(house)).get("/health")
    checks = answer.json()["checks"]
    return answer.status_code, {n: (c["status"], c["detail"]) for n, c in checks.items()}


def test_all_is_well_until_a_part_is_not(small: Small, house: House) -> None:
    small.configure(last_session=DAYS[5])
    house = replace(house, floors={"small": small.floor})
    beat(house.urls, house.now() - timedelta(seconds=59))
    with webserver("RepositoryLocation") as dagster:
        status, checks = told(replace(house, dagster=dagster))
    assert (status, checks) == (
        200,
        {
            "code_location": ("up", "aitrader is loaded"),
            "daemon": ("up", "alive 59 seconds ago"),
            "database": ("up", "schema 0006"),
            "prices small": ("up", "the latest session is 2012-06-08"),
        },
    )
    with webserver("PythonError") as dagster:
        status, checks = told(replace(house, dagster=dagster))
    assert (status, checks["code_location"][0]) == (503, "down")
    later = house.now() + timedelta(seconds=2)
    status, checks = told(replace(house, now=lambda: later))
    assert (status, checks["daemon"][0]) == (503, "down")
    assert checks["code_location"][0] == "not served here"


def test_what_is_missing_is_named(house: House) -> None:
    status, checks = told(house)
    assert status == 503
    assert checks["prices small"] == (
        "down",
        "the latest session is 2012-06-08, expected is 2012-06-15",
    )
    assert checks["daemon"][0] == "down"
    gone = replace(house, urls=DatabaseUrls("postgresql://u:secret@127.0.0.1:9/aitrader"))
    status, checks = told(gone)
    assert (status, checks["database"][0]) == (503, "down")
    assert "secret" not in str(checks)


def test_it_answers_although_something_hangs(house: House) -> None:
    with socket.socket() as mute:
        mute.bind(("127.0.0.1", 0))
        mute.listen()
        port = mute.getsockname()[1]
        silent = DatabaseUrls(f"postgresql://127.0.0.1:{port}/aitrader")
        hung = replace(house, urls=silent, dagster=f"http://127.0.0.1:{port}")
        status, checks = told(hung)
    assert status == 503
    assert checks["database"] == ("down", "no answer within 1.5 seconds")
    assert checks["code_location"][0] == "down"
