"""All primitives. Importing this package fills `tapeless.ir.primitive.REGISTRY`."""

from tapeless.ir.primitives import (
    arithmetic,
    comparison,
    cotangents,
    elementary,
    integers,
    scalars,
    special,
    structure,
)

__all__ = ["arithmetic", "comparison", "cotangents", "elementary", "integers", "scalars", "special", "structure"]
