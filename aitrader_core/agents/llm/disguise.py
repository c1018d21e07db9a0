"""A market under other names and dates, so that a model can't trade what it remembers."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from aitrader_core.domain.market import Symbol

_WEEKS = (52 * 20, 52 * 60)  # how far a date may be moved: whole weeks, so that weekdays stay


@dataclass(frozen=True)
class Disguise:
    """Names of symbols for what the model sees, and days that its dates are moved by.

    The real names where there is none.
    """

    names: Mapping[Symbol, str]
    days: int = 0

    @classmethod
    def drawn(cls, symbols: Iterable[Symbol], seed: int) -> "Disguise":
        """The same for the same symbols and seed, whatever their order."""
        listed, lot = sorted(symbols), Random(f"disguise {seed}")
        codes = [f"STOCK{number:03d}" for number in range(1, len(listed) + 1)]
        lot.shuffle(codes)
        return cls(dict(zip(listed, codes, strict=True)), 7 * lot.randint(*_WEEKS))

    def name(self, symbol: Symbol) -> str:
        return self.names.get(symbol, symbol)

    def symbol(self, name: str) -> Symbol | None:
        """The one that is shown as `name`; None where none is."""
        return next((s for s, shown in self.names.items() if shown == name), None)

    def shown(self, day: date) -> date:
        return day + timedelta(days=self.days)

    def real(self, day: date) -> date:
        return day - timedelta(days=self.days)

    def text(self, sentence: str) -> str:
        """A sentence of ours with the names and ISO dates that the model knows."""
        if not self.days and all(s == shown for s, shown in self.names.items()):
            return sentence
        pattern = "|".join(re.escape(s) for s in sorted(self.names, key=len, reverse=True))
        named = re.sub(
            rf"(?<![\w.])(?:{pattern})(?![\w])", lambda m: self.name(Symbol(m[0])), sentence
        )
        return re.sub(r"\b\d{4}-\d\d-\d\d\b", self._moved, named)

    def _moved(self, found: re.Match[str]) -> str:
        try:
            return self.shown(date.fromisoformat(found[0])).isoformat()
        except (ValueError, OverflowError):
            return found[0]


def undisguised(symbols: Iterable[Symbol]) -> Disguise:
    return Disguise({s: s for s in symbols})
