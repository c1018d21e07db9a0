"""Batches through buffers that stay where they are, which is what a captured graph needs."""

from collections.abc import Mapping
from threading import Lock
from types import ModuleType
from typing import Any

import numpy as np

from aitrader_core.inference.buckets import pieces
from aitrader_core.inference.checked import Floats, Run
from aitrader_core.inference.network import Network
from aitrader_core.inference.ort_session import Ports, errors, failed
from aitrader_core.inference.runner import Signature


class Bucket:
    """A batch of `rows` rows in and out, bound to a session once and for all.

    `where` is the kind and the number of the device. `graph` is this bucket's among the graphs
    that the session captures, 1 or more; None where it captures but one, or none.
    """

    def __init__(
        self,
        ort: ModuleType,
        session: Any,
        ports: Ports,
        row: tuple[int, ...],
        rows: int,
        where: tuple[str, int],
        graph: int | None = None,
    ) -> None:
        self._session, self._rows = session, rows
        self._padded = np.zeros((rows, *row), np.float32)
        buffer = ort.OrtValue.ortvalue_from_shape_and_type
        self._asked = buffer([rows, *row], np.float32, *where)
        self._answered = buffer([rows, *ports.answer], np.float32, *where)
        self._binding = session.io_binding()
        self._binding.bind_ortvalue_input(ports.asked, self._asked)
        self._binding.bind_ortvalue_output(ports.answered, self._answered)
        self._told = ort.RunOptions()
        if graph is not None:
            self._told.add_run_config_entry("gpu_graph_id", str(graph))

    def run(self, batch: Floats) -> Floats:
        """For as many rows as it has, or fewer: the rest are zeros, whose answers nobody sees."""
        count = len(batch)
        if count < self._rows:
            self._padded[:count], self._padded[count:] = batch, 0
            batch = self._padded
        self._asked.update_inplace(batch)
        self._session.run_with_iobinding(self._binding, self._told)
        # on the CPU this is the buffer itself, which the next batch overwrites
        return np.array(self._answered.numpy()[:count]).reshape(count, -1)


class BoundRun:
    """Cuts a batch into pieces for `buckets`, which are by their rows and rise."""

    def __init__(
        self,
        ort: ModuleType,
        buckets: Mapping[int, Bucket],
        signature: Signature,
        network: Network,
    ) -> None:
        self._buckets, self._sizes = dict(buckets), tuple(buckets)
        self._width, self._network, self._errors = signature.width, network, errors(ort)

    def __call__(self, batch: Floats) -> Floats:
        answers = np.empty((len(batch), self._width), np.float32)
        try:
            for first, end, size in pieces(len(batch), self._sizes):
                answers[first:end] = self._buckets[size].run(batch[first:end])
        except self._errors as error:
            raise failed(self._network, error) from error
        return answers


def one_row(
    ort: ModuleType, session: Any, ports: Ports, row: tuple[int, ...], others: Run, network: Network
) -> Run:
    """One row on the CPU through arrays that are bound, which takes two thirds of a call that
    allocates; what has more rows, or comes while another thread's row is in, goes to `others`."""
    asked, answered = np.zeros((1, *row), np.float32), np.zeros((1, *ports.answer), np.float32)
    binding, run, ours = session.io_binding(), session.run_with_iobinding, errors(ort)
    binding.bind_ortvalue_input(ports.asked, ort.OrtValue.ortvalue_from_numpy(asked))
    binding.bind_ortvalue_output(ports.answered, ort.OrtValue.ortvalue_from_numpy(answered))
    flat, free = answered.reshape(1, -1), Lock()

    def of(batch: Floats) -> Floats:
        if len(batch) != 1 or not free.acquire(blocking=False):
            return others(batch)
        try:
            asked[:] = batch
            run(binding)
            return flat.copy()
        except ours as error:
            raise failed(network, error) from error
        finally:
            free.release()

    return of
