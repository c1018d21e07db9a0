"""aitrader backtest, suggest and suggestions, as they are typed."""

import csv
import json
from io import StringIO

import pytest

from aitrader_core.runner.floor import Floor
from aitrader_core.storage.backtests import Backtests
from aitrader_core.storage.suggestions import Suggestions
from tests.cli.conftest import Run

ASKED = ("--model", "momentum", "--from", "2012-06-01", "--to", "2012-06-29")
GRID = ("--set", "lookback=20,60", "--set", "top=1,2")


def test_a_sweep_is_run_listed_and_shown(run: Run, on_traded: Floor) -> None:
    result = run("backtest", "run", *ASKED, *GRID)
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()
    assert lines[0].endswith("2012-06-01 to 2012-06-29: completed, 4 combinations")
    assert lines[1].split() == ["#", "parameters", "return", "Sharpe", "drawdown", "fills"]
    assert all(len(line) <= 80 for line in lines if "  " in line)
    assert "best of 4 by Sharpe ratio: number" in result.stdout
    assert "what the best of 4 without any skill would show" in result.stdout
    assert "of 4 combinations" in result.stderr
    (kept,) = Backtests(on_traded.engine).latest(1)
    number = str(kept.id)
    listed, *_ = json.loads(run("backtest", "list", "--json").stdout)
    assert (listed["id"], listed["grid"]) == (kept.id, {"lookback": [20, 60], "top": [1, 2]})
    assert "momentum" in run("backtest", "list").stdout
    shown = json.loads(run("backtest", "show", number, "--json").stdout)
    assert len(shown["trials"]) == 4
    assert shown["trials"][0]["number"] == kept.summary["best"]
    assert len(shown["trials"][0]["equity"]) == 21
    told = run("backtest", "show", number, "--csv", "--by", "cumulative_return").stdout
    rows = list(csv.DictReader(StringIO(told)))
    returns = [float(row["cumulative_return"]) for row in rows]
    assert returns == sorted(returns, reverse=True)
    assert {(row["lookback"], row["top"]) for row in rows} == {
        (a, b) for a in ("20", "60") for b in ("1", "2")
    }


def test_training_and_what_came_later(run: Run, on_traded: Floor) -> None:
    split = ("--train-until", "2012-06-15", "--set", "lookback=20", "--json")
    found = json.loads(run("backtest", "run", *ASKED, *split).stdout)
    assert found["train_until"] == "2012-06-15"
    (trial,) = found["trials"]
    assert (trial["metrics"]["sessions"], trial["later"]["sessions"]) == (11, 10)
    shown = run("backtest", "show", str(found["id"])).stdout
    assert "later is the return after it" in shown
    assert "later_sharpe" in run("backtest", "show", str(found["id"]), "--csv").stdout
    assert on_traded.arena.market == "us"


@pytest.mark.usefixtures("on_traded")
def test_what_is_wrong_is_a_sentence(run: Run) -> None:
    for command, sentence in (
        (("backtest", "run", *ASKED, "--set", "lookbak=2"), "did you mean lookback?"),
        (("backtest", "run", *ASKED, "--set", "lookback"), "write KEY=VALUE,VALUE"),
        (("backtest", "show", "99"), "there is no backtest 99"),
        (("backtest", "show", "99", "--by", "sharp"), "did you mean sharpe?"),
        (("suggestions", "show", "99"), "there is no scan 99"),
        (("suggest", "--model", "momentun"), "did you mean momentum?"),
        (("suggest", "--model", "random", "--session", "2012-06-13"), "is stored up to 2012-06-08"),
    ):
        result = run(*command)
        assert (result.exit_code, sentence in result.stderr) == (2, True), result.output


def test_a_look_is_told_and_kept(run: Run, on_traded: Floor) -> None:
    result = run("suggest", "--model", "random")
    assert result.exit_code == 0, result.output
    assert "us/random looks at 2012-06-11 at its own opens, with cash " in result.stdout
    assert "nothing of it was traded" in result.stdout
    (kept,) = Suggestions(on_traded.engine).latest(1)
    listed, *_ = json.loads(run("suggestions", "list", "--json").stdout)
    assert (listed["id"], listed["count"], listed["account"]) == (kept.id, kept.count, "own")
    assert "2012-06-11" in run("suggestions", "list").stdout
    shown = json.loads(run("suggestions", "show", str(kept.id), "--json").stdout)
    assert len(shown["suggestions"]) == kept.count > 0
    later = run("suggest", "--model", "buy_and_hold", "--json")
    assert json.loads(later.stdout)["remark"] == ""
    assert "it would do nothing" in run("suggest", "--model", "buy_and_hold").stdout
