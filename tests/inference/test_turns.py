"""The thread of a device, and its driver."""

import ctypes
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from aitrader_core.inference.cuda_device import CudaDevice, cuda_device
from aitrader_core.inference.turns import DeviceThread, device_thread, device_turn


def test_whoever_asks_one_thread_does_it() -> None:
    device = DeviceThread("a device")
    with ThreadPoolExecutor(4) as threads:
        asked = [
            threads.submit(device.do, lambda n=n: (n, threading.get_ident())) for n in range(40)
        ]
    done = [found.result() for found in asked]
    assert [number for number, _ in done] == list(range(40))
    assert len({thread for _, thread in done}) == 1
    assert done[0][1] != threading.get_ident()


def test_what_goes_wrong_is_its_askers_and_the_next_one_is_served() -> None:
    device = DeviceThread("a device")
    with pytest.raises(ZeroDivisionError):
        device.do(lambda: 1 // 0)
    assert device.do(lambda: 7) == 7


def test_a_device_has_one_thread_and_one_turn() -> None:
    assert device_thread(0) is device_thread(0)
    assert device_thread(0) is not device_thread(1)
    assert device_turn(0) is device_turn(0)
    assert device_turn(0) is not device_turn(1)


class Driver:
    """libcuda as it is called by ctypes; `init` is what cuInit says."""

    def __init__(self, init: int = 0) -> None:
        self.init = init

    def cuInit(self, _: int) -> int:  # noqa: N802 - their names
        return self.init

    def cuDeviceGetCount(self, into: Any) -> None:  # noqa: N802
        into._obj.value = 2

    def cuDeviceGet(self, into: Any, number: int) -> None:  # noqa: N802
        into._obj.value = number + 10

    def cuDeviceGetName(self, into: Any, _: int, device: Any) -> None:  # noqa: N802
        into.value = f"NVIDIA {device.value}".encode()

    def cuDeviceGetAttribute(self, into: Any, attribute: int, device: Any) -> None:  # noqa: N802
        into._obj.value = {75: 8, 76: 9}[attribute] if device.value == 11 else 0

    def cuDriverGetVersion(self, into: Any) -> None:  # noqa: N802
        into._obj.value = 13010


def test_a_device_is_told_by_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Driver())
    assert cuda_device(1) == CudaDevice("NVIDIA 11", "8.9", "13.1")
    with pytest.raises(LookupError, match="finds 2 devices, and none is device 2"):
        cuda_device(2)


def test_no_driver_and_no_device_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    def absent(name: str) -> ctypes.CDLL:
        raise OSError(name)

    monkeypatch.setattr(ctypes, "CDLL", absent)
    with pytest.raises(LookupError, match="no NVIDIA driver .libcuda.so.1 is not there."):
        cuda_device(0)
    monkeypatch.setattr(ctypes, "CDLL", lambda _: Driver(init=100))
    with pytest.raises(LookupError, match="no device that it can use .cuInit says 100."):
        cuda_device(0)
