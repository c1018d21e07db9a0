"""What a runner answers becomes one number that a strategy can weigh."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from aitrader_core.inference.runner import InferenceRunner, NullRunner, prediction


class Always:
    """Answers the same of every window, once it has checked that it is one."""

    def __init__(self, fall: float, rise: float) -> None:
        self.answer = [fall, rise]

    def predict(self, batch: NDArray[np.float32]) -> NDArray[np.float32]:
        assert batch.shape == (len(batch), 1, 32)
        return np.array([self.answer] * len(batch), np.float32)

    def info(self) -> Mapping[str, str]:
        return {"model": "always"}


@pytest.mark.parametrize(
    ("runner", "said"),
    [(Always(0.25, 0.75), 0.5), (Always(1, 0), -1.0), (NullRunner(), None)],
)
def test_a_rise_less_a_fall(runner: InferenceRunner, said: float | None) -> None:
    assert prediction(runner, np.zeros(32, np.float32)) == said
    assert runner.info()
