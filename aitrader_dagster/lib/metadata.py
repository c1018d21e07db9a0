"""Model-days and leaderboards as the Dagster UI shows them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import dagster as dg

from aitrader_core.domain.model_day import Ending, ModelDay
from aitrader_core.domain.money import plain, plain_quantity
from aitrader_core.domain.orders import Refused
from aitrader_core.domain.transcript import Entry
from aitrader_core.storage.store import Stored
from aitrader_dagster.lib.dashboard import PAGE, Dashboard

Metadata = dict[str, dg.MetadataValue]

# RunnerInfo.told; the backend is that asked for -> that which ran
_OF_RUNNERS = ("network", "backend", "device", "precision", "versions", "engine", "fallback")
_ROOM = 600  # characters of one entry of a transcript


def day_metadata(
    day: ModelDay, stored: Stored, dashboard: Dashboard, *, before_cutoff: bool = False
) -> Metadata:
    """Figures, which the UI plots over the partitions, and where the rest is to be read."""
    figures: Metadata = {
        PAGE: dashboard.model_day(day.market, day.model, day.session),
        "value": dg.MetadataValue.float(float(day.value)),
        "profit": dg.MetadataValue.float(float(day.profit)),
        "cumulative_return": dg.MetadataValue.float(day.performance.cumulative_return),
        "fills": dg.MetadataValue.int(len(day.fills)),
        "refusals": dg.MetadataValue.int(len(day.refusals)),
    }
    if day.corrections:
        figures["corrections"] = dg.MetadataValue.int(len(day.corrections))
    if before_cutoff:
        figures["before knowledge cutoff"] = dg.MetadataValue.bool(True)
    if day.ending is not Ending.DONE:
        figures["ending"] = dg.MetadataValue.text(day.ending.value)
    if (usage := day.usage).calls:
        figures["calls"] = dg.MetadataValue.int(usage.calls)
        figures["tokens"] = dg.MetadataValue.int(usage.tokens)
        figures["seconds waited"] = dg.MetadataValue.float(usage.seconds)
        if usage.dollars is not None:
            figures["dollars"] = dg.MetadataValue.float(float(usage.dollars))
    if stored.superseded:
        figures["superseded"] = dg.MetadataValue.int(stored.superseded)
    return figures | runner_metadata(day.manifest.agent)


def runner_metadata(told: Mapping[str, str]) -> Metadata:
    """What ran a network, by what a runner tells of itself; nothing where there is none."""
    if "network" not in told:
        return {}
    return {name: dg.MetadataValue.text(told[name]) for name in _OF_RUNNERS if name in told}


def full_metadata(day: ModelDay, stored: Stored) -> Metadata:
    """Blotter, holdings and transcript of one model-day, to read."""
    blotter = [
        (
            outcome.order.side,
            plain_quantity(outcome.order.quantity),
            outcome.order.symbol,
            f"refused: {outcome.reason}"
            if isinstance(outcome, Refused)
            else f"{plain(outcome.price)}, commission {plain(outcome.commission)}",
        )
        for outcome in day.blotter
    ]
    holdings = [("cash", plain(day.closing.cash))] + [
        (symbol, plain_quantity(q)) for symbol, q in sorted(day.closing.positions.items())
    ]
    said = [(_who(entry), _shortened(entry.text)) for entry in day.transcript]
    summary = {"summary": dg.MetadataValue.text(day.summary)} if day.summary else {}
    return {
        **summary,
        "revision": dg.MetadataValue.int(stored.revision),
        "blotter": dg.MetadataValue.md(table(("side", "quantity", "symbol", "outcome"), blotter)),
        "holdings": dg.MetadataValue.md(table(("held at the close", "quantity"), holdings)),
        "transcript": dg.MetadataValue.md(table(("who", "what"), said)),
    }


def _shortened(text: str) -> str:
    """What the UI has room for; the database has it whole."""
    return text if len(text) <= _ROOM else f"{text[:_ROOM]} ... ({len(text):,} characters)"


def _who(entry: Entry) -> str:
    return f"{entry.role} {entry.tool}" if entry.tool else entry.role


def standings_table(rows: Sequence[Mapping[str, Any]]) -> str:
    """A leaderboard in Markdown; what is to be doubted, and what was spent, where it is any."""
    shown = [
        (
            str(row["rank"]),
            f"{row['model']} (simulated)" if row["simulated"] else row["model"],
            str(row["sessions"]),
            f"{float(row['value']):,.2f}",
            f"{row['total_return']:+.2%}",
            _interval(row),
            row["beats_benchmark"] or "",
            f"{row['max_drawdown']:.2%}",
            "" if row["sharpe"] is None else f"{row['sharpe']:.2f}",
            str(row["fills"]),
        )
        for row in rows
    ]
    held = ("95 % interval", "beats buy-and-hold")
    head = ("", "model", "sessions", "value", "return", *held, "drawdown", "Sharpe", "fills")
    doubts: dict[str, Sequence[object]] = {
        "corrected": [row["corrections"] for row in rows],
        "on restated prices": [row["restated"] for row in rows],
        "before knowledge cutoff": [row["before_cutoff"] for row in rows],
        "tokens": [row["tokens"] for row in rows],
        "dollars": [row["dollars"] and round(float(row["dollars"]), 4) for row in rows],
    }
    told = {what: counts for what, counts in doubts.items() if any(c != 0 for c in counts)}
    more = [tuple(_count(counts[n]) for counts in told.values()) for n in range(len(rows))]
    return table((*head, *told), [(*row, *extra) for row, extra in zip(shown, more, strict=True)])


def _interval(row: Mapping[str, Any]) -> str:
    low, high = row["interval_low"], row["interval_high"]
    return "" if low is None else f"{low:+.2%} to {high:+.2%}"


def _count(value: object) -> str:
    return "unknown" if value is None else str(value)


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """In Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(_cell(c) for c in line)} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", "<br>")
