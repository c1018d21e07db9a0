"""Numbers as texts tell them, and as exact integers: digits / 10 ** decimals."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

DIGITS = 18  # as many as an integer of 64 bits holds, whichever they are
_PLAIN = r"^-?[0-9]{1,18}$|^-?[0-9]+\.[0-9]+$"
_TENS = np.array([float(10**places) for places in range(DIGITS + 1)])
_EXACT = 2**53  # up to here integers are exact as floats, and so is 10 ** decimals


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of them; `bad` tells by index what is wrong with those that are none."""

    digits: NDArray[np.int64]
    decimals: NDArray[np.int8]
    bad: dict[int, str]


def read_numbers(texts: Sequence[str]) -> Numbers:
    """61837.63000000 is 6183763000000 with 8 decimals. One that is no number stands as 0."""
    array = _strings(texts)
    plain = flat_array(pc.match_substring_regex(array, _PLAIN), np.bool_)
    odd = np.flatnonzero(~plain | (_lengths(array) > DIGITS))
    bad: dict[int, str] = {}
    if len(odd):
        texts = list(texts)
        for index in odd.tolist():
            texts[index] = spelled_out(texts[index], index, bad)
        array = _strings(texts)
    dot = flat_array(pc.find_substring(array, "."), np.int32)
    length = flat_array(pc.binary_length(array), np.int32)
    decimals = np.where(dot < 0, 0, length - dot - 1).astype(np.int8)
    digits = pc.replace_substring(array, ".", "").cast(pa.int64())
    return Numbers(flat_array(digits, np.int64), decimals, bad)


def as_floats(digits: NDArray[np.int64], decimals: NDArray[np.int8]) -> NDArray[np.float64]:
    """The nearest float of each, as float() would read its text."""
    floats: NDArray[np.float64] = digits / _TENS[decimals]
    for index in np.flatnonzero(np.abs(digits) > _EXACT).tolist():
        floats[index] = int(digits[index]) / 10 ** int(decimals[index])
    return floats


def of_one_scale(digits: NDArray[np.int64], decimals: NDArray[np.int8]) -> tuple[NDArray[Any], int]:
    """The same numbers as integers of so many decimals, all of one number of them.

    Where 64 bits don't hold them, they are Python's own.
    """
    scale = int(decimals.max(initial=0))
    if (decimals == scale).all():
        return digits, scale
    factors = 10 ** (scale - decimals).astype(np.int64)
    if len(digits) and (np.abs(digits) > 2**62 // factors).any():
        return digits.astype(object) * factors.astype(object), scale
    return digits * factors, scale


def spelled_out(text: str, index: int, bad: dict[int, str]) -> str:
    """The same number without an exponent and superfluous zeros; what is none is told, and 0."""
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        bad[index] = f"is no number: {text[:40]!r}"
        return "0"
    if not number.is_finite():
        bad[index] = "is not a number (NaN)" if number.is_nan() else f"is infinite ({text[:40]})"
        return "0"
    spelled = _spell(number)
    if spelled is None:
        bad[index] = f"has more than {DIGITS} digits or decimals: {text[:40]}"
        return "0"
    return spelled


def _spell(number: Decimal) -> str | None:
    """None for one of more digits, or more decimals, than are kept."""
    if not number:
        return "0"
    if abs(number.adjusted()) > DIGITS:
        return None
    for spelled in (number, number.normalize()):
        _, digits, exponent = spelled.as_tuple()
        places = len(digits) + max(int(exponent), 0)
        if places <= DIGITS and -int(exponent) <= DIGITS and spelled == number:
            return f"{spelled:f}"
    return None


def _lengths(array: Any) -> NDArray[np.int32]:
    """Of its digits alone."""
    signs = pc.add(pc.count_substring(array, "."), pc.count_substring(array, "-"))
    return flat_array(pc.subtract(pc.binary_length(array), signs), np.int32)


def _strings(texts: Sequence[str]) -> Any:
    """An array of them; pa.array() imports pandas before it looks at a list."""
    ends = np.cumsum(np.fromiter(map(len, texts), np.int32, len(texts)), dtype=np.int32)
    offsets = pa.py_buffer(np.concatenate((np.zeros(1, np.int32), ends)))
    joined = "".join(texts).encode("ascii", "replace")
    return pa.StringArray.from_buffers(len(texts), offsets, pa.py_buffer(joined))


def flat_array(column: Any, dtype: type[np.generic]) -> NDArray[Any]:
    """A column without nulls; pyarrow's own way imports pandas for it, which takes a second."""
    if dtype is np.bool_:
        return flat_array(column.cast(pa.uint8()), np.uint8).astype(np.bool_)
    found: NDArray[Any] = np.frombuffer(column.buffers()[1], dtype)
    return found[column.offset : column.offset + len(column)]
