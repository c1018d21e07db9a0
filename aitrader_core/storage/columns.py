"""Columns that are shown, told once: as a select list, and as JSON that Postgres itself writes.

Ten years of a model are 2,520 rows. To read, convert and encode them holds Python's one interpreter
for 40 ms; as text that is only passed on, for one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import CursorResult


class Kind(StrEnum):
    """Money is written as text, since no JSON number keeps its digits; JSON is jsonb."""

    TEXT = "text"
    DAY = "day"
    MONEY = "money"
    FLOAT = "float"
    COUNT = "count"
    TRUTH = "truth"
    JSON = "json"


# A mark of format(), and what is put there. What may be null pays for it with every row.
_QUOTED, _BARE = ('"%s"', "{}"), ("%s", "{}")
_WRITTEN = {
    Kind.TEXT: ("%s", "coalesce(to_json({})::text, 'null')"),
    Kind.DAY: _QUOTED,
    Kind.MONEY: _QUOTED,
    Kind.FLOAT: _BARE,
    Kind.COUNT: _BARE,
    Kind.TRUTH: ("%s", "({})::text"),  # else it is t or f
    Kind.JSON: ("%s", "coalesce(({})::text, 'null')"),
}
_UNKNOWN_MONEY = ("%s", """coalesce('"' || ({}) || '"', 'null')""")


@dataclass(frozen=True, slots=True)
class Column:
    """`sql` is over the aliases of the query that it is for; money alone may be `unknown`."""

    name: str
    kind: Kind
    sql: str
    unknown: bool = False

    @property
    def written(self) -> tuple[str, str]:
        mark, sql = _UNKNOWN_MONEY if self.unknown else _WRITTEN[self.kind]
        return f'"{self.name}":{mark}', sql.format(self.sql)


def selected(columns: Sequence[Column]) -> str:
    """The columns as a select list."""
    return ", ".join(f"{column.sql} as {column.name}" for column in columns)


def as_json(columns: Sequence[Column]) -> str:
    """The columns as one expression: the text of a JSON object."""
    marks, values = zip(*(column.written for column in columns), strict=True)
    return f"format('{{{','.join(marks)}}}', {', '.join(values)})"


def dicts(found: CursorResult[Any]) -> list[dict[str, Any]]:
    """Rows by the names of their columns."""
    names = list(found.keys())
    return [dict(zip(names, row, strict=True)) for row in found]
