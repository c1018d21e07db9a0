"""Opens a network on the backend that was asked for, or says why it can't run there."""

from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import InferenceRunner


def open_runner(network: Network, options: RunnerOptions) -> InferenceRunner:
    """Loaded and warm. InferenceError says in one sentence what stands in the way."""
    from aitrader_core.inference.ort import open_ort

    return open_ort(network, options)
