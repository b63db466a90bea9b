"""What a write makes stale in one function. See `aliases.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapeless.infer.instances import Instance
from tapeless.infer.layout import Fact
from tapeless.infer.memory import NOTHING, SHARED, Root, Roots, Shape, flat
from tapeless.ir.abstract import Record, Type
from tapeless.ir.dataclass import dataclass
from tapeless.ir.diagnostics import Span
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.traverse import encloses

if TYPE_CHECKING:
    from tapeless.infer.aliases import Aliases


@dataclass(frozen=True)
class Write:
    """Where an array was written to."""

    span: Span | None


class Staleness:
    """What is known of the memory of one function, at one place of it.

    shapes    of the values that there are
    stale     of them: the roots that were written to since
    pending   locations whose array was written to under another name, and that did not get it yet
    stands    of roots for variables of a loop that are certainly different arrays: the loop, and what each may be
    written   memory that was written to; `lists` of it got other items; `spans` says where
    """

    def __init__(self, aliases: Aliases, function: Instance) -> None:
        self.aliases, self.inst = aliases, function
        self.engine, self.layout = aliases.engine, aliases.layout
        self.shapes: dict[Fact, Shape] = {}
        self.stale: dict[Fact, dict[Root, Write]] = {}
        self.pending: dict[int, Write] = {}
        self.stands: dict[Root, tuple[Instance, Roots]] = {}
        self.written: Roots = NOTHING
        self.lists: Roots = NOTHING
        self.spans: dict[Root, Span | None] = {}

    def owns(self, root: Root) -> bool:
        """Whether memory was made here: not a parameter, not captured, no location."""
        if not isinstance(root.base, tuple):
            return False
        inst, node = root.base
        return inst.owner is self.inst and isinstance(node, Apply)

    def define(self, fact: Fact, shape: Shape, stale: dict[Root, Write] | None = None) -> None:
        """A node gets its value, maybe once more."""
        self.shapes[fact] = shape
        self.stale.pop(fact, None)
        own = flat(shape)
        kept = {r: w for r, w in (stale or {}).items() if r in own}
        if kept:
            self.stale[fact] = kept

    def fact(self, inst: Instance, node: Node) -> Fact:
        """A node in the instance of its graph."""
        return inst.enclosing(node.graph), node  # type: ignore[attr-defined]

    def type(self, inst: Instance, node: Node) -> Type | None:
        """The type of a node."""
        return None if isinstance(node, Constant) else self.layout.fact(self.fact(inst, node))

    def shape(self, inst: Instance, node: Node) -> Shape:
        """The shape of a node that is not used, but handed on."""
        if isinstance(node, Constant):
            if not isinstance(node.value, Graph):
                return NOTHING
            closure = self.engine.closure(inst, node.value)
            items = tuple(self.shape(*fact) for fact in self.layout.captures(closure.graph, closure.parent))  # type: ignore[attr-defined]
            return items if isinstance(self.layout.type_of(closure), Record) else flat(items)
        return self.shapes.get(self.fact(inst, node), NOTHING)

    def stale_of(self, inst: Instance, node: Node) -> dict[Root, Write]:
        """What is stale of a node."""
        if isinstance(node, Constant):
            if not isinstance(node.value, Graph):
                return {}
            closure = self.engine.closure(inst, node.value)
            captured = self.layout.captures(closure.graph, closure.parent)  # type: ignore[attr-defined]
            return {r: w for fact in captured for r, w in self.stale_of(*fact).items()}
        return self.stale.get(self.fact(inst, node), {})

    def use(self, inst: Instance, node: Node, at: Node) -> Shape:
        """The shape of a node that is used: nothing of it may be stale."""
        for root, write in self.stale_of(inst, node).items():
            self.aliases.conflict(frozenset([root]), write, at.span)
        return self.shape(inst, node)

    # -- roots that stand for others --------------------------------------------------------------------------------
    def ground(self, roots: Roots) -> Roots:
        """Roots, with what they stand for in the place of those that do."""
        if not self.stands:
            return roots
        return frozenset().union(*(self.stands[r][1] if r in self.stands else (r,) for r in roots))

    def grounded(self, shape: Shape, loop: Graph | None = None) -> Shape:
        """A shape without roots that stand for others, or without those of a loop and of loops in it."""
        if isinstance(shape, tuple):
            return tuple(self.grounded(s, loop) for s in shape)
        outer = frozenset(r for r in shape or () if loop and r in self.stands and not encloses(loop, r.base[1].graph))
        return outer | self.ground((shape or NOTHING) - outer)

    def common(self, own: Roots, others: Roots) -> Roots:
        """Those of a value's roots that may be the same memory as one of some others."""
        return frozenset(r for r in own if any(self._same(r, s) for s in others)) if self.stands else own & others

    def _same(self, r: Root, s: Root) -> bool:
        if r == s:
            return True
        if r in self.stands and s in self.stands and self.stands[r][0] is self.stands[s][0]:
            return False
        return bool(self.ground(frozenset([r])) & self.ground(frozenset([s])))

    def reach(self, roots: Roots) -> Roots:
        """Roots, with all that shares a location with them."""
        plain = self.ground(roots)
        return roots | (self.aliases.with_locations(plain) - plain)

    # -- attempts ---------------------------------------------------------------------------------------------------
    def snapshot(self) -> dict[str, Any]:
        """All that is known here."""
        known = {name: getattr(self, name).copy() for name in ("shapes", "pending", "spans", "stands")}
        return known | {"stale": self.copy_of_stale(), "written": self.written, "lists": self.lists}

    def restore(self, known: dict[str, Any]) -> None:
        """Know what was known then, and nothing else; once for each snapshot."""
        self.__dict__.update(known)

    # -- changes ----------------------------------------------------------------------------------------------------
    def copy_of_stale(self) -> dict[Fact, dict[Root, Write]]:
        """What is stale here, kept."""
        return {f: dict(s) for f, s in self.stale.items()}

    def merge(self, stale: dict[Fact, dict[Root, Write]]) -> None:
        """What was stale on another path is stale too."""
        for f, s in stale.items():
            self.stale.setdefault(f, {}).update(s)

    def write(self, roots: Roots, span: Span | None) -> Write:
        """Memory changes: all that reaches it is stale."""
        write = Write(span)
        roots -= {SHARED}
        self.written |= roots
        for r in roots | self.ground(roots):
            self.spans.setdefault(r, span)
        for fact, shape in self.shapes.items():
            for r in self.common(flat(shape), roots):
                self.stale.setdefault(fact, {})[r] = write
        return write
