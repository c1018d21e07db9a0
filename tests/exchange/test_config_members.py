"""The configuration of any arena is the same on another machine, whatever its environment says."""

import json
from pathlib import Path

import pytest

from aitrader_core.domain.errors import InputError, ManifestError
from aitrader_core.exchange.config_members import config_members, environment_of, load_packed
from aitrader_core.runner.arena import Arena, load_arena

AROUND = {
    "OPENAI_API_BASE": "https://gateway.example/v1",
    "OPENAI_API_KEY": "sk-this-is-a-key",
    "THEIR_BASE": "https://theirs.example/v1",
}
THEIRS = {
    "agent_type": "BaseAgent",
    "market": "us",
    "date_range": {"init_date": "2012-06-01", "end_date": "2012-06-29"},
    "models": [
        {"name": "a", "basemodel": "gpt-5", "signature": "one", "openai_base_url": "$THEIR_BASE"},
        {"name": "b", "basemodel": "gpt-5", "signature": "two", "openai_api_key": "$MY_KEY"},
    ],
    "agent_config": {"max_steps": 9, "initial_cash": 12345.67},
}


def packed(config_dir: Path, arena: Arena, folder: Path) -> Arena:
    models = list(arena.models)
    members = config_members(config_dir, arena, models, AROUND)
    assert b"sk-this-is-a-key" not in b"".join(members.values())
    return load_packed(members, folder, arena.market, environment_of(arena, models))


def hashes(arena: Arena) -> dict[str, str]:
    return {name: model.config_hash for name, model in arena.models.items()}


@pytest.mark.parametrize("name", ["us", "cn", "crypto", "theirs"])
def test_an_arena_is_the_same_elsewhere(config_dir: Path, tmp_path: Path, name: str) -> None:
    (config_dir / "arenas" / "theirs.json").write_text(json.dumps(THEIRS))
    spec = "kind: llm\nmodel: gpt-5\nanonymise: both\nrepeats: 2\nparameters: {a: [1.5, {b: x}]}\n"
    (config_dir / "models" / "gpt-5-mini.yaml").write_text(spec)
    arena = load_arena(config_dir, name, AROUND)
    again = packed(config_dir, arena, tmp_path / "there")
    assert hashes(again) == hashes(arena)
    assert (again.symbols, again.rules, again.costs) == (arena.symbols, arena.rules, arena.costs)
    assert (again.sessions, again.initial_cash) == (arena.sessions, arena.initial_cash)
    assert again.accepted_jumps == arena.accepted_jumps
    if name == "us":
        assert "gpt-5-mini@anonymous@2" in again.models


def test_a_recording_outside_of_the_project_can_t_be_taken_along(
    config_dir: Path, tmp_path: Path
) -> None:
    spec = config_dir / "models" / "random.yaml"
    for file in ("/elsewhere/position.jsonl", "../position.jsonl"):
        spec.write_text(f"kind: recorded\nfile: {file}\n")
        arena = load_arena(config_dir, "us", AROUND)
        with pytest.raises(InputError) as error:
            config_members(config_dir, arena, ["random"], AROUND)
        assert f"is outside of {tmp_path}, where another machine has it not" in str(error.value)


def test_code_of_ones_own_is_imported_where_it_is_trusted(config_dir: Path, tmp_path: Path) -> None:
    spec = "kind: aitrader_core.agents.rules:RandomTrader\nseed: 3\n"
    (config_dir / "models" / "random.yaml").write_text(spec)
    arena = load_arena(config_dir, "us", AROUND)
    members = config_members(config_dir, arena, ["random"], AROUND)
    with pytest.raises(ManifestError, match="is code of its own"):
        load_packed(members, tmp_path / "no", "us", {})
    assert not (tmp_path / "no").exists()
    again = load_packed(members, tmp_path / "yes", "us", {}, trust_code=True)
    assert hashes(again) == {"random": hashes(arena)["random"]}
