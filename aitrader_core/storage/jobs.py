"""The queue of jobs, and how far each of their model-days has come."""

from collections.abc import Iterable, Sequence
from datetime import date

from sqlalchemy import Connection, Engine, RowMapping, func, insert, select, text, update

from aitrader_core.domain.errors import JobActive
from aitrader_core.storage.job import Detail, DetailStatus, Job, JobRequest, JobStatus
from aitrader_core.storage.schema import job_details, jobs
from aitrader_core.storage.store import Draft, Origin


class Jobs:
    """The queue of one database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def submit(self, request: JobRequest) -> int:
        """Queue a request and return the job's id. JobActive if it would be alone and is not."""
        with self._engine.begin() as connection:
            connection.execute(_QUEUE, {"market": request.market})
            if request.alone and (active := connection.scalar(_ACTIVE, {"market": request.market})):
                raise JobActive(active, request.market)
            job_id: int = connection.execute(
                insert(jobs)
                .values(
                    market=request.market,
                    first_session=request.first,
                    last_session=request.last,
                    models=list(request.models),
                    replace_existing=request.replace_existing,
                    fresh=request.fresh,
                    source=request.source,
                    max_dollars=request.max_dollars,
                    max_tokens=request.max_tokens,
                )
                .returning(jobs.c.id)
            ).scalar_one()
            connection.execute(
                insert(job_details),
                [
                    {"job_id": job_id, "model": model, "session": session}
                    for model, session in request.days()
                ],
            )
            return job_id

    def get(self, job_id: int) -> Job | None:
        with self._engine.connect() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).mappings().first()
            return None if row is None else _job(row)

    def latest(self, limit: int = 20, status: JobStatus | None = None) -> Sequence[Job]:
        """Newest first."""
        query = select(jobs).order_by(jobs.c.id.desc()).limit(limit)
        if status is not None:
            query = query.where(jobs.c.status == status.value)
        with self._engine.connect() as connection:
            return [_job(row) for row in connection.execute(query).mappings()]

    def running(self, market: str) -> Job | None:
        return self._first(market, JobStatus.RUNNING)

    def next_pending(self, market: str) -> Job | None:
        return self._first(market, JobStatus.PENDING)

    def start(self, job_id: int) -> bool:
        """Whether the job was still pending, and is running now."""
        with self._engine.begin() as connection:
            started = connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.status == "pending")
                .values(status="running", started_at=func.now())
            )
            return bool(started.rowcount)

    def details(self, job_id: int) -> Sequence[Detail]:
        """By model, then session."""
        query = (
            select(job_details)
            .where(job_details.c.job_id == job_id)
            .order_by(job_details.c.model, job_details.c.session)
        )
        with self._engine.connect() as connection:
            return [_detail(row) for row in connection.execute(query).mappings()]

    def counts(self, job_id: int) -> dict[DetailStatus, int]:
        query = (
            select(job_details.c.status, func.count())
            .where(job_details.c.job_id == job_id)
            .group_by(job_details.c.status)
        )
        with self._engine.connect() as connection:
            found = {row[0]: int(row[1]) for row in connection.execute(query)}
        return {status: found.get(status.value, 0) for status in DetailStatus}

    def sessions(self, job_id: int) -> dict[str, set[date]]:
        """What was asked for of each model."""
        found: dict[str, set[date]] = {}
        for detail in self.details(job_id):
            found.setdefault(detail.model, set()).add(detail.session)
        return found

    def unfinished(self, job_id: int, model: str) -> Sequence[date]:
        """Sessions of one model that are neither done nor given up."""
        query = select(job_details.c.session).where(
            job_details.c.job_id == job_id,
            job_details.c.model == model,
            job_details.c.status.in_(("pending", "running")),
        )
        with self._engine.connect() as connection:
            return connection.scalars(query.order_by(job_details.c.session)).all()

    def mark(
        self,
        origin: Origin,
        model: str,
        sessions: Iterable[date],
        status: DetailStatus,
        reason: str | None = None,
    ) -> None:
        """Set what became of some sessions of the job that `origin` belongs to, if of any."""
        wanted = list(sessions)
        if origin.job_id is None or not wanted:
            return
        with self._engine.begin() as connection:
            connection.execute(
                update(job_details)
                .where(
                    job_details.c.job_id == origin.job_id,
                    job_details.c.model == model,
                    job_details.c.session.in_(wanted),
                )
                .values(
                    status=status.value,
                    reason=reason,
                    attempt=origin.attempt,
                    run_id=origin.run_id,
                )
            )

    def cancel_requested(self, job_id: int) -> bool:
        with self._engine.connect() as connection:
            return bool(
                connection.scalar(select(jobs.c.cancel_requested).where(jobs.c.id == job_id))
            )

    def cancel(self, job_id: int) -> JobStatus | None:
        """Cancel a pending job at once, ask a running one to stop; the status it has then."""
        with self._engine.begin() as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.status.in_(("pending", "running")))
                .values(cancel_requested=True)
            )
            pending = connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.status == "pending")
                .values(status="canceled", finished_at=func.now())
            )
            if pending.rowcount:
                _give_up(connection, job_id, DetailStatus.CANCELED, None)
            status = connection.scalar(select(jobs.c.status).where(jobs.c.id == job_id))
        return None if status is None else JobStatus(status)

    def finish_if_done(self, job_id: int) -> None:
        """Roll a job up as soon as each of its model-days has its final state."""
        counts = self.counts(job_id)
        if not counts[DetailStatus.PENDING] + counts[DetailStatus.RUNNING]:
            self.finish(job_id)

    def finish(self, job_id: int) -> JobStatus:
        """Roll a job up whose runs have all ended; sessions that no run reached are given up."""
        with self._engine.begin() as connection:
            found = select(jobs.c.status, jobs.c.cancel_requested).where(jobs.c.id == job_id)
            before, canceled = connection.execute(found.with_for_update()).one()
            if before != "running":
                return JobStatus(before)
            if canceled:
                _give_up(connection, job_id, DetailStatus.CANCELED, None)
            else:
                reason = "its run ended before this session was simulated"
                _give_up(connection, job_id, DetailStatus.FAILED, reason)
            status = _rolled_up(connection, job_id, canceled=bool(canceled))
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.status == "running")
                .values(status=status.value, finished_at=func.now())
            )
        return status

    def _first(self, market: str, status: JobStatus) -> Job | None:
        query = (
            select(jobs)
            .where(jobs.c.market == market, jobs.c.status == status.value)
            .order_by(jobs.c.id)
            .limit(1)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).mappings().first()
        return None if row is None else _job(row)


def complete_details(connection: Connection, origin: Origin, drafts: Sequence[Draft]) -> None:
    """Within the transaction that stores the model-days, which are one model's."""
    connection.execute(
        _COMPLETE,
        {
            "job_id": origin.job_id,
            "model": drafts[0].day.model,
            "attempt": origin.attempt,
            "run_id": origin.run_id,
            "sessions": [draft.day.session for draft in drafts],
            "seconds": [draft.seconds for draft in drafts],
        },
    )


# One at a time, so that none comes in between the look at the others and the insert.
_QUEUE = text("select pg_advisory_xact_lock(hashtextextended('queue of ' || :market, 0))")
_ACTIVE = text(
    "select id from jobs where market = :market and status in ('pending', 'running')"
    " order by id limit 1"
)
_COMPLETE = text(
    "update job_details set status = 'completed', reason = null, attempt = :attempt,"
    " run_id = :run_id, seconds = done.seconds"
    " from unnest(cast(:sessions as date[]), cast(:seconds as double precision[]))"
    "      as done (session, seconds)"
    " where job_id = :job_id and model = :model and job_details.session = done.session"
)


def _give_up(connection: Connection, job_id: int, status: DetailStatus, reason: str | None) -> None:
    connection.execute(
        update(job_details)
        .where(job_details.c.job_id == job_id, job_details.c.status.in_(("pending", "running")))
        .values(status=status.value, reason=reason)
    )


def _rolled_up(connection: Connection, job_id: int, *, canceled: bool) -> JobStatus:
    """Completed when every day has its result, failed when none has, partial in between.

    Days are canceled one by one when the money for them is spent.
    """
    found = set(
        connection.scalars(
            select(job_details.c.status).distinct().where(job_details.c.job_id == job_id)
        )
    )
    if canceled and "canceled" in found:
        return JobStatus.CANCELED
    if not found & {"failed", "canceled"}:
        return JobStatus.COMPLETED
    return JobStatus.PARTIAL if "completed" in found else JobStatus.FAILED


def _job(row: RowMapping) -> Job:
    return Job(
        id=row["id"],
        market=row["market"],
        first=row["first_session"],
        last=row["last_session"],
        models=tuple(row["models"]),
        replace_existing=row["replace_existing"],
        fresh=row["fresh"],
        source=row["source"],
        status=JobStatus(row["status"]),
        cancel_requested=row["cancel_requested"],
        created_at=row["created_at"],
        started_at=row["started_at"],
        finished_at=row["finished_at"],
        max_dollars=None if row["max_dollars"] is None else float(row["max_dollars"]),
        max_tokens=row["max_tokens"],
    )


def _detail(row: RowMapping) -> Detail:
    return Detail(
        model=row["model"],
        session=row["session"],
        status=DetailStatus(row["status"]),
        reason=row["reason"],
        attempt=row["attempt"],
        run_id=row["run_id"],
        seconds=row["seconds"],
    )
