"""aitrader recordings and aitrader export: files of AI-Trader's, in and out."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from click.testing import Result

from aitrader_core.runner.walk import Made, Plan, walk
from aitrader_core.storage.store import Origin
from tests.agents.recordings import line
from tests.small import DAYS, A, B, Small

Run = Callable[..., Result]
LINES = (
    line("2012-06-01", 1000),
    line("2012-06-04", 880, ("buy", "AAA", 10), {"AAA": 10}),
    line("2012-06-05", 877, ("buy", "BBB", 0), {"AAA": 10}),  # and 3.00 are gone
    line("2012-06-07", 1057, ("sell", "AAA", 10)),
    line("2012-06-09", 1057, ("no_trade", "", 0)),  # a Saturday
)


@pytest.fixture
def arena(small: Small, monkeypatch: pytest.MonkeyPatch) -> Small:
    """The command's arena and database."""
    url = small.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("AITRADER_DATABASE_URL", url)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(small.config_dir))
    small.priced({A: "10 12 14 16 18 20 22", B: "20 21 22 23 24 25 26"})
    return small


def recording(small: Small, *lines: str) -> Path:
    folder = small.config_dir.parent / "recordings" / "gpt" / "position"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "position.jsonl"
    path.write_text("".join(f"{text}\n" for text in lines))
    return path


def logged(small: Small, *days: str) -> Path:
    folder = small.config_dir.parent / "recordings" / "gpt" / "log"
    for day in days:
        (folder / day).mkdir(parents=True)
        said = {"signature": "gpt", "new_messages": [{"role": "assistant", "content": "so be it"}]}
        (folder / day / "log.jsonl").write_text(json.dumps(said) + "\n")
    return folder


def test_a_check_lists_everything_and_stores_nothing(run: Run, arena: Small) -> None:
    file = recording(arena, *LINES)
    logs = logged(arena, "2012-06-04", "2012-06-06", "2012-06-09")
    done = run("recordings", "check", str(file), "--logs", str(logs), "--market", "small", "--json")
    assert done.exit_code == 0, done.stderr
    told = json.loads(done.stdout)
    assert [(d["kind"], d["where"], d["what"]) for d in told["discrepancies"]] == [
        ("id", f"position.jsonl:{n}", "the id 1 is there more than once") for n in (1, 2, 3, 4, 5)
    ] + [
        ("nothing", "position.jsonl:3", "buy of 0 BBB is recorded as a trade"),
        ("calendar", "position.jsonl:5", "is of 2012-06-09, which is no session"),
        ("gap", "2012-06-06", "is a session without a record"),
        ("gap", "2012-06-08", "is a session without a record"),
        ("log", "2012-06-09", "has a log and is no session of the recording"),
        ("log", "2012-06-06", "has a log and no record"),
        ("log", "2012-06-05", "has records and no log"),
        ("log", "2012-06-07", "has records and no log"),
        ("refused", "2012-06-05", "quantity 0 is not a positive number"),
        (
            "corrected",
            "2012-06-05",
            "position.jsonl:3: cash -3 though refused: quantity 0 is not a positive number",
        ),
        ("reported", "2012-06-05", "log: has nothing of 2012-06-05, when the recording acts"),
        ("reported", "2012-06-07", "log: has nothing of 2012-06-07, when the recording acts"),
        ("reported", "2012-06-11", "said on 2012-06-09:"),
    ]
    sums = told["sums"]
    assert (sums["records"], sums["sessions"], sums["fills"], sums["corrections"]) == (5, 7, 2, 1)
    assert (float(sums["cash"]), sums["positions"]) == (1057, {})
    assert yaml.safe_load(told["yaml"]) == {
        "kind": "recorded",
        "file": "recordings/gpt/position/position.jsonl",
        "mode": "as_recorded",
        "logs": "recordings/gpt/log",
    }
    assert arena.floor.model_days.sessions("small", "gpt") == []
    plain = run("recordings", "check", str(file), "--market", "small").stdout
    assert "11 discrepancies: 5 id, 1 nothing, 1 calendar, 2 gap, 1 refused, 1 corrected" in plain
    assert "kind: recorded\nfile: recordings/gpt/position/position.jsonl\n" in plain


def test_every_faulty_line_is_named(run: Run, arena: Small) -> None:
    file = recording(arena, LINES[0], "{", line("2012-06-05", "much"), LINES[3][:30])
    done = run("recordings", "check", str(file), "--market", "small")
    assert done.exit_code == 1
    places = [row.split(": ")[0] for row in done.stdout.splitlines()]
    assert places == [f"{file}:{n}" for n in (2, 3, 4)] + ["3 faults"]
    foreign = recording(arena, LINES[0], line("2012-06-04", 1, ("buy", "X", 1), {"X": 1, "Y": 2}))
    told = run("recordings", "check", str(foreign), "--market", "small").stdout.splitlines()
    assert [row.split(" is not among")[0] for row in told[:2]] == [
        f"{foreign}:2: X",
        f"{foreign}:2: Y",
    ]
    gone = run("recordings", "import", "none.jsonl", "--name", "gpt", "--market", "small")
    assert (gone.exit_code, gone.stderr[:38]) == (2, "aitrader: none.jsonl: there is no such")


def test_an_import_adds_the_model_and_queues_its_sessions(run: Run, arena: Small) -> None:
    file = recording(arena, *LINES)
    arena_file = arena.config_dir / "arenas" / "small.yaml"
    before = arena_file.read_text()
    asked = ("recordings", "import", str(file), "--name", "gpt-5", "--market", "small")
    done = run(*asked)
    assert done.exit_code == 0, done.stderr
    assert f"{arena.config_dir}/models/small/gpt-5.yaml is written; 11 disc" in done.stdout
    assert arena_file.read_text() == before.replace("- random\n", "- random\n- gpt-5\n")
    (job,) = arena.floor.jobs.latest()
    assert (job.first, job.last, job.models) == (DAYS[0], DAYS[6], ("gpt-5",))
    assert run(*asked, "--json").exit_code == 0, "the same again"
    assert arena_file.read_text().count("gpt-5") == 1
    other = recording(arena, *LINES[:2]).rename(file.parent / "other.jsonl")
    refused = run("recordings", "import", str(other), "--name", "gpt-5", "--market", "small")
    assert refused.exit_code == 2
    assert "gpt-5.yaml is there and is another model: choose another --name" in refused.stderr
    named = run("recordings", "import", str(other), "--name", "a,b", "--market", "small")
    assert "can't be a model's name" in named.stderr


def test_an_export_is_read_back_as_the_same_days(run: Run, arena: Small) -> None:
    file = recording(arena, *LINES)
    arena.model("gpt", kind="recorded", file=str(file), mode="as_recorded")
    arena.configure(models=["gpt", "random"])
    for model in ("gpt", "random"):
        plan = Plan(model, tuple(DAYS[:7]), Origin("job-1", "run-1"), may_start=True)
        assert {type(step) for step in walk(arena.floor, plan)} == {Made}
    to = arena.config_dir.parent / "out"
    asked = ("export", "ai-trader", "random", "--to", str(to), "--market", "small")
    done = run(*asked)
    assert done.exit_code == 0, done.stderr
    written = to / "random" / "position" / "position.jsonl"
    assert done.stdout.startswith(f"{written}: ")
    said = (to / "random" / "log" / "2012-06-04" / "log.jsonl").read_text().splitlines()
    assert json.loads(said[0]).keys() == {"signature", "new_messages"}
    assert run(*asked).exit_code == 0, "the same once more"
    assert "is there and says something else" in run(*asked, "--end", "2012-06-04").stderr

    arena.model("again", kind="recorded", file=str(written), mode="as_recorded")
    arena.configure(models=["gpt", "random", "again"])
    plan = Plan("again", tuple(DAYS[:7]), Origin("job-2", "run-2"), may_start=True)
    assert {type(step) for step in walk(arena.floor, plan)} == {Made}
    for session in DAYS[:7]:
        was, now = (arena.floor.model_days.get("small", m, session) for m in ("random", "again"))
        assert was is not None
        assert now is not None
        assert (now.closing, now.blotter, now.marks) == (was.closing, was.blotter, was.marks)
    later = run(*asked[:-2], "--market", "small", "--start", "2012-06-05", "--to", str(to / "b"))
    assert later.exit_code == 0, later.stderr
    assert "has no stored session" in run(*asked, "--start", "2012-08-01").stderr
