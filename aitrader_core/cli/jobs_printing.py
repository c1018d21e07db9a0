"""A job as a row, as JSON, and in full."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from aitrader_core.cli.printing import counted, print_json, print_table, say
from aitrader_core.storage.job import Detail, DetailStatus, Job
from aitrader_core.storage.jobs import Jobs

Counts = Mapping[DetailStatus, int]
_FAULTY = (DetailStatus.FAILED, DetailStatus.SKIPPED, DetailStatus.CANCELED)


def as_row(job: Job, counts: Counts) -> tuple[str, ...]:
    done, total = counts[DetailStatus.COMPLETED], sum(counts.values())
    sessions = f"{job.first} to {job.last}"
    return (
        str(job.id),
        job.status.value,
        sessions,
        str(len(job.models)),
        f"{done:,}",
        f"{total:,}",
        job.source,
    )


def job_json(job: Job, counts: Counts) -> dict[str, Any]:
    return {
        "id": job.id,
        "market": job.market,
        "status": job.status.value,
        "start": job.first,
        "end": job.last,
        "models": list(job.models),
        "replace_existing": job.replace_existing,
        "fresh": job.fresh,
        "max_dollars": job.max_dollars,
        "max_tokens": job.max_tokens,
        "source": job.source,
        "cancel_requested": job.cancel_requested,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "finished_at": job.finished_at,
        "counts": {status.value: count for status, count in counts.items()},
    }


def show_job(queue: Jobs, job: Job, *, as_json: bool, each: bool = False) -> None:
    """`each` tells every failed or skipped model-day by itself."""
    details = queue.details(job.id)
    if as_json:
        print_json(_full_json(job, details, each=each))
        return
    say(f"job {job.id} of {job.source} is {job.status.value}: {_request(job)}")
    _print_progress(job, details)
    faulty = _not_made(details)
    for detail in faulty if each else ():
        say(f"{detail.model} {detail.session} {detail.status.value}: {detail.reason}")
    if not each:
        for (model, status, reason), number in _grouped(faulty).items():
            say(f"{model}: {counted(number, 'session')} {status}: {reason}")


def _not_made(details: Sequence[Detail]) -> list[Detail]:
    """Those that there is something to say of; a canceled job says enough by itself."""
    return [d for d in details if d.status in _FAULTY and d.reason]


def _request(job: Job) -> str:
    terms = [f"{job.first} to {job.last}", counted(len(job.models), "model")]
    terms += ["replacing what is stored"] * job.replace_existing + ["afresh"] * job.fresh
    if job.max_dollars is not None:
        terms.append(f"{job.max_dollars:g} dollars at most")
    if job.max_tokens is not None:
        terms.append(f"{job.max_tokens:,} tokens at most")
    terms += ["asked to stop"] * (job.cancel_requested and not job.status.is_final)
    return ", ".join(terms)


def _print_progress(job: Job, details: Sequence[Detail]) -> None:
    by_model = _by_model(details)
    used = [s for s in DetailStatus if any(counts[s] for counts in by_model.values())]
    columns = ("model", *(status.value for status in used), "seconds")
    rows = [
        (
            model,
            *(f"{by_model[model][status]:,}" for status in used),
            f"{sum(d.seconds or 0 for d in details if d.model == model):.1f}",
        )
        for model in job.models
    ]
    print_table(columns, rows, right=columns[1:])


def _full_json(job: Job, details: Sequence[Detail], *, each: bool) -> dict[str, Any]:
    total = Counter(d.status for d in details)
    faulty = _not_made(details)
    found = job_json(job, {status: total[status] for status in DetailStatus})
    found["progress"] = {
        model: {status.value: counts[status] for status in DetailStatus}
        for model, counts in _by_model(details).items()
    }
    found["reasons"] = [
        {"model": model, "status": status, "reason": reason, "sessions": number}
        for (model, status, reason), number in _grouped(faulty).items()
    ]
    if each:
        found["faulty"] = [
            {"model": d.model, "session": d.session, "status": d.status, "reason": d.reason}
            for d in faulty
        ]
    return found


def _by_model(details: Sequence[Detail]) -> dict[str, Counter[DetailStatus]]:
    found: dict[str, Counter[DetailStatus]] = {}
    for detail in details:
        found.setdefault(detail.model, Counter())[detail.status] += 1
    return found


def _grouped(faulty: Sequence[Detail]) -> Counter[tuple[str, str, str]]:
    return Counter((d.model, d.status.value, d.reason or "") for d in faulty)
