"""All operators. Importing this package fills `tapeless.ir.primitive.OPERATORS`."""

from tapeless.ir.operators import (
    arithmetic,
    builtin,
    comparison,
    creation,
    derivatives,
    dtypes,
    elementwise,
    iteration,
    mathematics,
    reductions,
    rounding,
    scans,
    selections,
    shapes,
    unpacking,
    writing,
)

__all__ = [
    "arithmetic",
    "builtin",
    "comparison",
    "creation",
    "derivatives",
    "dtypes",
    "elementwise",
    "iteration",
    "mathematics",
    "reductions",
    "rounding",
    "scans",
    "selections",
    "shapes",
    "unpacking",
    "writing",
]
