"""NumPy's library. Importing this package adds it to `tapeless.ir.primitive.OPERATORS`."""

from tapeless.ir.operators.numpy import (
    arranging,
    collections,
    contractions,
    creation,
    diagonals,
    linear,
    norms,
    products,
    reductions,
    repeating,
    rounding,
    scans,
    selections,
    shapes,
    sorting,
)

__all__ = [
    "arranging",
    "collections",
    "contractions",
    "creation",
    "diagonals",
    "linear",
    "norms",
    "products",
    "reductions",
    "repeating",
    "rounding",
    "scans",
    "selections",
    "shapes",
    "sorting",
]
