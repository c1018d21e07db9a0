"""What the committed networks are trained on, gathered once in a process."""

import pytest

from aitrader_core.runner.arena import load_stage
from aitrader_core.runner.settings import project_root
from aitrader_core.training.history import History, history_of
from aitrader_core.training.recipes import DAILY_MLP, TICK_CNN
from aitrader_core.training.samples import Samples, daily_samples, window_samples


@pytest.fixture(scope="session")
def history() -> History:
    return history_of(load_stage(project_root() / "configs", "us"))


@pytest.fixture(scope="session")
def daily(history: History) -> Samples:
    return daily_samples(history, DAILY_MLP.horizon)


@pytest.fixture(scope="session")
def windowed(history: History) -> Samples:
    return window_samples(history, TICK_CNN.horizon)
