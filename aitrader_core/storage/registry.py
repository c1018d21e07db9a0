"""The models of each market as they are configured now."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import Engine, RowMapping, func, select
from sqlalchemy.dialects.postgresql import insert

from aitrader_core.storage.schema import models


def register_models(engine: Engine, market: str, configured: Iterable[dict[str, Any]]) -> None:
    """Record name, kind, config and config_hash of each; a model that is gone stays known."""
    rows = [{"market": market, **model} for model in configured]
    if not rows:
        return
    statement = insert(models)
    new = statement.excluded
    changed = statement.on_conflict_do_update(
        index_elements=[models.c.market, models.c.name],
        set_={
            "kind": new.kind,
            "config": new.config,
            "config_hash": new.config_hash,
            "updated_at": func.now(),
        },
        where=(models.c.config_hash != new.config_hash) | (models.c.config != new.config),
    )
    with engine.begin() as connection:
        connection.execute(changed, rows)


def registered(engine: Engine, market: str, name: str) -> RowMapping | None:
    """One model as it was recorded last."""
    query = select(models).where(models.c.market == market, models.c.name == name)
    with engine.connect() as connection:
        return connection.execute(query).mappings().first()
