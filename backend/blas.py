"""BLAS, from the library that NumPy has loaded, with the threads that it is set to."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tapeless.ir.diagnostics import UnsupportedError

_MATRIX = "ptr addrspace(1), i64"
DECLARATIONS = {
    name: f"declare void @tl_{name}({'i32, ' * 3}{'i64, ' * 3}{real}, {_MATRIX}, {_MATRIX}, {real}, {_MATRIX}) nounwind"
    for name, real in (("dgemm", "double"), ("sgemm", "float"))
}


def addresses(names: Iterable[str]) -> dict[str, int]:
    """Where functions of CBLAS with 64-bit sizes are: {"tl_dgemm": ...}."""
    found: dict[str, int] = {}
    for name in names:
        address = ctypes.cast(getattr(_library(), f"scipy_cblas_{name}64_"), ctypes.c_void_p).value
        assert address is not None
        found["tl_" + name] = address
    return found


@cache
def _library() -> ctypes.CDLL:
    import numpy

    folder = Path(numpy.__file__).parent.parent / "numpy.libs"
    for path in sorted(folder.glob("libscipy_openblas64*.so")):
        return ctypes.CDLL(str(path))
    raise UnsupportedError("matrix products need a NumPy that brings OpenBLAS, as its wheels for Linux do")
