"""A live session starts from the latest close before it, or says why it can't."""

from datetime import timedelta
from decimal import Decimal

import pytest

from aitrader_core.domain.errors import InputError, MarketDataError
from aitrader_core.runner.import_prices import import_files
from aitrader_core.runner.live_desk import opening_before
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from tests.small import DAYS, A, B, Small


def test_starts_from_the_latest_close_before_the_session(small: Small) -> None:
    small.configure(models=["buy_and_hold"])
    actions = small.actions(f"{A},{DAYS[4]},split,2")

    import_files(small.floor, small.prices(), actions)
    plan = Plan("buy_and_hold", tuple(DAYS[:3]), Origin("job", "run"), may_start=True)
    steps = [step for step in walk(small.floor, plan) if isinstance(step, Made)]
    days = {step.session: step.day for step in steps}
    assert set(days[DAYS[2]].closing.positions) == {A, B}

    floor = small.floor
    fresh = opening_before(floor, "buy_and_hold", DAYS[0])
    assert (fresh.portfolio.cash, fresh.portfolio.positions) == (Decimal(1000), {})
    assert fresh.after is None
    second = opening_before(floor, "buy_and_hold", DAYS[1])
    assert (second.after, second.portfolio) == (DAYS[0], days[DAYS[0]].closing)
    assert second.prices == {A: Decimal(11), B: Decimal(20)}
    latest = opening_before(floor, "buy_and_hold", DAYS[3])
    assert (latest.after, latest.portfolio) == (DAYS[2], days[DAYS[2]].closing)
    assert latest.portfolio.value(latest.prices) == days[DAYS[2]].value
    with pytest.raises(MarketDataError, match="holds AAA since .* there was a corporate action"):
        opening_before(floor, "buy_and_hold", DAYS[5])
    with pytest.raises(InputError, match="the feed is of 2012-06-02: "):
        opening_before(floor, "buy_and_hold", DAYS[0] + timedelta(days=1))
