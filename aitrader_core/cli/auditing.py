"""aitrader audit."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.opening import (
    NOTHING_STORED,
    as_json_option,
    known_models,
    market_option,
    open_floor,
    span,
    span_options,
)
from aitrader_core.cli.printing import counted, print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.runner.auditing import Audited, Finding


@click.command()
@click.argument("named", metavar="[MODEL]...", nargs=-1)
@span_options
@market_option
@as_json_option
def audit(
    named: tuple[str, ...], start: str | None, end: str | None, market: str, as_json: bool
) -> None:
    """Look for dates and prices of after their session in what was said on stored and failed
    days; exit 1 when we told a model one."""
    from aitrader_core.cli.progress import Meter
    from aitrader_core.runner import auditing

    first, last = span(start, end)
    with open_floor(market) as floor, Meter() as meter:
        failed = floor.failed_days.models(market)
        known = known_models(floor, [name for name in named if name not in failed])
        models = named or sorted({*known, *failed})
        found = list(auditing.audit(floor, models, first, last, meter))
    findings = [finding for audited in found for finding in audited.findings]
    if as_json:
        print_json(_json(found))
    elif not any(audited.days + audited.failed for audited in found):
        say("nothing is stored of that" if named else NOTHING_STORED)
    else:
        _print(found, findings)
    if any(finding.severity == "leak" for finding in findings):
        sys.exit(1)


def _print(found: "Sequence[Audited]", findings: "Sequence[Finding]") -> None:
    if findings:
        columns = ("session", "model", "entry", "who", "what", "where")
        print_table(columns, map(_row, findings), right=("entry",))
    leaks = sum(finding.severity == "leak" for finding in findings)
    days = counted(sum(audited.days for audited in found), "model-day")
    failed = sum(audited.failed for audited in found)
    of = f"{days} and {counted(failed, 'failed one')}" if failed else days
    told = f"{counted(leaks, 'leak')} and {counted(len(findings) - leaks, 'mention')}"
    say(f"{told} of what was not known yet, in {of} of {counted(len(found), 'model')}")


def _row(finding: "Finding") -> tuple[str, ...]:
    attempt = "" if finding.attempt is None else f" (failed {finding.attempt})"
    what = f"{finding.severity}: {finding.what}"
    return (
        f"{finding.session}{attempt}",
        finding.model,
        str(finding.entry),
        finding.who,
        what,
        finding.around,
    )


def _json(found: "Sequence[Audited]") -> dict[str, object]:
    from dataclasses import asdict

    findings = [finding for audited in found for finding in audited.findings]
    return {
        "model_days": sum(audited.days for audited in found),
        "failed_days": sum(audited.failed for audited in found),
        "models": {a.model: {"model_days": a.days, "failed_days": a.failed} for a in found},
        "leaks": sum(finding.severity == "leak" for finding in findings),
        "mentions": sum(finding.severity == "mention" for finding in findings),
        "findings": [asdict(finding) for finding in findings],
    }
