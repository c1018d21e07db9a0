"""Leaderboards as they were published."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert, select

from aitrader_core.storage.schema import leaderboards


@dataclass(frozen=True, slots=True)
class Published:
    """`as_of` is the state of the ledger (see `ledger_state`) that it was made from."""

    as_of: str
    published_at: datetime
    run_id: str
    rows: list[dict[str, Any]]
    judgement: dict[str, Any]


def publish(
    engine: Engine,
    market: str,
    as_of: str,
    rows: list[dict[str, Any]],
    run_id: str,
    judgement: dict[str, Any] | None = None,
) -> None:
    with engine.begin() as connection:
        connection.execute(
            insert(leaderboards).values(
                market=market, as_of=as_of, rows=rows, run_id=run_id, judgement=judgement or {}
            )
        )


def latest_published(engine: Engine, market: str) -> Published | None:
    query = (
        select(leaderboards)
        .where(leaderboards.c.market == market)
        .order_by(leaderboards.c.id.desc())
        .limit(1)
    )
    with engine.connect() as connection:
        row = connection.execute(query).mappings().first()
    if row is None:
        return None
    return Published(
        row["as_of"], row["published_at"], row["run_id"], row["rows"], row["judgement"]
    )
