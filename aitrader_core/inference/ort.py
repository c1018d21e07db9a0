"""Networks on ONNX Runtime."""

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import RunnerInfo


def open_ort(network: Network, options: RunnerOptions) -> "OrtRunner":
    told = ort.SessionOptions()
    told.intra_op_num_threads = options.threads
    session = ort.InferenceSession(network.content, told, providers=["CPUExecutionProvider"])
    versions = {"onnxruntime": ort.__version__}
    info = RunnerInfo(
        network.name,
        network.digest,
        options.backend,
        "ort-cpu",
        "fp32",
        "CPU",
        versions,
    )
    return OrtRunner(session, info)


class OrtRunner:
    def __init__(self, session: ort.InferenceSession, info: RunnerInfo) -> None:
        self._session, self._info = session, info
        self._input, self._output = session.get_inputs()[0].name, session.get_outputs()[0].name

    def predict(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        (answer,) = self._session.run([self._output], {self._input: batch})
        return np.asarray(answer)

    def info(self) -> RunnerInfo:
        return self._info
