"""Around whatever runs a network: what it is asked and what it answers, looked at."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import numpy as np
from numpy.typing import NDArray

from aitrader_core.domain.errors import InferenceError, Unanswerable
from aitrader_core.inference.runner import RunnerInfo, Signature

Floats = NDArray[np.float32]
Run = Callable[[Floats], Floats]  # contiguous rows in, [rows, width] out

FLOAT = np.dtype(np.float32)


class CheckedRunner:
    """An InferenceRunner. `run` is given nothing but good batches, from any thread.

    `turn` is its device's: who asks it waits for it. Without one, calls go side by side.
    """

    def __init__(
        self,
        run: Run,
        signature: Signature,
        info: RunnerInfo,
        most_rows: int,
        turn: AbstractContextManager[object] | None = None,
    ) -> None:
        self.signature = signature
        self._run = run if turn is None else _in_turn(run, turn)
        self._info = info
        self._row, self._most = signature.row, most_rows

    def info(self) -> RunnerInfo:
        return self._info

    def predict(self, batch: Floats) -> Floats:
        # every microsecond here is paid at every tick
        if (
            type(batch) is not np.ndarray
            or batch.dtype != FLOAT
            or batch.shape[1:] != self._row
            or not 0 < len(batch) <= self._most
        ):
            raise InferenceError(self._misfit(batch))
        if not batch.flags.c_contiguous:
            batch = np.ascontiguousarray(batch)
        if not _is_finite(batch):
            raise InferenceError(f"{self._name} was asked of {_worst(batch)}: leave that row out")
        answers = self._run(batch)
        if not _is_finite(answers):
            raise Unanswerable(self._failed(batch, answers))
        return answers

    @property
    def _name(self) -> str:
        return f"network {self._info.network}"

    def _misfit(self, batch: object) -> str:
        wanted = f"a float32 array of {_shape(('rows', *self._row))}"
        if not isinstance(batch, np.ndarray):
            return f"{self._name} takes {wanted}, and was given {type(batch).__name__}"
        if type(batch) is not np.ndarray or batch.dtype != FLOAT or batch.shape[1:] != self._row:
            kind = "" if type(batch) is np.ndarray else f" ({type(batch).__name__})"
            told = f"{batch.dtype} of {_shape(batch.shape)}{kind}"
            return f"{self._name} takes {wanted}, and was given {told}"
        if not len(batch):
            return f"{self._name} was given no rows: ask it of one or more"
        return (
            f"{self._name} was given {len(batch):,} rows, and takes {self._most:,} at most: "
            "ask it in several batches"
        )

    def _failed(self, batch: Floats, answers: Floats) -> str:
        row = int(np.flatnonzero(~np.isfinite(answers).all(axis=1))[0])
        half = self._info.precision == "fp16"
        way = "run it in fp32" if half else "scale its features, or train it again"
        worst = answers[row][~np.isfinite(answers[row])][0]
        largest = np.abs(batch[row]).max()
        return f"{self._name} answers {worst} to row {row}, which goes up to {largest:g}: {way}"


def _in_turn(run: Run, turn: AbstractContextManager[object]) -> Run:
    def waiting(batch: Floats) -> Floats:
        with turn:
            return run(batch)

    return waiting


def _is_finite(values: Floats) -> bool:
    # the quickest that numpy has for few values and for many, and it warns of nothing
    return b"\0" not in np.isfinite(values).tobytes()


def _worst(batch: Floats) -> str:
    """The first value that is not finite, and its place."""
    row, *at = (int(n) for n in np.argwhere(~np.isfinite(batch))[0])
    return f"row {row}, which has {batch[(row, *at)]} at {at}"


def _shape(sizes: tuple[object, ...]) -> str:
    return "[" + ", ".join(map(str, sizes)) + "]"
