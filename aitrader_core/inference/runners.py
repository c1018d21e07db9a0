"""One runner of each network in a process, shared by all its models."""

from functools import cache
from threading import Lock

from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import InferenceRunner


class Runners:
    """Opens a network when it is first asked for, and keeps it; of all threads, one opens it."""

    def __init__(self, options: RunnerOptions) -> None:
        self.options = options
        self._lock, self._open = Lock(), dict[str, InferenceRunner]()

    def of(self, network: Network) -> InferenceRunner:
        """InferenceError where it can't be run as the options say."""
        from aitrader_core.inference.opening import open_runner

        with self._lock:
            if network.digest not in self._open:
                self._open[network.digest] = open_runner(network, self.options)
            return self._open[network.digest]


@cache
def runners(options: RunnerOptions) -> Runners:
    """Those of this process."""
    return Runners(options)
