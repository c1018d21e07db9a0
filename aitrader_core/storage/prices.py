"""Bars and corporate actions in Postgres, with the vintage that each came from."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import Connection, Engine, RowMapping, Table, func, select
from sqlalchemy.dialects.postgresql import distinct_on, insert

from aitrader_core.domain.errors import MarketDataError
from aitrader_core.domain.market import Bar, CashDividend, CorporateAction, Split, Symbol
from aitrader_core.domain.money import money
from aitrader_core.storage.database import for_reading
from aitrader_core.storage.schema import bars, corporate_actions, vintages


@dataclass(frozen=True, slots=True)
class History:
    """Prices of a span as they are known now: of each bar its latest vintage."""

    bars: Sequence[Bar]
    actions: Sequence[CorporateAction]
    source: str
    labels: Mapping[int, str]  # of vintages, the newest one with the highest id
    newest: Mapping[date, int]  # the newest vintage among the bars and actions of each day

    def name(self, sessions: Iterable[date]) -> str:
        """Source and newest vintage of what there is on `sessions`, as a manifest records it."""
        found = (self.newest[s] for s in sessions if s in self.newest)
        if len(self.labels) == 1:  # the usual case, and asked for every session of a run
            return f"{self.source} {next(iter(self.labels.values()))}"
        newest = max(found, default=None)
        return f"{self.source} {'without prices' if newest is None else self.labels[newest]}"


@dataclass(frozen=True, slots=True)
class Saved:
    """What an import brought: bars that were not known, and bars that it has otherwise."""

    new: int = 0
    restated: int = 0

    def __add__(self, other: "Saved") -> "Saved":
        return Saved(self.new + other.new, self.restated + other.restated)


@dataclass(frozen=True, slots=True)
class Vintage:
    """An edition, and how many of its bars were new or restated when it came."""

    label: str
    imported_at: datetime
    bars: int
    actions: int


@dataclass(frozen=True, slots=True)
class Short:
    """A session in which a symbol has `found` bars, and another one `most`."""

    symbol: Symbol
    session: date
    found: int
    most: int

    def __str__(self) -> str:
        return f"{self.symbol} has {self.found} of {self.most} bars on {self.session}"


class PriceStore:
    """The price history of one market from one source."""

    def __init__(self, engine: Engine, market: str, source: str) -> None:
        self._engine = engine
        self._market = market
        self._source = source

    def save(
        self, vintage: str, new_bars: Iterable[Bar], actions: Iterable[CorporateAction]
    ) -> Saved:
        """Store what is new or restated, in one transaction.

        Raises MarketDataError when a vintage contradicts what it said before.
        """
        given = [_stored(b) for b in new_bars]
        with self._engine.begin() as connection:
            vintage_id = self._vintage_id(connection, vintage)
            known = self._known(connection, given)
            changed = [b for b in given if known.get((b.session, b.symbol, b.at)) != b]
            rows = [_bar_row(b) for b in changed]
            added = self._add(connection, bars, rows, vintage_id, vintage)
            self._add(
                connection,
                corporate_actions,
                [_action_row(a) for a in actions],
                vintage_id,
                vintage,
            )
        keys = [(row["session"], row["symbol"], row["bar_time"]) for row in added]
        new = sum(key not in known for key in keys)
        return Saved(new, len(keys) - new)

    def vintages(self) -> list[Vintage]:
        """Oldest first."""
        count = {
            table.name: select(func.count())
            .where(table.c.vintage_id == vintages.c.id)
            .scalar_subquery()
            for table in (bars, corporate_actions)
        }
        query = (
            select(vintages.c.label, vintages.c.imported_at, *count.values())
            .where(self._ours())
            .order_by(vintages.c.id)
        )
        with self._engine.connect() as connection:
            return [Vintage(*row) for row in connection.execute(query)]

    def newest(self, symbols: Sequence[Symbol], first: date, last: date) -> dict[date, int]:
        """The newest vintage among their bars and actions of each day from `first` to `last`."""
        days = ((bars, bars.c.session), (corporate_actions, corporate_actions.c.ex_date))
        newest: dict[date, int] = {}
        with self._engine.connect() as connection:
            for table, day in days:
                query = (
                    select(day, func.max(table.c.vintage_id))
                    .join(vintages)
                    .where(self._ours(), day.between(first, last), table.c.symbol.in_(symbols))
                    .group_by(day)
                )
                for of_day, vintage_id in connection.execute(query):
                    newest[of_day] = max(vintage_id, newest.get(of_day, 0))
        return newest

    def newest_label(self) -> str | None:
        """Of the newest vintage of all, as a manifest records it; None without any."""
        query = select(vintages.c.label).where(self._ours()).order_by(vintages.c.id.desc()).limit(1)
        with for_reading(self._engine).connect() as connection:
            found = connection.scalar(query)
        return None if found is None else f"{self._source} {found}"

    def label(self, vintage_id: int) -> str:
        with self._engine.connect() as connection:
            query = select(vintages.c.label).where(vintages.c.id == vintage_id)
            return f"{self._source} {connection.execute(query).scalar_one()}"

    def load(self, symbols: Sequence[Symbol], first: date, last: date) -> History:
        """Everything known of `symbols` from `first` to `last`, both included."""
        with self._engine.connect() as connection:
            found = self._latest_bars(connection, symbols, first, last)
            acted = self._latest_actions(connection, symbols, first, last)
            newest: dict[date, int] = {}
            for day, vintage_id in (
                *((row["session"], row["vintage_id"]) for row in found),
                *((row["ex_date"], row["vintage_id"]) for row in acted),
            ):
                newest[day] = max(vintage_id, newest.get(day, 0))
            labels = select(vintages.c.id, vintages.c.label).where(
                self._ours(), vintages.c.id.in_(set(newest.values()))
            )
            return History(
                [_bar(row) for row in found],
                [_action(row) for row in acted],
                self._source,
                {row.id: row.label for row in connection.execute(labels)},
                newest,
            )

    def counts(self, first: date, last: date) -> dict[date, int]:
        """How many symbols have a bar on each session from `first` to `last` that has any."""
        query = (
            select(bars.c.session, func.count(bars.c.symbol.distinct()))
            .join(vintages)
            .where(self._ours(), bars.c.session.between(first, last))
            .group_by(bars.c.session)
        )
        with self._engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def sessions(self) -> Sequence[date]:
        """Those with a bar of any symbol, oldest first."""
        query = (
            select(bars.c.session)
            .distinct()
            .join(vintages)
            .where(self._ours())
            .order_by(bars.c.session)
        )
        with self._engine.connect() as connection:
            return connection.scalars(query).all()

    def missing(
        self, symbols: Iterable[Symbol], sessions: Iterable[date]
    ) -> dict[Symbol, list[date]]:
        """Of each symbol those of `sessions` that have no bar of it."""
        known = {symbol: set(listed) for symbol, listed in self.sessions_by_symbol().items()}
        asked = list(sessions)
        return {s: [d for d in asked if d not in known.get(s, ())] for s in symbols}

    def sessions_by_symbol(self) -> dict[Symbol, list[date]]:
        """The sessions with a bar, of each symbol, oldest first."""
        query = (
            select(bars.c.symbol, bars.c.session)
            .distinct()
            .join(vintages)
            .where(self._ours())
            .order_by(bars.c.symbol, bars.c.session)
        )
        found: dict[Symbol, list[date]] = {}
        with self._engine.connect() as connection:
            for symbol, session in connection.execute(query):
                found.setdefault(Symbol(symbol), []).append(session)
        return found

    def short_sessions(self) -> list[Short]:
        """Where a symbol has fewer bars within a session than another one has."""
        count = func.count(bars.c.bar_time.distinct())
        most = func.max(count).over(partition_by=bars.c.session)
        each = (
            select(bars.c.symbol, bars.c.session, count.label("found"), most.label("most"))
            .join(vintages)
            .where(self._ours())
            .group_by(bars.c.symbol, bars.c.session)
            .subquery()
        )
        query = select(each).where(each.c.found < each.c.most).order_by(each.c.session)
        with self._engine.connect() as connection:
            return [Short(*row) for row in connection.execute(query)]

    def _ours(self) -> Any:
        return (vintages.c.market == self._market) & (vintages.c.source == self._source)

    def _vintage_id(self, connection: Connection, label: str) -> int:
        connection.execute(
            insert(vintages)
            .values(market=self._market, source=self._source, label=label)
            .on_conflict_do_nothing()
        )
        query = select(vintages.c.id).where(self._ours(), vintages.c.label == label)
        return int(connection.execute(query).scalar_one())

    def _known(
        self, connection: Connection, given: Sequence[Bar]
    ) -> dict[tuple[date, Symbol, time], Bar]:
        if not given:
            return {}
        sessions = [b.session for b in given]
        symbols = sorted({b.symbol for b in given})
        rows = self._latest_bars(connection, symbols, min(sessions), max(sessions))
        return {(r["session"], Symbol(r["symbol"]), r["bar_time"]): _bar(r) for r in rows}

    def _add(
        self,
        connection: Connection,
        table: Table,
        rows: list[dict[str, Any]],
        vintage_id: int,
        vintage: str,
    ) -> list[dict[str, Any]]:
        """Insert those of `rows` that the vintage has not said; it says nothing else again."""
        key = [c.name for c in table.primary_key if c.name not in ("market", "vintage_id")]
        said = (
            {
                tuple(row[name] for name in key): dict(row)
                for row in connection.execute(
                    select(table).where(
                        table.c.market == self._market, table.c.vintage_id == vintage_id
                    )
                ).mappings()
            }
            if rows
            else {}
        )
        ours = {"market": self._market, "vintage_id": vintage_id}
        new: list[dict[str, Any]] = []
        for row in rows:
            name, whole = tuple(row[part] for part in key), {**ours, **row}
            if name not in said:
                new.append(whole)
            if said.setdefault(name, whole) != whole:
                raise MarketDataError(
                    f"{self._source} gives {row['symbol']} on {name[0]} another "
                    f"{'price' if table is bars else row['kind']} than before under the same "
                    f"vintage, {vintage}: import it as a new vintage"
                )
        if new:
            connection.execute(insert(table).on_conflict_do_nothing(), new)
        return new

    def _latest_bars(
        self, connection: Connection, symbols: Sequence[Symbol], first: date, last: date
    ) -> Sequence[RowMapping]:
        query = (
            select(bars)
            .ext(distinct_on(bars.c.session, bars.c.symbol, bars.c.bar_time))
            .join(vintages)
            .where(
                self._ours(),
                bars.c.market == self._market,
                bars.c.session.between(first, last),
                bars.c.symbol.in_(symbols),
            )
            .order_by(bars.c.session, bars.c.symbol, bars.c.bar_time, bars.c.vintage_id.desc())
        )
        return connection.execute(query).mappings().all()

    def _latest_actions(
        self, connection: Connection, symbols: Sequence[Symbol], first: date, last: date
    ) -> Sequence[RowMapping]:
        table = corporate_actions
        query = (
            select(table)
            .ext(distinct_on(table.c.ex_date, table.c.symbol, table.c.kind))
            .join(vintages)
            .where(
                self._ours(),
                table.c.ex_date.between(first, last),
                table.c.symbol.in_(symbols),
            )
            .order_by(table.c.ex_date, table.c.symbol, table.c.kind, table.c.vintage_id.desc())
        )
        return connection.execute(query).mappings().all()


def _stored(bar: Bar) -> Bar:
    """With eight decimals, as it will be read."""
    numbers = (bar.high, bar.low, bar.close, bar.volume)
    high, low, close, volume = (None if n is None else money(n) for n in numbers)
    return Bar(bar.symbol, bar.session, money(bar.open), high, low, close, volume, bar.at)


def _bar_row(bar: Bar) -> dict[str, Any]:
    return {
        "session": bar.session,
        "symbol": bar.symbol,
        "bar_time": bar.at,
        "open": bar.open,
        "high": bar.high,
        "low": bar.low,
        "close": bar.close,
        "volume": bar.volume,
    }


def _bar(row: RowMapping) -> Bar:
    return Bar(
        Symbol(row["symbol"]),
        row["session"],
        row["open"],
        row["high"],
        row["low"],
        row["close"],
        row["volume"],
        row["bar_time"],
    )


def _action_row(action: CorporateAction) -> dict[str, Any]:
    return {
        "ex_date": action.ex_date,
        "symbol": action.symbol,
        "kind": "split" if isinstance(action, Split) else "cash_dividend",
        "value": money(action.ratio if isinstance(action, Split) else action.amount),
    }


def _action(row: RowMapping) -> CorporateAction:
    kind = Split if row["kind"] == "split" else CashDividend
    return kind(Symbol(row["symbol"]), row["ex_date"], row["value"])
