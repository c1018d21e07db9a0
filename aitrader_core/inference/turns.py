"""A device in this process: whose turn it is, and the thread that ONNX Runtime is asked by.

Two networks that run on a device at once would only take turns there, so that those who ask wait
here. ONNX Runtime, moreover, keeps what it captured of a graph with the thread that captured it,
and wants no other to run it.
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


_lock, _threads, _turns = Lock(), dict[int, DeviceThread](), dict[int, Lock]()


def device_thread(device: int) -> DeviceThread:
    """That of this process for CUDA device `device`."""
    with _lock:
        if device not in _threads:
            _threads[device] = DeviceThread(f"device {device}")
        return _threads[device]


def device_turn(device: int) -> Lock:
    """Held by whoever's batch is on CUDA device `device`, of all runners of this process."""
    with _lock:
        return _turns.setdefault(device, Lock())
