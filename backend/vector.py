"""Vector math: what libm computes for one element, glibc's libmvec computes for 2, 4 or 8 at once.

In nests only: Python's scalars get libm's results to the last bit, NumPy's arrays are a few units in the last place
apart anyway. LLVM's vectorizer replaces a call that says which variants there are; the declarations of these have to be
kept until it runs.
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterable
from functools import cache

FUNCTIONS = {
    name: 1
    for name in (
        "acos", "acosh", "asin", "asinh", "atan", "atanh", "cbrt", "cos", "cosh", "erf", "erfc", "exp", "exp2",
        "expm1", "log", "log10", "log1p", "log2", "sin", "sinh", "tan", "tanh",
    )
} | {"atan2": 2, "hypot": 2, "pow": 2}  # fmt: skip
"""Name in libm, and how many floats it takes."""
WIDTHS = {"b": 2, "d": 4, "e": 8}
WIDE = '"prefer-vector-width"="512"'
"""The attribute of functions with nests: LLVM would use half of the widest registers."""


def variants(name: str) -> list[tuple[str, int]]:
    """The vector functions of a function of libm: their symbols and widths; none where there is no libmvec."""
    if name not in FUNCTIONS or _libmvec() is None:
        return []
    tags = "v" * FUNCTIONS[name]
    return [(f"_ZGV{isa}N{width}{tags}_{name}", width) for isa, width in WIDTHS.items()]


def mapping(name: str) -> str:
    """The attribute of a call `@tl_name(...)` in a nest."""
    tags = "v" * FUNCTIONS.get(name, 1)
    text = ",".join(f"_ZGV_LLVM_N{width}{tags}_tl_{name}({symbol})" for symbol, width in variants(name))
    return f' "vector-function-abi-variant"="{text}"' if text else ""


def declarations(names: Iterable[str]) -> str:
    """The declarations of the vector functions, kept from being dropped."""
    lines, symbols = [], []
    for name in names:
        for symbol, width in variants(name):
            vector = f"<{width} x double>"
            given = ", ".join([vector] * FUNCTIONS[name])
            lines.append(f"declare {vector} @{symbol}({given}) nounwind willreturn memory(none)")
            symbols.append(f"ptr @{symbol}")
    if symbols:
        kept = f"[{len(symbols)} x ptr] [{', '.join(symbols)}]"
        lines.append(f'@llvm.compiler.used = appending global {kept}, section "llvm.metadata"')
    return "\n".join(lines)


def addresses(names: Iterable[str]) -> dict[str, int]:
    """Where the vector functions are."""
    library = _libmvec()
    found: dict[str, int] = {}
    for name in names:
        for symbol, _ in variants(name):
            address = ctypes.cast(getattr(library, symbol), ctypes.c_void_p).value
            assert address is not None
            found[symbol] = address
    return found


@cache
def _libmvec() -> ctypes.CDLL | None:
    try:
        library = ctypes.CDLL("libmvec.so.1")
        library._ZGVeN8v_tanh  # noqa: B018 (glibc 2.35 has them all, older ones a few)
    except (OSError, AttributeError):
        return None
    return library
