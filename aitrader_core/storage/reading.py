"""Pages of the ledger for programs: figures of model-days, and curves. Each page is one query.

A page begins behind a place in its order, not after a number of rows: what is stored meanwhile
moves none of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from sqlalchemy import Engine, TextClause, text

from aitrader_core.storage.columns import Column, Kind, as_json, dicts, selected
from aitrader_core.storage.database import for_reading


class Order(StrEnum):
    """Of the rows of all pages."""

    BY_SESSION = "d.session, d.model"
    BY_MODEL = "d.model, d.session"


@dataclass(frozen=True, slots=True)
class Place:
    """A model-day that a page ends with."""

    session: date
    model: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Live days of a market, those behind a place: None is all of them.

    `request` is the job, backfill or run that they were made for.
    """

    market: str
    models: tuple[str, ...] | None = None
    first: date = date.min
    last: date = date.max
    request: str | None = None
    behind: Place | None = None

    @property
    def chain(self) -> "Asked":
        """What `last_ids` depends on."""
        return Asked(self.market, self.models, last=self.last)


@dataclass(frozen=True, slots=True)
class Page:
    """`text` is its rows as JSON objects, with commas between; `next` is where another begins."""

    text: str
    rows: int
    next: Place | None


def _figure(name: str, kind: Kind = Kind.MONEY, sql: str = "", *, unknown: bool = False) -> Column:
    return Column(name, kind, sql or f"d.{name}", unknown)


WHO = (_figure("model", Kind.TEXT), _figure("session", Kind.DAY))
_VALUES = (
    _figure("value_open"),
    _figure("value_close", unknown=True),
    _figure("value"),
    _figure("cash", sql="d.closing_cash"),
    _figure("profit"),
    _figure("daily_return", Kind.FLOAT),
    _figure("cumulative_return", Kind.FLOAT),
    _figure("drawdown", Kind.FLOAT, "d.value::float8 / d.peak_value::float8 - 1"),
)
_BEFORE_CUTOFF = _figure(
    "before_cutoff",
    Kind.TRUTH,
    "coalesce(d.session <= (m.config ->> 'knowledge_cutoff')::date, false)",
)
CURVE = (*WHO, *_VALUES[1:], _BEFORE_CUTOFF)
FIGURES = (
    *WHO,
    *_VALUES,
    _figure("max_drawdown", Kind.FLOAT),
    _figure("bought"),
    _figure("sold"),
    _figure("commission"),
    _figure("adjustment_cash"),
    _figure("fills", Kind.COUNT, "d.fill_count"),
    _figure("refusals", Kind.COUNT, "d.refusal_count"),
    _figure("corrections", Kind.COUNT, "d.correction_count"),
    _figure("ending", Kind.TEXT),
    _figure("tokens", Kind.COUNT, "d.input_tokens + d.output_tokens"),
    _figure("dollars", unknown=True),
    _BEFORE_CUTOFF,
    _figure("request", Kind.TEXT),
    _figure("revision", Kind.COUNT),
)


def _rows(name: str, table: str, value: str, order: str = "number") -> Column:
    """What a child table `c` has of a model-day, in order."""
    return Column(
        name,
        Kind.JSON,
        f"(select coalesce(jsonb_agg({value} order by c.{order}), '[]') from {table}"
        " where c.model_day_id = d.id)",
    )


MANIFEST = _figure("manifest", Kind.JSON)
RECORD = (
    _rows(
        "orders",
        "orders c left join fills f using (model_day_id, number)",
        "jsonb_build_object('number', c.number, 'bar_time', c.bar_time, 'symbol', c.symbol,"
        " 'side', c.side, 'quantity', c.quantity::text, 'limit_price', c.limit_price::text,"
        " 'client_id', nullif(c.client_id, ''), 'outcome', c.outcome, 'reason', c.reason,"
        " 'code', c.code,"
        " 'price', f.price::text, 'notional', f.notional::text,"
        " 'commission', f.commission::text)",
    ),
    _rows(
        "adjustments",
        "adjustments c",
        "jsonb_build_object('number', c.number, 'bar_time', c.bar_time,"
        " 'after_order', c.after_order, 'kind', c.kind, 'symbol', c.symbol,"
        " 'quantity_change', c.quantity_change::text, 'cash_change', c.cash_change::text,"
        " 'reason', c.reason)",
    ),
    _figure(
        "holdings",
        Kind.JSON,
        "(select coalesce(jsonb_object_agg(c.symbol, c.quantity::text), '{}') from holdings c"
        " where c.model_day_id = d.id)",
    ),
    _rows(
        "marks",
        "marks c",
        "jsonb_build_object('bar_time', c.bar_time, 'value_open', c.value_open::text,"
        " 'value_close', c.value_close::text)",
        "bar_time",
    ),
    MANIFEST,
)
_SAID = "from transcripts t {} where t.model_day_id = d.id"
TRANSCRIPT = _figure("transcript", Kind.JSON, f"(select t.entries {_SAID.format('')})")
SUMMARY = _figure(
    "summary",
    Kind.TEXT,
    "(select e.entry ->> 'text' "
    + _SAID.format("cross join jsonb_array_elements(t.entries) with ordinality as e (entry, step)")
    + " and e.entry ->> 'role' = 'summary' order by e.step desc limit 1)",
)


def page(engine: Engine, columns: Sequence[Column], order: Order, asked: Asked, count: int) -> Page:
    """The next `count` rows of what was asked for."""
    query = text(f"""
        with found as ({_select(f"{as_json(columns)} as written", order, asked)})
        select string_agg(written, ',' order by place) filter (where place <= :count) as rows,
               count(*) as rows_found,
               max(session) filter (where place = :count) as session,
               max(model) filter (where place = :count) as model
          from found""")
    with for_reading(engine).connect() as connection:
        row = connection.execute(query, _bound(asked, count)).one()
    has_more = row.rows_found > count
    return Page(
        row.rows or "",
        min(row.rows_found, count),
        Place(row.session, row.model) if has_more else None,
    )


def table(
    engine: Engine, columns: Sequence[Column], order: Order, asked: Asked, count: int
) -> tuple[list[dict[str, Any]], Place | None]:
    """As `page`, for Python."""
    query = text(_select(selected(columns), order, asked, keyed=False))
    with for_reading(engine).connect() as connection:
        rows = dicts(connection.execute(query, _bound(asked, count)))
    last = rows[count - 1] if len(rows) > count else None
    return rows[:count], None if last is None else Place(last["session"], last["model"])


def last_ids(engine: Engine, asked: Asked) -> str:
    """A name for all that is live of the models up to `asked.last`; another after any change.

    A day that is made again supersedes the later ones, so that the last day tells of all before
    it. Of what the models may have read too.
    """
    query = _LAST_OF_ALL if asked.models is None else _LAST_OF_SOME
    bound = {"market": asked.market, "last": asked.last, "models": list(asked.models or ())}
    with for_reading(engine).connect() as connection:
        return str(connection.scalar(query, bound))


def counts(engine: Engine, asked: Asked) -> dict[str, int]:
    """How many days of each model, of those that have any."""
    bound = {"market": asked.market, "first": asked.first, "last": asked.last}
    models = None if asked.models is None else list(asked.models)
    with for_reading(engine).connect() as connection:
        found = connection.execute(_COUNTS, {**bound, "models": models})
        return {row.model: row.days for row in found}


def price_state(engine: Engine, market: str) -> str:
    """A name for all stored prices of a market: they are added to, and never changed."""
    with for_reading(engine).connect() as connection:
        return str(connection.scalar(_PRICES, {"market": market}))


def _select(shown: str, order: Order, asked: Asked, *, keyed: bool = True) -> str:
    place = f"d.session, d.model, row_number() over (order by {order}) as place," if keyed else ""
    return f"""
        select {place} {shown}
          from model_days d left join models m on (m.market, m.name) = (d.market, d.model)
         where d.market = :market and d.superseded_at is null
           and d.session between :first and :last
           {"" if asked.models is None else "and d.model = any(:models)"}
           {"" if asked.request is None else "and d.request = :request"}
           {"" if asked.behind is None else f"and ({order}) > {_BEHIND[order]}"}
         order by {order} limit :count + 1"""


def _bound(asked: Asked, count: int) -> dict[str, Any]:
    behind = asked.behind
    return {
        "market": asked.market,
        "first": asked.first,
        "last": asked.last,
        "count": count,
        **({} if asked.models is None else {"models": list(asked.models)}),
        **({} if asked.request is None else {"request": asked.request}),
        **({} if behind is None else {"session": behind.session, "model": behind.model}),
    }


_COUNTS = text("""
select model, count(*) as days from model_days
 where market = :market and superseded_at is null and session between :first and :last
   and (cast(:models as text[]) is null or model = any(:models))
 group by model order by model""")
_PRICES = text("""
select (select count(*) from bars where market = :market) || '.'
       || (select count(*) from corporate_actions where market = :market)""")
_BEHIND = {Order.BY_SESSION: "(:session, :model)", Order.BY_MODEL: "(:model, :session)"}
_NAMED = """
select md5(string_agg(latest.id::text, ',' order by latest.id) || coalesce(
         (select string_agg(name || (config ->> 'knowledge_cutoff'), ',' order by name)
            from models where market = :market and config ? 'knowledge_cutoff'), ''))
  from asked cross join lateral (
       select d.id from model_days d
        where d.market = :market and d.model = asked.model and d.superseded_at is null
          and d.session <= :last
        order by d.session desc limit 1) latest
"""
_LAST_OF_SOME: TextClause = text(
    f"with asked as (select unnest(cast(:models as text[])) as model) {_NAMED}"
)
_LAST_OF_ALL: TextClause = text(f"""
with recursive asked as (
    (select model from model_days
      where market = :market and superseded_at is null order by model limit 1)
    union all
    (select next.model from asked cross join lateral (
        select d.model from model_days d
         where d.market = :market and d.superseded_at is null and d.model > asked.model
         order by d.model limit 1) next))
{_NAMED}""")
