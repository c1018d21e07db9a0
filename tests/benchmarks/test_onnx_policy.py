"""Whoever is timed trades by the same scores, however the network was asked."""

import pytest

from aitrader_core.simulation.tape import Tape
from benchmarks import onnx_policy
from benchmarks.onnx_policy import Work, check
from benchmarks.rules.workload import random_walk


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Work:
    walk = random_walk(1, symbols=6, sessions=90)
    made = Work("small", Tape(walk.sessions, walk.bars(), depth=70), 2, "week", 100_000)
    monkeypatch.setattr(onnx_policy, "_works", lambda *, quick: [made])  # noqa: ARG005
    return made


def test_its_lines_are_of_one_and_the_same_trading(work: Work) -> None:
    batch, known, single, rule = onnx_policy.run(quick=True)
    assert [line.what for line in (batch, rule)] == [
        "small: in one batch",
        "small: momentum, no network",
    ]
    assert batch.note == known.note == single.note != rule.note
    assert batch.note.startswith(f"{len(work.tape.sessions)} sessions, ")
    assert (batch.aim, rule.aim) == (5_000, None)
    assert rule.ratio


def test_another_day_or_none_stops_the_benchmark(work: Work) -> None:
    days = work.days(work.policy)
    told = {"in one batch": days, "asked day by day": days, "rule": []}
    check(work, told)
    with pytest.raises(RuntimeError, match="small: daily_mlp trades otherwise in a batch"):
        check(work, {**told, "asked day by day": days[::-1]})
    with pytest.raises(RuntimeError, match="or not at all"):
        check(work, {"in one batch": days[:9], "asked day by day": days[:9], "rule": []})
