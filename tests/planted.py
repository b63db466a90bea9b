"""Ten defects, to be planted in the compiler one at a time; the fuzzer must find each within 1000 programs.

`plant(name)` replaces one function of the compiler, in this process only. A `Fault` says where (`module:name` or
`module:Class.name`) and gives the wrong version as a function of the right one. `target` is None for a defect that has
no place yet: its test fails as long as that is so, since an unproven search is worth nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """A defect: what goes wrong, where it is planted, and the wrong function made from the right one."""

    name: str
    intent: str
    target: str | None = None
    wrong: Callable[[Any], Any] | None = None


FAULTS = (
    Fault(
        "dropped check",
        "One kind of check (ZeroDivisionError) is treated as proven: dead-code removal drops a check whose "
        "value nobody needs. Programs then return where CPython raises. Place: the predicate that tells "
        "which effects must stay.",
    ),
    Fault(
        "wrong join",
        "At a join of int and float the int is reinterpreted or truncated instead of converted, or the "
        "branch's value is taken from the other branch. Place: the conversion on an edge (int to float) or "
        "the joining of loop states.",
    ),
    Fault(
        "swapped frames",
        "The reverse loop reads two residuals of one type of a frame in the wrong order, or the frames of "
        "an inner and an outer loop are exchanged. Place: where the backward pass takes a frame apart.",
    ),
    Fault(
        "shared cell",
        "Two closures made by two calls of one function share the cell of their captured variable. Place: "
        "the lowering or promotion of `cell`, with the allocation site in place of the allocation.",
    ),
    Fault(
        "lost accumulation",
        "The cotangent of a value with several uses is overwritten by the last use instead of added to. "
        "Place: the function of the reverse pass that adds a contribution to a cotangent.",
    ),
    Fault(
        "wrong tag",
        "A function value in a lambda set of several gets the tag of its neighbor, so that another function "
        "is called (or another pullback). Place: the making of a union or record of a function from its "
        "part.",
    ),
    Fault(
        "contraction in a primal",
        "`a * b + c` of the user's own program is emitted as one fused multiply-add, so that last bits "
        "differ from CPython's. Place: the emission of the addition of floats (the `contract` flag).",
    ),
    Fault(
        "stale capture",
        "A closure keeps the value that a variable had when the function was made, though the variable is "
        "assigned later. Place: the analysis that tells which captured variables need a cell.",
    ),
    Fault(
        "hoisted error",
        "A check in a branch or loop is moved in front of it, so that it raises although the branch is not "
        "taken, or before an earlier error. Place: the pass that moves or inlines effects; or the order in "
        "which they are listed.",
    ),
    Fault(
        "missing zero of a branch",
        "Where only one branch of a conditional uses a value, the other's cotangent for it is taken to be "
        "1.0 or the incoming one instead of zero. Place: the making of zero cotangents where paths join.",
    ),
)


def plant(name: str) -> None:
    """Put the defect of this name into the compiler that this process has imported or will import."""
    fault = next(f for f in FAULTS if f.name == name)
    if fault.target is None or fault.wrong is None:
        raise LookupError(f"the defect {name!r} has no place in the compiler yet")
    module_name, path = fault.target.split(":")
    owner: Any = importlib.import_module(module_name)
    *outer, last = path.split(".")
    for part in outer:
        owner = getattr(owner, part)
    right = getattr(owner, last)
    wrong = fault.wrong(right)
    setattr(owner, last, wrong)
    if not outer:
        _rebind(right, wrong, last)


def _rebind(right: Any, wrong: Any, name: str) -> None:
    """Also exchange what other modules of the compiler imported by name."""
    import sys

    for key, module in list(sys.modules.items()):
        if key.split(".")[0] == "tapeless" and vars(module).get(name) is right:
            setattr(module, name, wrong)
