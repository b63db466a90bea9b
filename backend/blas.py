"""BLAS and LAPACK, from the library that NumPy has loaded, with the threads that it is set to."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from tapeless.backend.layout import POINTER
from tapeless.ir.diagnostics import UnsupportedError

_BLAS = {
    "dgemm": "void i32 i32 i32 i64 i64 i64 double P i64 P i64 double P i64",
    "sgemm": "void i32 i32 i32 i64 i64 i64 float P i64 P i64 float P i64",
    "dtrsm": "void i32 i32 i32 i32 i32 i64 i64 double P i64 P i64",
}
_LAPACK = {
    "dgetrf": "i64 i32 i64 i64 P i64 P",
    "dgetrs": "i64 i32 i8 i64 i64 P i64 P P i64",
    "dpotrf": "i64 i32 i8 i64 P i64",
    "dsyevd": "i64 i32 i8 i8 i64 P i64 P P i64 P i64",
    "dgeqrf": "i64 i32 i64 i64 P i64 P P i64",
    "dorgqr": "i64 i32 i64 i64 i64 P i64 P P i64",
}


def declarations(names: Iterable[str]) -> str:
    """The functions of CBLAS, and those of LAPACKE that are given their room, in LLVM."""
    lines = []
    for name in names:
        result, *given = (_BLAS.get(name) or _LAPACK[name]).split(" ")
        arguments = ", ".join(POINTER if t == "P" else t for t in given)
        lines.append(f"declare {result} @tl_{name}({arguments}) nounwind")
    return "\n".join([*lines, "declare i64 @llvm.smax.i64(i64, i64)" if lines else ""])


def addresses(names: Iterable[str]) -> dict[str, int]:
    """Where functions with 64-bit sizes are: {"tl_dgemm": ...}."""
    found: dict[str, int] = {}
    for name in names:
        symbol = f"scipy_cblas_{name}64_" if name in _BLAS else f"scipy_LAPACKE_{name}_work64_"
        address = ctypes.cast(getattr(_library(), symbol), ctypes.c_void_p).value
        assert address is not None
        found["tl_" + name] = address
    return found


@cache
def _library() -> ctypes.CDLL:
    import numpy

    folder = Path(numpy.__file__).parent.parent / "numpy.libs"
    for path in sorted(folder.glob("libscipy_openblas64*.so")):
        return ctypes.CDLL(str(path))
    raise UnsupportedError(
        "products and factorizations of matrices need a NumPy that brings OpenBLAS, as its wheels for Linux do"
    )
