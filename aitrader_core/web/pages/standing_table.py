"""A leaderboard's rows as its page shows them: in families, in the order that was asked for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aitrader_core.web.problems import Problem

Row = Mapping[str, Any]
USUAL = "rank"
# Those that can be sorted by: the lowest first where that is usually asked for.
_SORTED = {
    "rank": "low",
    "model": "low",
    "total_return": "high",
    "p_value": "low",
    "sharpe": "high",
    "max_drawdown": "high",
    "turnover": "low",
    "cost_drag": "low",
    "tokens": "high",
    "dollars": "high",
    "sessions": "high",
}


@dataclass(frozen=True, slots=True)
class Group:
    """A model, or one and its repeats, with what is said of all of them."""

    verdict: Mapping[str, Any]
    rows: list[Row]

    @property
    def is_family(self) -> bool:
        return len(self.rows) > 1


@dataclass(frozen=True, slots=True)
class Order:
    """By `key`; `asked` is how an address says it, `-` for the other way round."""

    key: str
    is_reversed: bool

    @property
    def goes_down(self) -> bool:
        return (_SORTED[self.key] == "high") != self.is_reversed

    def aria(self, key: str) -> str | None:
        if key != self.key:
            return None
        return "descending" if self.goes_down else "ascending"

    def next(self, key: str) -> str:
        """What a press on the head of `key` asks for."""
        return f"-{key}" if key == self.key and not self.is_reversed else key

    @staticmethod
    def can_be(key: str) -> bool:
        return key in _SORTED


def order_of(asked: str | None) -> Order:
    """Problem 422 for a figure that can't be sorted by."""
    key = (asked or USUAL).removeprefix("-")
    if key not in _SORTED:
        raise Problem(422, f"sort: can't sort by {key!r}", f"there are {', '.join(_SORTED)}")
    return Order(key, is_reversed=(asked or "").startswith("-"))


def groups(rows: Sequence[Row], judgement: Mapping[str, Any], order: Order) -> list[Group]:
    """A family stands where the first of its members does."""
    verdicts = {said["family"]: said for said in judgement["families"]}
    found: dict[str, list[Row]] = {}
    for row in in_order(rows, order):
        found.setdefault(row["family"], []).append(row)
    return [Group(verdicts[family], members) for family, members in found.items()]


def in_order(rows: Sequence[Row], order: Order) -> list[Row]:
    """Those without the figure come last, either way."""
    known = [row for row in rows if row[order.key] is not None]
    unknown = [row for row in rows if row[order.key] is None]
    return sorted(known, key=lambda r: _figure(r, order.key), reverse=order.goes_down) + unknown


def _figure(row: Row, key: str) -> Any:
    return float(row[key]) if key == "dollars" else row[key]
