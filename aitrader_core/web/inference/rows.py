"""The rows that a network is asked about: as JSON and as numpy's own file, in and out."""

import json
from collections.abc import Sequence
from io import BytesIO
from tokenize import TokenError
from typing import TYPE_CHECKING, Any

from pydantic_core import from_json

from aitrader_core.web.problems import Problem

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Rows = NDArray[np.float32]

_SHOWN = 40  # characters of a value that is none
_FIELDS = ("network", "inputs")
_HINT = 'send {"network": "NAME", "inputs": [[...], ...]}, a list of numbers for each row'
_SAVE = "write it with numpy.save of a float32 array"


def read_json(body: bytes | bytearray) -> tuple[str, list[Any]]:
    """The network's name and the rows, not looked at yet. Problem 422 for anything else."""
    try:
        told = from_json(body)
    except ValueError as error:
        raise Problem(422, f"the body is no JSON: {error}", _HINT) from None
    if not isinstance(told, dict):
        raise Problem(422, "the body is no JSON object", _HINT)
    if strange := [name for name in told if name not in _FIELDS]:
        raise Problem(422, f"there is no field {strange[0][:_SHOWN]!r}", _HINT)
    name, inputs = told.get("network"), told.get("inputs")
    if not isinstance(name, str):
        raise Problem(422, "network is missing: it is the name of one", _HINT)
    if not isinstance(inputs, list):
        raise Problem(422, "inputs is missing: it is a list of rows", _HINT)
    return name, inputs


def rows_of(inputs: Sequence[Any], row: Sequence[int], most: int) -> "Rows":
    """As the network takes them. Problem 413 for more than `most`, 422 for what is no such row."""
    import numpy as np

    _check_count(len(inputs), most)
    found = np.array(inputs, dtype=object)
    is_plain = found.shape == (len(inputs), *row) and {int, float}.issuperset(
        map(type, found.ravel().tolist())
    )
    if not is_plain:
        raise Problem(422, _fault(inputs, (len(inputs), *row), "inputs"), _HINT)
    try:
        with np.errstate(over="ignore"):
            rows = found.astype(np.float32)
    except OverflowError:
        raise Problem(422, "inputs has a number that no float has room for", _HINT) from None
    return _finite(rows)


def rows_in(body: bytes | bytearray, row: Sequence[int], most: int) -> "Rows":
    """Likewise of an .npy file: float32 of [rows, *row]. Nothing in it is ever executed."""
    import numpy as np

    kind, shape, is_fortran, start = _header(body)
    if kind != np.dtype("<f4") or shape[1:] != tuple(row) or not shape:
        wanted = ", ".join(("rows", *map(str, row)))
        told = f"{str(kind)[:_SHOWN]} of [{', '.join(map(str, shape))}]"
        raise Problem(422, f"the array is {told}, and has to be float32 of [{wanted}]", _SAVE)
    _check_count(shape[0], most)
    size = 4 * int(np.prod(shape, dtype=np.int64))
    if len(body) - start != size:
        fault = f"the array has {len(body) - start:,} bytes, its header says {size:,}"
        raise Problem(422, fault, _SAVE)
    found = np.frombuffer(body, np.float32, offset=start)
    return _finite(found.reshape(shape, order="F" if is_fortran else "C"))


def as_json(answers: "Rows") -> str:
    """Each number to its last digit."""
    return json.dumps(answers.tolist(), allow_nan=False)


def as_npy(answers: "Rows") -> bytes:
    import numpy as np

    written = BytesIO()
    np.save(written, answers, allow_pickle=False)
    return written.getvalue()


def _header(body: bytes | bytearray) -> "tuple[np.dtype[Any], tuple[int, ...], bool, int]":
    """Type, shape, whether columns come first, and where the numbers begin."""
    from numpy.lib import format as npy

    stream = BytesIO(bytes(body[: 2**17]))  # a header is shorter
    try:
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
        shape, is_fortran, kind = read[npy.read_magic(stream)](stream)
    except (
        *(ValueError, KeyError, TypeError, SyntaxError, TokenError),
        *(RecursionError, MemoryError),  # of a header that is nested without end
    ):
        raise Problem(422, "the body is no .npy file", _SAVE) from None
    return kind, shape, is_fortran, stream.tell()


def _check_count(count: int, most: int) -> None:
    if not count:
        raise Problem(422, "there are no rows", "ask about one or more")
    if count > most:
        raise Problem(413, f"{count:,} rows are too many: at most {most:,}", "send them in parts")


def _finite(rows: "Rows") -> "Rows":
    import numpy as np

    if not np.isfinite(rows).all():
        at = tuple(int(n) for n in np.argwhere(~np.isfinite(rows))[0])
        place = "inputs" + "".join(f"[{n}]" for n in at)
        fault = f"{place} is {rows[at]} as float32, and has to be finite"
        raise Problem(422, fault, "leave that row out")
    return rows


def _fault(found: Any, shape: Sequence[int], place: str) -> str:
    """What first differs from `shape`, and where; empty where nothing does."""
    if not shape and type(found) in (int, float):
        return ""
    if not shape or not isinstance(found, list):
        shown = json.dumps(found)
        shown = shown if len(shown) <= _SHOWN else f"{shown[:_SHOWN]}..."
        wanted = f"a list of {shape[0]:,}" if shape else "a number"
        return f"{place} is {shown}, and has to be {wanted}"
    if len(found) != shape[0]:
        return f"{place} has {len(found):,} values, and has to have {shape[0]:,}"
    faults = (_fault(each, shape[1:], f"{place}[{n}]") for n, each in enumerate(found))
    return next((fault for fault in faults if fault), "")
