"""What was not known yet is found wherever it is planted; clean days are clean."""

import json
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from aitrader_core.agents.llm.language_model import PreparedModel
from aitrader_core.cli import main
from aitrader_core.domain.transcript import Entry
from aitrader_core.runner.auditing import TOLD_BY_US, Finding, audit
from aitrader_core.runner.import_prices import import_files
from aitrader_core.storage.rows import entries_json
from aitrader_core.storage.store import Origin
from tests.runner.scripted_days import MODEL, PRICES, SEVEN, scripted_arena, simulate
from tests.small import DAYS, Small

FIFTH = DAYS[2]  # a Tuesday
THEIRS = ("model", "call", "summary", "provider")


def traded(small: Small, **spec: object) -> Small:
    scripted_arena(small, spec, models=[MODEL, "random"])
    small.priced(PRICES)
    for model in (MODEL, "random"):
        assert len(simulate(small.floor, model)) == 7
    return small


def plant(small: Small, *entries: Entry, session: date = FIFTH) -> None:
    """Puts more at the end of a stored transcript."""
    statement = text(
        "update transcripts set entries = entries || cast(:more as jsonb) where model_day_id ="
        " (select id from model_days where model = :model and session = :session)"
    )
    more = {"more": json.dumps(entries_json(entries)), "model": MODEL, "session": session}
    with small.engine.begin() as connection:
        connection.execute(text("set local session_replication_role = replica"))  # no triggers
        assert connection.execute(statement, more).rowcount == 1


def findings(small: Small, models: Sequence[str] = (MODEL,)) -> list[Finding]:
    return [finding for audited in audit(small.floor, models) for finding in audited.findings]


def told(small: Small) -> list[tuple[str, str]]:
    return [(finding.severity, finding.what) for finding in findings(small)]


@pytest.mark.parametrize("anonymise", [False, True])
def test_clean_days_have_nothing_in_them(small: Small, *, anonymise: bool) -> None:
    traded(small, anonymise=anonymise)
    found = list(audit(small.floor, [MODEL, "random"]))
    assert [(a.model, a.days, a.failed, a.findings) for a in found] == [
        (MODEL, 7, 0, ()),
        ("random", 7, 0, ()),
    ]
    assert [a.days for a in audit(small.floor, [MODEL], DAYS[1], DAYS[3])] == [3]


def test_what_is_planted_is_found_in_every_role(small: Small) -> None:
    traded(small)
    day = small.floor.model_days.get("small", MODEL, FIFTH)
    assert day is not None
    before = len(day.transcript)
    roles = (*TOLD_BY_US, *THEIRS)
    plant(small, *(Entry(role, "By 5 July 2012 it rises. AAA closes at 25.16.") for role in roles))
    found = findings(small)
    assert [(f.entry, f.who, f.severity, f.kind, f.what) for f in found] == [
        (before + at, role, "leak" if role in TOLD_BY_US else "mention", kind, what)
        for at, role in enumerate(roles, 1)
        for kind, what in (
            ("date", "2012-07-05"),
            ("price", "AAA 25.16, its close of 2012-06-05"),
        )
    ]
    assert {(f.model, f.session, f.attempt) for f in found} == {(MODEL, FIFTH, None)}
    assert found[0].around == "By 5 July 2012 it rises. AAA closes at 25.16."


def test_a_tool_that_tells_too_much_is_found(small: Small) -> None:
    traded(small)
    bars = [
        {"time": str(day), "open": "24.15", "close": close}
        for day, close in [(FIFTH, "25.16"), (DAYS[3], "27.18"), (DAYS[7], "26.00")]
    ]
    plant(small, Entry("tool", json.dumps({"symbol": "AAA", "bars": bars}), "history"))
    assert told(small) == [
        ("leak", "2012-06-06"),
        ("leak", "2012-06-12"),
        ("leak", "AAA 25.16, its close of 2012-06-05"),
        ("leak", "AAA 27.18, its close of 2012-06-06"),
    ]
    assert {f.who for f in findings(small)} == {"tool history"}


def test_what_is_known_or_the_day_s_own_is_nothing(small: Small) -> None:
    """On a Monday, whose transcript tells of the session before."""
    traded(small)
    monday = small.floor.model_days.get("small", MODEL, SEVEN[1])
    assert monday is not None
    (fill,) = monday.fills
    known = [
        "AAA opens at 22.13, after 20.11 and 21.12.",  # now and before
        f"BBB at {fill.price}: {fill.notional} for {fill.order.quantity}",
        f"AAA: cash {monday.closing.cash}, on 2012-06-04, June 1, 2012",
        "AAA 24.15 % more; 25 AAA at 9:30; MSFT 25.16",  # numbers that are no prices of theirs
    ]
    plant(small, *(Entry("user", said) for said in known), session=SEVEN[1])
    assert told(small) == []
    plant(small, Entry("user", "AAA rises to 28.19"), session=SEVEN[1])
    assert told(small) == [("leak", "AAA 28.19, its open of 2012-06-07")]


def test_a_price_of_before_counts_as_known_only_where_it_was_asked_for(small: Small) -> None:
    rows = dict.fromkeys(PRICES, "20.11 21.12 22.13 20.11")
    scripted_arena(small)
    small.priced(rows)
    simulate(small.floor, MODEL, DAYS[:4])
    said = Entry("model", "AAA will be at 20.11")
    for session in DAYS[1:3]:
        plant(small, said, session=session)
    assert told(small) == [("mention", "AAA 20.11, its open of 2012-06-06")]
    assert findings(small)[0].session == DAYS[2], "on Monday it had looked at the history"


def test_an_anonymised_model_knows_other_names_and_dates(small: Small) -> None:
    traded(small, anonymise=True)
    agent = small.floor.arena.model(MODEL).agent
    assert isinstance(agent, PreparedModel)
    disguise = agent.disguise
    name = disguise.name(next(s for s in PRICES if s == "AAA"))
    later, past = disguise.shown(DAYS[4]), disguise.shown(DAYS[0])
    plant(
        small,
        Entry("tool", f"{name} closes at 25.16 on {later}, as on {past}"),
        Entry("tool", f"AAA closes at 25.16 on {DAYS[4]}, as on {DAYS[0]}"),
    )
    assert told(small) == [
        ("leak", f"2012-06-07, which it knows as {later}"),
        ("leak", "AAA 25.16, its close of 2012-06-05"),
        ("leak", "2012-06-07, undisguised"),
        ("leak", "AAA 25.16, its close of 2012-06-05"),
    ]


def test_a_day_that_failed_is_looked_through_too(small: Small) -> None:
    traded(small)
    entries = [
        Entry("user", "Trade the session of 2012-06-12."),
        Entry("tool", f"On {DAYS[7] + timedelta(1)} AAA is at 28.25."),
        Entry("model", "I wait for 2013."),
    ]
    for _ in range(2):
        origin = Origin("job-2", "run-2")
        small.floor.failed_days.keep("small", MODEL, DAYS[7], "unplugged", origin, entries)
    small.floor.failed_days.keep("small", "gone", DAYS[0], "unplugged", origin, entries[:1])
    found = list(audit(small.floor, [MODEL, "gone"]))
    assert [(a.days, a.failed) for a in found] == [(7, 2), (0, 1)]
    assert [(f.attempt, f.entry, f.what) for a in found for f in a.findings] == [
        (1, 2, "2012-06-13"),
        (2, 2, "2012-06-13"),
        (1, 1, "2012-06-12"),
    ]


def test_later_bars_of_a_session_are_not_known_yet(small: Small) -> None:
    scripted_arena(small, bars="intraday")
    rows = [
        f"AAA,{day},{at},{10 * n + hour}.51,{10 * n + hour}.52"
        for n, day in enumerate(DAYS[:2], 1)
        for hour, at in enumerate(("10:00", "11:00"))
    ]
    small.configure(models=[MODEL], bars="intraday", symbols=["AAA"], history=20)
    file = small.file("hourly.csv", "symbol,session,time,open,close", *rows)
    import_files(small.floor, file, None)
    simulate(small.floor, MODEL, DAYS[:2])
    plant(
        small,
        Entry("venue", "10:00"),
        Entry("user", "AAA 10.51 10.52 11.51"),
        Entry("venue", "11:00"),
        Entry("user", "AAA 10.51 10.52 11.51 11.52 20.51"),
        session=DAYS[0],
    )
    assert [what.partition(", ")[::2] for _, what in told(small)] == [
        ("AAA 10.52", "its close of 2012-06-01 10:00"),
        ("AAA 11.51", "its open of 2012-06-01 11:00"),
        ("AAA 11.52", "its close of 2012-06-01 11:00"),
        ("AAA 20.51", "its open of 2012-06-04 10:00"),
    ]


Run = Callable[..., Result]


@pytest.fixture
def run(small: Small, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    url = small.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("AITRADER_DATABASE_URL", url)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(small.config_dir))
    monkeypatch.setenv("AITRADER_HOME", str(tmp_path / "home"))
    return lambda *asked: CliRunner().invoke(
        main, ("audit", "--market", "small", *asked), prog_name="aitrader"
    )


def test_it_is_told_as_a_table_and_a_line(small: Small, run: Run) -> None:
    assert run().stdout == "nothing is stored yet: run `aitrader demo`\n"
    traded(small)
    clean = "0 leaks and 0 mentions of what was not known yet, in "
    assert (run().exit_code, run().stdout) == (0, f"{clean}14 model-days of 2 models\n")
    assert run(MODEL, "--end", "2012-06-05").stdout == f"{clean}3 model-days of 1 model\n"
    plant(small, Entry("model", "AAA closes at 25.16"))
    assert run().exit_code == 0, "a model may say what it likes"
    plant(small, Entry("tool", "sold on 2012-06-06", "news"))
    done = run(MODEL)
    assert done.exit_code == 1
    assert all(len(line) <= 80 for line in done.stdout.splitlines()), done.stdout
    assert "1 leak and 1 mention of what was not known yet, in 7 model-days" in done.stdout
    as_json = json.loads(run("--json").stdout)
    assert (as_json["leaks"], as_json["mentions"], as_json["model_days"]) == (1, 1, 14)
    assert as_json["findings"][1] == {
        "model": MODEL,
        "session": "2012-06-05",
        "attempt": None,
        "entry": as_json["findings"][0]["entry"] + 1,
        "who": "tool news",
        "severity": "leak",
        "kind": "date",
        "what": "2012-06-06",
        "around": "sold on 2012-06-06",
    }
    assert "there is no model 'nobody'" in run("nobody").stderr
