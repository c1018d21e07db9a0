"""Nobody trades on a price that jumped without a reason, whichever way the session is asked for."""

from collections.abc import Sequence
from datetime import date

import pytest
from sqlalchemy import text

from aitrader_core.domain.errors import JobError, MarketDataError
from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.requests import submit
from aitrader_core.runner.walk import Broken, Made, Plan, Step, walk
from aitrader_core.storage.store import Origin
from tests.small import DAYS, A, B, Small

JUMPS = {A: "1340 1341/1348.10 90.00 91 92 93", B: "20 21 22 23 24 25"}  # split 15:1, unlisted
WHY = (
    f"AAA opened at 90.00 on {DAYS[2]}, where its previous close and corporate actions lead to "
    "1348.10: an unlisted or wrong split? Import the corporate action (aitrader prices import "
    f"--market small --actions FILE), or put AAA {DAYS[2]} among the arena's accepted_jumps"
)


@pytest.fixture
def jumped(small: Small) -> Small:
    done = small.priced(JUMPS)
    assert [(jump.symbol, jump.session) for jump in done.jumps] == [(A, DAYS[2])]
    return small


def asked(small: Small, first: date, last: date) -> int:
    return submit(small.floor, str(first), str(last), ["buy_and_hold"], source="test")


def walked(small: Small, sessions: Sequence[date], request: str = "backfill-x") -> list[Step]:
    plan = Plan("buy_and_hold", tuple(sessions), Origin(request, "run"), may_start=True)
    return list(walk(small.floor, plan))


def rows(small: Small) -> list[int]:
    tables = ("jobs", "job_details", "model_days", "models")
    with small.engine.connect() as connection:
        return [connection.scalar(text(f"select count(*) from {t}")) or 0 for t in tables]


def test_a_job_over_it_is_refused_and_nothing_is_stored(jumped: Small) -> None:
    for first, last in ((0, 5), (2, 2), (2, 4), (0, 2)):
        with pytest.raises(JobError) as error:
            asked(jumped, DAYS[first], DAYS[last])
        assert str(error.value) == WHY
    assert rows(jumped) == [0, 0, 0, 0]


def test_a_job_before_it_or_after_it_is_taken(jumped: Small) -> None:
    asked(jumped, DAYS[0], DAYS[1])
    asked(jumped, DAYS[3], DAYS[5])


def test_with_its_action_it_is_traded(jumped: Small) -> None:
    done = import_files(jumped.floor, None, jumped.actions(f"AAA,{DAYS[2]},split,15"))
    assert done.jumps == ()
    asked(jumped, DAYS[0], DAYS[5])
    assert all(isinstance(step, Made) for step in walked(jumped, DAYS[:6]))


def test_a_wrong_action_is_no_explanation(jumped: Small) -> None:
    done = import_files(jumped.floor, None, jumped.actions(f"AAA,{DAYS[2]},split,3"))
    assert [(jump.symbol, jump.session) for jump in done.jumps] == [(A, DAYS[2])]
    with pytest.raises(JobError, match="AAA opened at 90.00 .* lead to 449.37: an unlisted"):
        asked(jumped, DAYS[0], DAYS[5])


def test_when_it_is_accepted_it_is_traded(jumped: Small) -> None:
    jumped.configure(accepted_jumps={"AAA": [DAYS[2]]})
    asked(jumped, DAYS[0], DAYS[5])
    assert all(isinstance(step, Made) for step in walked(jumped, DAYS[:6]))


@pytest.mark.parametrize("accepted", [{"BBB": [DAYS[2]]}, {"AAA": [DAYS[1]]}])
def test_another_jump_that_is_accepted_is_another(
    jumped: Small, accepted: dict[str, list[date]]
) -> None:
    jumped.configure(accepted_jumps=accepted)
    with pytest.raises(JobError):
        asked(jumped, DAYS[0], DAYS[5])


def test_a_walk_that_nobody_submitted_fails_that_day_and_keeps_those_before(
    jumped: Small,
) -> None:
    *made, last = walked(jumped, DAYS[:5])
    assert [step.session for step in made] == DAYS[:2]
    assert isinstance(last, Broken)
    assert isinstance(last.error, MarketDataError)
    assert (last.session, last.reason) == (DAYS[2], WHY)
    assert list(jumped.floor.model_days.sessions("small", "buy_and_hold")) == DAYS[:2]


def test_a_walk_that_begins_there_stores_nothing(jumped: Small) -> None:
    (step,) = walked(jumped, DAYS[2:4])
    assert isinstance(step, Broken)
    assert step.reason == WHY
    assert rows(jumped) == [0, 0, 0, 0]


def test_what_was_refused_goes_on_when_it_is_explained(jumped: Small) -> None:
    walked(jumped, DAYS[:5])
    import_files(jumped.floor, None, jumped.actions(f"AAA,{DAYS[2]},split,15"))
    steps = walked(jumped, DAYS[:5])
    assert [type(step).__name__ for step in steps] == ["Kept", "Kept", "Made", "Made", "Made"]


def test_a_session_after_it_can_look_back_on_it(jumped: Small) -> None:
    steps = walked(jumped, DAYS[3:5])
    assert [type(step).__name__ for step in steps] == ["Made", "Made"]
