"""A request that can't be met is refused with a sentence, before anything is stored."""

from collections.abc import Sequence
from datetime import date

import pytest
from sqlalchemy import text

from aitrader_core.domain.errors import InputError
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.requests import parse_date, submit
from aitrader_core.storage.job import DetailStatus, JobStatus
from tests.small import DAYS, A, B, Small

FIRST, LAST = "2012-06-01", "2012-06-15"
MODELS = (
    "buy_and_hold, daily_mlp, equal_weight, inverse_volatility, mean_reversion, momentum, pattern, "
    "random, scripted_llm"
)


def refused(
    floor: Floor, first: str = FIRST, last: str = LAST, models: Sequence[str] = ("random",)
) -> str:
    before = [job.id for job in floor.jobs.latest()]
    with pytest.raises(InputError) as error:
        submit(floor, first, last, models, source="test")
    assert [job.id for job in floor.jobs.latest()] == before
    return str(error.value)


def forget(floor: Floor, where: str) -> None:
    with floor.engine.begin() as connection:
        assert connection.execute(text(f"delete from bars where {where}")).rowcount


def test_a_good_request_is_queued_whole(module_floor: Floor) -> None:
    job_id = submit(
        module_floor,
        "2012-06-29",
        "2012-07-09",
        ["random", "momentum"],
        source="test",
        replace_existing=True,
        fresh=True,
    )
    job = module_floor.jobs.get(job_id)
    assert job is not None
    assert (job.market, job.first, job.last) == ("us", date(2012, 6, 29), date(2012, 7, 9))
    assert (job.replace_existing, job.fresh, job.source) == (True, True, "test")
    assert (job.status, job.models) == (JobStatus.PENDING, ("random", "momentum"))
    days = [29, 2, 3, 5, 6, 9]  # without week-ends and the 4th of July
    sessions = [date(2012, 6 if day == 29 else 7, day) for day in days]
    found = [(detail.model, detail.session) for detail in module_floor.jobs.details(job_id)]
    assert found == [(model, session) for model in ("momentum", "random") for session in sessions]


def test_the_models_of_a_request_are_on_record(module_floor: Floor) -> None:
    for _ in range(2):
        submit(module_floor, FIRST, FIRST, ["random"], source="test")
    with module_floor.engine.connect() as connection:
        found = connection.execute(text("select name, kind, config, config_hash from models"))
        rows = {name: rest for name, *rest in found}
    assert rows.keys() == module_floor.arena.models.keys()
    config = {"kind": "random", "seed": 7, "turnover": 0.1}
    assert rows["random"] == ["random", config, module_floor.arena.models["random"].config_hash]


def test_a_model_is_asked_for_once(module_floor: Floor) -> None:
    models = ["random", "momentum", "random"]
    job_id = submit(module_floor, FIRST, FIRST, models, source="test")
    job = module_floor.jobs.get(job_id)
    assert job is not None
    assert job.models == ("random", "momentum")
    assert module_floor.jobs.counts(job_id)[DetailStatus.PENDING] == 2


def test_a_single_session_is_a_range(module_floor: Floor) -> None:
    last = module_floor.arena.last_session.isoformat()
    job_id = submit(module_floor, last, last, ["random"], source="test")
    assert len(module_floor.jobs.details(job_id)) == 1


def test_no_model(module_floor: Floor) -> None:
    assert refused(module_floor, models=[]) == f"no model is named: choose from {MODELS}"


NEAREST = {
    "momentun": "did you mean momentum? ",
    "Random": "did you mean random? ",
    "random,momentum": "did you mean momentum? ",
    "": "",
    "gpt-5": "",
}


@pytest.mark.parametrize("name", NEAREST)
def test_an_unknown_model(module_floor: Floor, name: str) -> None:
    assert refused(module_floor, models=["random", name]) == (
        f"there is no model {name!r} in the us arena: {NEAREST[name]}it has {MODELS}"
    )


RANGES = {
    "reversed": (
        ("2012-06-05", "2012-06-04"),
        "the range is reversed: 2012-06-05 is after 2012-06-04",
    ),
    "from a week-end": (
        ("2012-06-02", "2012-06-05"),
        "2012-06-02 is not an XNYS session (week-end); the nearest are 2012-06-01 and 2012-06-04",
    ),
    "to a holiday": (
        ("2012-07-02", "2012-07-04"),
        "2012-07-04 is not an XNYS session (holiday); the nearest are 2012-07-03 and 2012-07-05",
    ),
    "to the future": (
        ("2012-06-01", "2030-06-03"),
        "2030-06-03 is outside the us arena, which has the sessions 2000-03-01 to 2013-03-01",
    ),
    "from before it all": (
        ("2000-02-29", "2012-06-01"),
        "2000-02-29 is outside the us arena, which has the sessions 2000-03-01 to 2013-03-01",
    ),
    "beyond the calendar": (
        ("2012-06-01", "2031-01-02"),
        "2031-01-02 is not an XNYS session (outside the calendar's horizon 2000-01-01..2030-12-31)",
    ),
}


@pytest.mark.parametrize("what", RANGES)
def test_a_range_that_is_none(module_floor: Floor, what: str) -> None:
    (first, last), sentence = RANGES[what]
    assert refused(module_floor, first, last) == sentence


@pytest.mark.parametrize("written", ["yesterday", "", "2012-6-1", "2012-02-30", "01/06/2012"])
def test_a_date_that_is_none(module_floor: Floor, written: str) -> None:
    sentence = f"{written!r} is not a date: write it as YYYY-MM-DD"
    assert refused(module_floor, written) == refused(module_floor, last=written) == sentence
    with pytest.raises(InputError):
        parse_date(written)


def test_sessions_without_prices(floor: Floor) -> None:
    forget(floor, "session in ('2012-06-06', '2012-06-12')")
    assert refused(floor) == (
        "2 of the 11 sessions have no prices, the first is 2012-06-06: "
        "import them first (aitrader prices import --market us)"
    )
    submit(floor, FIRST, "2012-06-05", ["random"], source="test")


def test_a_symbol_without_a_bar(floor: Floor) -> None:
    forget(floor, "symbol = 'IBM' and session = '2012-06-06'")
    assert (
        refused(floor)
        == "IBM has no bar on 2012-06-06: import them first (aitrader prices import --market us)"
    )
    forget(floor, "symbol = 'AAPL' and session in ('2012-06-07', '2012-06-12', '2012-06-18')")
    assert refused(floor, "2012-06-07") == (
        "AAPL has no bar on 2012-06-07 and 1 more sessions: import them first "
        "(aitrader prices import --market us)"
    )
    submit(floor, FIRST, "2012-06-05", ["random"], source="test")
    submit(floor, "2012-06-13", LAST, ["random"], source="test")


def test_a_symbol_that_was_not_listed_yet_is_no_gap(module_floor: Floor) -> None:
    submit(module_floor, "2003-01-02", "2003-01-31", ["random"], source="test")  # no GOOG, no FB


def test_a_symbol_whose_newest_bar_is_missing(floor: Floor) -> None:
    """A vendor that is late with one symbol: its day would fail with MissingBar."""
    forget(floor, "symbol = 'IBM' and session = '2013-03-01'")
    assert "IBM has no bar on 2013-03-01" in refused(floor, "2013-02-25", "2013-03-01")


def test_prices_of_a_symbol_that_the_arena_left_out_are_nobodys_business(small: Small) -> None:
    small.priced({A: "10 11 12 13 14", B: "20 21 22 23 24 25"})
    small.configure(symbols=[B])
    submit(small.floor, str(DAYS[0]), str(DAYS[5]), ["buy_and_hold"], source="test")
    small.configure(symbols=[A])
    assert refused(small.floor, str(DAYS[0]), str(DAYS[5]), ["buy_and_hold"]).startswith(
        f"1 of the 6 sessions have no prices, the first is {DAYS[5]}: "
    )
