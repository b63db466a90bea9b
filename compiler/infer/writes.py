"""One function in its order: what it writes to, and who uses it afterwards. See `aliases.py`."""

from __future__ import annotations

from typing import Any

from tapeless.infer.binding import bind
from tapeless.infer.domain import Clo, Loc, Never, Rec, constants, parts
from tapeless.infer.instances import Instance
from tapeless.infer.layout import Fact
from tapeless.infer.memory import (
    FRESH,
    LOADED,
    NOTHING,
    READ_ONLY,
    SHARED,
    Root,
    Roots,
    Shape,
    around,
    flat,
    gathered,
    holds_arrays,
    inside,
    joined,
    leaves,
    may_be_list,
    of_items,
    within,
)
from tapeless.infer.references import is_reference
from tapeless.infer.sharing import Flow
from tapeless.infer.staleness import Staleness, Write
from tapeless.ir.abstract import Array, Record, Tuple, Type
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.diagnostics import DifferentiationError, InferenceError, Note, Span
from tapeless.ir.lists import is_list
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Mismatch, Operator, Primitive
from tapeless.ir.traverse import encloses

NEW_LISTS = ("list", "add", "mul", "slice")
"""Operators that make a new list of the items of another."""


@dataclass
class Summary:
    """What a function does to memory that it did not make, and what its result may reach; FRESH: what it made.

    `lists` is what of the written memory are lists that get other items, rather than arrays in lists.
    """

    written: Roots = NOTHING
    result: Shape = NOTHING
    lists: Roots = NOTHING
    spans: dict[Root, Span | None] = field(default_factory=dict)


class Walk(Staleness):
    """One function, in the order in which it runs."""

    # -- graphs -----------------------------------------------------------------------------------------------------
    def graph(self, inst: Instance) -> Shape:
        """Walk the applications of a graph; the shape of its output."""
        self.nodes(inst)
        return self.use(inst, inst.graph.output, inst.graph.output)

    def nodes(self, inst: Instance, skip: Node | None = None) -> None:
        for node in self.engine.scopes.schedule(inst.graph):
            if node is skip:
                continue
            value = inst.values.get(node)
            if value is None or (isinstance(value, Never) and node in inst.graph.effects):
                return
            self.apply(inst, node)

    # -- applications -----------------------------------------------------------------------------------------------
    def apply(self, inst: Instance, node: Apply) -> None:
        fn = node.fn.value if isinstance(node.fn, Constant) else None
        fact = (inst, node)
        if isinstance(fn, Primitive):
            if fn.name in ("tuple", "item"):
                self._structure(inst, node, fn.name)
            else:
                self.define(fact, getattr(self, "_" + fn.name)(inst, node))
        elif isinstance(fn, Graph) and fn.kind == "loop":
            self.define(fact, self._loop(inst, node, fn))
        elif not self._sites(inst, node):
            self._operator(inst, node, fn)
        else:
            self.define(fact, self._call(inst, node))

    def _structure(self, inst: Instance, node: Apply, name: str) -> None:
        """A tuple is made or taken apart: no use yet."""
        stale = {r: w for a in node.args for r, w in self.stale_of(inst, a).items()}
        if name == "tuple":
            shape: Shape = tuple(self.shape(inst, a) for a in node.args)
        else:
            whole, k = self.shape(inst, node.args[0]), node.args[1].value  # type: ignore[attr-defined]
            shape = whole[k] if isinstance(whole, tuple) else whole
        self.define((inst, node), shape, stale)

    def _check(self, inst: Instance, node: Apply) -> Shape:
        return NOTHING

    def _switch(self, inst: Instance, node: Apply) -> Shape:
        sides = [inst.branches[a.value] for a in node.args[1:] if isinstance(a, Constant) and a.value in inst.branches]
        before, pending = self.copy_of_stale(), dict(self.pending)
        out: Shape = NOTHING
        after: list[tuple[dict[Fact, dict[Root, Write]], dict[int, Write]]] = []
        for side in sides:
            self.stale, self.pending = {f: dict(s) for f, s in before.items()}, dict(pending)
            out = joined(out, self.graph(side))
            after.append((self.stale, self.pending))
        self.stale, self.pending = before, pending
        for stale, waiting in after:
            self.merge(stale)
            self.pending.update(waiting)
        return out

    def _cell(self, inst: Instance, node: Apply) -> Shape:
        self.aliases.store(self._site(inst, node), self.ground(flat(self.use(inst, node.args[0], node))))
        return NOTHING

    def _load(self, inst: Instance, node: Apply) -> Shape:
        site = self._site(inst, node.args[0])
        for waiting, write in self.pending.items():
            if waiting == site:
                self.aliases.conflict(self.aliases.content(site), write, node.span)
        type = self.layout.fact((inst, node))
        content = self.aliases.content(site) if holds_arrays(type) else NOTHING
        return (content, content) if is_list(type) else content

    def _store(self, inst: Instance, node: Apply) -> Shape:
        site, roots = self._site(inst, node.args[0]), self.ground(flat(self.use(inst, node.args[1], node)))
        self.aliases.store(site, roots)
        self.pending.pop(site, None)
        return NOTHING

    def _site(self, inst: Instance, node: Node) -> int:
        where = self.fact(inst, node)[0].values[node]
        assert isinstance(where, Loc)
        return self.engine.lattice.find(where.site)

    def _operator(self, inst: Instance, node: Apply, op: Any) -> None:
        """An operator, applied by name or as a value."""
        named = isinstance(op, Operator)
        operands = list(node.args) if named else [node.fn, *node.args]
        shapes, fact = [self.use(inst, a, node) for a in operands], (inst, node)
        if any(holds_arrays(t) and not isinstance(t, Array) for t in (self.type(inst, a) for a in operands)):
            shapes = list(map(self.grounded, shapes))
        if named and op.writes and flat(shapes[0]) and _is_written(self.layout, inst, node):
            target = shapes[0]
            if op.name == "setitem" and (len(node.args) > 3 or _is_updated(node.args[1])):
                self._item_written(target, node)
            roots, lists = self._changed(inst, node, op, target)
            self._refuse_read_only(roots, node.span)
            write = self.write(roots, node.span)
            self.lists |= lists
            self.pending.update({r.base: write for r in roots if isinstance(r.base, int)})
            if LOADED in roots:
                self.aliases.conflict(frozenset([LOADED]), write, node.span)
            if isinstance(target, tuple) and is_list(self.layout.fact(fact)):
                rest = [(s, self.type(inst, a)) for s, a in zip(shapes[1:], node.args[1:])]
                target = target[0], gathered([flat(target[1]), *(inside(s, t) for s, t in rest)])
            self.define(fact, target)
        elif named and op.writes and self.engine.views and (sites := self._locations(inst, node.args[0])):
            self.write(sites, node.span)
            self.define(fact, NOTHING)
        elif not holds_arrays(self.layout.fact(fact)):
            self.define(fact, NOTHING)
        else:
            made, given = self.aliases.elaborator.made.get(fact, (None, ()))
            flow = Flow(given, shapes, frozenset([Root(fact)]))
            shape = flow.of(made) if made is not None else flow.all
            if named and op.name in NEW_LISTS and is_list(self.layout.fact(fact)) and isinstance(shape, tuple):
                shape = flow.fresh, shape[1]  # where it has the items of another list, it is one node with that
            self.define(fact, self._viewed(fact, shapes) or shape)

    def _viewed(self, fact: Fact, shapes: list[Shape]) -> Roots:
        """What the result of an operator means in NumPy, where it is a copy here and a view there."""
        out = NOTHING
        for site, writable in self.engine.views.get(fact, ()):
            out |= flat(tuple(shapes)) if site is None else {Root(self.engine.lattice.find(site))}
            out |= NOTHING if writable else {READ_ONLY}
        return out

    def _locations(self, inst: Instance, node: Node) -> Roots:
        """The locations that a value may refer to."""
        held, node = self.fact(inst, node)
        found = (p.items[0] for p in parts(held.values[node]) if isinstance(p, Rec) and is_reference(p.tag))
        return frozenset(Root(self.engine.lattice.find(where.site)) for where in found if isinstance(where, Loc))

    @staticmethod
    def _refuse_read_only(roots: Roots, span: Span | None) -> None:
        if READ_ONLY in roots:
            raise InferenceError(
                "this array is written to, which NumPy refuses for what `broadcast_to`, `diag` or `diagonal` gives",
                span,
                hint="make a copy first: x = x.copy()",
            )

    def _changed(self, inst: Instance, node: Apply, op: Operator, target: Shape) -> tuple[Roots, Roots]:
        """The memory that an operator writes to, and what of it may be lists that get other items."""
        reach = self.reach
        type, keys = self.type(inst, node.args[0]), len(node.args) - 2
        if op.name != "setitem":
            roots = reach(target[0] if isinstance(target, tuple) else flat(target))
            return roots, NOTHING if _is_array(type) else roots
        if _is_updated(node.args[1]) and all(map(_is_array, within(type, keys))):
            keys += 1  # `xs[k] += v` leaves the list as it is: the same array is its item
        is_item = any(map(may_be_list, within(type, keys - 1)))
        if is_item:
            roots = reach(flat(target))
            return roots, roots
        return frozenset(r for r in reach(of_items(target, type)) if not self.aliases.is_list(r)), NOTHING

    def _item_written(self, target: Shape, node: Apply) -> None:
        """An array that is an item of a list or tuple is written to: no other item may be the same."""
        shared = seen = NOTHING
        for _, roots in leaves(target, ()):
            shared, seen = shared | (roots if SHARED in roots else roots & seen), seen | roots
        self.aliases.conflict(shared, Write(node.span), node.span)

    # -- loops ------------------------------------------------------------------------------------------------------
    def _loop(self, inst: Instance, node: Apply, graph: Graph) -> Shape:
        marks = [i for i in range(len(node.args)) if (graph, i) in self.engine.static]
        self.engine.current.append(inst.owner)
        static = tuple(constants(self.engine.value(inst, node.args[i])) for i in marks)
        self.engine.current.pop()
        head = inst.loops[node, static]
        init = [self.use(inst, a, node) for a in node.args]
        if not head.looped:
            test = graph.output
            assert isinstance(test, Apply)
            for p, s in zip(graph.params, init):
                self.define((head, p), s)
            self.nodes(head, test)
            return self._switch(head, test)
        before, found, conflicts = self.snapshot(), self.aliases.found, dict(self.aliases.conflicts)
        state = self._iterated(head, init, {})
        apart = self._apart(graph, head, init)
        if self.aliases.found > found and len(apart) > 1:
            after, more = self.snapshot(), self.aliases.conflicts
            self.restore(before)
            self.aliases.conflicts = conflicts
            better = self._iterated(head, init, apart)
            if better is not None:
                return better
            self.restore(after)
            self.aliases.conflicts = more
        return state

    def _apart(self, graph: Graph, head: Instance, init: list[Shape]) -> dict[int, Root]:
        """Variables of a loop that are different arrays at first, each with a root for what it is in an iteration."""
        arrays = [
            i
            for i, (p, s) in enumerate(zip(graph.params, init))
            if isinstance(self.type(head, p), Array) and s and all(isinstance(r.base, tuple) for r in s)
        ]
        alone = [i for i in arrays if not any(self.common(init[i], init[k]) for k in arrays if k != i)]
        return {i: Root((head, graph.params[i])) for i in alone}

    def _iterated(self, head: Instance, init: list[Shape], apart: dict[int, Root]) -> Shape | None:
        """The state of a loop; None where variables that were taken to be different arrays may be one."""
        graph, test = head.graph, head.graph.output
        assert isinstance(test, Apply)
        state = list(init)
        reached = frozenset().union(*(self.ground(init[i]) for i in apart))
        while True:
            for i, root in apart.items():
                state[i] = frozenset([root])
                self.stands[root] = head, reached
                self.aliases.flows(root.base, reached)
            for p, s in zip(graph.params, state):
                self.define((head, p), s)
            before = self.copy_of_stale()
            self.nodes(head, test)
            step = head.branches.get(test.args[1].value)  # type: ignore[attr-defined]
            if step is None:
                return tuple(state)
            after_test = self.copy_of_stale()
            back = step.graph.output
            assert isinstance(back, Apply)
            self.nodes(step, back)
            nexts = [self.use(step, a, back) for a in back.args] if step.values.get(back) is not None else state
            if any(i < k and self.common(flat(nexts[i]), flat(nexts[k])) for i in apart for k in apart):
                return None
            new = [joined(s, around(graph, self.grounded(n, graph))) for s, n in zip(state, nexts)]
            more = reached.union(*(around(graph, self.ground(flat(nexts[i]))) for i in apart))
            self.merge(after_test)
            self.merge(before)
            if (
                all(i in apart or new[i] == state[i] for i in range(len(state)))
                and more == reached
                and all(s.keys() <= before.get(f, {}).keys() for f, s in self._outer(graph).items())
            ):
                return tuple(state)
            state, reached = new, more

    def _outer(self, graph: Graph) -> dict[Fact, dict[Root, Write]]:
        """What is stale outside of a loop."""
        return {f: s for f, s in self.stale.items() if not encloses(graph, f[1].graph)}  # type: ignore[attr-defined]

    # -- calls ------------------------------------------------------------------------------------------------------
    def _sites(self, inst: Instance, node: Apply) -> list[tuple[Any, dict[str, Instance]]]:
        """The calls that an application makes: the path of each, and the instances that it goes to."""
        return self.aliases.elaborator.calls.get((inst, node), [])

    def _call(self, inst: Instance, node: Apply) -> Shape:
        f, args = self.use(inst, node.fn, node), [self.use(inst, a, node) for a in node.args]
        everything = flat((f, *args))
        fresh = Root((inst, node))
        out: Shape = None
        for path, targets in self._sites(inst, node):
            for head, callee in targets.items():
                given = self._bound(inst, node, f, args, head, callee) if path == () else None
                if "primal" in path:
                    self._refuse_writes(callee, node)
                if given is None:
                    facts = [*self.layout.captures(callee.graph, callee.parent)]
                    facts += [(callee, p) for p in callee.graph.params]
                    given = {fact: everything for fact in facts}
                out = joined(out, self._called(node, callee, given, fresh))
        return NOTHING if out is None else out

    def _refuse_writes(self, callee: Instance, node: Apply) -> None:
        """What is differentiated changes nothing from outside."""
        summary = self.aliases.summaries.get(callee, Summary())
        for root in summary.written:
            if isinstance(root.base, int) and not self._encloses(self.engine.lattice.makers[root.base], callee):
                continue  # a location of its own
            raise DifferentiationError(
                f"{callee.graph.name} writes here to an array or list that it did not make, "
                "and cannot be differentiated so",
                summary.spans.get(root),
                (Note("the derivative is taken here", node.span),),
                "make a copy first: x = x.copy()",
            )

    @staticmethod
    def _encloses(outer: Instance, inner: Instance) -> bool:
        at = inner.parent
        while at is not None and at.owner is not outer.owner:
            at = at.parent
        return at is not None

    def _bound(
        self, inst: Instance, node: Apply, f: Shape, args: list[Shape], head: str, callee: Instance
    ) -> dict[Fact, Shape] | None:
        """What the parameters and captured values of a callee get, where the call says so."""
        value = self.engine.constant(inst, node.fn.value) if isinstance(node.fn, Constant) else None
        if value is None:
            found = self.fact(inst, node.fn)
            value = found[0].values[node.fn]
        closure = next((p for p in parts(value) if isinstance(p, Clo) and p.head == head), None)
        if closure is None or node.shape.starred:
            return None
        captures = self.layout.captures(closure.graph, closure.parent)
        single = isinstance(f, tuple) and len(f) == len(captures)
        given: dict[Fact, Shape] = {fact: f[i] if single else flat(f) for i, fact in enumerate(captures)}
        count = len(node.args) - len(node.shape.keywords)

        def default(n: Node) -> Shape:
            if isinstance(n, Constant):
                return NOTHING
            return given.get((closure.parent.enclosing(n.graph), n), NOTHING)  # type: ignore[union-attr, attr-defined]

        try:
            full = bind(closure.graph, args[:count], dict(zip(node.shape.keywords, args[count:])), default, tuple)
        except Mismatch:
            return None
        given.update({(callee, p): s for p, s in zip(callee.graph.params, full)})
        return given

    def _called(self, node: Apply, callee: Instance, given: dict[Fact, Shape], fresh: Root) -> Shape:
        """A call of a function by its summary."""
        summary = self.aliases.summaries.get(callee, Summary())
        for fact, shape in given.items():
            if fact[0] is callee:
                self.aliases.flows(fact, flat(shape))
        self.aliases.flows(fresh.base, self.aliases.made.get(callee, NOTHING))

        def image(root: Root) -> Roots:
            if root == FRESH:
                return frozenset([fresh])
            if root.base in given:
                shape = given[root.base]
                for k in root.path:
                    shape = shape[k] if isinstance(shape, tuple) else shape
                return flat(shape)
            return frozenset([root])

        def mapped(shape: Shape) -> Shape:
            if isinstance(shape, tuple):
                return tuple(map(mapped, shape))
            return frozenset(r for root in shape for r in image(root))

        for root in summary.written:
            target = self.reach(image(root))
            self._refuse_read_only(target, summary.spans.get(root))
            if SHARED in target:  # the callee takes the items of a list for arrays of their own
                self.aliases.conflict(target, Write(summary.spans.get(root)), node.span)
            for fact, shape in given.items():
                for other in leaves(shape, ()):
                    is_meant = fact == root.base and root.path[: len(other[0])] == other[0]
                    if not is_meant and (common := self.common(other[1], target)):
                        self.aliases.conflict(common, Write(summary.spans.get(root)), node.span)
            write = self.write(target, summary.spans.get(root) or node.span)
            # locations that hold what the callee wrote to under another name than theirs
            self.pending.update({r.base: write for r in target if isinstance(r.base, int) and r.base != root.base})
            self.lists |= target if root in summary.lists else NOTHING
        return mapped(summary.result)


def _is_array(t: Type | None) -> bool:
    return isinstance(t, Array) or (isinstance(t, Record) and is_reference(t.tag))


def _is_updated(node: Node) -> bool:
    """Whether a node is what `a[k] += v` makes of a[k]."""
    fn = node.fn.value if isinstance(node, Apply) and isinstance(node.fn, Constant) else None
    return isinstance(fn, Operator) and fn.updates


def _is_written(layout: Any, inst: Instance, node: Apply) -> bool:
    """Whether the first operand of an operator that writes is an array, or leads to one."""
    name = node.fn.value.name  # type: ignore[attr-defined]
    target = node.args[0]
    type = layout.fact((inst.enclosing(target.graph), target))  # type: ignore[attr-defined]
    return name == "setitem" or is_list(type) or not isinstance(type, (Tuple, Record))
