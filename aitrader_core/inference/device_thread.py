"""A device of this process: all that is to be done on it is done by one thread, in its turn.

ONNX Runtime keeps what it captured of a graph with the thread that captured it, and wants no other
to run it; and two networks that run at once would only take turns on the device.
"""

from collections.abc import Callable
from queue import SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

Result = TypeVar("Result")


class DeviceThread:
    """Quicker by far than an executor, which has a future and two conditions for each task."""

    def __init__(self, name: str) -> None:
        self._tasks: SimpleQueue[tuple[Callable[[], Any], SimpleQueue[Any]]] = SimpleQueue()
        Thread(target=self._work, name=name, daemon=True).start()

    def do(self, task: Callable[[], Result]) -> Result:
        """What `task` returns, or raises, once it had its turn. Not to be asked by a task."""
        told: SimpleQueue[tuple[Result, BaseException | None]] = SimpleQueue()
        self._tasks.put((task, told))
        result, error = told.get()
        if error is not None:
            raise error
        return result

    def _work(self) -> None:
        while True:
            task, told = self._tasks.get()
            try:
                told.put((task(), None))
            except BaseException as error:  # it is its asker's
                told.put((None, error))
            del task, told  # nobody's batch is kept until the next task


_lock, _threads = Lock(), dict[int, DeviceThread]()


def device_thread(device: int) -> DeviceThread:
    """That of this process for CUDA device `device`."""
    with _lock:
        if device not in _threads:
            _threads[device] = DeviceThread(f"device {device}")
        return _threads[device]
