"""A day on ticks at the command line: a line for each order, and all of it as JSON."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from tests.cli.conftest import Run
from tests.conftest import NOW
from tests.small import Small
from tests.ticking import DAYS, ticking


def test_results_tell_orders_and_not_their_parts(
    small: Small, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    floor = ticking(small.config_dir, small.engine, tmp_path / "home")
    import_missing(floor, DAYS[0], DAYS[-1], NOW)
    (step,) = walk(floor, Plan("pattern", DAYS[:1], Origin("r", "run"), may_start=True))
    assert isinstance(step, Made), step
    url = small.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("AITRADER_DATABASE_URL", url)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(small.config_dir))
    asked = ("results", "pattern", str(DAYS[0]), "--market", "ticking")

    told = run(*asked)
    assert told.exit_code == 0, told.output
    orders = {fill.order.id for fill in step.day.fills}
    said = f"{len(orders)} orders: {len(orders)} filled in {len(step.day.fills)} part"
    assert said in told.output
    assert f"unbroken, ends in {step.day.trail[-1].hash}" in told.output
    assert sum(" filled " in line for line in told.output.splitlines()[3:-5]) >= len(orders)
    assert max(map(len, told.output[: told.output.index(said)].splitlines())) <= 80

    found = json.loads(run(*asked, "--json").output)
    assert [entry["hash"] for entry in found["trail"]] == [e.hash for e in step.day.trail]
    assert found["trail_changed_from"] is None
    assert {order["client_id"] for order in found["worked_orders"]} == orders
    assert sum(Decimal(o["fees"]) for o in found["worked_orders"]) == step.day.commission
    assert {order["client_id"] for order in found["orders"]} == orders
