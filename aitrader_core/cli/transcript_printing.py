"""What was said on a model-day, line by line, and what it took."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC
from typing import TYPE_CHECKING, Any

from aitrader_core.cli.printing import counted, say
from aitrader_core.domain.transcript import SUMMARY, Entry, Usage, usage_of

if TYPE_CHECKING:
    from aitrader_core.storage.calls import FailedDay


def print_transcript(entries: Sequence[Entry], ending: str) -> None:
    """In order; with what calls took in all, the summary and the ending after it."""
    said = [entry for entry in entries if entry.role != SUMMARY]
    if said:
        say("")
    for line in _lines(said):
        say(line)
    usage = usage_of(tuple(entries))
    if usage.calls:
        say("")
        say(told(usage))
    for entry in entries:
        if entry.role == SUMMARY:
            say(f"{SUMMARY}: {entry.text}")
    if usage.calls:
        say(f"ending: {ending}")


def print_failed(market: str, model: str, attempts: "Sequence[FailedDay]") -> None:
    """The latest of them."""
    last = attempts[-1]
    often = f", {counted(len(attempts), 'time')}" if attempts[1:] else ""
    say(f"{model} on {last.session} ({market}): failed{often}, and is not in the ledger")
    say(f"reason: {last.reason}")
    when = f"{last.failed_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    say(f"at {when}, for {last.request} (run {last.run_id})")
    print_transcript(last.entries, "failed")


def failed_json(market: str, model: str, attempts: "Sequence[FailedDay]") -> dict[str, Any]:
    return {
        "market": market,
        "model": model,
        "session": attempts[-1].session,
        "ending": None,
        "failed": [
            {
                "reason": attempt.reason,
                "request": attempt.request,
                "run_id": attempt.run_id,
                "failed_at": attempt.failed_at,
                "usage": asdict(usage_of(attempt.entries)),
                "transcript": [asdict(entry) for entry in attempt.entries],
            }
            for attempt in reversed(attempts)
        ],
    }


def told(usage: Usage) -> str:
    """In one line.

    >>> told(Usage(1200, 1000, 80, 20, 2.5, None, 2))
    '2 calls: 1,200 tokens in (1,000 cached), 80 out (20 reasoning), unknown price, 2.5 s waited'
    """
    cached = f" ({usage.cached_tokens:,} cached)" if usage.cached_tokens else ""
    reasoning = f" ({usage.reasoning_tokens:,} reasoning)" if usage.reasoning_tokens else ""
    tokens = f"{usage.input_tokens:,} tokens in{cached}, {usage.output_tokens:,} out{reasoning}"
    return f"{counted(usage.calls, 'call')}: {tokens}, {_took(usage)} waited"


def _lines(entries: Iterable[Entry]) -> Iterable[str]:
    calls = 0
    for entry in entries:
        calls += entry.usage is not None
        if entry.usage is not None:
            took = f"{entry.usage.tokens:,} tokens, {_took(entry.usage)}"
            yield f"{_who(entry)} (call {calls}: {took}): {entry.text}"
        elif entry.role == "call":
            yield f"call: {entry.tool}({_arguments(entry.text)})"
        else:
            yield f"{_who(entry)}: {entry.text}"


def _who(entry: Entry) -> str:
    """With the tool of an answer; what a desk did says so itself."""
    return f"{entry.role} {entry.tool}" if entry.tool and entry.role != "desk" else entry.role


def _arguments(text: str) -> str:
    """`symbol=AAPL, bars=20`; what is no JSON object as it was written."""
    try:
        given = json.loads(text or "{}")
    except (ValueError, RecursionError):
        return text
    if not isinstance(given, dict):
        return text
    return ", ".join(
        f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
        for name, value in given.items()
    )


def _took(usage: Usage) -> str:
    dollars = "unknown price" if usage.dollars is None else f"{usage.dollars:.4f} dollars"
    return f"{dollars}, {usage.seconds:.1f} s"
