"""Parts of a transcript, however long it is: the database cuts, and says how much there is."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, TextClause, text

from aitrader_core.domain.transcript import SUMMARY, Entry
from aitrader_core.storage.rows import entry_of

ENTRIES = 400  # of one part
_WHOLE = 20_000  # characters of an entry that are sent with the part
_BEGINNING = 2_000  # of one that is longer, or comes when there is no more room
_ROOM = 600_000  # characters of all whole entries of a part


@dataclass(frozen=True, slots=True)
class Excerpt:
    """One entry, 1 is the first: its text as far as it is here, of so many `characters`."""

    number: int
    entry: Entry
    characters: int

    @property
    def is_cut(self) -> bool:
        return len(self.entry.text) < self.characters


@dataclass(frozen=True, slots=True)
class Part:
    """Some entries of a transcript that has so many in `total`."""

    excerpts: tuple[Excerpt, ...]
    total: int

    @property
    def first(self) -> int:
        return self.excerpts[0].number if self.excerpts else 1

    @property
    def following(self) -> int | None:
        """The number of the entry that the next part begins with."""
        last = self.excerpts[-1].number if self.excerpts else self.total
        return last + 1 if last < self.total else None


def _part(table: str, key: str) -> TextClause:
    return text(f"""
with said as (
    select number, entry, entry ->> 'text' as text
      from {table} kept cross join jsonb_array_elements(kept.entries)
           with ordinality as listed (entry, number)
     where kept.{key} = :id and number between :first and :first + {ENTRIES} - 1),
measured as (
    select *, length(text) as characters,
           sum(least(length(text), {_WHOLE})) over (order by number) as so_far from said)
select number, characters, entry - 'text' as entry,
       left(text, case when so_far <= {_ROOM} and characters <= {_WHOLE} then {_WHOLE}
                       else {_BEGINNING} end) as text
  from measured order by number
""")


def _count(table: str, key: str) -> TextClause:
    return text(f"select coalesce(jsonb_array_length(entries), 0) from {table} where {key} = :id")


def _entry(table: str, key: str) -> TextClause:
    said = "entries -> cast(:number as integer) ->> 'text'"
    return text(f"select {said} from {table} where {key} = :id")


_LAST = text("select entries -> -1 from transcripts where model_day_id = :id")
_DAY, _FAILED = ("transcripts", "model_day_id"), ("failed_days", "id")


def part_of_day(engine: Engine, day_id: int, first: int = 1) -> Part:
    return _read(engine, _DAY, day_id, first)


def part_of_failed(engine: Engine, failed_id: int, first: int = 1) -> Part:
    return _read(engine, _FAILED, failed_id, first)


def text_of_day(engine: Engine, day_id: int, number: int) -> str | None:
    """The whole text of one entry; None where there is no such."""
    return _text(engine, _DAY, day_id, number)


def text_of_failed(engine: Engine, failed_id: int, number: int) -> str | None:
    return _text(engine, _FAILED, failed_id, number)


def summary_of_day(engine: Engine, day_id: int) -> str | None:
    """The paragraph that it ends with, where it has one."""
    with engine.connect() as connection:
        last = connection.scalar(_LAST, {"id": day_id})
    return last["text"] if last and last["role"] == SUMMARY else None


def _read(engine: Engine, place: tuple[str, str], of_id: int, first: int) -> Part:
    asked: dict[str, Any] = {"id": of_id, "first": first}
    with engine.connect() as connection:
        total = connection.scalar(_count(*place), {"id": of_id}) or 0
        rows: Sequence[Any] = connection.execute(_part(*place), asked).all()
    return Part(
        tuple(
            Excerpt(row.number, entry_of({**row.entry, "text": row.text}), row.characters)
            for row in rows
        ),
        total,
    )


def _text(engine: Engine, place: tuple[str, str], of_id: int, number: int) -> str | None:
    with engine.connect() as connection:
        found = connection.scalar(_entry(*place), {"id": of_id, "number": number - 1})
    return None if found is None or number < 1 else str(found)
