"""aitrader metrics, rescore, definitions and leaderboard, as they are typed."""

import json

import pytest

from aitrader_core.results.definitions import DEFINITIONS
from aitrader_core.runner.floor import Floor
from tests.cli.conftest import Run


def told(run: Run, *command: str) -> str:
    result = run(*command)
    assert result.exit_code == 0, result.output
    if "--json" not in command:
        assert all(len(line) <= 80 for line in result.stdout.splitlines() if "  " in line)
    return result.stdout


@pytest.mark.usefixtures("on_traded")
def test_metrics_stand_side_by_side(run: Run) -> None:
    lines = told(run, "metrics").splitlines()
    assert lines[0].split() == ["buy_and_hold", "random"]
    assert [line.split()[-1] for line in lines if line.startswith("Sharpe")] == ["-"]  # 6 sessions
    (one,) = json.loads(told(run, "metrics", "random", "--json", "--start", "2012-06-05"))
    assert (one["model"], one["first"], one["sessions"]) == ("random", "2012-06-05", 4)
    assert set(one) - {"model", "first", "last"} <= set(DEFINITIONS)


@pytest.mark.usefixtures("on_traded")
def test_other_costs_beside_those_that_were_paid(run: Run) -> None:
    found = json.loads(told(run, "rescore", "random", "--costs", "free", "--json"))
    assert found["as_traded"]["cost_drag"] > found["rescored"]["cost_drag"] == 0
    assert found["rescored"]["refused_now"] == 0
    lines = told(run, "rescore", "random", "--costs", "free").splitlines()
    assert lines[0].split() == ["as", "traded", "free"]
    assert "Cost drag" in "".join(lines)
    (same,) = json.loads(told(run, "metrics", "random", "--costs", "free", "--json"))
    assert same == found["rescored"]


@pytest.mark.usefixtures("on_traded")
def test_a_profile_that_is_not_there_is_a_sentence(run: Run) -> None:
    result = run("rescore", "random", "--costs", "cheap")
    assert result.exit_code == 2
    assert "cheap.yaml does not exist; costs has free, us_retail" in result.stderr


def test_a_figure_is_explained(run: Run) -> None:
    told_of = told(run, "definitions", "calmar")
    assert told_of.startswith("Calmar ratio\nAnnual return for each unit of the deepest fall.")
    assert "= annual return / |maximum drawdown|" in told_of
    assert "empyrical.calmar_ratio" in told_of
    listed = json.loads(told(run, "definitions", "--json"))
    assert [each["key"] for each in listed] == list(DEFINITIONS)
    assert "max_drawdown" in told(run, "definitions")
    wrong = run("definitions", "sharp")
    assert (wrong.exit_code, "did you mean sharpe?" in wrong.stderr) == (2, True)


def test_the_leaderboard_says_who_cannot_be_told_apart(run: Run, on_traded: Floor) -> None:
    lines = told(run, "leaderboard").splitlines()
    assert lines[0].split()[:5] == ["#", "model", "return", "interval", "beats"]
    assert "none of them can be told apart from buy_and_hold" in lines
    judgement = json.loads(told(run, "leaderboard", "--judgement", "--json"))
    assert (judgement["benchmark"], judgement["spa_p_value"]) == ("buy_and_hold", None)
    assert "Nothing is judged under 20 sessions." in told(run, "leaderboard", "--judgement")
    assert on_traded.arena.market == "us"
