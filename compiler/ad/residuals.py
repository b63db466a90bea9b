"""Residuals: which forward values a backward pass keeps, where they lie, and how it gets the others.

One *scope* is one run of a forward body: a function, or an iteration of a loop, with the branches in it. While the
backward pass is built, each forward value that it asks for is a placeholder (`Scope.request`). When it is complete,
`close` decides by a minimum cut (`cut.py`) what is kept, and every placeholder becomes

    an item of what was kept                  residuals[k]
    the same primitive on other placeholders  computed again: cheap and pure
    what the backward graph has anyway        a parameter that is passed again, an induction variable run backwards

What stands outside the scope is asked from the scope around it. A value of a branch is kept in a slot of the result of
its switch; the two branches share slots of one type.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tapeless.ad.copying import TUPLE
from tapeless.ad.cut import INFINITE, minimum_cut
from tapeless.ir.abstract import BOOL, Array, Box, Cell, Record, Scalar, Tuple, Type, Union, resolve
from tapeless.ir.builder import constant, primitive_of, undef
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.nodes import Apply, Constant, Graph, Node, graph_of
from tapeless.ir.primitive import REGISTRY, Primitive
from tapeless.ir.primitives.structure import item, unbox
from tapeless.ir.traverse import Scopes, encloses, mentioned, reachable

if TYPE_CHECKING:
    from tapeless.ad.region import Adjoint, Region

ITEM, UNBOX = Constant(item), Constant(unbox)
PLACE = Constant("residual")
"""What a placeholder applies until it is known what it becomes."""


def size(t: Type | None) -> int:
    """The bytes that a value takes in a frame."""
    match resolve(t):  # type: ignore[arg-type]
        case Scalar() as s:
            return 1 if s == BOOL else 8
        case Tuple(items=items) | Record(items=items):
            return sum(map(size, items))
        case Union(parts=parts):
            return 8 + sum(map(size, parts))
        case Box() | Cell():
            return 8
        case Array():
            return 1 << 20  # more than what else there may be
    return 0


def _cost(node: Node) -> int:
    """What it costs to keep a node; calls, loops and switches have results whose types are not complete yet."""
    prim = primitive_of(node)
    return INFINITE if isinstance(node, Apply) and (prim is None or prim.name == "switch") else size(node.type)


@dataclass
class Slots:
    """A forward switch whose branches hand residuals out: switch(c, ▶then, ▶else) = (y, slots...)."""

    made: Apply
    values: tuple[Node, Node]
    slots: list[Apply] = field(default_factory=list)
    held: tuple[dict[Node, Node], dict[Node, Node]] = field(default_factory=lambda: ({}, {}))  # slot: value, by branch

    def slot(self, side: int, value: Node) -> Apply:
        """Where a value of one branch lies outside it."""
        mine = self.held[side]
        for s in self.slots:
            if s not in mine and s.type == value.type:
                break
        else:
            s = Apply(self.made.graph, ITEM, (self.made, constant(1 + len(self.slots))), value.type, self.made.span)
            self.slots.append(s)
        mine[s] = value
        return s

    def close(self, box: Box | None = None) -> None:
        """Give the branches their results; with a box, the slots of a branch that has any are put into one."""
        assert isinstance(self.made.type, Tuple)
        y = self.made.type.items[0]
        rest: tuple[Type, ...] = tuple(s.type for s in self.slots) if box is None else (box,)  # type: ignore[misc]
        self.made.type = Tuple((y, *rest))
        for side, value in enumerate(self.values):
            branch = self.made.args[1 + side]
            assert isinstance(branch, Constant) and isinstance(branch.value, Graph)
            kept: list[Node] = [self.held[side].get(s, undef(s.type)) for s in self.slots]  # type: ignore[arg-type]
            if box is not None:
                kept = [boxed(branch.value, kept, box) if self.held[side] else undef(box)]
            branch.value.output = Apply(branch.value, TUPLE, (value, *kept), self.made.type, self.made.span)


def boxed(graph: Graph, values: list[Node], box: Box) -> Apply:
    """A box of values, in a graph."""
    flat = Apply(graph, TUPLE, tuple(values), box.body, graph.span)
    return Apply(graph, Constant(REGISTRY["box"]), (flat,), box, graph.span)


class Scope:
    """What is asked for in one scope, and what becomes of it.

    root       its outermost region
    given      nodes that the backward graph has anyway: a function makes each when it is asked for
    constant   whether such a node has one value through all repetitions of the scope
    """

    def __init__(self, root: Region) -> None:
        self.root = root
        self.given: dict[Node, Callable[[], Node]] = {}
        self.constant: set[Node] = set()
        self.places: dict[Node, tuple[Region, Apply]] = {}
        self.taken: dict[Node, Node] = {}
        self.slots: list[Slots] = []
        self.residuals: dict[Node, int] = {}  # by position
        self._fixed: dict[Node, bool] = {}

    def request(self, region: Region, node: Node) -> Node:
        """The value of a forward node of a region of this scope, in the region's backward graph."""
        if node in self.given:
            if node not in self.taken:
                self.taken[node] = self.given[node]()
            return self.taken[node]
        if node not in self.places:
            assert region.bb is not None
            self.places[node] = (region, Apply(region.bb.graph, PLACE, (), node.type, region.bb.span))
        return self.places[node][1]

    def close(self) -> Found:
        """Decide what is kept: `residuals`; the placeholders of those, with their regions and positions."""
        kept = minimum_cut(list(self.places), self._inputs, _cost)
        found: Found = {}
        todo = list(self.places)
        for node in todo:
            region, place = self.places[node]
            if node in kept:
                found[place] = (region, self._store(region, node))
            else:
                before = len(self.places)
                assert isinstance(node, Apply)
                place.fn, place.args = node.fn, tuple(region.ref(a) for a in node.args)
                if len(self.places) > before:
                    todo += list(self.places)[before:]
        return found

    def _store(self, region: Region, node: Node) -> int:
        while region is not self.root:
            assert region.slots is not None and region.outer is not None
            node = region.slots.slot(region.side, node)
            region = region.outer
        return self.residuals.setdefault(node, len(self.residuals))

    def _inputs(self, node: Node) -> list[Node] | None:
        """What a node is computed again from: none for one that is free, None if it has to be kept."""
        if not isinstance(node, Apply) or not isinstance(node.fn, Constant):
            return None
        prim = node.fn.value
        if not isinstance(prim, Primitive) or not prim.repeatable:
            return None
        if prim.lower.startswith(("libm:", "call:")) and not self._is_fixed(node):
            return None  # costs more than a store and a load
        return [a for a in node.args if not self._is_free(a)]

    def _inside(self, node: Node) -> bool:
        return encloses(self.root.graphs[0], graph_of(node))

    def _is_free(self, node: Node) -> bool:
        return isinstance(node, Constant) or node in self.given or not self._inside(node)

    def _is_fixed(self, node: Node) -> bool:
        """Whether a node is computed from what does not vary: its computation can leave the loop or recursion."""
        if isinstance(node, Constant) or not self._inside(node):
            return True
        if node not in self._fixed:
            self._fixed[node] = node in self.constant or (
                isinstance(node, Apply)
                and isinstance(node.fn, Constant)
                and isinstance(node.fn.value, Primitive)
                and node.fn.value.repeatable
                and all(map(self._is_fixed, node.args))
            )
        return self._fixed[node]


Found = dict[Apply, tuple["Region", int]]


def pack_tuple(scope: Scope, a: Adjoint, packed: Node, found: Found) -> Node:
    """What ▶f returns beside its value; the placeholders become items of the parameter `packed` of ∂f."""
    for s in scope.slots:
        s.close()
    packed.type = a.residual = Tuple(tuple(r.type for r in scope.residuals))  # type: ignore[misc]
    for place, (_, k) in found.items():
        place.fn, place.args = ITEM, (packed, constant(k))
    return Apply(a.forward, TUPLE, tuple(scope.residuals), a.residual, a.forward.span)


def pack_box(scope: Scope, a: Adjoint, packed: Node, found: Found) -> Node:
    """The same for a recursive f, whose residual is a box. Where all of it comes from one switch, each branch makes its
    box itself, and opens it itself: a call that does not recurse further then makes none."""
    assert a.box is not None
    a.residual = packed.type = a.box
    a.box.body = Tuple(tuple(r.type for r in scope.residuals))  # type: ignore[misc]
    source = next((s for s in scope.slots if scope.residuals and all(r in s.slots for r in scope.residuals)), None)
    if source is not None and source.slots != list(scope.residuals):
        source = None
    for s in scope.slots:
        s.close(a.box if s is source else None)
    opened: dict[Graph, Node] = {}

    def open_in(region: Region) -> Node:
        while source is not None and region.slots is not source:
            assert region.outer is not None
            region = region.outer
        graph = a.backward if source is None else region.bb.graph  # type: ignore[union-attr]
        if graph not in opened:
            opened[graph] = Apply(graph, UNBOX, (packed,), a.box.body, graph.span)  # type: ignore[union-attr]
        return opened[graph]

    for place, (region, k) in found.items():
        place.fn, place.args = ITEM, (open_in(region), constant(k))
    if source is not None:
        return Apply(source.made.graph, ITEM, (source.made, constant(1)), a.box, a.forward.span)
    return boxed(a.forward, list(scope.residuals), a.box)


def unchanged(g: Graph, scopes: Scopes) -> set[Node]:
    """The parameters that a function which calls only itself again hands on as they are."""
    out: set[Node] = set(g.params)
    for graph in nested_in(g, scopes):
        for node in scopes.schedule(graph):
            callee = node.fn.value if isinstance(node.fn, Constant) else None
            if callee is g:
                out -= {p for p, x in zip(g.params, node.args) if x is not p}
            elif isinstance(callee, Graph) and callee.kind == "function" and g in reachable(callee):
                return set()
    return out


def nested_in(g: Graph, scopes: Scopes) -> list[Graph]:
    """A function graph with its branches and loops."""
    found = [g]
    for graph in found:
        found += [h for h in mentioned(graph, scopes) if h.kind != "function" and h not in found]
    return found
