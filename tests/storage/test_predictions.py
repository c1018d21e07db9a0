"""What networks said is kept once, to the bit, and found again only by who said it of what."""

import struct
from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import Engine, create_engine, text

from aitrader_core.domain.market import Symbol
from aitrader_core.inference.runner import RunnerInfo
from aitrader_core.storage.predictions import Prediction, Predictions, Scorer, Scores
from aitrader_core.storage.urls import DatabaseUrls

A, B = Symbol("AAA"), Symbol("BB")
DAYS = [date(2012, 6, day) for day in (1, 4, 5)]
CPU = RunnerInfo("net", "d" * 64, "auto", "ort-cpu", "fp32", "CPU", {"onnxruntime": "1.31.1"})
SCORER = Scorer(CPU, "daily-1")
PRICES = "bundled 2013"
KEY = SCORER.key(PRICES, [A, B])


@pytest.fixture
def engine(database: DatabaseUrls) -> Iterator[Engine]:
    engine = create_engine(database.engine)
    yield engine
    engine.dispose()


def single(number: float) -> float:
    """The nearest number of 32 bits, which networks answer with."""
    return float(struct.unpack("f", struct.pack("f", number))[0])


def made(session: date, scores: Scores, key: str = KEY) -> Prediction:
    return Prediction(session, key, PRICES, scores)


def test_scores_come_back_as_they_were(engine: Engine) -> None:
    store = Predictions(engine, "us")
    scores = {B: single(1 / 3), A: single(-7.1e-20)}
    store.keep(SCORER, [made(DAYS[0], scores), made(DAYS[1], {})])
    assert store.known(dict.fromkeys(DAYS, KEY)) == {DAYS[0]: scores, DAYS[1]: {}}
    assert store.known({}) == Predictions(engine, "cn").known(dict.fromkeys(DAYS, KEY)) == {}
    assert store.known({DAYS[0]: "another", DAYS[2]: KEY}) == {}


def test_the_first_to_say_it_stands(engine: Engine) -> None:
    store = Predictions(engine, "us")
    store.keep(SCORER, [made(DAYS[0], {A: 1.0})])
    store.keep(SCORER, [made(DAYS[0], {A: 2.0}), made(DAYS[1], {A: 3.0})])
    assert store.known(dict.fromkeys(DAYS, KEY)) == {DAYS[0]: {A: 1.0}, DAYS[1]: {A: 3.0}}


def test_a_key_is_of_all_that_decides_a_score_and_of_nothing_else() -> None:
    others = [
        replace(CPU, digest="e" * 64),
        replace(CPU, actual="ort-cuda"),
        replace(CPU, precision="fp16"),
        replace(CPU, device="NVIDIA H200"),
        replace(CPU, versions={"onnxruntime": "1.32.0"}),
        replace(CPU, engine="sm90-1"),
    ]
    keys = {Scorer(other, "daily-1").key(PRICES, [A, B]) for other in others}
    keys |= {Scorer(CPU, "daily-2").key(PRICES, [A, B])}
    keys |= {SCORER.key("bundled 2014", [A, B]), SCORER.key(PRICES, [A]), KEY}
    assert len(keys) == len(others) + 4
    same = replace(CPU, requested="ort-cpu", network="renamed", fallback="there is no GPU")
    assert Scorer(same, "daily-1").key(PRICES, iter([B, A])) == KEY


def test_an_analyst_has_a_row_for_each_symbol(engine: Engine) -> None:
    store = Predictions(engine, "us")
    store.keep(SCORER, [made(DAYS[1], {A: 0.25, B: -1.5e-7}), made(DAYS[0], {A: 1.0})])
    columns = "session, symbol, score, network, backend, precision, features"
    query = text(f"select {columns} from prediction_scores order by session, symbol")
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.execute(query)]
    who = ("net", "ort-cpu", "fp32", "daily-1")
    said = [(DAYS[0], A, 1.0), (DAYS[1], A, 0.25), (DAYS[1], B, -1.5e-7)]
    assert found == [(*row, *who) for row in said]
