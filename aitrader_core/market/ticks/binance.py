"""Recordings of Binance's websocket streams, spot and futures: receive time in ns, space, JSON."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aitrader_core.market.ticks.findings import Finding, Kind
from aitrader_core.market.ticks.gathering import NO_SYMBOL, Bad, Gathered, Sink, as_text, flat
from aitrader_core.market.ticks.lines import lines_of
from aitrader_core.market.ticks.recording import DIFF, NO_ID, SNAPSHOT, Recording
from aitrader_core.simulation.ticks import QUOTE, TRADE

_EARLIEST, _LATEST = 946_684_800 * 10**9, 4_102_444_800 * 10**9  # 2000 and 2100, in ns

_decode = json.JSONDecoder(parse_float=str, parse_constant=str).decode


def read_binance(path: Path, gathered: Gathered) -> None:
    """Add the events of a file. TickFileError for one that can't be read at all."""
    gathered.files.append(path.name)
    for number, line in lines_of(path, gathered.tell):
        try:
            read_line(number, line, gathered)
        except Bad as bad:
            gathered.tell(bad.kind, number, bad.sentence)


def read_line(number: int, line: bytes, sink: Sink) -> None:
    """Add the event of one line. Raises Bad for one that can't be taken."""
    stamp, _, text = line.partition(b" ")
    if not (stamp.isdigit() and _EARLIEST <= (received := int(stamp)) < _LATEST):
        raise Bad(Kind.BAD_TIME, f"{_shown(stamp)} is no receive time in ns")
    try:
        told = _decode(text.decode())
    except (ValueError, RecursionError) as error:
        raise Bad(Kind.MALFORMED, f"is no JSON: {error}") from error
    stream, data = _unwrapped(told)
    try:
        _add(sink, number, received, stream, data)
    except KeyError as missing:
        raise Bad(Kind.MALFORMED, f"lacks the field {missing}") from missing


def _unwrapped(told: Any) -> tuple[str, dict[str, Any]]:
    """The stream's name, empty where a line is the bare event, and the event."""
    stream, data = "", told
    if isinstance(told, dict) and "data" in told:
        stream, data = told.get("stream", ""), told["data"]
    if not (isinstance(data, dict) and isinstance(stream, str)):
        raise Bad(Kind.MALFORMED, "is no event of a stream")
    return stream, data


def _add(g: Sink, number: int, received: int, stream: str, data: dict[str, Any]) -> None:
    kind = data.get("e")
    if kind == "bookTicker" or (kind is None and "B" in data):
        _quote(g, number, received, stream, data)
    elif kind == "trade":
        _trade(g, number, received, stream, data)
    elif kind == "depthUpdate":
        _diff(g, number, received, stream, data)
    elif "lastUpdateId" in data:
        _snapshot(g, number, received, stream, data)
    else:
        raise Bad(Kind.MALFORMED, "is none of depthUpdate, bookTicker, trade and a snapshot")


def _quote(g: Sink, number: int, received: int, stream: str, data: dict[str, Any]) -> None:
    g.add(
        number,
        received,
        QUOTE,
        g.symbol(_name(data)),
        [as_text(data["b"]), as_text(data["B"]), as_text(data["a"]), as_text(data["A"])],
        bids=1,
        asks=1,
        stream=stream,
        event_ms=_ms(data, "E"),
        trade_ms=_ms(data, "T"),
        last_id=_id(data, "u"),
    )


def _trade(g: Sink, number: int, received: int, stream: str, data: dict[str, Any]) -> None:
    maker = data["m"]
    if type(maker) is not bool:
        raise Bad(Kind.MALFORMED, f"m is {maker!r}, not true or false")
    order_type, best_match = data.get("X", ""), data.get("M")
    g.add(
        number,
        received,
        TRADE,
        g.symbol(_name(data)),
        [as_text(data["p"]), as_text(data["q"])],
        bids=1,
        stream=stream,
        event_ms=_ms(data, "E"),
        trade_ms=_ms(data, "T"),
        trade_id=_id(data, "t"),
        maker=int(maker),
        best_match=NO_ID if best_match is None else int(bool(best_match)),
        order_type=order_type if isinstance(order_type, str) else str(order_type),
    )


def _diff(g: Sink, number: int, received: int, stream: str, data: dict[str, Any]) -> None:
    bids, asks = flat(data["b"]), flat(data["a"])
    g.add(
        number,
        received,
        DIFF,
        g.symbol(_name(data)),
        bids + asks,
        bids=len(bids) // 2,
        asks=len(asks) // 2,
        stream=stream,
        event_ms=_ms(data, "E"),
        trade_ms=_ms(data, "T"),
        first_id=_id(data, "U"),
        last_id=_id(data, "u"),
        previous_id=_id(data, "pu") if "pu" in data else NO_ID,
    )


def _snapshot(g: Sink, number: int, received: int, stream: str, data: dict[str, Any]) -> None:
    bids, asks = flat(data["bids"]), flat(data["asks"])
    g.add(
        number,
        received,
        SNAPSHOT,
        g.symbol(_name(data)) if "s" in data else NO_SYMBOL,
        bids + asks,
        bids=len(bids) // 2,
        asks=len(asks) // 2,
        stream=stream,
        event_ms=_ms(data, "E"),
        trade_ms=_ms(data, "T"),
        last_id=_id(data, "lastUpdateId"),
    )


def _name(data: Mapping[str, Any]) -> str:
    name = data["s"]
    if type(name) is not str:
        raise Bad(Kind.MALFORMED, f"s is {name!r}, no symbol")
    return name


def _id(data: Mapping[str, Any], key: str) -> int:
    number = data[key]
    if type(number) is not int or not 0 <= number < 2**62:
        raise Bad(Kind.MALFORMED, f"{key} is {number!r}, no id")
    return number


def _ms(data: Mapping[str, Any], key: str) -> int:
    """0 where it is not told."""
    number = data.get(key, 0)
    if type(number) is not int or not (number == 0 or _EARLIEST <= number * 10**6 < _LATEST):
        raise Bad(Kind.BAD_TIME, f"{key} is {number!r}, no time in ms")
    return number


def _shown(text: bytes) -> str:
    return repr(text[:40].decode(errors="replace"))


def place_snapshots(recording: Recording) -> NDArray[np.bool_]:
    """A snapshot does not tell its symbol: it is the one of its file, which may have no other.

    Returns which events have a symbol now.
    """
    events = recording.events
    for index in np.flatnonzero(events.symbol == NO_SYMBOL).tolist():
        mates = events.symbol[(events.file == events.file[index]) & (events.symbol != NO_SYMBOL)]
        found = np.unique(mates)
        if len(found) == 1:
            events.symbol[index] = found[0]
            continue
        of = f"{len(found)} symbols" if len(found) else "no symbol"
        sentence = f"a snapshot does not tell its symbol, and its file has {of}"
        place = recording.files[events.file[index]], int(events.line[index])
        recording.findings.add(Finding(*place, Kind.UNPLACED_SNAPSHOT, sentence))
    placed: NDArray[np.bool_] = events.symbol != NO_SYMBOL
    return placed
