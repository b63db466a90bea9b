"""tapeless: compiles plain Python and its derivatives to native code.

import tapeless as tl

@tl.jit
def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)

tl.grad(power)(2.0, 10)        # 5120.0
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "tapeless.api": (
        "Function", "from_source", "get_num_threads", "grad", "jit", "jvp", "set_num_threads", "taylor",
        "value_and_grad", "vjp",
    ),
    "tapeless.ir.diagnostics": (
        "DifferentiationError", "InferenceError", "InternalError", "TapelessError", "UnsupportedError", "UsageError",
    ),
}  # fmt: skip
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__version__ = "0.1.0"
__all__ = [*_HOME, "__version__"]


def __getattr__(name: str) -> Any:
    """Names load the modules that they stand in on first use (PEP 562)."""
    if name not in _HOME:
        raise AttributeError(f"module 'tapeless' has no attribute '{name}'")
    value = globals()[name] = getattr(import_module(_HOME[name]), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
