"""What the README shows is true of the code."""

import json
import re
import sys
from decimal import Decimal
from pathlib import Path

import pytest

from aitrader_core.agents.kinds import KINDS
from aitrader_core.domain.orders import Fill
from aitrader_core.runner.arena import Arena, build
from aitrader_core.runner.config import ModelConfig
from aitrader_core.runner.settings import Settings, project_root
from tests.simulation.tapes import A, B, desk_at, tape_of, weekdays

README = (project_root() / "README.md").read_text()


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def test_the_rule_of_your_own_trades(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = blocks("python")
    (tmp_path / "my_rules.py").write_text(code)
    monkeypatch.syspath_prepend(str(tmp_path))
    agent = build(ModelConfig(kind="my_rules:Dip", drop="0.03"), KINDS, tmp_path, "dip.yaml")
    desk = desk_at(tape_of({A: "100 90", B: "100 98"}), weekdays(2)[1], cash="1000")
    agent.trade(desk)
    assert [(o.order.symbol, type(o)) for o in desk.blotter] == [(A, Fill)]
    assert desk.portfolio.held(A) == Decimal(10)
    sys.modules.pop("my_rules")


def test_the_calls_are_json_that_asks_for_what_there_is(arena: Arena) -> None:
    calls = [json.loads(body) for body in re.findall(r"<<'JSON'\n(.*?)\nJSON", README, re.DOTALL)]
    enqueue, backfill = (call["variables"] for call in calls)
    asked = enqueue["config"]["ops"]["enqueue"]["config"]
    assert set(asked["models"]) <= set(arena.models)
    sessions = {str(session) for session in arena.sessions}
    assert {asked["start"], asked["end"]} <= sessions
    assert {key.split("|")[0] for key in backfill["keys"]} <= sessions


def test_every_model_and_setting_is_named() -> None:
    assert all(f"| `{kind}` |" in README for kind in KINDS)
    named = set(re.findall(r"`AITRADER_(\w+)`", README))
    assert named == {name.upper() for name in Settings.model_fields}


def test_every_folder_is_in_the_map() -> None:
    for package in ("aitrader_core", "aitrader_dagster"):
        assert f"{package}/" in README
    inside = (p for p in (project_root() / "aitrader_core").iterdir() if p.is_dir())
    for folder in (p.name for p in inside if not p.name.startswith("__")):
        assert f"  {folder}/" in README
