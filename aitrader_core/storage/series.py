"""Reads for those who look: one query each, no more columns than are shown."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import Engine, RowMapping, TextClause, text

from aitrader_core.storage.database import for_reading

_COLUMNS = """
       d.model, d.session, d.value_open, d.value_close, d.value, d.profit, d.daily_return,
       d.cumulative_return, d.value::float8 / d.peak_value::float8 - 1 as drawdown,
       d.closing_cash as cash, d.bought + d.sold as traded, d.commission, d.fill_count as fills,
       d.refusal_count as refusals, d.ending, d.input_tokens + d.output_tokens as tokens, d.dollars
"""
_SERIES = text(f"""
select {_COLUMNS}
  from model_days d
 where d.market = :market and d.model = any(:models) and d.superseded_at is null
   and d.session between :first and :last
 order by d.model, d.session
""")
_VALUES = text("""
select d.model, array_agg(to_char(d.session, 'YYYY-MM-DD') order by d.session) as sessions,
       array_agg(d.value::float8 order by d.session) as values,
       (array_agg((d.value - d.profit)::float8 order by d.session))[1] as start
  from model_days d
 where d.market = :market and d.model = any(:models) and d.superseded_at is null
   and d.session between :first and :last
 group by d.model
""")
_SESSION = text(f"""
select {_COLUMNS},
       coalesce((select jsonb_object_agg(h.symbol, h.quantity::text)
                   from holdings h where h.model_day_id = d.id), '{{}}') as holdings
  from model_days d
 where d.market = :market and d.session = :session and d.superseded_at is null
 order by d.model
""")
_STANDINGS = text("select * from leaderboard where market = :market order by rank, model")


def series(
    engine: Engine,
    market: str,
    models: Sequence[str],
    first: date = date.min,
    last: date = date.max,
) -> Sequence[RowMapping]:
    """The live sessions of `models`, by model and session; drawdowns and returns are fractions."""
    asked = {"market": market, "models": list(models), "first": first, "last": last}
    return _read(engine, _SERIES, asked)


def values(
    engine: Engine,
    market: str,
    models: Sequence[str],
    first: date = date.min,
    last: date = date.max,
) -> Sequence[RowMapping]:
    """Of each model that has any: its sessions, its value at each, and the one before the first.

    As floats and text, for what is drawn: decimals and rows take ten times as long.
    """
    asked = {"market": market, "models": list(models), "first": first, "last": last}
    return _read(engine, _VALUES, asked)


def session_of_all(engine: Engine, market: str, session: date) -> Sequence[RowMapping]:
    """What every model made of one session, with its holdings at the close, by model."""
    return _read(engine, _SESSION, {"market": market, "session": session})


def latest_standings(engine: Engine, market: str) -> Sequence[RowMapping]:
    """The view `leaderboard`: true now, best return first, without any statistics."""
    return _read(engine, _STANDINGS, {"market": market})


def _read(engine: Engine, query: TextClause, asked: dict[str, object]) -> Sequence[RowMapping]:
    with for_reading(engine).connect() as connection:
        return connection.execute(query, asked).mappings().all()
