"""What a policy buys and sells by the scores of its network, and which networks it refuses."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import numpy as np
import pytest
import yaml
from numpy.typing import NDArray

from aitrader_core.agents.agent import Terms
from aitrader_core.agents.llm.connections import Connections
from aitrader_core.agents.onnx.features import LOOKBACK, NAMES, VERSION, features
from aitrader_core.agents.onnx.policy import OnnxPolicy, PreparedPolicy
from aitrader_core.agents.rules import Period
from aitrader_core.domain.errors import ConfigError, LedgerError
from aitrader_core.domain.market import Symbol
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import RunnerInfo, Signature
from aitrader_core.inference.runners import Runners
from aitrader_core.runner.arena import load_arena
from aitrader_core.simulation.desk import Desk
from aitrader_core.simulation.tape import Tape
from tests.agents.onnx.markets import DAYS, TODAY, WIDTH, bars, drawn, tape_of_walks
from tests.networks import add_network, linear
from tests.simulation.tapes import MONDAY, A, B, C, desk_at, run_days, tape_of, weekdays

D = Decimal
NETWORK = linear("handmade", [1.0])
FITTING = Signature((WIDTH,), 1, {"aitrader.features": VERSION})
NOWHERE = Network("nowhere", Path("nowhere.onnx"), b"-")


@dataclass(frozen=True)
class Column:
    """A runner whose network says the feature of that number."""

    number: int = 0
    signature: Signature = FITTING

    def predict(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        return batch[:, self.number : self.number + 1]

    def info(self) -> RunnerInfo:
        return RunnerInfo("column", "00ff", "auto", "ort-cpu", "fp32", "CPU", {"none": "1"})


def policy(
    scores: Mapping[Symbol, float],
    day: date = MONDAY,
    *,
    top: int = 2,
    minimum: float = 0.0,
    every: Period = "session",
) -> PreparedPolicy:
    """One that knows the scores of its one day."""
    spec = OnnxPolicy("nowhere", top, minimum, every)
    return PreparedPolicy(spec, NOWHERE).knowing({day: scores})


def traded(agent: PreparedPolicy, desk: Desk) -> list[tuple[str, Symbol, int]]:
    agent.trade(desk)
    return [(str(o.order.side), o.order.symbol, int(o.order.quantity)) for o in desk.blotter]


def desk(held: Mapping[Symbol, int] | None = None) -> Desk:
    return desk_at(tape_of({A: "10", B: "20", C: "40"}), MONDAY, held=held)


def said(agent: PreparedPolicy, at: Desk) -> str:
    agent.trade(at)
    (entry,) = [e for e in at.transcript if e.role == "model"]
    return entry.text


# What it wants ------------------------------------------------------------------------------


def test_holds_the_best_in_equal_parts() -> None:
    scores = {A: 0.1, B: 0.3, C: 0.2}
    assert traded(policy(scores), desk()) == [("buy", B, 25), ("buy", C, 12)]
    assert traded(policy(scores, top=1), desk()) == [("buy", B, 50)]


def test_keeps_the_part_of_what_is_not_good_enough_in_cash() -> None:
    scores = {A: 0.5, B: 0.1, C: 0.1}
    assert traded(policy(scores, minimum=0.1), desk()) == [("buy", A, 50)]
    assert traded(policy(scores, minimum=0.5), desk()) == []
    assert traded(policy({A: 0.5, B: -0.1}), desk()) == [("buy", A, 50)]


def test_sells_what_it_no_longer_wants() -> None:
    held = {A: 10, C: 5}
    assert traded(policy({A: 2, B: 1, C: 0}), desk(held)) == [
        ("sell", C, 5),
        ("buy", A, 55),
        ("buy", B, 32),
    ]


def test_sells_what_has_no_score_and_holds_when_nothing_has() -> None:
    assert traded(policy({B: -1}), desk({A: 10})) == [("sell", A, 10)]
    assert traded(policy({}), desk({A: 10})) == []


def test_a_tie_goes_by_name() -> None:
    assert traded(policy({C: 1, B: 1, A: 1}, top=1), desk()) == [("buy", A, 100)]


def test_trades_at_the_start_of_its_period() -> None:
    first = date(2024, 1, 29)  # a Monday
    scores = {day: {A: n % 2, B: 1 - n % 2} for n, day in enumerate(weekdays(8, first))}

    def on(every: Period) -> list[int]:
        agent = policy({}, top=1, every=every).knowing(scores)
        rows = dict.fromkeys((A, B), "10 10 10 10 10 10 10 10")
        days = run_days(agent, tape_of(rows, first=first), first, 8)
        return [n for n, day in enumerate(days) if day.blotter]

    assert (on("session"), on("week"), on("month")) == ([*range(8)], [0, 5], [0, 3])


# What it says -------------------------------------------------------------------------------


def test_says_what_it_scored_and_what_it_wants() -> None:
    told = said(policy({A: 0.1, B: -0.25, C: 0.2}), desk())
    assert told == "nowhere scores CCC +0.2000, AAA +0.1000, BBB -0.2500; wanted: CCC, AAA"
    told = said(policy({A: 0.1}, minimum=0.5), desk())
    assert told == "nowhere scores AAA +0.1000; wanted: nothing, none is above 0.5"


def test_says_less_of_many() -> None:
    many = {Symbol(f"S{n:02}"): -float(n) for n in range(30)}
    told = said(policy(many), desk())
    assert told.startswith("nowhere scores S00 -0.0000, S01 -1.0000, ")
    assert told.endswith(
        ", S09 -9.0000 and 20 more down to -29.0000; wanted: nothing, none is above 0"
    )


def test_says_that_there_is_no_past_yet() -> None:
    agent = replace(policy({}, date(1999, 1, 1)), runner=Column())
    tape = Tape(DAYS, drawn(1), depth=LOOKBACK)
    assert said(agent, desk_at(tape, DAYS[5])) == (
        "no score: nothing on offer has 61 bars behind it"
    )


# Whom it asks -------------------------------------------------------------------------------


def test_a_network_is_asked_of_the_features_at_the_open() -> None:
    quiet = [100.0] * (LOOKBACK - 1)
    past = [*bars(A, [*quiet, 90]), *bars(B, [*quiet, 120]), *bars(C, [*quiet, 110])]
    begun = [replace(b, session=TODAY) for b in past if b.session == DAYS[LOOKBACK - 1]]
    tape = Tape(DAYS[: LOOKBACK + 1], past + begun, depth=LOOKBACK)
    agent = PreparedPolicy(OnnxPolicy("handmade", top=1), NETWORK, Column())
    desk = desk_at(tape, TODAY)
    scores = agent.scores(desk.view)
    assert scores == pytest.approx({A: -1.336306, B: 1.069045, C: 0.267261})  # of -10, 20, 10 %
    assert traded(agent, desk) == [("buy", B, 8)]


def test_a_real_network_trades_days_that_do_not_depend_on_what_is_known_already() -> None:
    tape = tape_of_walks(5)
    agent = PreparedPolicy(OnnxPolicy("handmade", every="session"), NETWORK)
    agent = agent.connected(Connections("m", "m"))
    days = run_days(agent, tape, TODAY, 15)
    assert sum(len(day.fills) for day in days) > 15
    known = {}
    for day in days:
        view = desk_at(tape, day.session).view
        symbols, rows = features(view)
        assert agent.scores(view) == dict(zip(symbols, rows[:, 0].tolist(), strict=True))
        known[day.session] = agent.scores(view)
    asks_nobody = replace(agent, runner=None).knowing(known)
    assert run_days(asks_nobody, tape, TODAY, 15) == days


def test_what_is_known_is_of_daily_bars() -> None:
    agent = replace(policy({A: 1.0, B: 1.0, C: 1.0}, TODAY), runner=Column())
    view = desk_at(tape_of_walks(1), TODAY).view
    assert agent.scores(view) == {A: 1.0, B: 1.0, C: 1.0}
    later = replace(view, at=view.at.replace(hour=10))
    assert agent.scores(later) == replace(agent, known={}).scores(view) != agent.scores(view)


def test_one_that_is_not_connected_asks_nobody() -> None:
    agent = PreparedPolicy(OnnxPolicy("nowhere"), NOWHERE)
    with pytest.raises(LedgerError, match="nowhere is not connected"):
        agent.trade(desk_at(tape_of_walks(1), TODAY))


# Which network it takes ---------------------------------------------------------------------

MISFITS = {
    "of other features": (
        linear("x", version="daily-0"),
        "x.onnx was trained on features daily-0, and is told daily-1 here: train it again "
        "(aitrader models train), or trade it by a class of your own (kind: module:Class)",
    ),
    "of a width of its own": (
        linear("x", width=WIDTH + 1),
        f"x.onnx makes [rows, 1] of [rows, {WIDTH + 1}]; the features daily-1 are [rows, {WIDTH}]",
    ),
    "no network at all": (NOWHERE, "nowhere"),
}


@pytest.mark.parametrize("what", MISFITS)
def test_a_network_that_does_not_fit_is_refused(what: str) -> None:
    network, sentence = MISFITS[what]
    agent = PreparedPolicy(OnnxPolicy(network.name), network)
    with pytest.raises(ConfigError) as error:
        agent.check(Terms([A]))
    assert sentence in str(error.value)
    if network is not NOWHERE:
        with pytest.raises(ConfigError, match="train it again"):
            agent.connected(Connections("m", "m", runners=Runners(RunnerOptions("ort-cpu"))))


@pytest.mark.parametrize(
    "signature",
    [
        Signature((WIDTH,), 2, {"aitrader.features": VERSION}),
        Signature((WIDTH, 1), 1, {"aitrader.features": VERSION}),
        Signature((WIDTH,), 1),
    ],
    ids=["two answers", "a row of rows", "no features named"],
)
def test_a_runner_of_another_shape_is_refused(signature: Signature) -> None:
    class Others(Runners):
        def of(self, network: Network) -> Column:  # noqa: ARG002
            return Column(signature=signature)

    with pytest.raises(ConfigError, match=r"nowhere\.onnx .*train it again"):
        PreparedPolicy(OnnxPolicy("nowhere"), NOWHERE).connected(
            Connections("m", "m", runners=Others(RunnerOptions()))
        )


def test_without_onnxruntime_it_says_so_before_a_job_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)  # to import it fails
    agent = PreparedPolicy(OnnxPolicy("y"), linear("never opened before"))
    with pytest.raises(ConfigError, match=r"onnxruntime.*install aitrader\[cpu\]"):
        agent.check(Terms([A]))


def test_what_fits_is_taken_and_stands_in_the_manifest() -> None:
    agent = PreparedPolicy(OnnxPolicy("handmade"), NETWORK)
    agent.check(Terms([A]))
    made_of = agent.connected(Connections("m", "m")).made_of
    assert made_of["network"] == f"handmade {NETWORK.digest[:16]}"
    assert made_of["features"] == VERSION
    assert made_of["backend"].endswith("-> ort-cpu")


# In an arena --------------------------------------------------------------------------------


@pytest.fixture
def configured(config_dir: Path) -> Path:
    """The us arena with one model, that trades a network."""
    add_network(config_dir, NETWORK)
    model = {"kind": "onnx", "network": "handmade", "top": 3, "minimum": 0.1, "every": "month"}
    (config_dir / "models" / "ours.yaml").write_text(yaml.safe_dump(model))
    path = config_dir / "arenas" / "us.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "models": ["ours"]}))
    return config_dir


def test_it_is_configured_in_a_file(configured: Path) -> None:
    model = load_arena(configured, "us").models["ours"]
    assert isinstance(model.agent, PreparedPolicy)
    assert model.agent.spec == OnnxPolicy("handmade", 3, 0.1, "month")
    assert model.agent.network.digest == NETWORK.digest
    add_network(configured, linear("handmade", [2.0]))
    other = load_arena(configured, "us").models["ours"]
    assert other.config_hash != model.config_hash  # another network decides otherwise


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"network": "handmad"}, "handmad.onnx"),
        ({"minimum": float("nan")}, "minimum: Input should be a finite number"),
        ({"top": 0}, "top: Input should be greater than or equal to 1"),
        ({"topp": 1}, "topp: unknown key; did you mean top? allowed are every, minimum, network"),
        ({"repeats": 2}, "repeats: a model of kind onnx decides the same every time"),
    ],
)
def test_a_mistake_in_the_file(configured: Path, change: dict[str, object], sentence: str) -> None:
    path = configured / "models" / "ours.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **change}))
    with pytest.raises(ConfigError) as error:
        load_arena(configured, "us")
    assert str(path) in str(error.value)
    assert sentence in str(error.value)


def test_it_needs_the_history_that_its_features_are_of(configured: Path) -> None:
    path = configured / "arenas" / "us.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), "history": LOOKBACK}))
    with pytest.raises(ConfigError, match="61 needs more than the 61 bars of history"):
        load_arena(configured, "us")


def test_an_arena_is_read_without_numpy_or_a_runtime(configured: Path) -> None:
    code = (
        "import sys, pathlib; from aitrader_core.runner.arena import load_arena;"
        f"print(list(load_arena(pathlib.Path({str(configured)!r}), 'us').models));"
        "print(sorted({'numpy', 'onnxruntime', 'onnx', 'numba'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "['ours']\n[]\n"


def test_every_feature_has_a_name_of_its_own() -> None:
    assert len(set(NAMES)) == WIDTH == features(desk_at(tape_of_walks(1), TODAY).view)[1].shape[1]
    assert max(int(name.rpartition("_")[2]) for name in NAMES if "_" in name) == LOOKBACK - 1
