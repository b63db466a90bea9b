"""All primitives. Importing this package fills `tapeless.ir.primitive.REGISTRY`."""

from tapeless.ir.primitives import (
    arithmetic,
    arrays,
    comparison,
    cotangents,
    elementary,
    indices,
    integers,
    linear,
    scalars,
    special,
    structure,
)

__all__ = [
    "arithmetic",
    "arrays",
    "comparison",
    "cotangents",
    "elementary",
    "indices",
    "integers",
    "linear",
    "scalars",
    "special",
    "structure",
]
