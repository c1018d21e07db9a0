"""Whatever the OpenAPI document allows is answered as it says, and never by a fault of ours.

A few examples of each call; for as many as you like: `pytest tests/web/test_contract.py
--hypothesis-profile=campaign`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.errors import InvalidSchema
from schemathesis.core.result import Ok, Result
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from aitrader_core.runner.backtests import run_backtest
from aitrader_core.runner.requests import submit
from aitrader_core.runner.suggestions import scan
from aitrader_core.runner.walk import Plan, walk
from aitrader_core.storage.backtest import BacktestRequest
from aitrader_core.storage.store import Origin
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from tests.networks import WIDTH, add_network, linear
from tests.small import DAYS, Small

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
]
MODELS = ["buy_and_hold", "random"]
_DATES = {"enum": [day.isoformat() for day in DAYS[:6]]}
STORED = {
    "market": {"enum": ["small"]},
    "model": {"type": "array", "items": {"enum": MODELS}},
    "models": {"type": "array", "items": {"enum": MODELS}, "minItems": 1},
    "job_id": {"enum": [1, 2]},
    "backtest_id": {"enum": [1]},
    "scan_id": {"enum": [1]},
    "costs": {"enum": ["free"]},
    "date": _DATES,
    "start": _DATES,
    "end": _DATES,
    "start_date": _DATES,
    "end_date": _DATES,
    "limit": {"type": "integer", "minimum": 1, "maximum": 50},
    "cursor": {"enum": ["MjAxMi0wNi0wNCByYW5kb20", "3"]},
}
_IN_PATHS = {**STORED, "model": {"enum": MODELS}, "session": {"enum": _DATES["enum"][:4]}}

Operation = APIOperation[Any, Any, Any, Any]


def examples() -> settings:
    if settings.get_current_profile_name() == "campaign":
        chosen = settings.default
    else:
        chosen = settings(max_examples=4, derandomize=True, database=None)
    return settings(chosen, deadline=None, suppress_health_check=list(HealthCheck))


@pytest.mark.parametrize("known", [False, True])
def test_every_answer_is_documented(house: House, small: Small, known: bool) -> None:
    """Of anything at all, and of what is stored: there, every call succeeds at times."""
    for model in MODELS:
        submit(small.floor, str(DAYS[0]), str(DAYS[5]), MODELS, source="test")
        origin = Origin("job-1", "run", job_id=1)
        list(walk(small.floor, Plan(model, tuple(DAYS[:4]), origin, may_start=True)))
    grid: dict[str, list[Any]] = {"turnover": [0.1, 0.5], "seed": [7, 8]}
    request = BacktestRequest("small", "random", DAYS[0], DAYS[5], grid, train_until=DAYS[3])
    run_backtest(small.floor, small.config_dir, request)
    scan(small.floor, "random")
    add_network(small.config_dir, linear("sum"))
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(house))
    if known:
        _narrow(schema.raw_schema)
    answered: dict[str, Counter[int]] = {}
    for operation in _calls(schema.get_all_operations()):
        answered[operation.label] = Counter()
        _ask(operation, GenerationMode.POSITIVE, answered[operation.label])
        if not known and _takes_something(operation):
            _ask(operation, GenerationMode.NEGATIVE, answered[operation.label])
    assert len(answered) >= 18
    if known:
        assert all({200, 202, 503} & set(said) for said in answered.values()), answered


def _ask(operation: Operation, mode: GenerationMode, said: Counter[int]) -> None:
    checks = CHECKS[1:] if operation.path == "/health" else CHECKS  # no daemon runs here

    @examples()
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: schemathesis.Case[Any]) -> None:
        said[case.call_and_validate(checks=checks).status_code] += 1

    ask()


def _calls(found: Iterable[Result[Operation, InvalidSchema]]) -> Iterator[Operation]:
    for each in found:
        assert isinstance(each, Ok)
        yield each.ok()


def _takes_something(operation: Operation) -> bool:
    return bool(list(operation.iter_parameters())) or bool(operation.body)


def _narrow(document: Mapping[str, Any]) -> None:
    """To what there is; any of it may still be left out."""
    for path in document["paths"].values():
        for call in path.values():
            for parameter in call.get("parameters", ()):
                known = _IN_PATHS if parameter["in"] == "path" else STORED
                if parameter["name"] in known:
                    parameter["schema"] = known[parameter["name"]]
    for name, properties in document["components"]["schemas"]["Trigger"]["properties"].items():
        if name in STORED:
            properties.clear()
            properties.update(STORED[name])
    ask = document["paths"]["/infer"]["post"]
    question = {"network": "sum", "inputs": [[0.5] * WIDTH]}
    ask["requestBody"]["content"] = {"application/json": {"schema": {"enum": [question]}}}
    ask["parameters"].clear()
