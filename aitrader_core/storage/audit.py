"""The ledger, added up again from its rows: sentences for what does not hold, none when it does."""

from sqlalchemy import Engine, TextClause, text

_LEDGER = text("""
with live as (select * from model_days where market = :market and superseded_at is null),
cash as (
    select d.id,
           coalesce(p.closing_cash, d.start_value)
           + coalesce((select sum(case side when 'buy' then -notional else notional end
                                  - commission)
                         from fills where model_day_id = d.id), 0)
           + coalesce((select sum(cash_change) from adjustments where model_day_id = d.id), 0)
           as expected
      from live d left join model_days p on p.id = d.previous_id),
moved as (
    select d.id, h.symbol, h.quantity from live d join holdings h on h.model_day_id = d.previous_id
    union all
    select f.model_day_id, f.symbol, case side when 'buy' then quantity else -quantity end
      from fills f join live d on d.id = f.model_day_id
    union all
    select a.model_day_id, a.symbol, a.quantity_change
      from adjustments a join live d on d.id = a.model_day_id
    union all
    select h.model_day_id, h.symbol, -h.quantity
      from holdings h join live d on d.id = h.model_day_id),
lost as (select id, symbol from moved group by id, symbol having sum(quantity) <> 0)
select d.model, d.session, 'cash is ' || d.closing_cash || ', adds up to ' || cash.expected
  from live d join cash using (id)
 where cash.expected <> d.closing_cash or d.closing_cash < 0
union all
select d.model, d.session, 'holdings of ' || lost.symbol || ' do not add up'
  from live d join lost using (id)
order by 1, 2
""")

_CHAIN = text("""
select d.model, d.session, 'does not follow ' || coalesce(d.before::text, 'nothing')
  from (select *, lag(id) over w as id_before, lag(session) over w as before
          from model_days where market = :market and superseded_at is null
        window w as (partition by model order by session)) d
 where d.previous_id is distinct from d.id_before
 order by 1, 2
""")


def ledger_faults(engine: Engine, market: str) -> list[str]:
    """Closing = opening + fills + adjustments - costs, in cash and in every symbol."""
    return _faults(engine, _LEDGER, market)


def chain_faults(engine: Engine, market: str) -> list[str]:
    """Every model-day opens with the close of the one stored before it."""
    return _faults(engine, _CHAIN, market)


def _faults(engine: Engine, query: TextClause, market: str) -> list[str]:
    with engine.connect() as connection:
        rows = connection.execute(query, {"market": market})
        return [f"{model} on {session}: {fault}" for model, session, fault in rows]
