"""A server that the tests of a file share."""

from collections.abc import Iterator

import pytest

from tests.broker.stage import Door


@pytest.fixture(scope="module")
def http() -> Iterator[Door]:
    with Door().opened() as door:
        yield door
