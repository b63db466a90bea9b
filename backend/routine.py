"""Runtime routines: LLVM functions that primitives are lowered to, kept as text and included where they are used."""

from __future__ import annotations

import struct
from collections.abc import Iterable

from tapeless.ir.dataclass import dataclass

PURE = "nounwind willreturn memory(none)"


@dataclass(frozen=True)
class Routine:
    """One routine: the types `result (arguments)`, its definition, and what it calls ("tl_..." or "libm:...")."""

    signature: str
    text: str
    needs: tuple[str, ...] = ()


def routine(header: str, body: str, needs: tuple[str, ...] = (), inline: bool = True) -> tuple[str, Routine]:
    """A routine from its header, as `double @tl_f(double %x)`, and its body; small ones are always inlined."""
    result, rest = header.split(" @", 1)
    name, arguments = rest.rstrip(")").split("(", 1)
    types = ", ".join(a.rsplit(" ", 1)[0].strip() for a in arguments.split(","))
    attributes = f"alwaysinline {PURE}" if inline else PURE
    lines = "\n".join(line if line.rstrip().endswith(":") else "  " + line for line in body.strip("\n").split("\n"))
    text = f"define linkonce_odr {header} {attributes} {{\n{lines}\n}}\n"
    return name, Routine(f"{result} ({types})", text, needs)


def double(x: float) -> str:
    """A float as a constant of LLVM, bit for bit."""
    return f"0x{struct.unpack('<Q', struct.pack('<d', x))[0]:016X}"


def close(names: Iterable[str], table: dict[str, Routine]) -> tuple[list[str], list[str]]:
    """The routines that `names` need, themselves included, and the functions of libm ("libm:..."), each once."""
    found: dict[str, None] = {}
    todo = list(names)
    while todo:
        name = todo.pop()
        if name not in found:
            found[name] = None
            todo += () if name.startswith("libm:") else table[name].needs
    return [n for n in found if not n.startswith("libm:")], [n for n in found if n.startswith("libm:")]
