"""Functions of the C library as Python callables: total where `math` raises, the same bits as compiled code gives."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from functools import cache
from typing import Any


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL("libm.so.6")


def libm(name: str, arity: int = 1) -> Callable[..., float]:
    """The function `name` of libm, from `arity` doubles to a double; looked up when first called."""
    found: Any = None

    def call(*args: float) -> float:
        nonlocal found
        if found is None:
            found = getattr(_library(), name)
            found.restype, found.argtypes = ctypes.c_double, (ctypes.c_double,) * arity
        return found(*args)

    call.__name__ = name
    return call
