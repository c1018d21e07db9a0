"""What a model held when it last closed, at the prices that it was marked at."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from sqlalchemy import Engine, text


@dataclass(frozen=True, slots=True)
class Position:
    """`price` is None where the vintage that it was marked at is not there any more."""

    symbol: str
    quantity: Decimal
    price: Decimal | None

    @property
    def value(self) -> Decimal | None:
        return None if self.price is None else self.quantity * self.price


@dataclass(frozen=True, slots=True)
class LatestClose:
    session: date
    value: Decimal
    cash: Decimal
    manifest: Mapping[str, Any]
    positions: tuple[Position, ...]


def latest_close(engine: Engine, market: str, model: str) -> LatestClose | None:
    """None of a model that nothing is stored of."""
    with engine.connect() as connection:
        rows = connection.execute(_CLOSE, {"market": market, "model": model}).all()
    if not rows:
        return None
    held = [row for row in rows if row.symbol is not None]
    positions = tuple(Position(row.symbol, row.quantity, row.price) for row in held)
    last = rows[0]
    return LatestClose(last.session, last.value, last.closing_cash, last.manifest, positions)


def runs_of(engine: Engine, market: str, model: str, first: date, last: date) -> dict[date, str]:
    """By session, the run that made it."""
    asked = {"market": market, "model": model, "first": first, "last": last}
    with engine.connect() as connection:
        return {row.session: row.run_id for row in connection.execute(_RUNS, asked)}


# The last bar of a session is the one that its value is of: the close, or the open where there is
# no close yet.
_CLOSE = text("""
select d.session, d.value, d.closing_cash, d.manifest, h.symbol, h.quantity, marked.price
  from (select * from model_days
         where market = :market and model = :model and superseded_at is null
         order by session desc limit 1) d
  left join holdings h on h.model_day_id = d.id
  left join vintages made on made.market = d.market
                         and made.source || ' ' || made.label = d.manifest ->> 'prices'
  left join lateral (
       select case when d.value_close is null then b.open else b.close end as price
         from bars b join vintages v on v.id = b.vintage_id
        where (b.market, b.session, b.symbol) = (d.market, d.session, h.symbol)
          and v.source = made.source and b.vintage_id <= made.id
        order by b.bar_time desc, b.vintage_id desc limit 1) marked on true
 order by h.symbol
""")
_RUNS = text("""
select session, run_id from model_days
 where market = :market and model = :model and superseded_at is null
   and session between :first and :last
""")
