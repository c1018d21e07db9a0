"""What a leaderboard is judged by: seldom wrong about luck, and right about what is better."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from math import exp, log

import numpy as np
import pytest

from aitrader_core.results.families import families, family_of
from aitrader_core.results.intervals import interval, totals
from aitrader_core.results.judgement import ALPHA, NO, UNSURE, YES, FamilyVerdict, Judgement
from aitrader_core.results.judging import judge
from aitrader_core.results.pairs import holm
from aitrader_core.results.resampling import arch_bootstrap, draws
from aitrader_core.results.standings import FEWEST_SESSIONS, Point
from aitrader_core.results.superiority import _widened, superior
from tests.results.curves import curve_of, noise
from tests.simulation.tapes import MONDAY, weekdays

FEW_REPLICATIONS = 500


def judged(curves: Mapping[str, Sequence[Point]], benchmark: str | None = "market") -> Judgement:
    return judge(curves, benchmark, FEW_REPLICATIONS)


def of(judgement: Judgement, family: str) -> FamilyVerdict:
    found = judgement.of(family)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("model", "family"),
    [
        ("gpt-5", ("gpt-5", 1)),
        ("gpt-5@2", ("gpt-5", 2)),
        ("gpt-5@12", ("gpt-5", 12)),
        ("gpt-5@anonymous", ("gpt-5@anonymous", 1)),
        ("gpt-5@anonymous@3", ("gpt-5@anonymous", 3)),
    ],
)
def test_repeats_are_a_family_and_the_anonymised_one_is_its_own(
    model: str, family: tuple[str, int]
) -> None:
    assert family_of(model) == family


def test_of_twenty_equal_models_hardly_any_is_ever_told_apart() -> None:
    """Each kind of verdict may be wrong on one board of twenty; here there are eight boards."""
    better, apart, best = 0, 0, 0
    for seed in range(8):
        found = judged(noise(20, 120, seed))
        better += any(f.beats_benchmark in (YES, NO) for f in found.families)
        others = len(found.families) - 2
        apart += any(len(f.indistinguishable_from) < others for f in found.families[1:])
        best += found.spa_p_value is not None and found.spa_p_value <= ALPHA
    assert better <= 1
    assert apart <= 1
    assert best <= 1


def test_what_is_much_better_or_worse_is_told_apart_from_all_others() -> None:
    curves = noise(20, 250, 3)
    market = np.array([point.daily_return for point in curves["market"]])
    luck = np.random.default_rng(5).normal(0, 0.006, (2, 250))
    found = judged(
        {**curves, "good": curve_of(market + luck[0] + 0.004), "bad": curve_of(market - 0.004)}
    )
    assert found.tried == 22
    assert found.spa_p_value is not None
    assert found.spa_p_value < 0.01
    verdicts = {f.family: f.beats_benchmark for f in found.families}
    assert (verdicts.pop("good"), verdicts.pop("bad"), verdicts.pop("market")) == (YES, NO, None)
    assert set(verdicts.values()) == {UNSURE}
    assert of(found, "good").indistinguishable_from == ()
    assert of(found, "bad").indistinguishable_from == ()
    assert set(of(found, "market").indistinguishable_from) == set(verdicts)
    assert of(found, "model1").indistinguishable_from[0] == "market"


def test_the_same_content_is_judged_the_same() -> None:
    curves = {**noise(3, 60, 1)}
    assert judged(curves) == judged(curves)
    assert judged(curves).as_json()["families"][0]["repeats"] == 1


def test_those_who_stepwise_beat_the_benchmark_are_those_of_stepm() -> None:
    draw, sessions = np.random.default_rng(11), weekdays(150)
    lead = draw.normal(0, 1, (150, 8)) + np.array([0.35, 0.3, 0.25, 0.2, 0.1, 0, -0.1, -0.4])
    drawn = draws(sessions, 2.0, 500)
    scaled = _widened(lead / (drawn @ lead).std(axis=0), 2.0)
    for size in (0.01, 0.05, 0.2):
        stepm = arch_bootstrap().StepM(
            np.zeros(150), -scaled, size=size, block_size=2.0, reps=500, seed=1
        )
        stepm.compute()
        p_values = superior(lead, drawn, 2.0, 1)
        assert list(np.flatnonzero(p_values <= size)) == stepm.superior_models != []


def test_an_interval_is_about_as_wide_as_the_returns_say() -> None:
    """Of independent returns, the deviation of the sum is sqrt(sessions) that of one."""
    moves = np.random.default_rng(2).normal(0.001, 0.01, 400)
    (found,) = judge({"a": curve_of(moves)}, None, 4000).families
    assert found.interval_low is not None
    assert found.interval_high is not None
    logs = np.log1p(moves)
    wide = 1.96 * logs.std(ddof=1) * 20
    assert log(1 + found.interval_high) == pytest.approx(logs.sum() + wide, abs=0.1 * wide)
    assert log(1 + found.interval_low) == pytest.approx(logs.sum() - wide, abs=0.1 * wide)
    assert found.family_return == pytest.approx(exp(logs.sum()) - 1)


def test_repeats_that_differ_make_an_interval_wider() -> None:
    """Two runs that ended 0.4 apart in log return: their mean varies by 0.2 for that alone."""
    moves = np.random.default_rng(4).normal(0, 0.01, 100)
    alike = np.log1p(np.column_stack([moves, moves]))
    differing = alike + np.array([0.002, -0.002])
    drawn = draws(weekdays(100), 1.0, 4000)
    once, same, apart = (totals(x, drawn, 1.0, 1) for x in (alike[:, :1], alike, differing))
    assert np.array_equal(once, same)
    extra = apart.var() - same.var()
    # the unbiased variance of a mean of two: (0.2^2 + 0.2^2) / 1 / 2
    assert extra == pytest.approx(0.04, rel=0.15)
    low, high = interval(apart, 0.05)
    assert low < interval(same, 0.05)[0] < interval(same, 0.05)[1] < high


def test_repeats_are_judged_by_the_sessions_that_all_have() -> None:
    moves = np.random.default_rng(6).normal(0, 0.01, 40)
    found = judged({"a": curve_of(moves), "a@2": curve_of(moves[:30]), "market": curve_of(moves)})
    family = of(found, "a")
    assert (family.models, family.repeats, family.family_sessions) == (("a", "a@2"), 2, 30)
    assert family.family_return == pytest.approx(np.prod(1 + moves[:30]) - 1)
    assert family.beats_benchmark == UNSURE  # it is the benchmark
    assert family.p_value == 1


def test_under_twenty_sessions_nothing_is_judged() -> None:
    curves = noise(2, FEWEST_SESSIONS - 1, 1)
    found = judged(curves)
    for family in found.families:
        assert (family.interval_low, family.p_value) == (None, None)
        assert family.beats_benchmark in (None, UNSURE)
        assert len(family.indistinguishable_from) == 2
    assert (found.spa_p_value, found.block_length) == (None, None)
    assert judged({}).families == ()


def test_sessions_that_are_not_shared_say_nothing_of_a_pair() -> None:
    """One that traded a good year and one that traded a bad one were never side by side."""
    good, bad = curve_of([0.02, 0.01] * 20), curve_of([-0.02, -0.01] * 20, MONDAY + timedelta(70))
    found = judged({"good": good, "bad": bad}, None)
    assert of(found, "good").indistinguishable_from == ("bad",)
    assert of(found, "good").beats_benchmark is None
    assert found.tried == 2


def test_who_came_later_is_judged_by_fewer_sessions_and_for_all_that_were_tried() -> None:
    curves = noise(3, 120, 9)
    late = [point for point in curves["model0"] if point.session >= weekdays(120)[90]]
    found = judged({**curves, "late": late})
    alone = judged({"market": curves["market"], "late": late})
    family = of(found, "late")
    assert (family.family_sessions, found.tried, alone.tried) == (30, 4, 1)
    lonely = of(alone, "late").p_value
    assert lonely is not None
    assert family.p_value is not None
    assert family.p_value >= min(1, lonely)
    assert family.interval_low is not None
    good = [replace(p, daily_return=p.daily_return + 0.01) for p in late]
    found = judged({**curves, "late": good})
    assert of(found, "late").beats_benchmark == YES
    assert (of(found, "late").p_value or 0) >= 4 * 2 / (FEW_REPLICATIONS + 1)  # one in a group


def test_knowing_the_names_is_a_paired_gap() -> None:
    moves = np.random.default_rng(8).normal(0, 0.02, 60)
    knowing = curve_of(np.expm1(np.log1p(moves) + 0.001))
    found = judged({"a": knowing, "a@anonymous": curve_of(moves), "market": curve_of(moves)})
    (gap,) = found.anonymised_gaps
    assert (gap.family, gap.anonymous, gap.gap_sessions) == ("a", "a@anonymous", 60)
    # a thousandth every session, whatever the market did: no luck in it
    assert gap.mean_daily_gap == pytest.approx(0.001)
    assert gap.mean_daily_low == pytest.approx(0.001)
    assert gap.mean_daily_high == pytest.approx(0.001)
    grown = float(np.prod(1 + moves))
    assert gap.total_gap == pytest.approx(grown * (exp(0.06) - 1))
    assert gap.total_low is not None
    assert gap.total_high is not None
    assert 0 < gap.total_low < gap.total_gap < gap.total_high


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_family_knows_its_common_sessions() -> None:
    (family,) = families({"a": curve_of([0.1] * 3), "a@2": curve_of([0.1] * 2), "b": []})
    assert family.sessions == tuple(weekdays(2))
