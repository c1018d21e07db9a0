"""Where a model and the ledger parted: refused orders, corrections, and what a recording has wrong.

In reconciliation a difference between two books is called a break.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Engine, RowMapping, text

_BREAKS = text("""
with live as (
    select id, model, session from model_days
     where market = :market and superseded_at is null
       and session between :first and :last and model = any(:models))
select d.session, d.model, o.bar_time, 'refused' as kind, o.symbol,
       case o.side when 'buy' then o.quantity else -o.quantity end as quantity,
       null::numeric as cash, o.reason
  from live d join orders o on o.model_day_id = d.id and o.outcome = 'refused'
union all
select d.session, d.model, a.bar_time, 'corrected', a.symbol,
       a.quantity_change, a.cash_change, a.reason
  from live d join adjustments a on a.model_day_id = d.id and a.kind = 'correction'
union all
select d.session, d.model, null, 'reported', null, null, null, e.entry ->> 'text'
  from live d join transcripts t on t.model_day_id = d.id
 cross join lateral jsonb_array_elements(t.entries) with ordinality as e (entry, step)
 where e.entry ->> 'role' = 'recording'
order by session, model, bar_time, kind, symbol
""")


def breaks(
    engine: Engine,
    market: str,
    models: Sequence[str],
    first: date = date.min,
    last: date = date.max,
) -> Sequence[RowMapping]:
    """Of the stored days of `models`, by session."""
    asked = {"market": market, "models": list(models), "first": first, "last": last}
    with engine.connect() as connection:
        return connection.execute(_BREAKS, asked).mappings().all()
