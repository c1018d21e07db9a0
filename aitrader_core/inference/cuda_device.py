"""A CUDA device, as its driver tells of it: asked without any of CUDA's packages."""

import ctypes
from dataclasses import dataclass

LIBRARY = "libcuda.so.1"
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_*
_LONGEST_NAME = 256


@dataclass(frozen=True, slots=True)
class CudaDevice:
    """`cuda` is the newest CUDA that its driver can run."""

    name: str
    compute_capability: str
    cuda: str


def cuda_device(number: int) -> CudaDevice:
    """Device `number`. LookupError says, as a phrase, why there is none."""
    try:
        driver = ctypes.CDLL(LIBRARY)
    except OSError:
        raise LookupError(f"this machine has no NVIDIA driver ({LIBRARY} is not there)") from None
    if code := driver.cuInit(0):
        raise LookupError(f"the NVIDIA driver finds no device that it can use (cuInit says {code})")
    count = _number(driver.cuDeviceGetCount)
    if number >= count:
        raise LookupError(f"the NVIDIA driver finds {count} devices, and none is device {number}")
    device = ctypes.c_int(_number(driver.cuDeviceGet, number))
    name = ctypes.create_string_buffer(_LONGEST_NAME)
    driver.cuDeviceGetName(name, _LONGEST_NAME, device)
    major, minor = (_number(driver.cuDeviceGetAttribute, a, device) for a in (_MAJOR, _MINOR))
    cuda = _number(driver.cuDriverGetVersion)  # 13000 is 13.0
    return CudaDevice(
        name.value.decode(), f"{major}.{minor}", f"{cuda // 1000}.{cuda % 1000 // 10}"
    )


def _number(function: "ctypes._NamedFuncPointer", *arguments: object) -> int:
    """What a function of the driver puts where its first argument points to."""
    told = ctypes.c_int()
    function(ctypes.byref(told), *arguments)
    return told.value
