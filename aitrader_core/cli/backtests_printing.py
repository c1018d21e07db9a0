"""A backtest as a row, as JSON, as CSV, and in full."""

import csv
import sys
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from aitrader_core.cli.printing import counted, percent, print_json, print_table, say
from aitrader_core.results.metrics import Metrics
from aitrader_core.runner.variants import told
from aitrader_core.storage.backtest import Backtest, Trial

_METRICS = [field.name for field in fields(Metrics)]


def ranked_by(found: Backtest) -> str:
    """What its best combination is the best by; before there is one, what it will be."""
    return str(found.summary.get("ranked_by", "sharpe"))


def as_row(found: Backtest) -> tuple[str, ...]:
    asked, best = found.request, found.summary.get("best_parameters")
    return (
        str(found.id),
        found.status.value,
        asked.market,
        asked.model,
        f"{asked.first} to {asked.last}",
        f"{found.done:,}",
        "-" if best is None else told(ordered(found, best)) or "as configured",
    )


def backtest_json(found: Backtest) -> dict[str, Any]:
    asked = found.request
    return {
        "id": found.id,
        "market": asked.market,
        "model": asked.model,
        "first": asked.first,
        "last": asked.last,
        "train_until": asked.train_until,
        "grid": asked.grid,
        "source": asked.source,
        "status": found.status.value,
        "reason": found.reason,
        "done": found.done,
        "run_id": found.run_id,
        "manifest": found.manifest,
        "summary": found.summary,
        "created_at": found.created_at,
        "finished_at": found.finished_at,
    }


def trial_json(trial: Trial) -> dict[str, Any]:
    return {
        "number": trial.number,
        "status": trial.status.value,
        "reason": trial.reason,
        "parameters": trial.parameters,
        "metrics": trial.metrics,
        "later": trial.later,
        "fills": trial.fills,
        "refusals": trial.refusals,
        "seconds": trial.seconds,
        "equity": trial.equity,
    }


def write_csv(found: Backtest, trials: Sequence[Trial]) -> None:
    """A column for each parameter and metric; `later_` ones are of the sessions after training."""
    keys = list(found.request.grid)
    spans = ("", "later_") if found.request.train_until else ("",)
    lines = csv.writer(sys.stdout, lineterminator="\n")
    figures = [f"{span}{name}" for span in spans for name in _METRICS]
    lines.writerow(["number", "status", *keys, *figures, "fills", "refusals", "seconds", "reason"])
    for trial in trials:
        row: list[Any] = [trial.number, trial.status.value]
        row += [trial.parameters[key] for key in keys]
        row += [trial.metrics.get(name) for name in _METRICS]
        row += [trial.later.get(name) for name in _METRICS] if found.request.train_until else []
        lines.writerow([*row, trial.fills, trial.refusals, trial.seconds, trial.reason])


def show_backtest(found: Backtest, trials: Sequence[Trial], *, as_json: bool) -> None:
    if as_json:
        print_json({**backtest_json(found), "trials": [trial_json(trial) for trial in trials]})
        return
    asked = found.request
    say(
        f"backtest {found.id} of {asked.market}/{asked.model}, {asked.first} to {asked.last}: "
        f"{found.status.value}, {counted(found.done, 'combination')}"
    )
    if found.reason:
        say(found.reason)
    if trials:
        _print(found, trials)
    for sentence in verdict(found):
        say(sentence)


def verdict(found: Backtest) -> list[str]:
    """Which was best, and how much of that may be luck."""
    summary = found.summary
    if not summary or summary["best"] is None:
        return []
    best = told(ordered(found, summary["best_parameters"])) or "the model as it is configured"
    by = "Sharpe ratio" if summary["ranked_by"] == "sharpe" else "return, of too few sessions"
    said = [f"best of {summary['tried']:,} by {by}: number {summary['best']}, {best}"]
    if summary["failed"]:
        said.append(f"{counted(summary['failed'], 'combination')} failed")
    if judged := summary["deflated"]:
        said.append(
            f"its Sharpe ratio of {judged['sharpe']:.2f} is to be held against "
            f"{judged['expected_sharpe']:.2f}, what the best of {judged['tried']:,} without any "
            f"skill would show: it is truly above that with a probability of "
            f"{judged['probability']:.0%} (deflated Sharpe ratio)"
        )
    return said


def ordered(found: Backtest, parameters: Any) -> dict[str, Any]:
    """As they were asked for."""
    return {key: parameters[key] for key in found.request.grid}


def _print(found: Backtest, trials: Sequence[Trial]) -> None:
    until = found.request.train_until
    numbers = ("return", "Sharpe", "drawdown", *(("later",) if until else ()), "fills")
    rows = []
    for trial in trials:
        shown = told(ordered(found, trial.parameters)) or "as configured"
        if trial.reason is not None:
            rows.append((str(trial.number), f"{shown}: {trial.reason}", *[""] * len(numbers)))
            continue
        sharpe, later = trial.metrics["sharpe"], trial.later.get("cumulative_return")
        rows.append(
            (
                str(trial.number),
                shown,
                percent(trial.metrics["cumulative_return"]),
                "-" if sharpe is None else f"{sharpe:.2f}",
                percent(trial.metrics["max_drawdown"]),
                *(("-" if later is None else percent(later),) if until else ()),
                f"{trial.fills:,}",
            )
        )
    print_table(("#", "parameters", *numbers), rows, right=("#", *numbers))
    if until:
        say(f"return, Sharpe and drawdown are up to {until}; later is the return after it")
