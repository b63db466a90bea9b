"""Simplify a program: one rebuild that folds, shares, inlines, scalarises and drops.

    %0 = tuple %x, 2.0
    %1 = item %0, 1          =>    %0 = fmul %x, 2.0
    %2 = fmul %x, %1

Every graph is emitted anew through a `Builder`, callees first, on demand from outputs and effects. On the way: constant
folding, rewrite rules and value numbering (the builder's); calls of small or once-called functions inlined; branches on
known conditions taken; the results of branches, the state of loops and the parameters of functions split into their
scalars, dropped where dead and forwarded where both ways agree or nothing changes; loop-invariant nodes without
derivative moved out.
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.abstract import NONE, Record, Str, Tuple, Type
from tapeless.ir.builder import Builder, constant, is_primitive, key_of, primitive_of, undef
from tapeless.ir.loops import call_loop, close_loop, loop_parts
from tapeless.ir.nodes import UNDEF, Apply, Constant, Graph, Node, graph_of
from tapeless.ir.primitive import Primitive
from tapeless.ir.primitives.structure import DERIVATIVES
from tapeless.ir.traverse import Scopes, encloses, inputs, reachable
from tapeless.passes.callgraph import CallGraph, call_graph, callee

SMALL = 60
"""The size in nodes up to which a function is inlined everywhere; one that is called once always is."""

Env = dict[Node, Node]
ALL = None


def simplify(root: Graph) -> Graph:
    """An equivalent program; the signature of the root stays, and what derivatives are by."""
    scopes = Scopes()
    calls = call_graph(root, scopes)
    rebuild = Rebuild(root, scopes, calls)
    for g in calls.order:
        rebuild.declare(g)
    for g in calls.order:
        rebuild.function(g)
    return rebuild.new[root]


class Rebuild:
    """The new graphs of one program."""

    def __init__(self, root: Graph, scopes: Scopes, calls: CallGraph) -> None:
        self.scopes, self.calls = scopes, calls
        self.new: dict[Graph, Graph] = {}
        self.done: dict[Graph, Graph] = {}
        self.pure: set[Graph] = set()
        self.new_scopes = Scopes()
        self.sizes: dict[Graph, int] = {}
        self.uses: dict[Node, set[int] | None] = {}
        self.root = root
        self.masks: dict[Graph, str] = {}  # of graphs under a derivative: which parameters it is by
        self._scan(root)

    def _scan(self, root: Graph) -> None:
        """Which items of each node are used (ALL where it is used as a whole), and which signatures must stay."""
        self.old = set(reachable(root))
        for g in self.old:
            for node in (*self.scopes.schedule(g), None):
                used = inputs(node) if node is not None else (g.output,)
                prim = primitive_of(node) if node is not None else None
                if prim is not None and prim.name == "item":
                    source, k = node.args  # type: ignore[union-attr]
                    items = self.uses.setdefault(source, set())
                    if items is not None:
                        items.add(k.value)  # type: ignore[union-attr]
                    continue
                if prim is not None and prim.name in DERIVATIVES:
                    self.masks[node.args[0].value] = node.args[1].value  # type: ignore[union-attr]
                for n in used:
                    if not isinstance(n, Constant):
                        self.uses[n] = ALL

    def stays(self, g: Graph, i: int) -> bool:
        """Whether a parameter is part of an interface: of the root, or of what a derivative is taken by."""
        return g is self.root or (g in self.masks and self.masks[g][i] == "1")

    # -- functions --------------------------------------------------------------------------------------------------
    def declare(self, g: Graph) -> None:
        """The new graph of a function, with its parameters: scalars, without those that are never used."""
        new = self.new[g] = Graph(g.name, "function", None, g.span)
        new.total, new.finite = g.total, g.finite
        for i, p in enumerate(g.params):
            if self.stays(g, i):
                new.parameter(p.name, p.type, p.span)
            elif p in self.uses:
                for name, t in leaves_of(p.name, p.type):  # type: ignore[arg-type]
                    new.parameter(name, t, p.span)

    def function(self, g: Graph) -> None:
        new = self.new[g]
        env: Env = {}
        b = Builder(new, span=g.span)
        params: list[Node] = list(new.params)
        for i, p in enumerate(g.params):
            if self.stays(g, i):
                env[p] = params.pop(0)
            elif p in self.uses:
                env[p] = assemble(b, p.type, params)  # type: ignore[arg-type]
            else:
                env[p] = undef(p.type)  # type: ignore[arg-type]
        new.output = self.body(b, self.scopes, g, env)
        if not new.effects and (g not in self.calls.recursive or new.total):
            self.pure.add(new)
        self.sizes[new] = self._size(new)
        self.done[g] = new

    def _size(self, g: Graph) -> int:
        size, todo = 0, [g]
        while todo:
            schedule = self.new_scopes.schedule(todo.pop())
            size += len(schedule)
            for node in schedule:
                todo += [
                    n.value
                    for n in inputs(node)
                    if isinstance(n, Constant) and isinstance(n.value, Graph) and n.value.kind == "branch"
                ]
                loop = callee(node)
                if loop is not None and loop.kind == "loop" and not encloses(loop, node.graph):
                    todo.append(loop)
        return size

    # -- bodies -----------------------------------------------------------------------------------------------------
    def body(self, b: Builder, scopes: Scopes, graph: Graph, env: Env) -> Node:
        """Emit what a graph computes; its output."""
        for node in scopes.schedule(graph):
            b.span = node.span or b.span
            env[node] = self.node(b, scopes, node, env)
        return get(env, graph.output)

    def node(self, b: Builder, scopes: Scopes, node: Apply, env: Env) -> Node:
        fn = node.fn
        assert isinstance(fn, Constant)
        if isinstance(fn.value, Primitive):
            if fn.value.name == "switch":
                return self.switch(b, scopes, node, env)
            return self.primitive(b, node, fn.value, [get(env, a) for a in node.args])
        if fn.value.kind == "loop":
            return self.loop(b, scopes, node, fn.value, env)
        return self.call(b, scopes, node, fn.value, [get(env, a) for a in node.args])

    def primitive(self, b: Builder, node: Apply, prim: Primitive, args: list[Node]) -> Node:
        assert node.type is not None
        if prim.name == "check":
            return self.check(b, args)
        if prim.name == "cell" and node not in self.uses and node.graph in self.old:
            return undef(node.type)
        if prim.effect:
            return b.effect(prim.name, *args, type=node.type)
        if isinstance(args[0], Constant) and isinstance(args[0].value, Graph) if args else False:
            return self.derivative(b, node, prim, args)
        if prim.partials is None and prim.name != "box":
            # what has a derivative stays: before a loop that runs no iteration its value may be inf or nan, which no
            # check has seen and which a cotangent of zero would meet; LLVM moves it out where that is of use
            b = outermost(b, args)
        return b.apply(prim.name, *args, type=node.type)

    def check(self, b: Builder, args: list[Node]) -> Node:
        ok = known(b, args[0])
        if ok is True:
            return constant(None)
        b.effect("check", constant(False) if ok is False else args[0], *args[1:])
        b.facts[key_of(args[0])] = True
        return constant(None)

    def derivative(self, b: Builder, node: Apply, prim: Primitive, args: list[Node]) -> Node:
        """vjp, pull, jvp, taylor: their graph argument becomes its new self."""
        old = args[0].value  # type: ignore[attr-defined]
        new = self.new.get(old, old)
        if new is not old:
            mask, inputs_ = self.masks[old], args[2:]
            if prim.name != "pull":
                tangents = inputs_[len(mask) :]
                inputs_ = [*self.flattened(b, old, inputs_[: len(mask)]), *tangents]
            args = [args[0], constant(self.new_mask(old)), *inputs_]
        made = Apply(b.graph, Constant(prim), (Constant(new), *args[1:]), node.type, b.span)
        if prim.name != "pull" and new not in self.pure:
            b.graph.effects.append(made)
        return made

    def flattened(self, b: Builder, g: Graph, args: list[Node]) -> list[Node]:
        """The arguments of a call, as the new signature of the callee wants them."""
        flat: list[Node] = []
        for i, (p, a) in enumerate(zip(g.params, args)):
            if self.stays(g, i):
                flat.append(a)
            elif p in self.uses:
                flat += spread(b, a)
        return flat

    def new_mask(self, g: Graph) -> str:
        """The mask of a graph under a derivative, for its new signature."""
        out = ""
        for i, p in enumerate(g.params):
            if self.stays(g, i):
                out += "1"
            elif p in self.uses:
                out += "0" * len(leaves_of("", p.type))  # type: ignore[arg-type]
        return out

    def call(self, b: Builder, scopes: Scopes, node: Apply, g: Graph, args: list[Node]) -> Node:
        new = self.new.get(g, g)  # a call in a body that is being inlined is to a new graph already, and stays a call
        if g in self.new:
            args = self.flattened(b, g, args)
        known = g in self.new and new in self.sizes and g not in self.calls.recursive
        if known and (self.sizes[new] <= SMALL or self.calls.calls.get(g, 0) == 1):
            span = b.span
            out = self.body(b, self.new_scopes, new, dict(zip(new.params, args)))
            b.span = span
            return out
        made = Apply(b.graph, Constant(new), tuple(args), node.type, b.span)
        if new not in self.pure and not new.total:
            b.graph.effects.append(made)
        return made

    # -- branches ---------------------------------------------------------------------------------------------------
    def switch(self, b: Builder, scopes: Scopes, node: Apply, env: Env) -> Node:
        condition = get(env, node.args[0])
        branches = [a.value for a in node.args[1:]]  # type: ignore[attr-defined]
        if is_primitive(condition, "not_"):
            condition, branches = condition.args[0], branches[::-1]  # type: ignore[attr-defined]
        taken = known(b, condition)
        if taken is not None:
            return self.body(b, scopes, branches[0 if taken else 1], env)
        sides: list[tuple[Builder, Node]] = []
        for value, g in zip((True, False), branches):
            nb = b.nested(g.name)
            nb.facts[key_of(condition)] = value
            out = self.body(nb, scopes, g, env)
            sides.append((nb, undef(node.type) if never_returns(nb) else out))  # type: ignore[arg-type]
        return self.joined(b, condition, sides, self._wanted(node, node.type))  # type: ignore[arg-type]

    def _wanted(self, node: Apply, type: Type) -> set[int] | None:
        return self.uses.get(node, ALL) if isinstance(type, (Tuple, Record)) else ALL

    def joined(self, b: Builder, condition: Node, sides: list[tuple[Builder, Node]], wanted: set[int] | None) -> Node:
        """The switch of two built branches: what both agree on is forwarded, the rest returned as scalars."""
        (then, x), (orelse, y) = sides
        pairs: list[tuple[Node, Node]] = []
        shape = _merge(b, condition, x, y, pairs, wanted)
        if not pairs and not then.graph.effects and not orelse.graph.effects:
            return _fill(b, shape, [])
        types = tuple(_defined(p, q).type for p, q in pairs)
        single = len(pairs) == 1
        for nb, k in ((then, 0), (orelse, 1)):
            outs = [undef(t) if is_undef(p[k]) else p[k] for p, t in zip(pairs, types)]  # type: ignore[arg-type]
            nb.graph.output = outs[0] if single else nb.tuple(outs) if outs else constant(None)
        type: Type = types[0] if single else Tuple(types) if types else NONE  # type: ignore[assignment, arg-type]
        made = b.switch(condition, then.graph, orelse.graph, type)
        return _fill(b, shape, [made] if single else [b.item(made, i) for i in range(len(pairs))])

    # -- loops ------------------------------------------------------------------------------------------------------
    def loop(self, b: Builder, scopes: Scopes, node: Apply, graph: Graph, env: Env) -> Node:
        parts = loop_parts(graph, scopes)
        init = [get(env, a) for a in node.args]
        live = self._live(scopes, node, graph)
        lb = b.nested(graph.name, "loop")
        lb.loop_outer = b
        lb.graph.finite, lb.graph.total = graph.finite, graph.total
        varying: list[int] = []
        for i, p in enumerate(graph.params):
            if not live[i]:
                env[p] = undef(p.type)  # type: ignore[arg-type]
            elif parts.nexts[i] is p or _same_constant(parts.nexts[i], init[i]):
                env[p] = init[i]
            else:
                varying.append(i)
                fresh: list[Node] = [lb.graph.parameter(n, t, p.span) for n, t in leaves_of(p.name, p.type)]  # type: ignore[arg-type]
                env[p] = assemble(lb, p.type, fresh)  # type: ignore[arg-type]
        for n in parts.head:
            lb.span = n.span or lb.span
            env[n] = self.node(lb, scopes, n, env)
        condition = get(env, parts.condition)
        sb = lb.nested("step")
        sb.loop_outer = b
        sb.facts[key_of(condition)] = True
        for n in parts.body:
            sb.span = n.span or sb.span
            env[n] = self.node(sb, scopes, n, env)
        nexts = [leaf for i in varying for leaf in spread(sb, get(env, parts.nexts[i]), graph.params[i].type)]
        close_loop(lb, sb, condition, nexts, node.span)
        starts = [leaf for i in varying for leaf in spread(b, init[i], graph.params[i].type)]
        made = call_loop(b, lb.graph, starts, node.span)
        finals: list[Node] = [b.item(made, k) for k in range(len(starts))]
        out = []
        for i, p in enumerate(graph.params):
            if i in varying:
                out.append(assemble(b, p.type, finals))  # type: ignore[arg-type]
            else:
                out.append(init[i] if live[i] else undef(p.type))  # type: ignore[arg-type]
        return b.tuple(out)

    def _live(self, scopes: Scopes, node: Apply, graph: Graph) -> list[bool]:
        """Which state is needed: by the test, an effect, after the loop, or by the next value of what is."""
        parts = loop_parts(graph, scopes)
        used = self.uses.get(node, set()) if node in self.uses else ALL
        position: dict[Node, int] = {p: i for i, p in enumerate(graph.params)}
        live = [used is ALL or i in used for i in range(len(graph.params))]
        back = parts.step.output
        effects = [e for e in (*graph.effects, *parts.step.effects) if e is not graph.output and e is not back]
        todo: list[Node] = [parts.condition, *effects]
        todo += [parts.nexts[i] for i, l in enumerate(live) if l]
        seen: set[Node] = set()
        while todo:
            n = todo.pop()
            if n in seen:
                continue
            seen.add(n)
            if n in position:
                if not live[position[n]]:
                    live[position[n]] = True
                    todo.append(parts.nexts[position[n]])
            elif isinstance(n, Constant):
                if isinstance(n.value, Graph) and n.value.kind != "function":
                    todo += scopes.captures(n.value)
            elif isinstance(n, Apply) and encloses(graph, n.graph) and n is not graph.output and n is not back:
                todo += inputs(n)
        return live


# -- helpers ----------------------------------------------------------------------------------------------------------
def get(env: Env, node: Node) -> Node:
    """The new node of an old one."""
    return node if isinstance(node, Constant) else env[node]


def known(b: Builder, condition: Node) -> bool | None:
    """The value of a condition where it is known: a constant, or tested before on this path."""
    if isinstance(condition, Constant) and condition.value is not UNDEF:
        return bool(condition.value)
    key = key_of(condition)
    scope: Builder | None = b
    while scope is not None:
        if key in scope.facts:
            return scope.facts[key]
        scope = scope.outer
    return None


def never_returns(b: Builder) -> bool:
    """Whether a branch ends in an effect that always raises."""
    if not b.graph.effects:
        return False
    last = b.graph.effects[-1]
    return is_primitive(last, "check") and isinstance(last.args[0], Constant) and last.args[0].value is False


def outermost(b: Builder, args: list[Node]) -> Builder:
    """The builder outside all loops in which the arguments do not vary; b, if there is none."""
    while b.loop_outer is not None:
        graph = b.loop_outer.graph
        if not all(isinstance(a, Constant) or encloses(graph_of(a), graph) for a in args):  # type: ignore[arg-type]
            break
        b = b.loop_outer
    return b


def leaves_of(name: str, type: Type) -> list[tuple[str, Type]]:
    """The names and types of the scalars (and boxes, unions, cells) that a value consists of."""
    if isinstance(type, (Tuple, Record)):
        return [leaf for i, t in enumerate(type.items) for leaf in leaves_of(f"{name}.{i}", t)]
    return [] if type == NONE or isinstance(type, Str) else [(name, type)]


def spread(b: Builder, node: Node, type: Type | None = None) -> list[Node]:
    """The leaves of a value, in the order of `leaves_of`."""
    t = type or node.type
    if isinstance(t, (Tuple, Record)):
        if is_undef(node):
            return [leaf for item in t.items for leaf in spread(b, undef(item))]
        return [leaf for i in range(len(t.items)) for leaf in spread(b, b.item(node, i))]
    return [] if t == NONE or isinstance(t, Str) else [node]


def assemble(b: Builder, type: Type, leaves: list[Node]) -> Node:
    """A value from its leaves, which are taken off the front of the list."""
    match type:
        case Tuple(items=items):
            return b.tuple([assemble(b, t, leaves) for t in items])
        case Record(items=items):
            return b.apply("record", *[assemble(b, t, leaves) for t in items], type=type)
        case Str(value=text):
            return constant(text)
    return constant(None) if type == NONE else leaves.pop(0)


def is_undef(node: Node) -> bool:
    """Whether a node is the constant without value."""
    return isinstance(node, Constant) and node.value is UNDEF


def _defined(x: Node, y: Node) -> Node:
    return y if is_undef(x) else x


def _same_constant(a: Node, b: Node) -> bool:
    return isinstance(a, Constant) and isinstance(b, Constant) and key_of(a) == key_of(b)


def _accessible(b: Builder, node: Node) -> bool:
    return isinstance(node, Constant) or encloses(graph_of(node), b.graph)  # type: ignore[arg-type]


def _merge(b: Builder, c: Node, x: Node, y: Node, pairs: list[tuple[Node, Node]], wanted: set[int] | None) -> Any:
    """The shape of a joined value: a node, a number (of a pair), or (type, shapes); appends to `pairs`."""
    if key_of(x) == key_of(y) and _accessible(b, x):
        return x
    if is_undef(x) and _accessible(b, y):
        return y
    if is_undef(y) and _accessible(b, x):
        return x
    if isinstance(x, Constant) and isinstance(y, Constant) and x.value is True and y.value is False:
        return c
    if isinstance(x, Constant) and isinstance(y, Constant) and x.value is False and y.value is True:
        return b.apply("not_", c)
    type = _defined(x, y).type
    if isinstance(type, (Tuple, Record)) and all(is_undef(n) or _is_made(n) for n in (x, y)):
        shapes = []
        for i, t in enumerate(type.items):
            if wanted is not ALL and i not in wanted:
                shapes.append(undef(t))
            else:
                p, q = (undef(t) if is_undef(n) else n.args[i] for n in (x, y))  # type: ignore[attr-defined]
                shapes.append(_merge(b, c, p, q, pairs, ALL))
        return (type, shapes)
    for i, (p, q) in enumerate(pairs):
        if key_of(p) == key_of(x) and key_of(q) == key_of(y):
            return i
    pairs.append((x, y))
    return len(pairs) - 1


def _is_made(node: Node) -> bool:
    return is_primitive(node, "tuple") or is_primitive(node, "record")


def _fill(b: Builder, shape: Any, values: list[Node]) -> Node:
    if isinstance(shape, Node):
        return shape
    if isinstance(shape, int):
        return values[shape]
    type, shapes = shape
    items = [_fill(b, s, values) for s in shapes]
    return b.tuple(items) if isinstance(type, Tuple) else b.apply("record", *items, type=type)
