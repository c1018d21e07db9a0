"""Stored orders under other costs: the same days at the same costs, and nobody is asked again."""

import json

import pytest
from sqlalchemy import text

from aitrader_core.agents.llm.language_model import PreparedModel
from aitrader_core.agents.rules import RandomTrader
from aitrader_core.domain.errors import InputError
from aitrader_core.domain.model_day import ModelDay
from aitrader_core.domain.orders import Fill
from aitrader_core.runner.comparing import compare_ledgers
from aitrader_core.runner.config import costs
from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.measuring import measure
from aitrader_core.runner.rescoring import Rescored, rescore
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.history import records
from aitrader_core.storage.store import Origin
from tests.small import DAYS, A, B, Small

WEEK = DAYS[:6]
PROFILES = {
    "dear": "commission_minimum: 1\nslippage: 0.02\n",
    "dearest": "commission_minimum: 200\n",
}


@pytest.fixture
def traded(small: Small) -> Small:
    """A rule and a language model, at costs; there is a split among its sessions."""
    for name, profile in PROFILES.items():
        (small.config_dir / "costs" / f"{name}.yaml").write_text(profile)
    small.model("one", kind="llm", model="scripted", endpoint="scripted")
    small.configure(costs="dear", models=["random", "one"], history=20)
    prices = small.prices({A: "10/11 12/13 14/15 8/8.5 9/9.5 10", B: "20 21 22 23 24 25"})
    import_files(small.floor, prices, small.actions(f"AAA,{WEEK[3]},split,2"))
    for model in ("random", "one"):
        plan = Plan(model, tuple(WEEK), Origin("test", "test"), may_start=True)
        steps = list(walk(small.floor, plan))
        assert [step for step in steps if not isinstance(step, Made)] == []
    return small


def again(small: Small, model: str, profile: str) -> Rescored:
    return rescore(small.floor, model, costs(small.config_dir, profile))


@pytest.fixture
def nobody_decides(traded: Small, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ARG001
    """From here on."""

    def asked(*_: object) -> None:
        raise AssertionError("a model was asked")

    monkeypatch.setattr(PreparedModel, "trade", asked, raising=False)
    monkeypatch.setattr(RandomTrader, "trade", asked)


@pytest.mark.usefixtures("nobody_decides")
def test_the_same_costs_give_the_same_days(traded: Small) -> None:
    for model in ("random", "one"):
        _gives_the_same_days(traded, model)


def _gives_the_same_days(traded: Small, model: str) -> None:
    found = again(traded, model, "dear")
    kept = records(traded.engine, "small", model)
    assert [day.session for day in found.days] == WEEK
    for record, day in zip(kept, found.days, strict=True):
        assert list(compare_ledgers(record, day)) == []
        assert (day.blotter, day.closing, day.marks) == (
            record.day.blotter,
            record.day.closing,
            record.day.marks,
        )
    assert (found.refused_now, found.filled_now) == (0, 0)
    (was,) = measure(traded.floor, [model])
    (now,) = measure(traded.floor, [model], costs=costs(traded.config_dir, "dear"))
    assert (was.metrics, was.metrics.cost_drag > 0) == (now.metrics, True)


@pytest.mark.usefixtures("nobody_decides")
def test_without_costs_the_money_stays(traded: Small) -> None:
    """What it closes with is more by what each fill had cost it, as its orders are the same."""
    kept = [record.day for record in records(traded.engine, "small", "random")]
    found = again(traded, "random", "free")
    assert (found.refused_now, found.filled_now) == (0, 0)
    opens = {A: [10, 12, 14, 8, 9, 10], B: [20, 21, 22, 23, 24, 25]}
    saved = sum(
        fill.commission + abs(fill.price - opens[fill.order.symbol][n]) * fill.order.quantity
        for n, day in enumerate(kept)
        for fill in day.fills
    )
    assert saved > 0
    assert found.days[-1].closing.cash == kept[-1].closing.cash + saved
    assert found.days[-1].closing.positions == kept[-1].closing.positions
    assert found.curve[-1].slippage == found.curve[-1].commission == 0
    (now,) = measure(traded.floor, ["random"], costs=costs(traded.config_dir, "free"))
    assert now.metrics.cost_drag == 0


def test_orders_that_cannot_be_paid_any_more_are_refused_and_counted(traded: Small) -> None:
    found = again(traded, "random", "dearest")
    stored = [record.day for record in records(traded.engine, "small", "random")]
    assert found.refused_now == fills(stored) - fills(found.days) + found.filled_now > 0
    assert all(day.closing.cash >= 0 for day in found.days)
    assert [len(day.blotter) for day in found.days] == [len(day.blotter) for day in stored]


def fills(days: "list[ModelDay] | tuple[ModelDay, ...]") -> int:
    return sum(isinstance(outcome, Fill) for day in days for outcome in day.blotter)


def test_a_part_goes_on_from_its_stored_opening_and_nothing_is_stored(traded: Small) -> None:
    count = text("select count(*), max(id) from model_days")
    with traded.engine.connect() as connection:
        before = connection.execute(count).one()
    free = costs(traded.config_dir, "free")
    found = rescore(traded.floor, "random", free, WEEK[2], WEEK[4])
    stored = [record.day for record in records(traded.engine, "small", "random")]
    assert found.days[0].opening == stored[2].opening
    grown = found.days[-1].value / stored[2].opening.performance.value - 1
    assert found.curve[-1].cumulative_return == pytest.approx(float(grown))
    with pytest.raises(InputError, match="nothing is stored of random in that span"):
        rescore(traded.floor, "random", free, DAYS[-1])
    with traded.engine.connect() as connection:
        assert connection.execute(count).one() == before


def test_what_a_model_took_is_not_asked_for_again(traded: Small) -> None:
    (was,) = measure(traded.floor, ["one"])
    (now,) = measure(traded.floor, ["one"], costs=costs(traded.config_dir, "free"))
    assert was.metrics.tokens_per_return is not None
    assert now.metrics.tokens_per_return is not None
    ratio = was.metrics.tokens_per_return / now.metrics.tokens_per_return
    assert ratio == pytest.approx(now.metrics.cumulative_return / was.metrics.cumulative_return)
    assert json.dumps(now.as_json())
