"""What recorded models said, read next to what they did: the real logs of the Nasdaq 100."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from sqlalchemy import create_engine

from aitrader_core.cli import main
from aitrader_core.runner.arena import load_arena
from aitrader_core.runner.auditing import audit
from aitrader_core.runner.floor import Floor
from aitrader_core.runner.import_prices import import_missing
from aitrader_core.runner.lookahead import lookahead_faults
from aitrader_core.runner.requests import submit
from aitrader_core.runner.verify import verify
from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from aitrader_core.storage.urls import DatabaseUrls
from tests.conftest import NOW
from tests.recordings import RECORDINGS, needs_recordings

pytestmark = needs_recordings

NASDAQ = RECORDINGS["nasdaq"]


def logs_of(model: str) -> Path:
    return NASDAQ.positions[model].parents[1] / "log"


@pytest.fixture
def floor(
    database: DatabaseUrls, config_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Floor]:
    """Every recording followed, with its logs, over all its sessions."""
    NASDAQ.write(config_dir, "nasdaq")
    for model, position in NASDAQ.positions.items():
        spec = {"kind": "recorded", "file": str(position), "mode": "as_recorded"}
        told = yaml.safe_dump({**spec, "logs": str(logs_of(model))})
        (config_dir / "models" / "nasdaq" / f"{model}.yaml").write_text(told)
    monkeypatch.setenv("AITRADER_DATABASE_URL", database.libpq)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(config_dir))
    engine = create_engine(database.engine)
    opened = Floor(load_arena(config_dir, "nasdaq"), engine)
    import_missing(opened, opened.arena.first_session, opened.arena.last_session, NOW)
    yield opened
    engine.dispose()


def test_every_message_is_in_the_transcript_of_its_session(floor: Floor) -> None:
    models, sessions = list(NASDAQ.models), floor.arena.sessions
    submit(floor, NASDAQ.first, NASDAQ.last, models, source="test")  # checks all the logs
    for model in models:
        plan = Plan(model, sessions, Origin("test", "test"), may_start=True)
        days = {step.session: step.day for step in walk(floor, plan) if isinstance(step, Made)}
        assert len(days) == len(sessions)
        logs = sorted(logs_of(model).glob("*/log.jsonl"))
        assert len(logs) in (20, 21)
        assert {path.parent.name for path in logs} <= set(map(str, days))
        for session, day in days.items():
            told = [(e.role, e.text) for e in day.transcript if e.role in ("user", "model")]
            assert told == _messages(logs_of(model) / str(session) / "log.jsonl")
            assert not [e for e in day.transcript if "has nothing of" in e.text]
    assert all(not found.differences for found in verify(floor, models))
    assert lookahead_faults(floor, 2, "logs") == []
    _is_shown("gpt-5", "2025-10-02")
    _has_foreknown(floor)


def _has_foreknown(floor: Floor) -> None:
    """Two of the recorded models were told closes of the same day, and news of later ones."""
    found = {audited.model: audited.findings for audited in audit(floor, NASDAQ.models)}
    kinds = {model: Counter((f.severity, f.kind) for f in of) for model, of in found.items()}
    assert kinds["qwen3-max"] == {}
    assert min(kinds[model]["leak", "price"] for model in ("gpt-5", "MiniMax-M2")) > 30
    told = {(f.model, str(f.session), f.who, f.what) for of in found.values() for f in of}
    assert ("MiniMax-M2", "2025-10-01", "user", "2025-10-27") in told
    assert ("gpt-5", "2025-10-06", "model", "NVDA 185.54, its close of 2025-10-06") in told


def _messages(log: Path) -> list[tuple[str, str]]:
    """Read in the plainest way."""
    if not log.is_file():
        return []
    found = [json.loads(line)["new_messages"] for line in log.read_text().splitlines()]
    listed = [m for messages in found for m in (messages if type(messages) is list else [messages])]
    return [("model" if m["role"] == "assistant" else "user", m["content"]) for m in listed]


def _is_shown(model: str, session: str) -> None:
    shown = CliRunner().invoke(main, ["results", model, session, "--market", "nasdaq"])
    assert shown.exit_code == 0, shown.output
    (asked, answered) = _messages(logs_of(model) / session / "log.jsonl")
    assert f"user: {asked[1]}\nmodel: {answered[1]}\n" in shown.output
    assert shown.output.index("model: ") < shown.output.index("\ndesk: ")
