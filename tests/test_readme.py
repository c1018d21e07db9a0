"""What the README shows is true of the code."""

import json
import re
import sys
from decimal import Decimal
from pathlib import Path

import pytest
import yaml

from aitrader_core.agents.kinds import KINDS
from aitrader_core.domain.orders import Fill
from aitrader_core.runner.arena import Arena, build, load_arena
from aitrader_core.runner.config import ModelConfig
from aitrader_core.runner.settings import Settings, project_root
from tests.simulation.tapes import A, B, desk_at, tape_of, weekdays

README = (project_root() / "README.md").read_text()
PAGE = (project_root() / "docs" / "language-models.md").read_text()


def blocks(language: str, text: str = README) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


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


MODELS = [
    m for m in blocks("yaml") + blocks("yaml", PAGE) if "kind: " in m and "\nfile:" not in m
]  # of the user


@pytest.mark.parametrize("text", MODELS)
def test_every_model_that_is_shown_can_be_one(text: str, config_dir: Path) -> None:
    spec = yaml.safe_load(text)
    path = config_dir / "models" / "shown.yaml"
    path.write_text(text)
    (config_dir / "arenas" / "us.yaml").write_text(
        re.sub(
            "models:.*?\ndemo:",
            "models: [shown]\ndemo:",
            (config_dir / "arenas" / "us.yaml").read_text(),
            flags=re.DOTALL,
        )
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OPENAI_API_KEY", "in-the-environment")
        names = set(load_arena(config_dir, "us").models)
    repeats = range(2, spec.get("repeats", 1) + 1)
    variants = ["shown", *(["shown@anonymous"] if spec.get("anonymise") == "both" else [])]
    assert names == {*variants, *(f"{v}@{n}" for v in variants for n in repeats)}
