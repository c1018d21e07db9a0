"""What runs a network, whatever it runs on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from aitrader_core.inference.options import Backend, Precision

if TYPE_CHECKING:  # numpy is for those who have a network to run
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class RunnerInfo:
    """Who answers: `requested` is the backend that was asked for, `actual` the one that runs.

    `network` and `digest` (sha256 of the file) tell the network. `versions` are those of runtime
    and driver. `engine` is the key of the built engine, where there is one; `fallback` says why
    the CPU stands in for what was asked for.
    """

    network: str
    digest: str
    requested: Backend
    actual: Backend
    precision: Precision
    device: str
    versions: Mapping[str, str] = field(default_factory=dict)
    engine: str | None = None
    fallback: str | None = None

    @property
    def told(self) -> Mapping[str, str]:
        """For a manifest or an asset's metadata: what may decide an answer's last digit."""
        told = {
            "network": f"{self.network} {self.digest[:16]}",
            "backend": f"{self.requested} -> {self.actual}",
            "precision": self.precision,
            "device": self.device,
            "versions": ", ".join(f"{name} {v}" for name, v in sorted(self.versions.items())),
        }
        told |= {"engine": self.engine} if self.engine else {}
        return told | ({"fallback": self.fallback} if self.fallback else {})


@dataclass(frozen=True, slots=True)
class Signature:
    """What a network takes and gives: a batch is [rows, *row], its answers are [rows, width].

    `metadata` is what its maker wrote into it.
    """

    row: tuple[int, ...]
    width: int
    metadata: Mapping[str, str] = field(default_factory=dict)


class InferenceRunner(Protocol):
    """A network, loaded and warm. Any thread may ask; the device answers one at a time."""

    @property
    def signature(self) -> Signature: ...

    def predict(self, batch: "NDArray[np.float32]") -> "NDArray[np.float32]":
        """The network's output [rows, width], a row for each row of `batch`.

        On the CPU a row's answer is the same to the bit, whatever rows it comes with. Raises
        InferenceError for another shape or type, for what is not finite, for no row, and for more
        rows than `most_rows`.
        """

    def info(self) -> RunnerInfo: ...
