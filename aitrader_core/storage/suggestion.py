"""What a scan is: a portfolio that a model looked at, and the orders that it would give."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An order that was proposed and not given.

    `quantity` is None where what was asked for is none, `price` where nothing is on offer; `score`
    is the figure that the model named with the symbol. `denial` says why risk would deny it, None
    where it would not.
    """

    number: int  # 1 is the first
    symbol: str
    side: str
    quantity: Decimal | None
    price: Decimal | None
    score: float | None
    reason: str  # the last thing that the model had said
    denial: str | None = None
    code: str | None = None


@dataclass(frozen=True, slots=True)
class Scan:
    """`session` is the one at whose open the model looked, at prices of `priced_on`: its own, or
    the closes of the session before, where it has none yet.

    `account` says whose the portfolio is. `reason` says why the scan failed, None where it did
    not; `remark` is the last thing that the model said.
    """

    market: str
    model: str
    session: date
    priced_on: date
    account: str
    portfolio: Mapping[str, Any]
    manifest: Mapping[str, Any]
    source: str = "cli"
    run_id: str = ""
    reason: str | None = None
    remark: str = ""
    suggestions: tuple[Suggestion, ...] = ()

    @property
    def status(self) -> str:
        return "completed" if self.reason is None else "failed"


@dataclass(frozen=True, slots=True)
class KeptScan:
    """As it is stored; a list of them has the counts and leaves the suggestions out."""

    id: int
    scan: Scan
    made_at: datetime = field(compare=False)
    count: int  # of its suggestions
    denied: int
