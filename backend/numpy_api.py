"""Functions of NumPy's C interface, by their places in its table."""

from __future__ import annotations

import ctypes
from functools import cache

PLACES = {"np_new": 94, "np_set_base": 282}
"""PyArray_NewFromDescr, PyArray_SetBaseObject"""


@cache
def addresses() -> dict[str, int]:
    """Where the functions are."""
    try:
        from numpy._core import _multiarray_umath as umath
    except ImportError:  # NumPy 1
        from numpy.core import _multiarray_umath as umath
    pointer = ctypes.pythonapi.PyCapsule_GetPointer
    pointer.restype, pointer.argtypes = ctypes.c_void_p, (ctypes.py_object, ctypes.c_char_p)
    table = pointer(umath._ARRAY_API, None)
    size = ctypes.sizeof(ctypes.c_void_p)
    return {name: ctypes.c_void_p.from_address(table + size * k).value or 0 for name, k in PLACES.items()}
