"""Small networks for tests: a weighted sum of a symbol's features, plus a constant."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml
from onnx import TensorProto, checker, helper, numpy_helper

from aitrader_core.agents.onnx import features
from aitrader_core.inference.network import FOLDER, Network, read_network

WIDTH = len(features.NAMES)


def linear(
    name: str,
    weights: Sequence[float] = (1.0,),
    bias: float = 0.0,
    *,
    width: int = WIDTH,
    version: str = features.VERSION,
) -> Network:
    """`features` [N, width] -> `score` [N, 1]; the weights that are left out are 0."""
    column = np.zeros((width, 1), np.float32)
    column[: len(weights), 0] = weights
    graph = helper.make_graph(
        [helper.make_node("Gemm", ["features", "weights", "bias"], ["score"])],
        name,
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", width])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N", 1])],
        [
            numpy_helper.from_array(column, "weights"),
            numpy_helper.from_array(np.array([bias], np.float32), "bias"),
        ],
    )
    # as old as they may be: a runtime refuses what is newer than itself
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {"aitrader.features": version})
    checker.check_model(model, full_check=True)
    return Network(name, Path(f"{name}.onnx"), model.SerializeToString())


def trading_by(config_dir: Path, network: Network, arena: str = "us", **spec: object) -> str:
    """`network`, and a model of its name that trades by it in an arena; the model's name."""
    add_network(config_dir, network)
    told = {"kind": "onnx", "network": network.name} | spec
    (config_dir / "models" / f"{network.name}.yaml").write_text(yaml.safe_dump(told))
    file = config_dir / "arenas" / f"{arena}.yaml"
    content = yaml.safe_load(file.read_text())
    file.write_text(yaml.safe_dump({**content, "models": [*content["models"], network.name]}))
    return network.name


def add_network(config_dir: Path, network: Network) -> Network:
    """With its card, among the networks of a config folder; as it is read from there."""
    folder = config_dir / FOLDER
    folder.mkdir(exist_ok=True)
    (folder / f"{network.name}.onnx").write_bytes(network.content)
    (folder / f"{network.name}.md").write_text(f"# {network.name}\n\nMade by a test.\n")
    return read_network(config_dir, network.name)
