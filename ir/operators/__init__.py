"""All operators. Importing this package fills `tapeless.ir.primitive.OPERATORS` with those of Python."""

from importlib import import_module

from tapeless.ir.operators import (
    arithmetic,
    attributes,
    builtin,
    comparison,
    derivatives,
    dtypes,
    elementwise,
    iteration,
    lists,
    mathematics,
    unpacking,
    writing,
)
from tapeless.ir.primitive import OPERATORS, Operator

__all__ = [
    "arithmetic",
    "attributes",
    "builtin",
    "comparison",
    "derivatives",
    "dtypes",
    "elementwise",
    "find",
    "iteration",
    "lists",
    "mathematics",
    "named",
    "unpacking",
    "writing",
]


def find(name: str) -> Operator | None:
    """The operator of this name. NumPy's library, half of all, is loaded when it is first asked for."""
    if name.startswith("np.") and name not in OPERATORS:
        import_module("tapeless.ir.operators.numpy")
    return OPERATORS.get(name)


def named(name: str) -> Operator:
    """The operator of a name that is known to be one."""
    op = find(name)
    assert op is not None, f"there is no operator {name}"
    return op
