"""The campaign's own eyes: what would be lost or doubled is seen."""

from datetime import date

import pytest
from sqlalchemy import text

from aitrader_core.runner.floor import Floor
from aitrader_core.runner.requests import submit
from aitrader_core.runner.walk import Plan, walk
from aitrader_core.storage.store import Origin
from tests.faults.ledger import differences, own_faults, row_counts

MODEL = "random"


def simulate(floor: Floor, first: str, last: str, *, replace: bool = False) -> None:
    job = submit(floor, first, last, [MODEL], source="test")
    assert floor.jobs.start(job)
    sessions = floor.arena.calendar.between(date.fromisoformat(first), date.fromisoformat(last))
    origin = Origin(f"job-{job}", "run", job)
    for _ in walk(floor, Plan(MODEL, sessions, origin, replace=replace, may_start=True)):
        pass
    floor.jobs.finish_if_done(job)


@pytest.fixture
def undisturbed(module_floor: Floor) -> Floor:
    if not module_floor.model_days.sessions("us", MODEL):
        simulate(module_floor, "2012-06-01", "2012-06-08")
    return module_floor


def test_the_same_in_parts_is_the_same(floor: Floor, undisturbed: Floor) -> None:
    simulate(floor, "2012-06-01", "2012-06-05")
    simulate(floor, "2012-06-01", "2012-06-08")
    assert list(differences(floor.engine, undisturbed.engine)) == []
    assert list(own_faults(floor.engine, "us")) == []
    assert row_counts(floor.engine)["transcripts"] == 6


def test_what_is_lost_is_told_in_every_table(floor: Floor, undisturbed: Floor) -> None:
    simulate(floor, "2012-06-01", "2012-06-07")
    found = list(differences(floor.engine, undisturbed.engine))
    assert {fault.split()[0] for fault in found} >= {"model_days:", "fills:", "holdings:"}
    assert all(" lost (" in fault and "2012, 6, 8" in fault for fault in found)


def test_what_was_made_twice_is_told(floor: Floor, undisturbed: Floor) -> None:
    simulate(floor, "2012-06-01", "2012-06-08")
    simulate(floor, "2012-06-08", "2012-06-08", replace=True)
    assert any(" other (" in fault for fault in differences(floor.engine, undisturbed.engine))
    found = list(own_faults(floor.engine, "us"))
    assert "superseded or made again: random, 2012-06-08, 2" in found
    assert any(fault.startswith("completed more than once") for fault in found)


def test_what_a_job_does_not_know_is_told(floor: Floor) -> None:
    simulate(floor, "2012-06-01", "2012-06-08")
    with floor.engine.begin() as connection:
        forget = "update job_details set status = 'running' where session = '2012-06-05'"
        connection.execute(text(forget))
    found = {fault.partition(":")[0] for fault in own_faults(floor.engine, "us")}
    assert found == {"stored by a job that does not say so", "without a final state"}
