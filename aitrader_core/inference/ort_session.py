"""Sessions of ONNX Runtime: opened, or refused in a sentence; what they take and give."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.checked import Floats
from aitrader_core.inference.network import Network
from aitrader_core.inference.options import Precision
from aitrader_core.inference.runner import Signature

Providers = Sequence[tuple[str, Mapping[str, str]]]

_FLOAT = "tensor(float)"
_LONGEST = 200  # characters of a reason that is not ours
# [ONNXRuntimeError] : 1 : FAIL : /its/source.cc:256 its::Function(with, arguments) what it says
_KIND = re.compile(r"^\[ONNXRuntimeError\] : \d+ : \w+ : ")
_SOURCE = re.compile(r"^\S+\.(cc|h|cpp|cu):\d+ [^(]*\(")
_KNOWN = (
    (
        r"protobuf parsing failed",
        "it is no ONNX file, or torn: restore it, or train it again",
    ),
    (r"No graph was found", "there is no network in it: restore it, or train it again"),
    (
        r"(?i)opset (\d+) is under development",
        "it is of opset {0}, which onnxruntime {version} doesn't know: export it for an older one",
    ),
    (
        r"Unsupported model IR version: (\d+), max supported IR version: (\d+)",
        "it is of ONNX IR version {0}, and onnxruntime {version} knows {1} at most: export it for "
        "that one",
    ),
)


def content_of(network: Network, precision: Precision) -> bytes:
    """The file's bytes, or those of the network made of it in half precision."""
    if not network.content:
        raise InferenceError(f"{network.path} is empty: restore it, or train it again")
    if precision == "fp32":
        return network.content
    from aitrader_core.inference.half import halved

    try:
        return halved(network.content)
    except InferenceError as error:
        raise InferenceError(f"{network.path}: {error}") from error


def opened(
    ort: ModuleType, network: Network, content: bytes, told: Any, providers: Providers
) -> Any:
    """A session that never turns to other providers by itself.

    InferenceError names the file and says what is wrong with it.
    """
    try:
        return ort.InferenceSession(content, told, providers=[*providers], enable_fallback=0)
    except errors(ort) as error:
        raise InferenceError(_refusal(network, ort.__version__, str(error))) from error


def errors(ort: ModuleType) -> tuple[type[Exception], ...]:
    """What its calls raise: pybind's, and those of its own, which have no common base."""
    own = vars(ort.capi.onnxruntime_pybind11_state).values()
    kinds = (kind for kind in own if isinstance(kind, type) and issubclass(kind, Exception))
    return (RuntimeError, ValueError, *kinds)


def reason(text: str) -> str:
    """The first phrase of what ONNX Runtime says that is of use to a reader."""
    said = _KIND.sub("", text.strip())
    if found := _SOURCE.match(said):
        said = _after_bracket(said, found.end()) or said
    first = re.split(r"\.\s|\n", " ".join(said.split()), maxsplit=1)[0]
    return first[:_LONGEST].rstrip(" .:")


@dataclass(frozen=True, slots=True)
class Ports:
    """The names of a network's input and output, and the shape of an answer's row."""

    asked: str
    answered: str
    answer: tuple[int, ...]


def ports_of(session: Any, network: Network) -> tuple[Ports, Signature]:
    """InferenceError for anything but rows of fixed size in and out, as float32."""
    asked, answered = session.get_inputs(), session.get_outputs()
    if len(asked) != 1 or len(answered) != 1:
        told = f"has {len(asked)} inputs and {len(answered)} outputs"
        raise InferenceError(f"{network.path} {told}: export it with one of each")
    rows, answer = _row(asked[0], network, "input"), _row(answered[0], network, "output")
    if not rows:
        raise InferenceError(
            f"{network.path} takes {_told(asked[0])}: export it with an input [batch, features]"
        )
    metadata = dict(session.get_modelmeta().custom_metadata_map)
    ports = Ports(asked[0].name, answered[0].name, answer)
    return ports, Signature(rows, int(np.prod(answer, dtype=int)), metadata)


class PlainRun:
    """Batches as they are, through a session that allocates what it answers."""

    def __init__(self, ort: ModuleType, session: Any, ports: Ports, network: Network) -> None:
        self._run, self._errors, self._network = session.run, errors(ort), network
        self._asked, self._answered = ports.asked, [ports.answered]
        self._is_flat = len(ports.answer) == 1

    def __call__(self, batch: Floats) -> Floats:
        try:
            answers: Floats = self._run(self._answered, {self._asked: batch})[0]
        except self._errors as error:
            raise failed(self._network, error) from error
        return answers if self._is_flat else answers.reshape(len(batch), -1)


def failed(network: Network, error: Exception) -> InferenceError:
    """Of a call that was good, as far as could be seen before."""
    return InferenceError(
        f"{network.path} can't be run on what it was asked ({reason(str(error))}): "
        "look at its graph, and train or export it again"
    )


def _row(port: Any, network: Network, which: str) -> tuple[int, ...]:
    """The sizes after the batch's."""
    batch, *row = port.shape or [0]
    fixed = tuple(size for size in row if isinstance(size, int) and size > 0)
    if port.type != _FLOAT or isinstance(batch, int) or len(fixed) != len(row):
        raise InferenceError(
            f"{network.path} has the {which} {_told(port)}: export it with float32 and a dynamic "
            "batch in front of sizes that are fixed"
        )
    return fixed


def _told(port: Any) -> str:
    shape = ", ".join(str(size) for size in port.shape)
    return f"{port.name} of {port.type.removeprefix('tensor(').removesuffix(')')} [{shape}]"


def _refusal(network: Network, version: str, text: str) -> str:
    for pattern, told in _KNOWN:
        if found := re.search(pattern, text):
            return f"{network.path} can't be loaded: " + told.format(
                *found.groups(), version=version
            )
    return (
        f"{network.path} can't be loaded by onnxruntime {version} ({reason(text)}): "
        "export it again, or train it again"
    )


def _after_bracket(text: str, inside: int) -> str:
    """What follows the bracket whose inside begins at `inside`."""
    depth = 1
    for at, letter in enumerate(text[inside:], inside):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return text[at + 1 :].strip()
    return ""
