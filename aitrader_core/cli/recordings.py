"""aitrader recordings: check, import."""

import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.opening import as_json_option, market_option, open_floor
from aitrader_core.cli.printing import counted, money, print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.exchange.recording_check import Checked

_FILE = click.Path(path_type=Path)
_LOGS = click.option(
    "--logs", type=_FILE, metavar="DIR", help="The folder log, with <date>/log.jsonl."
)


@click.group()
def recordings() -> None:
    """Sessions that AI-Trader recorded: position.jsonl and log.jsonl."""


@recordings.command("check")
@click.argument("file", type=_FILE)
@_LOGS
@market_option
@as_json_option
def check_command(file: Path, logs: Path | None, market: str, as_json: bool) -> None:
    """Follow FILE on the stored prices and list every discrepancy; stores nothing. Exit 1 if it
    can't be imported."""
    from aitrader_core.exchange.recording_check import check
    from aitrader_core.exchange.recording_import import model_yaml
    from aitrader_core.runner.settings import load_settings

    with open_floor(market) as floor:
        checked = check(floor, file, logs)
    text = model_yaml(load_settings().config_dir, file, logs)
    if as_json:
        print_json({**_json(checked), "yaml": text})
    else:
        _print(checked)
        if not checked.faults:
            say(f"\n# configs/models/{market}/<name>.yaml\n{text}".rstrip())
    if checked.faults:
        sys.exit(1)


@recordings.command("import")
@click.argument("file", type=_FILE)
@click.option("--name", required=True, help="The model that it becomes.")
@_LOGS
@market_option
@as_json_option
def import_command(file: Path, name: str, logs: Path | None, market: str, as_json: bool) -> None:
    """Make FILE a model of the arena, as it was recorded, and queue its sessions."""
    from aitrader_core.domain.errors import RecordingError
    from aitrader_core.exchange.recording_check import check
    from aitrader_core.exchange.recording_import import model_yaml, place
    from aitrader_core.runner.arena import load_arena
    from aitrader_core.runner.requests import submit
    from aitrader_core.runner.settings import load_settings

    config_dir = load_settings().config_dir
    with open_floor(market) as floor:
        checked = check(floor, file, logs)
        if checked.faults:
            raise RecordingError(checked.faults[0])
        placed = place(config_dir, market, name, model_yaml(config_dir, file, logs))
        job_id = None
        if placed.to_add is None:
            again = replace(floor, arena=load_arena(config_dir, market))
            first, last = checked.span
            job_id = submit(again, str(first), str(last), [name], source="cli")
    if as_json:
        told = {"file": str(placed.path), "to_add": placed.to_add, "job": job_id}
        print_json({**told, "discrepancies": len(checked.findings)})
        return
    say(f"{placed.path} is written; {discrepancies(len(checked.findings))}")
    if job_id is None:
        say(f"add this line to the models of configs/arenas/{market}.yaml: {placed.to_add}")
        say(f"and then: aitrader jobs submit --market {market} --model {name}")
    else:
        say(f"job {job_id} is queued; see `aitrader jobs show {job_id}`")


def _print(checked: "Checked") -> None:
    for fault in checked.faults:
        say(fault)
    if checked.findings:
        rows = ((f.kind, f.place, f.what) for f in checked.findings)
        print_table(("kind", "where", "what"), rows)
    if not checked.days:
        say(f"{counted(len(checked.faults), 'fault')}: it can't be imported")
        return
    kinds = Counter(finding.kind for finding in checked.findings)
    counts = ", ".join(f"{number:,} {kind}" for kind, number in kinds.items())
    say(f"{discrepancies(len(checked.findings))}{counts and f': {counts}'}")
    first, last = checked.span
    closing, days = checked.days[-1].closing, checked.days
    fills = counted(sum(len(day.fills) for day in days), "fill")
    say(f"{counted(checked.records, 'record')}, {fills} in {counted(len(days), 'session')}")
    held = len(closing.positions)
    say(
        f"{first} to {last}: closes with cash {money(closing.cash)} and "
        f"{counted(held, 'position')}, worth {money(days[-1].value)}"
    )
    say(f"cash drifts by {float(checked.drift):.1e} at most, as binary floating point does")


def discrepancies(number: int) -> str:
    return f"{number:,} discrepanc{'y' if number == 1 else 'ies'}"


def _json(checked: "Checked") -> dict[str, object]:
    days = checked.days
    sums = {
        "records": checked.records,
        "sessions": len(days),
        "fills": sum(len(day.fills) for day in days),
        "refused": sum(len(day.refusals) for day in days),
        "corrections": sum(len(day.corrections) for day in days),
        "drift": checked.drift,
    }
    if days:
        closing = days[-1].closing
        sums |= {
            "first_session": days[0].session,
            "last_session": days[-1].session,
            "cash": closing.cash,
            "positions": dict(closing.positions),
            "value": days[-1].value,
        }
    return {
        "faults": checked.faults,
        "discrepancies": [
            {"kind": f.kind, "where": f.place, "what": f.what} for f in checked.findings
        ],
        "sums": sums,
    }
