"""All operators. Importing this package fills `tapeless.ir.primitive.OPERATORS`."""

from tapeless.ir.operators import (
    arithmetic,
    builtin,
    comparison,
    creation,
    derivatives,
    elementwise,
    iteration,
    linear,
    mathematics,
    reductions,
    scans,
    selections,
    shapes,
    sorting,
    unpacking,
    writing,
)

__all__ = [
    "arithmetic",
    "builtin",
    "comparison",
    "creation",
    "derivatives",
    "elementwise",
    "iteration",
    "linear",
    "mathematics",
    "reductions",
    "scans",
    "selections",
    "shapes",
    "sorting",
    "unpacking",
    "writing",
]
