"""Small networks that look at windows of trades, for tests of scored pattern models."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper

from aitrader_core.inference.network import FOLDER, Network
from aitrader_core.inference.opening import open_runner
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import InferenceRunner
from aitrader_core.patterns.pattern_trader import PatternTrader
from aitrader_core.patterns.scored_trader import ScoredTrader
from aitrader_core.patterns.shown import LENGTH, METADATA, VERSION

GAIN = 0.6  # of the last move; the one before it counts less, and so on
TREND = "trend_cnn"  # the name of the network that says that moves go on


@cache
def trend(
    name: str = TREND,
    *,
    gain: float = GAIN,
    length: int = LENGTH,
    width: int = 2,
    made_for: str = VERSION,
) -> Network:
    """`window` [N, 1, length] -> `chances` [N, width], of a fall and a rise.

    It says that the moves of the last trades go on; by a convolution, so that it is such a network
    as is trained. With a `gain` below 0 it says that they turn.
    """
    steps = length - 1
    weights: dict[str, Any] = {
        "step": [[[-1.0, 1.0]]],  # a move is what lies between two prices
        "move": np.linspace(-gain, gain, width)[None, :] * np.linspace(0, 1, steps)[:, None],
        "bias": np.zeros(width),
    }
    nodes = [
        helper.make_node("Conv", ["window", "step"], ["moves"]),
        helper.make_node("Flatten", ["moves"], ["flat"]),
        helper.make_node("Gemm", ["flat", "move", "bias"], ["said"]),
        helper.make_node("Softmax", ["said"], ["chances"], axis=1),
    ]
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("window", TensorProto.FLOAT, ["N", 1, length])],
        [helper.make_tensor_value_info("chances", TensorProto.FLOAT, ["N", width])],
        [numpy_helper.from_array(np.asarray(w, np.float32), of) for of, w in weights.items()],
    )
    # as old as they may be: a runtime refuses what is newer than itself
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {METADATA: made_for})
    checker.check_model(model, full_check=True)
    return Network(name, Path(f"{name}.onnx"), model.SerializeToString())


@cache
def runner(network: Network) -> InferenceRunner:
    return open_runner(network, RunnerOptions("ort-cpu"))


def scored(trader: PatternTrader, network: Network | None = None) -> ScoredTrader:
    """`trader` with a network that has a say in it, as its runner gives it."""
    found = network or trend()
    told = {name: getattr(trader, name) for name in ("patterns", "strategy", "limits", "lookback")}
    return ScoredTrader(**told, score=found.name, network=found, runner=runner(found))


def add_network(config_dir: Path, network: Network) -> None:
    folder = config_dir / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / f"{network.name}.onnx").write_bytes(network.content)
