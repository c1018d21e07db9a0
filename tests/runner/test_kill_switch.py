"""Throwing the kill switch: from the command line, over REST, and as an asset."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import dagster as dg
import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient

from aitrader_core.cli import main
from aitrader_core.domain.errors import InputError
from aitrader_core.domain.trading_state import TradingState
from aitrader_core.runner.kill_switch import throw_switch
from aitrader_core.storage.jobs import Jobs
from aitrader_core.storage.trading_states import TradingStates
from aitrader_core.storage.urls import DatabaseUrls
from aitrader_core.web.app import create_app
from aitrader_core.web.house import House
from aitrader_dagster.defs.kill_switch import trading_state_asset
from aitrader_dagster.lib.resources import InferenceRunners, TradingFloors
from tests.small import Small

NOW = datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
HALTED = TradingState.HALTED


@pytest.fixture
def small_only(
    small: Small, database: DatabaseUrls, monkeypatch: pytest.MonkeyPatch
) -> DatabaseUrls:
    """The small arena is what commands and Dagster find."""
    monkeypatch.setenv("AITRADER_DATABASE_URL", database.libpq)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(small.config_dir))
    return database


@pytest.mark.parametrize(
    ("reason", "model", "said"),
    [
        (" \n", "", "give a reason"),
        ("x" * 1001, "", "give a reason"),
        ("a\x00b", "", "give a reason"),
        ("why", "randon", "did you mean random"),
    ],
)
def test_a_throw_needs_a_reason_and_a_model_that_is_there(
    small: Small, reason: str, model: str, said: str
) -> None:
    with pytest.raises(InputError, match=said):
        throw_switch(small.floor, HALTED, reason, "test", NOW, model)
    assert not TradingStates(small.engine).history("small")


@pytest.mark.usefixtures("small_only")
def test_by_command() -> None:
    def run(*arguments: str) -> Any:
        found = CliRunner().invoke(main, ["trading", *arguments, "--market", "small"])
        assert all(len(line) <= 80 for line in found.stdout.splitlines())
        return found

    assert run("show").stdout == "small is active\n"
    assert run("history").stdout == "nobody has thrown the switch of small yet\n"
    assert run("halt").exit_code == 2
    assert "random is halted" in run("halt", "--model", "random", "--reason", "too fast").stdout
    assert "small is active" in run().stdout
    assert run("reduce", "--reason", "a bad feed").exit_code == 0
    told = json.loads(run("--json", "--model", "random").stdout)
    assert (told["state"], len(told["switches"])) == ("halted", 2)
    assert "small is active" in run("resume", "--reason", "it is fine").stdout
    history = json.loads(run("history", "--json").stdout)
    assert [row["state"] for row in history["history"]] == ["active", "reducing", "halted"]
    assert history["first_changed"] is None
    assert "a bad feed" in run("history").stdout


def test_over_rest(small: Small, database: DatabaseUrls) -> None:
    house = House({"small": small.floor}, Jobs(small.engine), database, None, lambda: NOW)
    with TestClient(create_app(house), raise_server_exceptions=False) as client:
        assert client.get("/trading/small").json()["history"] == []
        thrown = client.post(
            "/trading/small", json={"state": "halted", "reason": "why", "model": "random"}
        )
        row = {
            "model": "random",
            "state": "halted",
            "reason": "why",
            "source": "rest",
            "set_at": NOW.isoformat(),
        }
        assert thrown.json() == {
            "market": "small",
            "state": "active",
            "switches": [row],
            "history": [row],
            "first_changed": None,
        }
        assert client.get("/trading/nowhere").status_code == 404
        for asked in ({"state": "off", "reason": "x"}, {"state": "halted", "reason": " "}):
            assert client.post("/trading/small", json=asked).status_code == 422
        elsewhere = {"origin": "https://example.org"}
        asked = {"state": "active", "reason": "please"}
        assert client.post("/trading/small", json=asked, headers=elsewhere).status_code == 403
        assert len(client.get("/trading/small").json()["history"]) == 1


@pytest.mark.usefixtures("small_only")
def test_as_an_asset(small: Small) -> None:
    asset = trading_state_asset(small.floor.arena)

    def materialized(**config: str) -> Mapping[str, Any] | None:
        settings = {"ops": {asset.op.name: {"config": config}}} if config else {}
        run = dg.materialize(
            [asset],
            resources={"floors": TradingFloors(inference=InferenceRunners())},
            run_config=settings,
            raise_on_error=False,
        )
        if not run.success:
            return None
        (event,) = run.asset_materializations_for_node(asset.op.name)
        return {name: found.value for name, found in event.metadata.items()}

    looked = materialized()
    assert looked is not None
    assert looked["state"] == "active"
    assert materialized(state="halted") is None  # nobody says why
    assert materialized(state="off", reason="why") is None
    told = materialized(state="halted", reason="why", model="random")
    assert told is not None
    assert (told["state"], told["model"], told["reason"]) == ("halted", "random", "why")
    states = TradingStates(small.engine)
    assert states.state_of("small", "random") is HALTED
    assert [throw.source for throw in states.history("small")] == ["dagster"]
