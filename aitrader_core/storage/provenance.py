"""What the stored sessions of a market were made of, by their manifests."""

from collections.abc import Sequence

from sqlalchemy import Engine, RowMapping, text


def provenance(engine: Engine, market: str) -> Sequence[RowMapping]:
    """Of each model: every version of aitrader, configuration and edition of prices that its
    sessions were made with, how many of them, and from when to when."""
    with engine.connect() as connection:
        return connection.execute(_MADE_OF, {"market": market}).mappings().all()


_MADE_OF = text("""
select model, manifest ->> 'code' as code, manifest ->> 'config' as config,
       manifest ->> 'prices' as prices, count(*) as sessions, min(session) as first,
       max(session) as last
  from model_days
 where market = :market and superseded_at is null
 group by 1, 2, 3, 4
 order by model, first
""")
