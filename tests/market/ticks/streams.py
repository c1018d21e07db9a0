"""Small recordings in Binance's format: a snapshot, then quotes, trades and diffs that agree."""

import gzip
import json
from pathlib import Path
from typing import Any

SYMBOL = "BTCUSDT"
BEGINS = 1_723_161_600_000_000_000 - 60 * 10**9  # 2024-08-08 23:59 UTC
STEP = 10**6


def snapshot(update: int = 100) -> dict[str, Any]:
    levels = [[f"{99 - n}.50", "2.000"] for n in range(5)]
    asks = [[f"{100 + n}.50", "3.000"] for n in range(5)]
    return {"lastUpdateId": update, "bids": levels, "asks": asks}


def trade(
    number: int, price: str = "100.00", volume: str = "0.010", **other: Any
) -> dict[str, Any]:
    told = {"e": "trade", "E": 1723161541000, "T": 1723161540999, "s": SYMBOL, "t": number}
    return {**told, "p": price, "q": volume, "m": bool(number % 2), **other}


def quote(update: int, bid: str = "99.50", ask: str = "100.50", **other: Any) -> dict[str, Any]:
    return {"u": update, "s": SYMBOL, "b": bid, "B": "2.000", "a": ask, "A": "3.000", **other}


def diff(
    update: int, bids: list[list[str]] | None = None, asks: list[list[str]] | None = None
) -> dict[str, Any]:
    told = {"e": "depthUpdate", "E": 1723161541000, "s": SYMBOL, "U": update, "u": update}
    return {**told, "b": bids or [], "a": asks or []}


def rendered(events: list[Any], begins: int = BEGINS, step: int = STEP) -> list[str]:
    """A line for each; what is text already stands as it is."""
    lines = []
    for number, event in enumerate(events):
        stamp = begins + number * step
        told = event if "lastUpdateId" in event else {"stream": "btcusdt@some", "data": event}
        lines.append(event if isinstance(event, str) else f"{stamp} {json.dumps(told)}")
    return lines


def written(path: Path, lines: list[str]) -> Path:
    content = "".join(f"{line}\n" for line in lines).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path
