"""What a network is to be run on."""

from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal, get_args

Backend = Literal["auto", "ort-cpu", "ort-cuda", "ort-tensorrt", "tensorrt", "tensorrt-rtx"]
Precision = Literal["fp32", "fp16"]

BACKENDS: tuple[Backend, ...] = get_args(Backend)
PRECISIONS: tuple[Precision, ...] = get_args(Precision)
MOST_ROWS = 65_536
WAY_OUT = "set AITRADER_INFERENCE_BACKEND to auto"  # of a backend that is not here


@dataclass(frozen=True, slots=True)
class RunnerOptions:
    """`backend` is what is asked for; `auto` is CUDA where there is a device that works, else the
    CPU.

    `strict` insists on it: what can't run there is an error. Otherwise the CPU runs it, and
    `RunnerInfo.fallback` says why. Left out, everything but `auto` is strict. `engines` is the
    folder of built engines and timing caches; without one nothing is kept. `most_rows` is the
    largest batch. `threads` are those of one call on the CPU. `buckets` are the batch sizes that
    are run on a device with a graph of their own: a batch is padded up to the next of them.
    """

    __pydantic_config__: ClassVar[dict[str, str]] = {"extra": "forbid"}

    backend: Backend = "auto"
    precision: Precision = "fp32"
    strict: bool | None = None
    device: int = 0
    threads: int = 1
    most_rows: int = MOST_ROWS
    buckets: tuple[int, ...] = (1, 8, 64, 512, 4096)
    engines: Path | None = None

    def __post_init__(self) -> None:
        for name in ("threads", "most_rows"):
            if (value := getattr(self, name)) < 1:
                raise ValueError(f"{name} is {value}, must be 1 or more")
        if self.device < 0:
            raise ValueError(f"device is {self.device}, must be 0 or more")
        if list(self.buckets) != sorted({*self.buckets}) or any(b < 1 for b in self.buckets):
            raise ValueError(f"buckets are {self.buckets}, must be 1 or more, and rise")

    @property
    def is_strict(self) -> bool:
        return self.backend != "auto" if self.strict is None else self.strict
