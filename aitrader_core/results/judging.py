"""Judges a leaderboard: intervals, who beats the benchmark, who cannot be told apart."""

from collections.abc import Mapping, Sequence
from math import exp

from aitrader_core.results.agenda import Sessions, Task, agenda, both_ways
from aitrader_core.results.evidence import Evidence
from aitrader_core.results.families import Family, families, shared
from aitrader_core.results.judgement import (
    ALPHA,
    NO,
    REPLICATIONS,
    UNSURE,
    YES,
    FamilyVerdict,
    Gap,
    Judgement,
)
from aitrader_core.results.pairs import holm
from aitrader_core.results.standings import Point


def judge(
    curves: Mapping[str, Sequence[Point]],
    benchmark: str | None,
    replications: int = REPLICATIONS,
) -> Judgement:
    """Of all families of `curves`; `benchmark` is the family that the others are held against."""
    found = families(curves)
    held_against = next((f for f in found if f.name == benchmark), None)
    tasks = agenda(found, held_against)
    evidence = _gathered(found, held_against, tasks, replications) if tasks else None
    apart = _told_apart(evidence) if evidence else set()
    verdicts = tuple(_verdict(f, found, held_against, evidence, apart) for f in found)
    return Judgement(
        benchmark=held_against.name if held_against else None,
        alpha_level=ALPHA,
        replications=replications,
        block_length=evidence.block if evidence else None,
        tried=sum(f is not held_against for f in found),
        spa_p_value=min(evidence.better.values(), default=None) if evidence else None,
        method=_method(evidence, replications),
        families=verdicts,
        anonymised_gaps=tuple(_gap(*pair, evidence) for pair in both_ways(found)),
    )


def _gathered(
    found: Sequence[Family],
    benchmark: Family | None,
    tasks: Mapping[Sessions, Task],
    replications: int,
) -> Evidence:
    evidence = Evidence(found, benchmark, replications)
    for task in tasks.values():
        evidence.take(task)
    return evidence


def _told_apart(evidence: Evidence) -> set[frozenset[str]]:
    """Pairs whose difference is not chance, given how many were tried."""
    corrected = holm(list(evidence.pairs.values()))
    named = zip(evidence.pairs, corrected, strict=True)
    return {frozenset(pair) for pair, p_value in named if p_value <= ALPHA}


def _verdict(
    family: Family,
    found: Sequence[Family],
    benchmark: Family | None,
    evidence: Evidence | None,
    apart: set[frozenset[str]],
) -> FamilyVerdict:
    name, is_benchmark = family.name, family is benchmark
    low, high = evidence.intervals.get(name, (None, None)) if evidence else (None, None)
    p_value = evidence.p_value(name) if evidence else None
    verdicts = {f.name: _beats(f.name, evidence) for f in found if f is not benchmark}
    others = {f.name for f in found if f is not family and f is not benchmark}
    if is_benchmark:
        alike = {other for other, beats in verdicts.items() if beats == UNSURE}
    else:
        alike = {other for other in others if frozenset((name, other)) not in apart}
        alike |= {benchmark.name} if benchmark and verdicts[name] == UNSURE else set()
    return FamilyVerdict(
        family=name,
        models=tuple(family.runs),
        repeats=len(family.runs),
        family_sessions=len(family.sessions),
        family_return=family.total_return,
        interval_low=low,
        interval_high=high,
        p_value=p_value,
        beats_benchmark=None if is_benchmark or benchmark is None else verdicts[name],
        indistinguishable_from=tuple(f.name for f in found if f.name in alike),
    )


def _beats(name: str, evidence: Evidence | None) -> str:
    p_value = evidence.p_value(name) if evidence else None
    if evidence is None or p_value is None or p_value > ALPHA:
        return UNSURE
    return YES if evidence.better[name] < evidence.worse[name] else NO


def _gap(family: Family, other: Family, evidence: Evidence | None) -> Gap:
    sessions = shared(family, other)
    real, hidden = (f.log_returns(sessions).mean(axis=1).sum() for f in (family, other))
    bounds = evidence.gaps.get((family.name, other.name)) if evidence else None
    daily, total = bounds or ((None, None), (None, None))
    return Gap(
        family=family.name,
        anonymous=other.name,
        gap_sessions=len(sessions),
        mean_daily_gap=float(real - hidden) / len(sessions),
        mean_daily_low=daily[0],
        mean_daily_high=daily[1],
        total_gap=exp(real) - exp(hidden),
        total_low=total[0],
        total_high=total[1],
    )


def _method(evidence: Evidence | None, replications: int) -> str:
    if evidence is None:
        return "Nothing is judged under 20 sessions."
    return (
        f"Stationary bootstrap, {replications:,} replications, blocks of {evidence.block:.1f} "
        "sessions on average, drawn alike for all models. Intervals hold 95 %. Against the "
        "benchmark: stepwise SPA test, both ways, corrected for all families tried. Among each "
        "other: studentised differences in log return, Holm's correction for all pairs. A kind of "
        "verdict is wrong by chance on about one board in twenty, on rather more under 60 sessions."
    )
