"""Leaderboards as they were published."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, insert, select, text

from aitrader_core.storage.database import for_reading
from aitrader_core.storage.schema import leaderboards


@dataclass(frozen=True, slots=True)
class Published:
    """`as_of` is the state of the ledger (see `ledger_state`) that it was made from."""

    as_of: str
    published_at: datetime
    run_id: str
    rows: list[dict[str, Any]]
    judgement: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Written:
    """As `Published`; `rows` and `judgement` are text of JSON, to be passed on as it is."""

    as_of: str
    published_at: datetime
    rows: str
    judgement: str


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


def latest_written(engine: Engine, market: str) -> Written | None:
    """None where none was published, or by an older version that judged nothing."""
    with for_reading(engine).connect() as connection:
        row = connection.execute(_WRITTEN, {"market": market}).first()
    return None if row is None or row.judgement == "{}" else Written(*row)


_WRITTEN = text("""
select as_of, published_at, rows::text as rows, judgement::text as judgement
  from leaderboards where market = :market order by id desc limit 1""")
