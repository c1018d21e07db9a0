"""Small recordings as AI-Trader writes them, one line per record."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any


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
