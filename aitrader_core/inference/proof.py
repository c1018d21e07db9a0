"""Asked of a network before anybody trades on it: that warms it up, and shows what it does."""

from collections.abc import Iterable

import numpy as np

from aitrader_core.domain.errors import InferenceError
from aitrader_core.inference.checked import FLOAT, Floats, Run
from aitrader_core.inference.network import Network
from aitrader_core.inference.runner import Signature

ALIKE = 0.02  # of the largest answer: less than this is rounding, also in half precision
_FEW = 3  # rows


def prove_rows(run: Run, signature: Signature, network: Network) -> None:
    """Its answers are a row for each row, and none depends on the rows it is asked with."""
    batch = _rows(_FEW, signature)
    together = run(batch)
    if together.shape != (_FEW, signature.width):
        raise InferenceError(
            f"{network.path} answers {_FEW} rows with {list(together.shape)} instead of "
            f"{[_FEW, signature.width]}: export it with an output for each row"
        )
    alone = np.concatenate([run(batch[n : n + 1]) for n in range(_FEW)])
    if not _alike(together, alone):
        raise InferenceError(
            f"{network.path} answers a row otherwise when others are asked with it: "
            "export one that looks at each row for itself"
        )


def prove_alike(run: Run, reference: Run, signature: Signature, sizes: Iterable[int]) -> str | None:
    """How `run` differs from `reference` in batches of `sizes`, as a phrase; None where it
    doesn't. Each size is asked of two batches: the second is the one that shows whether a captured
    graph looks at what it is given."""
    for size in sizes:
        batch = _rows(size, signature)
        for asked in (batch, batch[::-1] * FLOAT.type(0.5)):
            wanted, got = (of(np.ascontiguousarray(asked)) for of in (reference, run))
            if not _alike(wanted, got):
                most = float(np.abs(np.nan_to_num(wanted) - np.nan_to_num(got)).max())
                return f"in a batch of {size} its answers differ from the CPU's by up to {most:g}"
    return None


def _rows(count: int, signature: Signature) -> Floats:
    """Each another, of -1 to 1; the same ones each time."""
    size = count * int(np.prod(signature.row))
    values = np.sin(np.arange(1, size + 1, dtype=np.float64) ** 1.5).astype(FLOAT)
    return values.reshape(count, *signature.row)


def _alike(one: Floats, other: Floats) -> bool:
    largest = np.abs(one[np.isfinite(one)]).max(initial=0)
    return np.allclose(one, other, rtol=0, atol=ALIKE * largest, equal_nan=True)
