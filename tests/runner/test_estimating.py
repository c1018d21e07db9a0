"""What a job would cost is told from what past days did."""

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from aitrader_core.cli import main
from aitrader_core.domain.errors import JobError
from aitrader_core.runner.estimating import Estimate, estimate
from tests.runner.scripted_days import MODEL, PRICES, SEVEN, scripted_arena, simulate
from tests.small import DAYS, Small

D = Decimal
PRICED = " ".join(f"{20 + n}.5" for n in range(len(DAYS)))
SPAN = (str(DAYS[0]), str(DAYS[-1]))


@pytest.fixture
def ready(small: Small) -> Small:
    scripted_arena(small, models=[MODEL, "random"])
    small.priced(dict.fromkeys(PRICES, PRICED))
    return small


def of(small: Small, model: str = MODEL, *, replace_existing: bool = False) -> Estimate:
    (found,) = estimate(small.floor, *SPAN, [model], replace_existing=replace_existing)
    return found


def test_past_days_tell_what_the_missing_ones_cost(ready: Small) -> None:
    simulate(ready.floor)
    took = []
    for session in SEVEN:
        day = ready.floor.model_days.get("small", MODEL, session)
        assert day is not None
        took.append(day.usage)
    tokens = [usage.tokens for usage in took]
    dollars = [usage.dollars or D(0) for usage in took]
    found = of(ready)
    assert found.past is not None
    assert (found.sessions, found.past.days) == (4, 7)
    assert found.past.tokens == pytest.approx(sum(tokens) / 7)
    assert (found.past.high_tokens, found.past.high_dollars) == (max(tokens), max(dollars))
    assert found.tokens == round(sum(tokens) / 7 * 4)
    assert found.dollars == pytest.approx(sum(dollars) / 7 * 4)
    assert found.dollars > 0
    assert found.hours == pytest.approx(sum(usage.seconds for usage in took) / 7 * 4 / 3600)
    assert of(ready, replace_existing=True).sessions == 11
    (few,) = estimate(ready.floor, str(SEVEN[0]), str(SEVEN[-1]), [MODEL])
    assert (few.sessions, few.tokens, few.dollars, few.hours) == (0, 0, D(0), 0.0)


def test_a_model_without_past_days_is_not_free_and_a_rule_is(ready: Small) -> None:
    unknown, rule = of(ready), of(ready, "random")
    assert (unknown.sessions, unknown.tokens, unknown.dollars, unknown.hours) == (11, *[None] * 3)
    assert (rule.sessions, rule.tokens, rule.dollars, rule.hours) == (11, 0, D(0), 0.0)
    ready.configure(models=[MODEL], calls="replay", history=20)
    assert of(ready).dollars == 0, "a replay asks nobody"


def test_days_of_this_configuration_go_before_those_of_another(ready: Small) -> None:
    simulate(ready.floor, MODEL, SEVEN[:2])
    scripted_arena(ready, {"parameters": {"seed": 2}, "token_prices": None}, models=[MODEL])
    found = of(ready)
    assert found.past is not None
    assert (found.past.days, found.is_other_configuration) == (2, True)
    simulate(ready.floor, MODEL, SEVEN[2:3], "job-2")
    found = of(ready)
    assert found.past is not None
    assert (found.past.days, found.is_other_configuration) == (1, False)
    assert found.past.dollars is found.dollars is None, "nobody knows what a script costs"
    assert found.tokens


@pytest.mark.parametrize(
    ("budget", "told"),
    [
        ({"dollars": 1000}, ()),
        ({"dollars": 0.05}, ("dollars", "above its budget.model of 0.05")),
        ({"tokens": 9000}, ("tokens", "above its budget.model of 9,000")),
    ],
)
def test_what_is_above_the_model_s_budget_is_told(
    ready: Small, budget: dict[str, float], told: tuple[str, ...]
) -> None:
    simulate(ready.floor, MODEL, SEVEN[:2])
    spent = ready.floor.calls.spent(model=MODEL)
    assert spent.dollars is not None
    assert 0.01 < spent.dollars < 0.05
    assert 2000 < spent.tokens < 9000
    scripted_arena(ready, {"budget": {"model": budget}}, models=[MODEL])
    found = of(ready).above_budget
    assert len(found) == bool(told)
    assert all(part in found[0] for part in told)


def test_a_request_that_no_job_would_take_is_refused(ready: Small) -> None:
    with pytest.raises(JobError, match="2012-06-02"):
        estimate(ready.floor, "2012-06-02", str(DAYS[-1]), [MODEL])
    with pytest.raises(JobError, match="no model is named"):
        estimate(ready.floor, *SPAN, [])


Run = Callable[..., Result]


@pytest.fixture
def run(ready: Small, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    url = ready.engine.url.set(drivername="postgresql").render_as_string(hide_password=False)
    monkeypatch.setenv("AITRADER_DATABASE_URL", url)
    monkeypatch.setenv("AITRADER_CONFIG_DIR", str(ready.config_dir))
    monkeypatch.setenv("AITRADER_HOME", str(tmp_path / "home"))
    asked = ("estimate", "--market", "small", "--start", SPAN[0], "--end", SPAN[1])
    return lambda *more: CliRunner().invoke(main, (*asked, *more), prog_name="aitrader")


def test_it_is_told_as_tables(ready: Small, run: Run) -> None:
    simulate(ready.floor)
    done = run()
    assert done.exit_code == 0, done.stderr
    assert all(len(line) <= 80 for line in done.stdout.splitlines()), done.stdout
    rows = {line.split()[0]: line.split() for line in done.stdout.splitlines()[4:] if line}
    assert rows["random"] == ["random", "11", "0", "0.00", "0.0"]
    assert rows["script"][1] == "4"
    assert rows["in"][2] == "15"
    scripted_arena(ready, models=[MODEL, "random", "other"])
    ready.model("other", kind="llm", model="scripted", endpoint="scripted")
    done = run()
    assert "other has no past days to go by: run a session of it first\n" in done.stdout
    assert "at least " in done.stdout
    told = json.loads(run("--model", "other", "--model", MODEL, "--json").stdout)
    assert told["total"] == {"sessions": 15, "tokens": None, "dollars": None, "hours": None}
    assert told["models"][1]["past"]["days"] == 7
