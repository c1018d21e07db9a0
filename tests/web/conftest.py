"""The site over a small arena, in this process."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from fastapi.testclient import TestClient
from hypothesis import settings

from aitrader_core.inference.serving import Serving
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.urls import DatabaseUrls
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from tests.small import Small

settings.register_profile("campaign", max_examples=250)  # of test_contract.py, by hand
NOW = datetime(2012, 6, 16, 12, tzinfo=UTC)


@pytest.fixture
def house(small: Small, database: DatabaseUrls) -> House:
    small.priced()
    return House(
        {"small": small.floor},
        Jobs(small.engine),
        database,
        None,
        lambda: NOW,
        serving=Serving(small.config_dir, only=["sum"]),
    )


@pytest.fixture
def client(house: House) -> Iterator[TestClient]:
    """A browser or a program; it sees answers, not exceptions."""
    with TestClient(create_app(house), raise_server_exceptions=False) as client:
        yield client
