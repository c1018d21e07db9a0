"""Dagster's own API on a real database, without its daemon."""

from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest
from sqlalchemy import create_engine

from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.floor import Floor
from aitrader_core.storage.urls import DatabaseUrls
from tests.dagster.world import World, add_models, build


@pytest.fixture
def world(
    priced_database: DatabaseUrls, config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[World]:
    """The us arena with `flaky`, that raises on its 4th session, 2012-06-06, and `slow`."""
    add_models(config_dir)
    monkeypatch.syspath_prepend(str(config_dir.parent))
    monkeypatch.setenv("AITRADER_DATABASE_URL", priced_database.libpq)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(config_dir))
    engine = create_engine(priced_database.engine)
    with dg.DagsterInstance.ephemeral() as instance:
        yield build(Floor(load_arena(config_dir, "us"), engine), config_dir, instance)
    engine.dispose()
