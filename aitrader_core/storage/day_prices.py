"""The prices that a stored model-day was marked at, whatever was restated since."""

from collections.abc import Iterable
from datetime import date, time
from decimal import Decimal

from sqlalchemy import Engine, text

from aitrader_core.domain.market import Symbol

# `made` is empty for a vintage that is not there any more; then the newest of each bar is taken.
_BARS = text("""
with made as (select id, source from vintages
               where market = :market and source || ' ' || label = :prices)
select distinct on (b.symbol) b.symbol, b.open, b.close
  from bars b join vintages v on v.id = b.vintage_id
  left join made on true
 where (b.market, b.session, b.bar_time) = (:market, :session, :at)
   and b.symbol = any(:symbols)
   and (made.id is null or (v.source = made.source and b.vintage_id <= made.id))
 order by b.symbol, b.vintage_id desc
""")


def prices_as_of(
    engine: Engine,
    market: str,
    session: date,
    at: time,
    symbols: Iterable[Symbol],
    made_from: str,
    *,
    closed: bool,
) -> dict[Symbol, Decimal]:
    """Closes of the bar that begins `at`, or its opens unless `closed`, as they were in the
    vintage that a manifest calls `made_from`. Symbols without one are left out."""
    asked = {
        "market": market,
        "session": session,
        "at": at,
        "symbols": list(symbols),
        "prices": made_from,
    }
    with engine.connect() as connection:
        rows = connection.execute(_BARS, asked).all()
    found = {Symbol(row.symbol): row.close if closed else row.open for row in rows}
    return {symbol: price for symbol, price in found.items() if price is not None}
