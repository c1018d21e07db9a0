"""What a recorded model said: AI-Trader's log/<date>/log.jsonl, beside its position.jsonl."""

import json
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from aitrader_core.agents.recording import moment_of
from aitrader_core.domain.errors import RecordingError
from aitrader_core.domain.market import Moment
from aitrader_core.domain.transcript import Entry

_FILE = "log.jsonl"
_SPEAKERS = {
    "system": "system",
    "user": "user",
    "human": "user",
    "assistant": "model",
    "ai": "model",
    "tool": "tool",
}


def logs_in(folder: Path) -> list[tuple[Moment, Path]]:
    """The logs of a folder that has a <date>/log.jsonl or a <date time>/log.jsonl per session or
    bar, oldest first. RecordingError names the folder and the way out."""
    try:
        found = sorted(path / _FILE for path in folder.iterdir() if (path / _FILE).is_file())
    except FileNotFoundError:
        raise RecordingError(
            f"{folder}: there is no such folder: correct the model's `logs`"
        ) from None
    except OSError as error:
        raise RecordingError(
            f"{folder}: can't be read ({error.strerror}): `logs` names the folder that has a "
            f"<date>/{_FILE} per session"
        ) from None
    if not found:
        raise RecordingError(
            f"{folder}: has no <date>/{_FILE}: name the folder that AI-Trader calls log"
        )
    return sorted((_moment(path), path) for path in found)


def read_log(path: Path) -> tuple[Entry, ...]:
    """Its messages in order, under the roles of a transcript. RecordingError names file and line;
    a log that is not there has none."""
    try:
        stat = path.stat()
        return _read(path, stat.st_mtime_ns, stat.st_size)
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise RecordingError(f"{path}: can't be read ({error.strerror}): allow it") from None


@lru_cache(maxsize=512)
def _read(path: Path, _changed: int, _size: int) -> tuple[Entry, ...]:
    try:
        lines = path.read_bytes().decode().split("\n")
    except UnicodeDecodeError as error:
        raise RecordingError(f"{path}: is not UTF-8 text ({error.reason}): save it so") from error
    return tuple(
        entry
        for number, line in enumerate(lines, 1)
        if line.strip()
        for entry in _line(f"{path}:{number}", line)
    )


def _moment(path: Path) -> Moment:
    try:
        return moment_of(path.parent.name)
    except ValueError as error:
        raise RecordingError(
            f"{path}: the folder of a log is named as its date is, such as 2025-10-02 or "
            f"2025-10-02 10:00:00 ({error}): rename or remove it"
        ) from error


def _line(place: str, line: str) -> list[Entry]:
    try:
        raw = json.loads(line)
    except json.JSONDecodeError as error:
        raise RecordingError(
            f"{place}: is not a whole JSON object (column {error.colno}: {error.msg}): was the "
            "file cut off? Remove or complete the line"
        ) from error
    try:
        messages = _object(raw, "the line")["new_messages"]
        listed = messages if isinstance(messages, list) else [messages]
        return [entry for message in listed for entry in _entries(_object(message, "a message"))]
    except KeyError as error:
        raise RecordingError(f"{place}: has no {error}: complete the line") from error
    except ValueError as error:
        raise RecordingError(f"{place}: {error}: correct the line") from error


def _entries(message: dict[str, Any]) -> Iterator[Entry]:
    """What was said, and then the tools that were called for."""
    said = message["role"]
    if said not in _SPEAKERS:
        raise ValueError(f"role is {said!r}, known are {', '.join(_SPEAKERS)}")
    text, calls = _text(message.get("content")), message.get("tool_calls") or []
    if text or not calls:
        yield Entry(_SPEAKERS[said], text, message.get("name"), message.get("tool_call_id"))
    for call in calls:
        yield _call(_object(call, "a tool call"))


def _call(call: dict[str, Any]) -> Entry:
    """As the API has it, or as LangChain does."""
    function = _object(call.get("function", call), "a tool call's function")
    wanted = function.get("arguments", function.get("args", {}))
    arguments = wanted if isinstance(wanted, str) else json.dumps(wanted, ensure_ascii=False)
    return Entry("call", arguments, function["name"], call.get("id"))


def _text(content: object) -> str:
    """A text, a list of parts that have one, or nothing beside a tool call."""
    if content is None:
        return ""
    if isinstance(content, list):
        return "".join(_text(p.get("text") if isinstance(p, dict) else p) for p in content)
    if not isinstance(content, str):
        raise ValueError(f"content is {str(content)[:40]!r}, not a text")
    return content


def _object(value: Any, what: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError(f"{what} is not a JSON object")
    return value
