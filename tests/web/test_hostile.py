"""What is sent to break in is inert: nothing but a refusal, and the ledger as it was."""

from collections.abc import Iterator
from urllib.parse import quote

from fastapi.testclient import TestClient
from sqlalchemy import text

from tests.small import Small
from tests.web.trading import trade

SQL = (
    "'; drop table model_days; --",
    "' or '1'='1",
    "random' union select usename, passwd from pg_shadow --",
    "1; select pg_sleep(10)",
    "%27%20or%201=1",
    "\\'; copy model_days to program 'id' --",
    "{random}",
    "random\0",
    "%(market)s :market $1",
    "\u202etxt.exe",
    "A" * 5_000,
    "9" * 5_000,
)
PATHS = (
    "../../../../etc/passwd",
    "..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "....//....//etc/passwd",
    "..\\..\\..\\windows\\win.ini",
    "/etc/passwd%00.css",
    "%c0%ae%c0%ae/etc/passwd",
)


def _calls(client: TestClient) -> Iterator[tuple[str, str, list[str]]]:
    """Method, path and query parameters of each."""
    for path, methods in client.get("/openapi.json").json()["paths"].items():
        for method, call in methods.items():
            named = [p["name"] for p in call.get("parameters", ()) if p["in"] == "query"]
            yield method, path, named


def test_no_parameter_is_sql(client: TestClient, small: Small) -> None:
    trade(small)
    before = _rows(small)
    for method, path, names in _calls(client):
        for attempt in SQL:
            address = path.replace("{job_id}", quote(attempt, safe=""))
            answers = [client.request(method, address, params={n: attempt}) for n in names]
            if "{" in path:
                answers.append(client.request(method, address))
            for answer in answers:
                assert 400 <= answer.status_code < 500, (address, attempt)
                assert "passwd" not in answer.text or attempt in answer.text
    for attempt in SQL:
        body = {"market": attempt, "models": [attempt], "start_date": attempt}
        for name, value in body.items():
            answer = client.post("/simulate/trigger", json={name: value})
            assert answer.status_code in (404, 422)
    assert _rows(small) == before


def test_no_path_leads_out(client: TestClient) -> None:
    before = ("/static/", "/static-offline-docs/", "/jobs/", "/simulate/status/", "/docs/", "/")
    for start in before:
        for attempt in PATHS:
            answer = client.get(f"{start}{attempt}")
            assert answer.status_code in (400, 404, 405, 422), (start, attempt)
            assert "root:" not in answer.text


def _rows(small: Small) -> list[int]:
    tables = ("model_days", "orders", "fills", "transcripts", "jobs", "models", "bars")
    with small.engine.connect() as connection:
        return [
            int(connection.scalar(text(f"select count(*) from {table}")) or 0) for table in tables
        ]
