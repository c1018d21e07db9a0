"""aitrader jobs: submit, list, show, cancel."""

import sys
from typing import TYPE_CHECKING

import click

from aitrader_core.cli.opening import as_json_option, market_option, open_floor, open_jobs
from aitrader_core.cli.printing import print_json, print_table, say

if TYPE_CHECKING:
    from aitrader_core.runner.floor import Floor
    from aitrader_core.storage.job import Job

STATUSES = ("pending", "running", "completed", "partial", "failed", "canceled")


@click.group()
def jobs() -> None:
    """Requests to simulate: a range of sessions x models."""


@jobs.command()
@click.option("--start", metavar="DATE", help="The first session; each model's next by default.")
@click.option("--end", metavar="DATE", help="The last session; the latest priced by default.")
@click.option("--models", "listed", metavar="A,B", help="Models; all of the arena by default.")
@click.option("--model", "named", multiple=True, metavar="A", help="One model; may be repeated.")
@click.option("--replace-existing", is_flag=True, help="Make days again that are stored.")
@click.option("--fresh", is_flag=True, help="Begin at START with the initial cash.")
@click.option("--max-dollars", type=float, metavar="N", help="What its models may spend together.")
@click.option("--max-tokens", type=int, metavar="N", help="Likewise, in tokens.")
@click.option("--wait", is_flag=True, help="Wait for its end; exit 1 unless it completed.")
@market_option
@as_json_option
def submit(
    start: str | None,
    end: str | None,
    listed: str | None,
    named: tuple[str, ...],
    replace_existing: bool,
    fresh: bool,
    max_dollars: float | None,
    max_tokens: int | None,
    wait: bool,
    market: str,
    as_json: bool,
) -> None:
    """Queue a range of sessions x models."""
    from aitrader_core.runner import requests

    with open_floor(market) as floor:
        job_id = requests.submit_due(
            floor,
            start,
            end,
            chosen(floor, listed, named),
            source="cli",
            replace_existing=replace_existing,
            fresh=fresh,
            max_dollars=max_dollars,
            max_tokens=max_tokens,
        )
        if job_id is None:
            if as_json:
                print_json({"id": None, "status": "up to date"})
            else:
                say("every model is up to date: nothing is queued")
            return
        if not as_json:
            say(f"job {job_id} is queued; see `aitrader jobs show {job_id}`")
        if wait:
            _wait(floor, job_id)
        _show(floor.jobs.get(job_id), floor, as_json=as_json, brief=not wait)


@jobs.command("list")
@click.option("--status", type=click.Choice(STATUSES), help="Only those in this state.")
@click.option("--limit", default=20, show_default=True, type=click.IntRange(min=1))
@as_json_option
def list_jobs(status: str | None, limit: int, as_json: bool) -> None:
    """The latest jobs, newest first."""
    from aitrader_core.cli.jobs_printing import as_row, job_json
    from aitrader_core.storage.job import JobStatus

    with open_jobs() as queue:
        found = queue.latest(limit, None if status is None else JobStatus(status))
        counts = [queue.counts(job.id) for job in found]
    pairs = list(zip(found, counts, strict=True))
    if as_json:
        print_json([job_json(job, count) for job, count in pairs])
    elif not pairs:
        say("there are no such jobs" if status else "there are no jobs: run `aitrader demo`")
    else:
        columns = ("id", "status", "sessions", "models", "done", "of", "source")
        print_table(columns, (as_row(*pair) for pair in pairs), right=("id", "done", "of"))


@jobs.command()
@click.argument("job_id", metavar="ID", type=int)
@click.option("--failed", is_flag=True, help="List each model-day that was not made.")
@as_json_option
def show(job_id: int, failed: bool, as_json: bool) -> None:
    """One job: its state, each model's progress, and what went wrong."""
    from aitrader_core.cli.jobs_printing import show_job

    with open_jobs() as queue:
        show_job(queue, known(queue.get(job_id), job_id), as_json=as_json, each=failed)


@jobs.command()
@click.argument("job_id", metavar="ID", type=int)
@as_json_option
def cancel(job_id: int, as_json: bool) -> None:
    """Cancel a pending job, ask a running one to stop after its session."""
    with open_jobs() as queue:
        before = known(queue.get(job_id), job_id).status
        status = queue.cancel(job_id) or before
    if as_json:
        print_json({"id": job_id, "status": status.value})
    elif before.is_final:
        say(f"job {job_id} has ended before: {before.value}")
    elif status.is_final:
        say(f"job {job_id} is canceled")
    else:
        say(f"job {job_id} stops after the sessions that it is in")


def known(job: "Job | None", job_id: int) -> "Job":
    from aitrader_core.domain.errors import InputError

    if job is None:
        raise InputError(f"there is no job {job_id}: see `aitrader jobs list`")
    return job


def chosen(floor: "Floor", listed: str | None, named: tuple[str, ...]) -> list[str]:
    """All of the arena when nothing is asked for; nothing when nothing is named."""
    if listed is None and not named:
        return list(floor.arena.models)
    return [*(name.strip() for name in (listed or "").split(",") if name.strip()), *named]


def _wait(floor: "Floor", job_id: int) -> None:
    from aitrader_core.cli.progress import Meter
    from aitrader_core.runner.settings import load_settings
    from aitrader_core.serve.following import follow
    from aitrader_core.serve.lock import holder

    if holder(load_settings().home) is None:
        click.echo("it waits for somebody to run `aitrader up`", err=True)
    with Meter() as meter:
        follow(floor.jobs, job_id, meter)


def _show(job: "Job | None", floor: "Floor", *, as_json: bool, brief: bool) -> None:
    from aitrader_core.cli.jobs_printing import show_job
    from aitrader_core.storage.job import JobStatus

    if job is None or (brief and not as_json):
        return
    show_job(floor.jobs, job, as_json=as_json)
    if not brief and job.status != JobStatus.COMPLETED:
        sys.exit(1)
