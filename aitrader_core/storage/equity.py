"""Reads of the ledger that go across sessions and models."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from sqlalchemy import Date, Engine, RowMapping, and_, cast, func, select, text

from aitrader_core.storage.database import for_reading
from aitrader_core.storage.schema import model_days
from aitrader_core.storage.schema import models as registry

_LIVE = model_days.c.superseded_at.is_(None)
_POINT = (
    model_days.c.model,
    model_days.c.session,
    model_days.c.value_open,
    model_days.c.value_close,
    model_days.c.value,
    model_days.c.profit,
    model_days.c.daily_return,
    model_days.c.cumulative_return,
    model_days.c.max_drawdown,
    model_days.c.fill_count,
    model_days.c.refusal_count,
    model_days.c.correction_count,
    model_days.c.commission,
    model_days.c.ending,
    (model_days.c.input_tokens + model_days.c.output_tokens).label("tokens"),
    model_days.c.dollars,
    (model_days.c.bought + model_days.c.sold).label("traded"),
    func.coalesce(
        model_days.c.session <= cast(registry.c.config["knowledge_cutoff"].astext, Date), False
    ).label("before_cutoff"),
    model_days.c.manifest,
)
_REGISTERED = and_(registry.c.market == model_days.c.market, registry.c.name == model_days.c.model)


def equity_points(
    engine: Engine,
    market: str,
    models: Sequence[str] | None = None,
    first: date = date.min,
    last: date = date.max,
) -> Sequence[RowMapping]:
    """The stored sessions of a market, by model and session; of some models or of a span only.

    `before_cutoff`: the model may have read of the session, by the knowledge cutoff that it is
    registered with.
    """
    query = (
        select(*_POINT)
        .select_from(model_days.outerjoin(registry, _REGISTERED))
        .where(model_days.c.market == market, _LIVE, model_days.c.session.between(first, last))
    )
    if models is not None:
        query = query.where(model_days.c.model.in_(models))
    with engine.connect() as connection:
        ordered = query.order_by(model_days.c.model, model_days.c.session)
        return connection.execute(ordered).mappings().all()


def slippage(
    engine: Engine, market: str, models: Sequence[str] | None = None
) -> dict[tuple[str, date], Decimal]:
    """By model and session, what filling off the opens cost: |price - open| x quantity, summed.

    An open is that of the vintage that the session was made from, whatever was restated since.
    Sessions that paid nothing so are left out.
    """
    chosen = {"market": market, "models": None if models is None else list(models)}
    with engine.connect() as connection:
        return {(row.model, row.session): row.paid for row in connection.execute(_SLIPPED, chosen)}


def last_sessions(engine: Engine, market: str) -> dict[str, date]:
    """The latest stored session of each model."""
    with engine.connect() as connection:
        return {row.model: row.session for row in connection.execute(_LAST, {"market": market})}


def ledger_state(engine: Engine, market: str) -> str:
    """A name for what is stored of a market; another one after any change. Empty without any.

    Of its prices too, and of what its models may have read. Whatever is stored of a model ends in
    another latest day, since a day that is made again supersedes the later ones.
    """
    with engine.connect() as connection:
        return connection.scalar(_STATE, {"market": market}) or ""


def ledger_and_board(engine: Engine, market: str) -> tuple[str, int]:
    """`ledger_state`, and the id of the leaderboard published last, 0 where none ever was."""
    with for_reading(engine).connect() as connection:
        row = connection.execute(_STATE_AND_BOARD, {"market": market}).one()
        return row.state or "", row.board


_SLIPPED = text("""
select d.model, d.session, sum(abs(f.price - b.open) * f.quantity) as paid
  from model_days d
  join vintages made on made.market = d.market
                    and made.source || ' ' || made.label = d.manifest ->> 'prices'
  join fills f on f.model_day_id = d.id
  join orders o on (o.model_day_id, o.number) = (f.model_day_id, f.number)
 cross join lateral (select bars.open from bars join vintages v on v.id = bars.vintage_id
                      where (bars.market, bars.session, bars.symbol, bars.bar_time)
                            = (d.market, d.session, f.symbol, o.bar_time)
                        and v.source = made.source and bars.vintage_id <= made.id
                      order by bars.vintage_id desc limit 1) b
 where d.market = :market and d.superseded_at is null
   and (cast(:models as text[]) is null or d.model = any(:models)) and f.price <> b.open
 group by d.model, d.session
""")
_LAST = text("select model, session from latest_days where market = :market")
_NAMED = """
select md5(string_agg(d.id::text, ',' order by d.id))
       || '.' || (select coalesce(max(id), 0) from vintages where market = :market)
       || coalesce('.' || left(
            (select md5(string_agg(name || ' ' || (config ->> 'knowledge_cutoff'), ','
                                   order by name))
               from models where market = :market and config ->> 'knowledge_cutoff' is not null),
            8), '')
  from latest_days d where d.market = :market
"""
_STATE = text(_NAMED)
_STATE_AND_BOARD = text(
    f"select ({_NAMED}) as state, (select coalesce(max(id), 0) from leaderboards"
    " where market = :market) as board"
)
