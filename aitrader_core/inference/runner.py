"""What runs a trained model over the windows that a pattern engine hands out."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:  # numpy is for those who have a model to run
    import numpy as np
    from numpy.typing import NDArray


class InferenceRunner(Protocol):
    """A model, loaded and warm. `predict` is asked from one thread at a time."""

    def predict(self, batch: "NDArray[np.float32]") -> "NDArray[np.float32] | None":
        """For windows [N, 1, 32], how probable a fall and a rise are: [N, 2].

        None from one that has no opinion on anything.
        """

    def info(self) -> Mapping[str, str]:
        """Model, runtime and device, for the manifest."""


@dataclass(frozen=True, slots=True)
class NullRunner:
    """No model at all: pattern scores stand alone."""

    def predict(self, batch: "NDArray[np.float32]") -> None:  # noqa: ARG002 - as the protocol has it
        return None

    def info(self) -> Mapping[str, str]:
        return MappingProxyType({"score": "none"})


def prediction(runner: InferenceRunner, window: "NDArray[np.float32]") -> float | None:
    """What `runner` makes of one window [32], as a rise less a fall, -1 to 1."""
    answer = runner.predict(window.reshape(1, 1, -1))
    return None if answer is None else float(answer[0, 1] - answer[0, 0])
