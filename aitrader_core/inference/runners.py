"""One runner of each network in a process, shared by all its models."""

from concurrent.futures import Future
from threading import Lock

from aitrader_core.inference.network import Network
from aitrader_core.inference.options import RunnerOptions
from aitrader_core.inference.runner import InferenceRunner


class Runners:
    """Opens a network when it is first asked for, and keeps it.

    Of all threads one opens it, and those who ask meanwhile wait for that one, also for its error.
    An error is not kept: who asks later tries again.
    """

    def __init__(self, options: RunnerOptions) -> None:
        self.options = options
        self._lock, self._opened = Lock(), dict[tuple[str, str], Future[InferenceRunner]]()

    def of(self, network: Network) -> InferenceRunner:
        """InferenceError where it can't be run as the options say."""
        key = network.name, network.digest  # what runs it tells its name
        with self._lock:
            known = self._opened.get(key)
            opened = self._opened.setdefault(key, Future())
        if known is None:
            self._open(key, network, opened)
        return opened.result()

    def _open(
        self, key: tuple[str, str], network: Network, opened: Future[InferenceRunner]
    ) -> None:
        from aitrader_core.inference.opening import open_runner

        try:
            opened.set_result(open_runner(network, self.options))
        except BaseException as error:
            with self._lock:
                del self._opened[key]
            opened.set_exception(error)


_lock, _runners = Lock(), dict[RunnerOptions, Runners]()


def runners(options: RunnerOptions) -> Runners:
    """Those of this process."""
    with _lock:
        return _runners.setdefault(options, Runners(options))
