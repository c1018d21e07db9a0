"""Small recordings as AI-Trader writes them, one line per record."""

import json
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.money import plain_quantity
from aitrader_core.domain.portfolio import Adjustment
from aitrader_core.domain.risk import NextSessionSettlement
from tests.simulation.tapes import A, B, tape_of, weekdays

DAYS = weekdays(6)  # 2024-01-01 is a Monday, the last one the Monday after
TAPE = tape_of({A: "10/11 12/13 14/15 16/17 18/19 20/21", B: "20 21 22 23 24 25"})
T_PLUS_1 = NextSessionSettlement()
MODES: tuple[Literal["as_recorded", "enforced"], ...] = ("as_recorded", "enforced")
Told = list[tuple[str, str]]
Trade = Callable[..., list[ModelDay]]


def line(
    when: str, cash: object, action: Sequence[Any] = (), held: Mapping[str, object] | None = None
) -> str:
    """A record: the date, the cash after it, (action, symbol, amount), and what is held then."""
    record: dict[str, Any] = {"date": when, "id": 1}
    if action:
        name, symbol, amount = action
        record["this_action"] = {"action": name, "symbol": symbol, "amount": amount}
    record["positions"] = {**(held or {}), "CASH": cash}
    return json.dumps(record)


def write(folder: Path, *lines: str, name: str = "position.jsonl") -> Path:
    path = folder / name
    path.write_text("".join(f"{text}\n" for text in lines))
    return path


def changes(correction: Adjustment) -> tuple[Decimal, Decimal]:
    return correction.quantity_change, correction.cash_change


def told(days: list[ModelDay]) -> Told:
    """What was refused, corrected and reported, in this order of each day; without the path."""
    found: Told = []
    for day in days:
        found += [("refused", refusal.reason) for refusal in day.refusals]
        found += [
            ("corrected", " ".join([c.symbol or "-", *map(plain_quantity, changes(c))]))
            for c in day.corrections
        ]
        for reason in dict.fromkeys(c.reason or "" for c in day.corrections):
            found.append(("because", reason.removeprefix("position.jsonl:")))
        found += [
            ("reported", entry.text.removeprefix("position.jsonl:"))
            for entry in day.transcript
            if entry.role == "recording"
        ]
    return found


EARLY = (
    "sells 5 AAA, 10 are held, 0 of them sellable: what is bought in a session can be sold from "
    "the next one on"
)
OPENING = line("2024-01-01", 1000)
BOUGHT = line("2024-01-01", 900, ("buy", A, 10), {A: 10})
