"""Parts of compiled code: they exist in whatever compiled function calls them, and cost no call.

Nothing is fastmath: one order of operations, no fused ones, the same bits on every path.
"""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

Function = TypeVar("Function", bound=Callable[..., Any])


def compiled(function: Function) -> Function:
    part: dict[str, Any] = {
        "forceinline": True,
        "no_cpython_wrapper": True,
        "no_cfunc_wrapper": True,
    }
    return cast(Function, numba.njit(error_model="numpy", **part)(function))


@compiled
def within(value: float) -> float:
    """-1 to 1. A processor guesses branches on prices wrong half the time: here are none."""
    return min(max(value, -1.0), 1.0)
