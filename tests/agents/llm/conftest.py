"""A web of the test's own."""

from collections.abc import Iterator

import pytest

from tests.agents.llm.web import Web, served


@pytest.fixture
def web() -> Iterator[Web]:
    with served() as opened:
        yield opened
