"""The flows for Windmill do what they say, against a service that answers as ours does.

A few lines here stand in for Windmill: they take the flows' files as they are, and give a step
nothing that it does not ask for. That Windmill takes the files, `tools/windmill` checks.
"""

import inspect
import json
import re
import runpy
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from urllib.request import urlopen

import psycopg
import pytest
import uvicorn
import yaml
from sqlalchemy import text

from aitrader_core.runner.floor import Floor
from aitrader_core.runner.settings import project_root
from aitrader_core.runner.walk import Plan, walk
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from tests.small import DAYS, Small

ROOT = project_root() / "integrations" / "windmill"
PAGE = (project_root() / "docs" / "windmill.md").read_text()
NOW = datetime(2012, 6, 16, tzinfo=UTC)
FLOWS = sorted(ROOT.rglob("flow.yaml"))


@dataclass
class Service:
    """Answers by path, the last answer again and again; remembers what it was asked."""

    answers: dict[str, list[tuple[int, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    tokens: set[str | None] = field(default_factory=set)
    url: str = ""

    def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.asked.append((path, body))
        waiting = self.answers[path]
        return waiting.pop(0) if len(waiting) > 1 else waiting[0]


@pytest.fixture
def service() -> Iterator[Service]:
    made = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply({k: v[0] for k, v in parse_qs(urlsplit(self.path).query).items()})

        def do_POST(self) -> None:
            self._reply(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def _reply(self, asked: dict[str, Any]) -> None:
            made.tokens.add(self.headers["Authorization"])
            status, content = made.answer(urlsplit(self.path).path, asked)
            kind = "application/json" if status < 400 else "application/problem+json"
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(json.dumps(content).encode())

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield made
    server.shutdown()
    thread.join()
    server.server_close()


@dataclass
class Flow:
    """One run of a flow."""

    path: Path
    given: dict[str, Any]
    results: dict[str, Any] = field(default_factory=dict)

    @cached_property
    def spec(self) -> Any:
        return yaml.safe_load(self.path.read_text())

    def run(self) -> Any:
        result, _ = self._steps(self.spec["value"]["modules"])
        return result

    def _steps(self, modules: list[Any]) -> tuple[Any, bool]:
        """The last result, and whether a step stopped the rest."""
        result = None
        for module in modules:
            result = self.results[module["id"]] = self._step(module["value"])
            if (stop := module.get("stop_after_if")) and _holds(stop["expr"], result):
                return result, True
        return result, False

    def _step(self, step: Any) -> Any:
        if step["type"] == "whileloopflow":
            looks: list[Any] = []
            while len(looks) < 20:
                look, stopped = self._steps(step["modules"])
                looks.append(look)
                if stopped:
                    return looks
            raise AssertionError("the loop has no end")
        asked = {k: self._value(v) for k, v in step["input_transforms"].items()}
        if step["type"] == "flow":
            return Flow(ROOT / f"{step['path']}.flow" / "flow.yaml", asked).run()
        script = self.path.parent / step["content"].removeprefix("!inline ")
        if step["language"] == "postgresql":
            return _insert(script.read_text(), asked)
        return runpy.run_path(str(script))["main"](**asked)

    def _value(self, transform: Any) -> Any:
        if transform["type"] == "static":
            return transform["value"]
        root, name, *rest = transform["expr"].split(".")
        found: Any = {"flow_input": self.given, "results": self.results}[root].get(name)
        return found if not rest else found[rest[0]]


def _holds(expression: str, result: Any) -> bool:
    match = re.fullmatch(r"result\.(\w+)( == null)?", expression)
    assert match, expression
    value = result[match[1]]
    return value is None if match[2] else bool(value)


def _insert(statement: str, asked: dict[str, Any]) -> None:
    with psycopg.connect(asked["database"]) as connection:
        rows = json.dumps(asked["rows"])
        connection.execute(statement.replace("$1::", "%s::").encode(), [rows])


@pytest.fixture(autouse=True)
def _on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT))


def flow(name: str, service: Service, **given: Any) -> Any:
    path = ROOT / "f" / "aitrader" / f"{name}.flow" / "flow.yaml"
    return Flow(path, {"url": service.url, **given}).run()


def queued(service: Service, *states: str) -> None:
    """Job 7, which is found in these states."""
    service.answers = {
        "/simulate/trigger": [(202, {"job_id": 7, "status": "pending"})],
        "/simulate/status/7": [(200, {"job_id": 7, "status": state}) for state in states],
    }


def test_a_job_is_queued_and_waited_for(service: Service) -> None:
    queued(service, "pending", "running", "completed")
    ended = flow("simulate", service, start_date="2012-06-01", models=["momentum"], token="secret")
    assert (ended["job_id"], ended["status"]) == (7, "completed")
    paths = [path for path, _ in service.asked]
    assert paths == ["/simulate/trigger", *["/simulate/status/7"] * 3]
    assert service.asked[0][1] == {
        "market": "us",
        "start_date": "2012-06-01",
        "end_date": None,
        "models": ["momentum"],
        "replace_existing": False,
        "max_dollars": None,
        "queue": True,
    }
    assert service.tokens == {"Bearer secret"}


@pytest.mark.parametrize(
    ("state", "accept", "stands"),
    [
        ("partial", None, True),
        ("partial", False, False),
        ("failed", None, False),
        ("canceled", None, False),
    ],
)
def test_a_job_that_did_not_do_fails_the_flow(
    service: Service, state: str, accept: bool | None, stands: bool
) -> None:
    queued(service, "running", state)
    if stands:
        assert flow("simulate", service, accept_partial=accept)["status"] == state
        return
    with pytest.raises(RuntimeError, match=f"job 7 is {state}: see `aitrader jobs show 7`"):
        flow("simulate", service, accept_partial=accept)


@pytest.mark.parametrize("name", ["simulate", "daily_catch_up"])
def test_when_all_is_up_to_date_there_is_nothing_to_wait_for(service: Service, name: str) -> None:
    service.answers = {"/simulate/trigger": [(200, {"job_id": None, "status": "up_to_date"})]}
    assert flow(name, service)["status"] == "up_to_date"
    assert len(service.asked) == 1
    assert service.tokens == {None}


def test_a_refusal_is_told_in_the_service_s_words(service: Service) -> None:
    problem = {
        "type": "about:blank",
        "title": "Bad request",
        "status": 400,
        "detail": "there is no model 'momentun' in the us arena",
        "hint": "did you mean momentum?",
    }
    service.answers = {"/simulate/trigger": [(400, problem)]}
    with pytest.raises(Exception, match="400: Bad request; there is no .* did you mean momentum"):
        flow("simulate", service, models=["momentun"])
    service.answers = {"/simulate/trigger": [(502, "from a proxy")]}
    with pytest.raises(Exception, match="502: Bad Gateway"):
        flow("simulate", service)


def test_results_come_page_by_page(service: Service) -> None:
    days = [{"model": "momentum", "session": f"2012-06-{day:02}"} for day in (1, 4, 5)]
    pages = [
        {"market": "cn", "results": days[:2], "next_cursor": "there"},
        {"market": "cn", "results": days[2:], "next_cursor": None},
    ]
    service.answers = {"/results": [(200, page) for page in pages]}
    script = ROOT / "f" / "aitrader" / "store_results.flow" / "fetch.inline_script.py"
    found = runpy.run_path(str(script))["main"](service.url, 7, market="cn")
    assert [row["result"] for row in found] == days
    assert {(row["market"], row["model"]) for row in found} == {("cn", "momentum")}
    asked = {"market": "cn", "job_id": "7", "limit": "1000", "detail": "minimal"}
    assert [query for _, query in service.asked] == [asked, {**asked, "cursor": "there"}]


@pytest.fixture
def site(small: Small, database: DatabaseUrls) -> Iterator[str]:
    """Our own service over the small arena."""
    small.priced()
    house = House({"small": small.floor}, Jobs(small.engine), database, None, lambda: NOW)
    server = uvicorn.Server(uvicorn.Config(create_app(house), port=0, log_level="error"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def worked_off(floor: Floor) -> Iterator[None]:
    """The queue, a step between two looks."""
    job = floor.jobs.next_pending("small")
    assert job is not None
    yield
    floor.jobs.start(job.id)
    yield
    for model, sessions in floor.jobs.sessions(job.id).items():
        origin = Origin(job.request, "run-1", job.id)
        list(walk(floor, Plan(model, tuple(sorted(sessions)), origin, may_start=True)))
    floor.jobs.finish(job.id)
    yield


def test_the_real_service_is_caught_up_with_and_its_results_stored(
    site: str, small: Small, database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> None:
    (table,) = re.findall(r"```sql\n(.*?)```", PAGE, re.DOTALL)
    with small.engine.begin() as connection:
        connection.execute(text(table))
    queue, once = worked_off(small.floor), Flow._steps

    def steps(self: Flow, modules: list[Any]) -> tuple[Any, bool]:
        if modules[0]["id"] == "look":
            next(queue)
        return once(self, modules)

    monkeypatch.setattr(Flow, "_steps", steps)
    given = {"url": site, "market": "small", "database": database.libpq}
    for name in ("daily_catch_up", "daily_catch_up", "store_results"):
        path = ROOT / "f" / "aitrader" / f"{name}.flow" / "flow.yaml"
        ended = Flow(path, {**given, "job_id": 1}).run()
        if ended is not None:  # the second time there is nothing to do
            assert (name, ended["status"]) == ("daily_catch_up", "up_to_date")
        with small.engine.connect() as connection:
            stored = text("select model, session from aitrader_results order by model, session")
            found = connection.execute(stored).all()
        assert [(f.model, f.session) for f in found] == [
            (model, day) for model in ("buy_and_hold", "random") for day in DAYS[:6]
        ]
    assert next(queue, "worked off") == "worked off"  # after three looks, and no more
    with pytest.raises(Exception, match="422: .*; there is no model 'randon' in the small arena"):
        flow("simulate", Service(url=site), market="small", models=["randon"])


def test_every_call_of_the_page_is_one_of_the_service(site: str) -> None:
    with urlopen(f"{site}/openapi.json") as answer:
        served = json.load(answer)["paths"]
    there = {f"{m.upper()} {re.sub(r'{.*?}', '{}', path)}" for path in served for m in served[path]}
    named = re.findall(r"`((?:GET|POST) /[^`?]*)", PAGE)
    assert {re.sub(r"{.*?}", "{}", call) for call in named} <= there
    assert len(set(named)) > 8


def modules(steps: list[Any]) -> Iterator[Any]:
    for step in steps:
        yield step
        yield from modules(step["value"].get("modules", []))


@pytest.mark.parametrize("path", FLOWS, ids=lambda path: path.parent.stem)
def test_each_step_is_given_what_it_takes(path: Path) -> None:
    spec = yaml.safe_load(path.read_text())
    inputs = set(spec["schema"]["properties"])
    assert set(spec["schema"]["order"]) == inputs
    for step in modules(spec["value"]["modules"]):
        value = step["value"]
        given = value.get("input_transforms", {})
        named = re.findall(r"flow_input\.(\w+)", json.dumps(step))
        assert set(named) <= inputs
        if value["type"] == "rawscript":
            script = path.parent / value["content"].removeprefix("!inline ")
            assert script.is_file()
            if value["language"] == "python3":
                main = runpy.run_path(str(script))["main"]
                assert set(given) == set(inspect.signature(main).parameters)
        elif value["type"] == "flow":
            called = ROOT / f"{value['path']}.flow" / "flow.yaml"
            assert set(given) <= set(yaml.safe_load(called.read_text())["schema"]["properties"])


def test_schedules_have_six_fields_and_days_by_name() -> None:
    (path,) = ROOT.rglob("*.schedule.yaml")
    schedule = yaml.safe_load(path.read_text())
    fields = schedule["schedule"].split()
    assert len(fields) == 6
    assert fields[5] == "Mon-Fri"
    assert schedule["enabled"] is False
    assert (ROOT / f"{schedule['script_path']}.flow").is_dir()
    called = yaml.safe_load((ROOT / f"{schedule['script_path']}.flow" / "flow.yaml").read_text())
    required, properties = called["schema"]["required"], called["schema"]["properties"]
    assert set(required) <= set(schedule["args"]) <= set(properties)
