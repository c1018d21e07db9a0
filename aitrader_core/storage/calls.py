"""Model calls in Postgres, and the transcripts of model-days that failed."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    Engine,
    FromClause,
    RowMapping,
    Select,
    Table,
    Text,
    and_,
    any_,
    bindparam,
    func,
    insert,
    literal,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import ARRAY

from aitrader_core.domain.errors import LedgerError
from aitrader_core.domain.model_call import CallSite, ModelCall, Outcome
from aitrader_core.domain.transcript import NOTHING_USED, Entry, Usage
from aitrader_core.storage import rows
from aitrader_core.storage.schema import failed_days, model_calls, purged_spending
from aitrader_core.storage.store import Origin

_Day = tuple[str, str, date]  # market, model, session
_INSERT = insert(model_calls)
_NEWEST = (
    select(model_calls)
    .where(model_calls.c.key == bindparam("key"))
    .order_by(model_calls.c.id.desc())
    .limit(1)
)


class PostgresCalls:
    """The CallStore of the arena. Each of its statements is a transaction by itself."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")

    def find(self, key: str) -> ModelCall | None:
        with self._engine.connect() as connection:
            row = connection.execute(_NEWEST, {"key": key}).mappings().first()
        return None if row is None else call_of(row)

    def keep(self, call: ModelCall) -> None:
        with self._engine.connect() as connection:
            connection.execute(_INSERT, call_row(call))

    def of_day(self, market: str, model: str, session: date) -> Sequence[ModelCall]:
        query = (
            select(model_calls)
            .where(
                model_calls.c.market == market,
                model_calls.c.model == model,
                model_calls.c.session == session,
            )
            .order_by(model_calls.c.id)
        )
        with self._engine.connect() as connection:
            return [call_of(row) for row in connection.execute(query).mappings()]

    def spent(
        self, *, market: str | None = None, model: str | None = None, request: str | None = None
    ) -> Usage:
        kept = _paid(model_calls, market=market, model=model, request=request)
        paid: FromClause = kept.subquery()
        if request is None:  # the calls of a request that may still spend are never purged
            purged = _paid(purged_spending, market=market, model=model)
            paid = union_all(kept, purged).subquery()
        query = select(*(func.sum(column).label(column.name) for column in paid.c))
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().one()
        if row["call_count"] is None:
            return NOTHING_USED
        return NOTHING_USED + rows.usage_of_row(row)  # seconds rounded like those of any sum


def _paid(table: Table, **wanted: str | None) -> Select[Any]:
    conditions = [table.c[name] == value for name, value in wanted.items() if value is not None]
    return select(*(table.c[name] for name in rows.usage_row(NOTHING_USED))).where(*conditions)


class CallsOnRecord:
    """The calls of some model-days, loaded together for their replay: those that their transcripts
    name by `keys`, and those that they made themselves."""

    def __init__(
        self, engine: Engine, market: str, model: str, first: date, last: date, keys: Iterable[str]
    ) -> None:
        self._everything = PostgresCalls(engine)
        self._by_key: dict[str, list[RowMapping]] = defaultdict(list)
        self._by_day: dict[_Day, list[RowMapping]] = defaultdict(list)
        c = model_calls.c
        named = c.key == any_(literal(list(keys), ARRAY(Text)))
        own = and_(c.market == market, c.model == model, c.session.between(first, last))
        with engine.connect() as connection:
            query = select(model_calls).where(or_(named, own)).order_by(c.id)
            for row in connection.execute(query).mappings():
                self._by_key[row["key"]].append(row)
                self._by_day[row["market"], row["model"], row["session"]].append(row)

    def as_of(self, market: str, model: str, session: date, stored_at: datetime) -> "_AsOf":
        """A CallStore that answers as that model-day was answered before it was stored."""
        day = (market, model, session)
        return _AsOf(self._everything, self._by_key, day, self._by_day.get(day, ()), stored_at)


@dataclass(frozen=True)
class _AsOf:
    """Of several answers to a question, the day's own newest that came before it was stored."""

    everything: PostgresCalls
    by_key: Mapping[str, Sequence[RowMapping]]
    day: _Day
    of_this_day: Sequence[RowMapping]
    stored_at: datetime

    def find(self, key: str) -> ModelCall | None:
        found = self.by_key.get(key, ())
        if not found:
            return self.everything.find(key)
        known = self._before(found) or found
        own = [r for r in known if (r["market"], r["model"], r["session"]) == self.day]
        return call_of((own or known)[-1])

    def keep(self, call: ModelCall) -> None:
        raise LedgerError(f"a replay pays for nothing, yet call {call.site.number} was made")

    def of_day(self, market: str, model: str, session: date) -> Sequence[ModelCall]:
        if (market, model, session) != self.day:
            return self.everything.of_day(market, model, session)
        return [call_of(row) for row in self._before(self.of_this_day)]

    def spent(
        self, *, market: str | None = None, model: str | None = None, request: str | None = None
    ) -> Usage:
        return self.everything.spent(market=market, model=model, request=request)

    def _before(self, found: Sequence[RowMapping]) -> Sequence[RowMapping]:
        return [row for row in found if row["made_at"] <= self.stored_at]


@dataclass(frozen=True, slots=True)
class FailedDay:
    """A model-day that is not in the ledger, and what was said until it failed."""

    session: date
    reason: str
    request: str
    run_id: str
    failed_at: datetime
    entries: tuple[Entry, ...]


class FailedDays:
    """What model-days said that failed: no part of the ledger."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def keep(
        self,
        market: str,
        model: str,
        session: date,
        reason: str,
        origin: Origin,
        entries: Iterable[Entry],
    ) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                insert(failed_days).values(
                    market=market,
                    model=model,
                    session=session,
                    reason=rows.storable_text(reason),
                    request=origin.request,
                    run_id=origin.run_id,
                    entries=rows.entries_json(entries),
                )
            )

    def of_model(
        self, market: str, model: str, first: date = date.min, last: date = date.max
    ) -> list[FailedDay]:
        """By session, the oldest attempt first."""
        c = failed_days.c
        query = (
            select(failed_days)
            .where(c.market == market, c.model == model, c.session.between(first, last))
            .order_by(c.session, c.id)
        )
        with self._engine.connect() as connection:
            return [_failed(row) for row in connection.execute(query).mappings()]

    def models(self, market: str) -> list[str]:
        """Those with a failed day, in alphabetical order."""
        c = failed_days.c
        query = select(c.model).distinct().where(c.market == market).order_by(c.model)
        with self._engine.connect() as connection:
            return list(connection.scalars(query))


def _failed(row: RowMapping) -> FailedDay:
    return FailedDay(
        row["session"],
        row["reason"],
        row["request"],
        row["run_id"],
        row["failed_at"],
        tuple(map(rows.entry_of, row["entries"])),
    )


def call_row(call: ModelCall) -> dict[str, object]:
    site = call.site
    return {
        "key": call.key,
        "after_key": call.after,
        "market": site.market,
        "model": site.model,
        "session": site.session,
        "number": site.number,
        "request": site.request,
        "asked": call.asked,
        "outcome": call.outcome.value,
        "reply": call.reply,
        "digest": call.digest,
        **rows.usage_row(call.usage),
    }


def call_of(row: RowMapping) -> ModelCall:
    """LedgerError if its answer was changed."""
    return ModelCall(
        row["key"],
        row["after_key"],
        CallSite(row["market"], row["model"], row["session"], row["number"], row["request"]),
        row["asked"],
        Outcome(row["outcome"]),
        row["reply"],
        rows.usage_of_row(row),
    ).unchanged(row["digest"])
