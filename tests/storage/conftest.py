"""The stores under test, each with names that nobody has used."""

from itertools import count

import pytest

from aitrader_core.runner.floor import Floor
from aitrader_core.storage.memory import MemoryStore
from aitrader_core.storage.store import ModelDayStore

_numbers = count(1)


@pytest.fixture(params=["memory", "postgres"])
def store(request: pytest.FixtureRequest) -> ModelDayStore:
    if request.param == "memory":
        return MemoryStore()
    floor: Floor = request.getfixturevalue("module_floor")
    return floor.model_days


@pytest.fixture
def model() -> str:
    """A name that no other test has stored anything under."""
    return f"model-{next(_numbers)}"
