"""All operators. Importing this package fills `tapeless.ir.primitive.OPERATORS`."""

from tapeless.ir.operators import (
    arithmetic,
    builtin,
    collections,
    comparison,
    creation,
    derivatives,
    elementwise,
    iteration,
    lists,
    mathematics,
    reductions,
    scans,
    selections,
    shapes,
    unpacking,
    writing,
)

__all__ = [
    "arithmetic",
    "builtin",
    "collections",
    "comparison",
    "creation",
    "derivatives",
    "elementwise",
    "iteration",
    "lists",
    "mathematics",
    "reductions",
    "scans",
    "selections",
    "shapes",
    "unpacking",
    "writing",
]
