"""What a built engine is good for: one network, one runtime, one kind of device, one profile."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from aitrader_core.inference.options import PRECISIONS, Precision

Runtime = Literal["tensorrt", "tensorrt-rtx", "ort-tensorrt"]
RUNTIMES: tuple[Runtime, ...] = get_args(Runtime)

RECIPE = 1  # of how we build: whoever changes what comes of the same key adds one
_LENGTH = 16  # hex digits


@dataclass(frozen=True, slots=True)
class EngineKey:
    """`digest` is the network's, whatever precision it is built in; `version` the runtime's.

    `compute_capability` is the device's ("9.0"), or what an engine of TensorRT-RTX is built for:
    "8.0+" (Ampere and later) or a list ("8.6,8.9"). `profile` are the fewest rows, those it is
    made best for, and the most.
    """

    digest: str
    runtime: Runtime
    version: str
    compute_capability: str
    profile: tuple[int, int, int]
    precision: Precision

    def __post_init__(self) -> None:
        least, best, most = self.profile
        if not 1 <= least <= best <= most:
            raise ValueError(f"profile is {self.profile}, must be 1 or more, and rise")

    @property
    def name(self) -> str:
        """Short, and of the characters that a folder may have."""
        told = json.dumps([RECIPE, *self.told.values()])
        return hashlib.sha256(told.encode()).hexdigest()[:_LENGTH]

    @property
    def told(self) -> dict[str, Any]:
        """As JSON has it."""
        return {**asdict(self), "profile": list(self.profile)}

    def serves(self, wanted: "EngineKey", device: str) -> bool:
        """Whether an engine of this key does what is `wanted` on a device of such a compute
        capability: built for as many rows or more, and for that device among others."""
        alike = replace(self, compute_capability=wanted.compute_capability, profile=wanted.profile)
        return (
            alike == wanted
            and self.profile[0] <= wanted.profile[0]
            and self.profile[-1] >= wanted.profile[-1]
            and (
                self.compute_capability == wanted.compute_capability
                or device in self.compute_capability.split(",")
            )
        )


def read_key(told: Mapping[str, Any]) -> EngineKey:
    """The reverse of `told`. ValueError for what is none."""
    try:
        least, best, most = map(int, told["profile"])
        key = EngineKey(
            str(told["digest"]),
            told["runtime"],
            str(told["version"]),
            str(told["compute_capability"]),
            (least, best, most),
            told["precision"],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"no key of an engine: {error}") from error
    if key.runtime not in RUNTIMES or key.precision not in PRECISIONS:
        raise ValueError(f"no key of an engine: {key}")
    return key
