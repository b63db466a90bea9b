"""Liveness of a whole program: which leaves of which values its result and its effects need.

Optimistic: nothing is live until something live needs it, so what only feeds itself is dead: a parameter that a
recursive call hands on to itself, the state of a loop that only its own next value reads, a field of a box that is
only copied into the next box. Leaves are numbered as in `leaves.py`, and a set of them is a mask.

    node          the leaves of its value that are read
    parameter     so too: of a function, what its body reads; each live call then reads these leaves of its argument
    call          reads the leaves of the callee's result that it is read for itself
    box type      its fields: those of `unbox` nodes of that type that are read; each live `box` of the type reads these
    effect        happens where its graph runs, and reads its arguments; `cell` and `load` only where they are read

Boxes that the caller of the program sees, that are printed, or that derivatives are still to be taken of are live as a
whole. Source: Wegman and Zadeck (1991) for the optimism; dead fields: Wand and Clinger (1998), useless variables.
"""

from __future__ import annotations

from tapeless.ir.abstract import NEVER, Box, Cell, Pullback, Record, Scalar, Tuple, Type, Union
from tapeless.ir.builder import primitive_of
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter
from tapeless.ir.primitive import Primitive
from tapeless.ir.primitives.structure import DERIVATIVES
from tapeless.passes.leaves import live_items, offsets, whole

ON_DEMAND = ("cell", "load")
"""Effects that nothing but their value shows."""
OPAQUE = ("inject", "project", "has_head", "cell", "load", "store")
"""What hands boxes on and does not look into them."""


class Liveness:
    """The facts about one program, of which `root` is what is called from outside.

    live    of a node or parameter: the mask of its live leaves
    kept    effects that happen
    results of a function: the mask of the leaves of its result that some call reads
    ran     graphs that run
    sites   of a function: the arguments of each of its calls
    fields  of a box type: the mask of the live leaves of its body
    masks   of a graph under a derivative: which parameters it is by
    """

    def __init__(self, root: Graph) -> None:
        self.live: dict[Node, int] = {}
        self.kept: set[Apply] = set()
        self.results: dict[Graph, int] = {}
        self.ran: set[Graph] = set()
        self.sites: dict[Graph, list[tuple[Node, ...]]] = {root: []}
        self.fields: dict[Box, int] = {}
        self.masks: dict[Graph, str] = {}
        self.root = root
        self._called: set[Apply] = set()
        self._positions: dict[Node, int] = {}
        self._boxes: dict[Box, list[Node]] = {}
        self._frozen = False
        self._todo: list[tuple[Node, int]] = []
        self._run(root)
        for n in (*root.params, root.output):
            self._need(n)
            self._escape(n.type)
        while self._todo:
            self._read(*self._todo.pop())

    def needs(self, node: Apply) -> bool:
        """Whether a node has to be there: something of it is read, or it is an effect that happens."""
        return node in self.live or node in self.kept

    def stays(self, g: Graph, i: int) -> bool:
        """Whether a parameter is part of an interface: of the root, or of what a derivative is taken by."""
        return g is self.root or (g in self.masks and self.masks[g][i] == "1")

    # -- demands ----------------------------------------------------------------------------------------------------
    def _demand(self, node: Node, mask: int) -> None:
        """Some leaves of a node are read."""
        if node.__class__ is not Constant and mask:
            old = self.live.get(node, 0)
            if mask & ~old:
                self.live[node] = old | mask
                self._todo.append((node, mask & ~old))

    def _need(self, node: Node) -> None:
        """A node is read as a whole."""
        if node.__class__ is not Constant:
            self._demand(node, whole(node.type))

    def _field(self, box: Box, mask: int) -> None:
        old = self.fields.setdefault(box, 0)
        if mask & ~old:
            self.fields[box] = old | mask
            for content in self._boxes.get(box, ()):
                self._demand(content, mask)

    def _known(self, box: Box) -> None:
        """A box type that is met: its fields are live where derivatives, which follow its structure, are left."""
        self._field(box, whole(box.body) if self._frozen else 0)

    def _freeze(self) -> None:
        self._frozen = True
        for box in list(self.fields):
            self._known(box)

    def _escape(self, type: Type | None) -> None:
        """A value leaves the program: all that its boxes hold is live."""
        seen: set[Type | None] = set()
        todo = [type]
        while todo:
            t = todo.pop()
            if t in seen:
                continue
            seen.add(t)
            match t:
                case Tuple(items=items) | Record(items=items) | Union(parts=items):
                    todo += items
                case Box(body=body):
                    self._field(t, whole(body))
                    todo.append(body)
                case Cell(content=content):
                    todo.append(content)
                case Pullback(residual=residual) if residual is not None:
                    todo.append(residual)

    # -- what runs --------------------------------------------------------------------------------------------------
    def _run(self, g: Graph) -> None:
        """A graph runs, and so do its effects; a loop's test and back-edge are no effects of their own."""
        if g in self.ran:
            return
        self.ran.add(g)
        self._positions.update(zip(g.params, range(len(g.params))))
        effects: list[Apply] = g.effects
        if g.kind == "loop":
            test = g.output
            assert isinstance(test, Apply) and isinstance(test.args[1], Constant)
            self._need(test.args[0])
            step = test.args[1].value
            self.ran.add(step)
            effects = [e for e in (*effects, *step.effects) if e is not test and e is not step.output]
        for e in effects:
            self._effect(e)

    def _effect(self, node: Apply) -> None:
        prim = primitive_of(node)
        if prim is not None and prim.name in ON_DEMAND:
            return
        self.kept.add(node)
        if prim is None:
            self._call(node, node.fn.value)  # type: ignore[attr-defined]
        elif prim.name == "switch":
            self._switch(node)
        elif prim.name in DERIVATIVES:
            self._derivative(node, prim.name)
        else:
            self._inputs(node, prim)

    def _call(self, node: Apply, g: Graph) -> None:
        if node in self._called:
            return
        self._called.add(node)
        self._run(g)
        self._site(g, node.args)

    def _site(self, g: Graph, args: tuple[Node, ...]) -> None:
        self.sites.setdefault(g, []).append(args)
        for p, a in zip(g.params, args):
            self._demand(a, self.live.get(p, 0))

    def _switch(self, node: Apply) -> None:
        if node not in self._called:
            self._called.add(node)
            self._need(node.args[0])
            for a in node.args[1:]:
                self._run(a.value)  # type: ignore[attr-defined]

    def _derivative(self, node: Apply, name: str) -> None:
        """Derivatives read all of the result of their graph; arguments not differentiated by, as a call does."""
        if node in self._called:
            return
        self._called.add(node)
        self._freeze()
        g, mask = node.args[0].value, node.args[1].value  # type: ignore[attr-defined]
        self.masks[g] = mask
        self._run(g)
        self._need(g.output)
        for p, bit in zip(g.params, mask):
            if bit == "1":
                self._need(p)
        count = 2 if name == "pull" else 2 + len(mask)
        self._site(g, node.args[2:count])
        for a in node.args[count:]:
            self._need(a)

    def _inputs(self, node: Apply, prim: Primitive) -> None:
        for a in node.args:
            self._need(a)
            if a.type.__class__ is not Scalar and prim.name not in OPAQUE:
                self._escape(a.type)

    # -- what is read -----------------------------------------------------------------------------------------------
    def _read(self, node: Node, mask: int) -> None:
        """Leaves of a node are read for the first time: read what they are made of."""
        if isinstance(node, Parameter):
            g = node.graph
            i = self._positions[node]
            if g.kind == "loop":
                self._demand(_nexts(g)[i], mask)
            for args in self.sites.get(g, ()):
                if i < len(args):
                    self._demand(args[i], mask)
            return
        assert isinstance(node, Apply) and isinstance(node.fn, Constant)
        if not isinstance(node.fn.value, Primitive):
            self._read_call(node, node.fn.value, mask)
            return
        name, args = node.fn.value.name, node.args
        if name == "item":
            self._demand(args[0], mask << offsets(args[0].type)[args[1].value])  # type: ignore[arg-type, attr-defined]
        elif name in ("tuple", "record"):
            for i, m in live_items(node.type, mask):  # type: ignore[arg-type]
                self._demand(args[i], m)
        elif name == "select":
            self._need(args[0])
            self._demand(args[1], mask)
            self._demand(args[2], mask)
        elif name == "unbox":
            self._known(args[0].type)  # type: ignore[arg-type]
            self._field(args[0].type, mask)  # type: ignore[arg-type]
            self._need(args[0])
        elif name == "box":
            self._known(node.type)  # type: ignore[arg-type]
            self._boxes.setdefault(node.type, []).append(args[0])  # type: ignore[arg-type]
            self._demand(args[0], self.fields[node.type])  # type: ignore[index]
        elif name == "switch":
            self._switch(node)
            for a in args[1:]:
                out = a.value.output  # type: ignore[attr-defined]
                if out.type != NEVER or node.type == NEVER:
                    self._demand(out, mask)
        elif name in DERIVATIVES:
            self._derivative(node, name)
        elif name == "nest":
            self._run(args[0].value)  # type: ignore[attr-defined]
            self._demand(args[0].value.output, mask)  # type: ignore[attr-defined]
            for a in args[2:]:
                self._need(a)
        else:
            self._inputs(node, node.fn.value)

    def _read_call(self, node: Apply, g: Graph, mask: int) -> None:
        self._call(node, g)
        if g.kind == "loop":
            for i, m in live_items(node.type, mask):  # type: ignore[arg-type]
                self._demand(g.params[i], m)
        else:
            self.results[g] = self.results.get(g, 0) | mask
            self._demand(g.output, mask)


def _nexts(loop: Graph) -> tuple[Node, ...]:
    """The next values of the state of a loop."""
    return loop.output.args[1].value.output.args  # type: ignore[attr-defined, no-any-return]
