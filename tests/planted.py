"""Ten defects, and four of aliasing, to be planted in the compiler one at a time; the fuzzer must find each within
1000 programs, those of aliasing in programs of arrays.

`plant(name)` replaces one function of the compiler, in this process only. A `Fault` says where (`module:name` or
`module:Class.name`) and gives the wrong version as a function of the right one. `target` is None for a defect that has
no place yet: its test fails as long as that is so, since an unproven search is worth nothing.
"""

from __future__ import annotations

import copy
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


# ---------------------------------------------------------------- the wrong functions


def _dropped_check(right):
    def check(self, b, args):
        from tapeless.ir.builder import constant

        return constant(None) if args[1].value == "ZeroDivisionError" else right(self, b, args)

    return check


def _wrong_join(right):
    def convert(b, node, target):
        from tapeless.ir.abstract import FLOAT, INT
        from tapeless.ir.builder import constant

        if node.type == INT and target == FLOAT:
            return b.apply("i2f", b.apply("ishr", node, constant(1)))
        return right(b, node, target)

    return convert


def _swapped_frames(right):
    def fill_frames(inner, frame, link, residuals, opened):
        for i in range(len(residuals)):
            for k in range(i):
                if residuals[i].type == residuals[k].type:
                    swapped = list(residuals)
                    swapped[i], swapped[k] = residuals[k], residuals[i]
                    return right(inner, frame, link, swapped, opened)
        return right(inner, frame, link, residuals, opened)

    return fill_frames


def _shared_cell(right):
    return lambda type, part, seen: False


def _lost_accumulation(right):
    return lambda b, x, y, sums: x if y is None else y


def _wrong_tag(right):
    def chain(self, u, kept, run):
        from tapeless.ir.abstract import head
        from tapeless.ir.builder import constant

        first, *rest = kept
        if not rest:
            return right(self, u, kept, run)
        is_first = self.b.apply("has_head", u, constant(head(rest[0])))
        project = self.b.apply
        return self.branch(is_first, lambda: run(project("project", u, type=first)), lambda: right(self, u, rest, run))

    return chain


def _contraction(right):
    def primitive(self, node, fn):
        if fn.name in ("fadd", "fsub", "fmul"):
            opcode = fn.lower.split()[0]
            fn = copy.copy(fn)
            fn.lower = fn.lower.replace(opcode, f"{opcode} contract", 1)
        return right(self, node, fn)

    return primitive


def _stale_capture(right):
    def classify(self):
        right(self)
        for name in list(self.names.cells):
            if not self._stored_inside(name, self.names.events[name]):
                del self.names.cells[name]

    return classify


def _hoisted_error(right):
    def switch(self, b, scopes, node, env):
        from tapeless.ir.nodes import Constant
        from tapeless.ir.primitive import Primitive

        for branch in node.args[1:]:
            for n in scopes.schedule(branch.value):
                known = all(isinstance(a, Constant) or a in env for a in n.args)
                if known and isinstance(n.fn.value, Primitive) and (n.fn.value.evaluate or n.fn.value.name == "check"):
                    args = [a if isinstance(a, Constant) else env[a] for a in n.args]
                    env[n] = self.primitive(b, n, n.fn.value, args)
        return right(self, b, scopes, node, env)

    return switch


def _missing_zero(right):
    def zero(b, type):
        from tapeless.ir.abstract import FLOAT
        from tapeless.ir.builder import constant

        return constant(1.0) if type == FLOAT else right(b, type)

    return zero


def _shared_update(right):
    return lambda e, a, node: a


def _forgotten_names(right):
    def write(self, roots, span):
        names, self.shapes = self.shapes, {}
        try:
            return right(self, roots, span)
        finally:
            self.shapes = names

    return write


def _silent_callee(right):
    def called(self, node, callee, given, fresh):
        from tapeless.infer.writes import Summary

        kept = self.aliases.summaries
        known = kept.get(callee, Summary())
        self.aliases.summaries = {callee: Summary(result=known.result)}
        try:
            return right(self, node, callee, given, fresh)
        finally:
            self.aliases.summaries = kept

    return called


def _views_apart(right):
    def made(self, node):
        from tapeless.ir.builder import primitive_of

        prim = primitive_of(node)
        return self.fresh if prim is not None and prim.buffers == "shares" else right(self, node)

    return made


ALIASING = (
    Fault(
        "update of a shared array",
        "An array is written to in place although another value needs what it was. Place: the test whether an "
        "update finds one reference.",
        "tapeless.backend.arrays:owned",
        _shared_update,
    ),
    Fault(
        "forgotten names",
        "After a write the other names of the array keep what it was. Place: where a write makes them stale.",
        "tapeless.infer.staleness:Staleness.write",
        _forgotten_names,
    ),
    Fault(
        "silent callee",
        "A function's write to its argument is not seen where it is called. Place: the use of its summary.",
        "tapeless.infer.writes:Walk._called",
        _silent_callee,
    ),
    Fault(
        "views apart",
        "A view counts as an array of its own. Place: what the result of an operator shares memory with.",
        "tapeless.infer.sharing:Flow._made",
        _views_apart,
    ),
)


FAULTS = (
    Fault(
        "dropped check",
        "One kind of check (ZeroDivisionError) is treated as proven: dead-code removal drops a check whose "
        "value nobody needs. Programs then return where CPython raises. Place: the predicate that tells "
        "which effects must stay.",
        "tapeless.passes.simplify:Rebuild.check",
        _dropped_check,
    ),
    Fault(
        "wrong join",
        "At a join of int and float the int is reinterpreted or truncated instead of converted, or the "
        "branch's value is taken from the other branch. Place: the conversion on an edge (int to float) or "
        "the joining of loop states.",
        "tapeless.infer.convert:convert",
        _wrong_join,
    ),
    Fault(
        "swapped frames",
        "The reverse loop reads two residuals of one type of a frame in the wrong order, or the frames of "
        "an inner and an outer loop are exchanged. Place: where the backward pass takes a frame apart.",
        "tapeless.ad.reverse_loop:_fill_frames",
        _swapped_frames,
    ),
    Fault(
        "shared cell",
        "Two closures made by two calls of one function share the cell of their captured variable. Place: "
        "the lowering or promotion of `cell`, with the allocation site in place of the allocation.",
        "tapeless.passes.uses:contains",
        _shared_cell,
    ),
    Fault(
        "lost accumulation",
        "The cotangent of a value with several uses is overwritten by the last use instead of added to. "
        "Place: the function of the reverse pass that adds a contribution to a cotangent.",
        "tapeless.ad.cotangents:add",
        _lost_accumulation,
    ),
    Fault(
        "wrong tag",
        "A function value in a lambda set of several gets the tag of its neighbor, so that another function "
        "is called (or another pullback). Place: the making of a union or record of a function from its "
        "part.",
        "tapeless.infer.nodeops:NodeOps._chain",
        _wrong_tag,
    ),
    Fault(
        "contraction in a primal",
        "`a * b + c` of the user's own program is emitted as one fused multiply-add, so that last bits "
        "differ from CPython's. Place: the emission of the addition of floats (the `contract` flag).",
        "tapeless.backend.functions:FunctionEmitter._primitive",
        _contraction,
    ),
    Fault(
        "stale capture",
        "A closure keeps the value that a variable had when the function was made, though the variable is "
        "assigned later. Place: the analysis that tells which captured variables need a cell.",
        "tapeless.frontend.scope:_Visitor._classify",
        _stale_capture,
    ),
    Fault(
        "hoisted error",
        "A check in a branch or loop is moved in front of it, so that it raises although the branch is not "
        "taken, or before an earlier error. Place: the pass that moves or inlines effects; or the order in "
        "which they are listed.",
        "tapeless.passes.simplify:Rebuild.switch",
        _hoisted_error,
    ),
    Fault(
        "missing zero of a branch",
        "Where only one branch of a conditional uses a value, the other's cotangent for it is taken to be "
        "1.0 or the incoming one instead of zero. Place: the making of zero cotangents where paths join.",
        "tapeless.ad.cotangents:zero",
        _missing_zero,
    ),
)


def plant(name: str) -> None:
    """Put the defect of this name into the compiler that this process has imported or will import."""
    fault = next(f for f in (*FAULTS, *ALIASING) if f.name == name)
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
