"""Which rewrite rules an application fits, and what then stands for their variables.

    the left side gmul(gneg(X), Y) on gmul(gneg(%a), 3.0):    X is %a, Y is 3.0

A primitive has up to some dozens of patterns, as arguments of commuting primitives may be swapped. Most are ruled out
by what the arguments of an application are applications of: `candidates` keeps, for each combination that it has met,
the patterns that are left. So a rule costs nothing where it cannot apply.
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.nodes import Apply, Constant, Node, key_of
from tapeless.ir.primitive import Number, Primitive, Rule, Term, Var

Found = dict[int, Node]


def candidates(prim: Primitive, args: tuple[Node, ...]) -> tuple[tuple[Rule, Term], ...]:
    """The rules of a primitive, each with a way to write its left side, that arguments like these may fit, in order."""
    heads = tuple(map(head, args))
    known = prim.candidates.get(heads)
    if known is None:
        known = prim.candidates[heads] = tuple(
            (rule, pattern)
            for rule in prim.rules
            if rule.grade != "real"
            for pattern in rule.patterns
            if all(map(_may_fit, pattern.args, heads))
        )
    return known


def head(node: Node) -> Any:
    """The primitive that a node applies, or the class of constants, or None."""
    if node.__class__ is Apply:
        fn = node.fn  # type: ignore[attr-defined]
        return fn.value if fn.__class__ is Constant and fn.value.__class__ is Primitive else None
    return Constant if node.__class__ is Constant else None


def _may_fit(pattern: Any, head: Any) -> bool:
    if isinstance(pattern, Term):
        return pattern.primitive is head
    return head is Constant if isinstance(pattern, Number) else isinstance(pattern, Var) or head is Constant


def fits(pattern: Any, node: Node, found: Found) -> bool:
    """Whether a node has the shape of a pattern; `found` gets what stands for the variables."""
    kind = pattern.__class__
    if kind is Var or (kind is Number and _is_number(node)):
        before = found.setdefault(pattern.index, node)
        return before is node or (before.__class__ is Constant and key_of(before) == key_of(node))
    if kind is Term:
        return head(node) is pattern.primitive and all_fit(pattern, node.args, found)  # type: ignore[attr-defined]
    return (
        node.__class__ is Constant
        and node.value.__class__ is kind  # type: ignore[attr-defined]
        and repr(node.value) == repr(pattern)  # type: ignore[attr-defined]
    )


def all_fit(pattern: Term, args: tuple[Node, ...], found: Found) -> bool:
    """Whether arguments have the shapes of those of a pattern."""
    for p, a in zip(pattern.args, args):  # noqa: SIM110, a generator would take most of the time
        if not fits(p, a, found):
            return False
    return True


def _is_number(node: Node) -> bool:
    return isinstance(node, Constant) and isinstance(node.value, float) and 1e-100 < abs(node.value) < 1e100
