"""aitrader prices and breaks: what is there, what is missing, and what came otherwise."""

import json
from collections.abc import Callable

import pytest
from click.testing import Result

from aitrader_core.runner.walk import Plan, walk
from aitrader_core.storage.store import Origin
from tests.agents.recordings import line
from tests.small import DAYS, ROWS, A, B, Small

Run = Callable[..., Result]
RESTATED = {**ROWS, A: "10/11 12/13 14/15.5 16/17 18/19 20/21"}
JUMPED = {**ROWS, A: "40/40 40/40 10/11 12 13 14"}
JUMP = "AAA opened at 10.00 on 2012-06-05, where its previous close and corporate actions lead to "
JUMP += "40.00: an unlisted or wrong split?"


@pytest.fixture
def market(small: Small, monkeypatch: pytest.MonkeyPatch) -> Small:
    """The command's database and configuration are those of the small arena."""
    url = small.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("AITRADER_DATABASE_URL", url)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(small.config_dir))
    return small


@pytest.fixture
def on_small(run: Run) -> Run:
    """`on_small("prices", "status")`, on the small market."""
    return lambda *arguments: run(*arguments, "--market", "small")


def test_a_file_is_imported(market: Small, on_small: Run) -> None:
    done = on_small("prices", "import", str(market.prices()))
    assert (done.exit_code, done.stderr) == (0, "")
    first, second, end = done.stdout.split("\n")
    assert first == "12 new and 0 restated bars, 2012-06-01 to 2012-06-08"
    assert second.startswith("vintage: prices.csv ")
    assert end == ""
    again = on_small("prices", "import", str(market.prices(RESTATED)), "--json")
    found = json.loads(again.stdout)
    assert (again.exit_code, len(found.pop("vintages"))) == (0, 1)
    assert found == {
        "new": 0,
        "restated": 1,
        "first": "2012-06-01",
        "last": "2012-06-08",
        "jumps": [],
        "stopped": None,
    }


def test_a_file_with_a_fault_is_a_sentence_and_brings_nothing(market: Small, on_small: Run) -> None:
    done = on_small("prices", "import", str(market.prices({**ROWS, B: "20 - 22"})))
    assert (done.exit_code, done.stdout) == (2, "")
    assert "prices.csv:9: BBB has no bar of 2012-06-04, and bars before and after: " in done.stderr
    told = on_small("prices", "status").stdout
    assert told == "there are no prices yet: aitrader prices import --market small\n"
    allowed = on_small("prices", "import", str(market.prices()), "--gaps", "allow")
    assert allowed.exit_code == 0


def test_without_a_file_an_arena_of_files_has_nothing(market: Small, on_small: Run) -> None:
    assert market.floor.arena.source.name == "file"
    done = on_small("prices", "import")
    assert (done.exit_code, done.stdout) == (0, "0 new and 0 restated bars\n")


def test_a_jump_is_told_and_goes_with_its_action(market: Small, on_small: Run) -> None:
    done = on_small("prices", "import", str(market.prices(JUMPED)))
    assert done.exit_code == 0
    assert done.stdout.endswith(f"to be explained before anyone trades on it: {JUMP}\n")
    gaps = on_small("prices", "gaps")
    assert (gaps.exit_code, gaps.stdout) == (1, f"{JUMP}\n")
    actions = str(market.actions("AAA,2012-06-05,split,4"))
    done = on_small("prices", "import", "--actions", actions)
    assert done.stdout.startswith("0 new and 0 restated bars, 2012-06-05 to 2012-06-05\n")
    gaps = on_small("prices", "gaps")
    assert (gaps.exit_code, gaps.stdout) == (0, "no gaps and no unexplained jumps in 2 symbols\n")


def test_gaps(market: Small, on_small: Run) -> None:
    empty = on_small("prices", "gaps")
    nothing = "there are no prices yet: aitrader prices import --market small\n"
    assert (empty.exit_code, empty.stdout) == (0, nothing)
    rows = {A: "10 - 10 11 - 12", B: JUMPED[A]}
    on_small("prices", "import", str(market.prices(rows)), "--gaps", "allow")
    gaps = on_small("prices", "gaps")
    assert gaps.exit_code == 1
    assert gaps.stdout == (
        f"AAA lacks 2 sessions: 2012-06-04, 2012-06-07\n{JUMP.replace('AAA', 'BBB')}\n"
    )
    as_json = on_small("prices", "gaps", "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout) == {
        "missing": {"AAA": ["2012-06-04", "2012-06-07"]},
        "short": [],
        "jumps": [
            {
                "symbol": "BBB",
                "session": "2012-06-05",
                "expected": "40.00000000",
                "open": "10.00000000",
            }
        ],
    }


def test_status(market: Small, on_small: Run) -> None:
    market.priced()
    market.priced({A: f"{RESTATED[A]} 22"}, "newer.csv")
    told = on_small("prices", "status")
    assert told.exit_code == 0
    rows = [text.split() for text in told.stdout.splitlines()]
    assert rows[1:3] == [
        ["AAA", "7", "2012-06-01", "2012-06-11", "0"],
        ["BBB", "6", "2012-06-01", "2012-06-08", "0"],
    ]
    assert [(row[0], *row[-2:]) for row in rows[5:]] == [
        ("prices.csv", "12", "0"),
        ("newer.csv", "2", "0"),
    ]
    found = json.loads(on_small("prices", "status", "--json").stdout)
    aaa = {"symbol": "AAA", "sessions": 7, "first": "2012-06-01", "last": "2012-06-11"}
    assert found["symbols"][0] == {**aaa, "missing": 0}
    assert [(v["bars"], v["actions"]) for v in found["vintages"]] == [(12, 0), (2, 0)]


def traded(market: Small, model: str) -> None:
    plan = Plan(model, tuple(DAYS[:6]), Origin("run-1", "run-1"), may_start=True)
    assert len(list(walk(market.floor, plan))) == 6


def test_results_say_that_their_prices_were_restated(market: Small, on_small: Run) -> None:
    market.configure(history=1)
    market.priced()
    traded(market, "buy_and_hold")
    for command in ("results", "leaderboard"):
        assert "restated" not in on_small(command).stdout
    done = market.priced(RESTATED)
    told = on_small("results").stdout.replace("\n", " ")
    assert "2 sessions made from prices that were restated since, such as buy_and_hold" in told
    assert done.vintages[0] in told
    rows = json.loads(on_small("results", "--json").stdout)
    assert [row["session"] for row in rows if row["restated"]] == ["2012-06-05", "2012-06-06"]
    board = on_small("leaderboard").stdout
    assert "sessions made from prices that were restated since: buy_and_hold 2\n" in board
    assert json.loads(on_small("leaderboard", "--json").stdout)[0]["restated"] == 2


@pytest.fixture
def recorded(market: Small) -> Small:
    """One that is refused a sale, and one that is followed in it."""
    file = market.file(
        "position.jsonl",
        line("2012-06-01", 1000),
        line("2012-06-04", 1060, ("sell", "AAA", 5)),
    )
    market.model("kept", kind="recorded", file=str(file))
    market.model("followed", kind="recorded", file=str(file), mode="as_recorded")
    market.configure(models=["followed", "kept"])
    market.priced()
    for model in ("kept", "followed"):
        traded(market, model)
    return market


@pytest.mark.usefixtures("recorded")
def test_breaks_are_listed(on_small: Run) -> None:
    told = on_small("breaks", "--model", "kept")
    assert told.exit_code == 0
    assert told.stdout.splitlines()[-1] == "2 breaks: 1 refused, 1 reported"
    (refused,) = [text.split() for text in told.stdout.splitlines() if " refused " in text][:1]
    assert refused[:5] == ["2012-06-04", "kept", "refused", "-5", "AAA"]
    assert on_small("breaks", "--start", "2012-06-05").stdout == "0 breaks\n"
    found = json.loads(on_small("breaks", "--model", "followed", "--json").stdout)
    assert [(row["kind"], row["symbol"], row["quantity"], row["cash"]) for row in found] == [
        ("corrected", "AAA", "5.00000000", "0.00000000")
    ]
    assert found[0]["reason"] == (
        "position.jsonl:2: AAA +5 before the trade: rolled back, or not recorded"
    )


@pytest.mark.usefixtures("market")
def test_breaks_of_nobody(on_small: Run) -> None:
    done = on_small("breaks", "--model", "gtp")
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr == ("aitrader: there is no model 'gtp': there are buy_and_hold, random\n")


@pytest.mark.usefixtures("recorded")
def test_the_leaderboard_names_who_was_corrected(on_small: Run) -> None:
    told = " ".join(on_small("leaderboard").stdout.split())
    assert told.endswith("corrected towards a recording: followed 1 (see aitrader breaks)")
