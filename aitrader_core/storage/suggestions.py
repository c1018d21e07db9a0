"""Scans and their suggestions, as they are kept: each whole, in one transaction."""

from dataclasses import replace
from typing import Any

from sqlalchemy import Engine, RowMapping, func, insert, select

from aitrader_core.storage.database import for_reading
from aitrader_core.storage.rows import storable_quantity, storable_text
from aitrader_core.storage.schema import suggestion_scans, suggestions
from aitrader_core.storage.suggestion import KeptScan, Scan, Suggestion


class Suggestions:
    """Those of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def put(self, scan: Scan) -> int:
        """Its id."""
        with self._engine.begin() as connection:
            scan_id: int = connection.execute(
                insert(suggestion_scans).values(_scan_row(scan)).returning(suggestion_scans.c.id)
            ).scalar_one()
            if scan.suggestions:
                found = [_row(scan_id, each) for each in scan.suggestions]
                connection.execute(insert(suggestions), found)
        return scan_id

    def get(self, scan_id: int) -> KeptScan | None:
        """With its suggestions."""
        theirs = select(suggestions).where(suggestions.c.scan_id == scan_id)
        with for_reading(self._engine).connect() as connection:
            row = connection.execute(_SELECTED.where(suggestion_scans.c.id == scan_id))
            found = row.mappings().first()
            if found is None:
                return None
            rows = connection.execute(theirs.order_by(suggestions.c.number)).mappings().all()
        kept = _kept(found)
        return replace(kept, scan=replace(kept.scan, suggestions=tuple(map(_suggestion, rows))))

    def latest(
        self,
        limit: int = 20,
        market: str | None = None,
        model: str | None = None,
        before: int | None = None,
    ) -> list[KeptScan]:
        """Newest first; `before` an id, to go on from."""
        table = suggestion_scans.c
        query = _SELECTED.order_by(table.id.desc()).limit(limit)
        for column, value in ((table.market, market), (table.model, model)):
            if value is not None:
                query = query.where(column == value)
        if before is not None:
            query = query.where(table.id < before)
        with for_reading(self._engine).connect() as connection:
            return [_kept(row) for row in connection.execute(query).mappings()]


_THEIRS = suggestions.c.scan_id == suggestion_scans.c.id
_SELECTED = select(
    suggestion_scans,
    select(func.count()).where(_THEIRS).scalar_subquery().label("count"),
    select(func.count(suggestions.c.denial)).where(_THEIRS).scalar_subquery().label("denied"),
)


def _scan_row(scan: Scan) -> dict[str, Any]:
    return {
        "market": scan.market,
        "model": scan.model,
        "session": scan.session,
        "priced_on": scan.priced_on,
        "account": scan.account,
        "portfolio": dict(scan.portfolio),
        "manifest": dict(scan.manifest),
        "source": scan.source,
        "run_id": scan.run_id,
        "status": scan.status,
        "reason": None if scan.reason is None else storable_text(scan.reason),
        "remark": storable_text(scan.remark),
    }


def _row(scan_id: int, found: Suggestion) -> dict[str, Any]:
    return {
        "scan_id": scan_id,
        "number": found.number,
        "symbol": storable_text(found.symbol),
        "side": found.side,
        "quantity": None if found.quantity is None else storable_quantity(found.quantity),
        "price": found.price,
        "score": found.score,
        "reason": storable_text(found.reason),
        "denial": None if found.denial is None else storable_text(found.denial),
        "code": found.code,
    }


def _suggestion(row: RowMapping) -> Suggestion:
    names = ("number", "symbol", "side", "quantity", "price", "score", "reason", "denial", "code")
    return Suggestion(**{name: row[name] for name in names})


def _kept(row: RowMapping) -> KeptScan:
    names = (
        *("market", "model", "session", "priced_on", "account", "portfolio", "manifest"),
        *("source", "run_id", "reason", "remark"),
    )
    scan = Scan(**{name: row[name] for name in names})
    return KeptScan(row["id"], scan, row["made_at"], row["count"], row["denied"])
