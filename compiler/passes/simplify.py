"""Simplify a program: one rebuild that folds, shares, inlines, scalarises and drops.

    %0 = tuple %x, 2.0
    %1 = item %0, 1          =>    %0 = fmul %x, 2.0
    %2 = fmul %x, %1

Every graph is emitted anew through a `Builder`, callees first, as far as it is live (`liveness.py`). On the way:
constant folding, rewrite rules and value numbering (the builder's); calls of small or once-called functions inlined;
branches on known conditions taken; parameters and results of functions, results of branches and the state of loops
split into their leaves, dropped where dead and forwarded where both ways agree or nothing changes; dead fields of boxes
dropped (`boxes.py`); loop-invariant nodes moved out, those that have a derivative not before the last simplification.
"""

from __future__ import annotations

from collections import Counter

from tapeless.ir.abstract import NONE, Array, Tuple, Type, broadcast_dims
from tapeless.ir.builder import Builder, constant, is_primitive, undef
from tapeless.ir.loops import call_loop, close_loop, loop_parts
from tapeless.ir.nests import nest, nest_parts
from tapeless.ir.nodes import UNDEF, Apply, Constant, Graph, Node, graph_of, key_of
from tapeless.ir.primitive import Primitive
from tapeless.ir.primitives.sizes import keeps_sizes
from tapeless.ir.traverse import Scopes, all_nodes, encloses, inputs, reachable
from tapeless.passes.accumulate import accumulate
from tapeless.passes.boxes import Boxes
from tapeless.passes.callgraph import CallGraph, call_graph, callee
from tapeless.passes.invariants import Moved, invariants
from tapeless.passes.joining import joined
from tapeless.passes.leaves import assemble, leaves_of, spread, whole
from tapeless.passes.liveness import Liveness
from tapeless.passes.numbering import equal_parameters

SMALL = 60
"""The size in nodes up to which a function is inlined everywhere; one that is called once always is."""

Env = dict[Node, Node]


def simplify(root: Graph) -> Graph:
    """An equivalent program; the signature of the root stays, and what derivatives are by."""
    scopes = Scopes()
    return Rebuild(root, scopes, call_graph(root, scopes), Liveness(root)).program()


def finish(root: Graph) -> Graph:
    """Simplify a program of which no derivative will be taken any more.

    Invariants move out of its repetitions; what its adjoints add to the results of calls they hand on to them.

    Before that, what has a derivative must stay where it is: of a loop that runs no iteration it may be inf or nan,
    which no check has seen and which a cotangent of zero would meet.
    """
    scopes = Scopes()
    calls = call_graph(root, scopes)
    rebuild = Rebuild(root, scopes, calls, Liveness(root))
    rebuild.last, rebuild.moved = True, invariants(calls, scopes, root)
    rebuild.equal = equal_parameters(root, scopes, rebuild.liveness.live)
    out = rebuild.program()
    if rebuild.moved or rebuild.equal:  # parameters may be dead now
        out = simplify(out)
    return accumulate(out)


class Rebuild:
    """The new graphs of one program.

    Bodies are emitted from the old program (`scopes`), where a small function is inlined from its new graph
    (`new_scopes`), in which all is live and typed as it has to be. What is called once is emitted where it is called.
    """

    def __init__(self, root: Graph, scopes: Scopes, calls: CallGraph, liveness: Liveness) -> None:
        self.root, self.scopes, self.calls, self.liveness = root, scopes, calls, liveness
        self.boxes = Boxes(liveness.fields)
        self.new: dict[Graph, Graph] = {}
        self.pure: set[Graph] = set()
        self.new_scopes = Scopes()
        self.complete: set[Graph] = set()
        self.sizes: dict[Graph, int] = {}
        self.last = False
        self.moved: dict[Graph, Moved] = {}
        self.equal: dict[Node, Node] = {}
        self.readers = _readers(root)

    def program(self) -> Graph:
        """All functions that run, callees first; the new root."""
        order = [g for g in self.calls.order if g in self.liveness.ran and not self.is_part(g)]
        for g in order:
            self.declare(g)
        for g in order:
            self.function(g)
        return self.new[self.root]

    def live(self, scopes: Scopes, node: Node) -> int:
        """The mask of the live leaves of a node."""
        return self.liveness.live.get(node, 0) if scopes is self.scopes else whole(node.type)

    def type(self, node: Node) -> Type:
        """The type that a node has in the new program."""
        return self.boxes.type(node.type)  # type: ignore[arg-type]

    # -- functions --------------------------------------------------------------------------------------------------
    def is_part(self, g: Graph) -> bool:
        """Whether a function is called at one place, and becomes a part of its caller."""
        is_free = g is not self.root and g not in self.calls.recursive and g not in self.liveness.masks
        return is_free and len(self.liveness.sites[g]) == 1

    def declare(self, g: Graph) -> None:
        """The new graph of a function, with its parameters: the leaves that are live."""
        new = self.new[g] = Graph(g.name, "function", None, g.span)
        new.total, new.finite = g.total, g.finite
        for i, p in enumerate(g.params):
            if self.liveness.stays(g, i):
                new.parameter(p.name, p.type, p.span)
            else:
                for name, t in leaves_of(p.name, self.type(p), self.live(self.scopes, p)):
                    new.parameter(name, t, p.span)
        for n in self.values(g):
            new.parameter("invariant", n.type, n.span)

    def values(self, g: Graph) -> tuple[Apply, ...]:
        """What callers of a recursive function compute in its place."""
        return self.moved[g].values if g in self.moved else ()

    def function(self, g: Graph) -> None:
        """The body of a function; the result are its live leaves, but for an interface, which stays as it is."""
        new = self.new[g]
        env: Env = {}
        b = Builder(new, span=g.span)
        params: list[Node] = list(new.params)
        for i, p in enumerate(g.params):
            if self.liveness.stays(g, i):
                env[p] = params.pop(0)
            else:
                env[p] = assemble(b, self.type(p), params, self.live(self.scopes, p))
                if p in self.equal:
                    env[p] = self.get(b, self.scopes, env, self.equal[p])
        env.update(zip(self.values(g), params))
        out = self.body(b, self.scopes, g, env)
        if g is self.root or g in self.liveness.masks:
            new.output = out
        else:
            leaves = spread(b, out, self.type(g.output), self.liveness.results.get(g, 0))
            new.output = leaves[0] if len(leaves) == 1 else b.tuple(leaves) if leaves else constant(None)
        if not new.effects and (g not in self.calls.recursive or new.total):
            self.pure.add(new)
        self.complete.add(new)

    def result(self, g: Graph) -> Type:
        """The type of what the new graph of a function returns."""
        types = tuple(t for _, t in leaves_of("", self.type(g.output), self.liveness.results.get(g, 0)))
        return types[0] if len(types) == 1 else Tuple(types) if types else NONE

    def is_small(self, new: Graph) -> bool:
        """Whether a new function is inlined wherever it is called."""
        if new not in self.sizes:
            self.sizes[new] = self._size(new)
        return self.sizes[new] <= SMALL

    def _size(self, g: Graph) -> int:
        size, todo = 0, [g]
        while todo:
            schedule = self.new_scopes.schedule(todo.pop())
            size += len(schedule)
            for node in schedule:
                todo += [
                    n.value
                    for n in inputs(node)
                    if isinstance(n, Constant) and isinstance(n.value, Graph) and n.value.kind in ("branch", "map")
                ]
                loop = callee(node)
                if loop is not None and loop.kind == "loop" and not encloses(loop, node.graph):
                    todo.append(loop)
        return size

    # -- bodies -----------------------------------------------------------------------------------------------------
    def body(self, b: Builder, scopes: Scopes, graph: Graph, env: Env) -> Node:
        """Emit what a graph computes; its output."""
        self.nodes(b, scopes, scopes.schedule(graph), env)
        return self.get(b, scopes, env, graph.output)

    def nodes(self, b: Builder, scopes: Scopes, nodes: list[Apply], env: Env) -> None:
        """Emit some nodes; in place of what is dead stands undef."""
        for node in nodes:
            b.span = node.span or b.span
            if node in env:
                continue  # an invariant, which is a parameter now
            if scopes is self.scopes and not self.liveness.needs(node):
                env[node] = assemble(b, self.type(node), [], 0)
            else:
                env[node] = self.node(b, scopes, node, env)

    def get(self, b: Builder, scopes: Scopes, env: Env, node: Node) -> Node:
        """The new node of an old one."""
        if not isinstance(node, Constant):
            return env[node]
        return undef(self.type(node)) if node.value is UNDEF and scopes is self.scopes else node

    def node(self, b: Builder, scopes: Scopes, node: Apply, env: Env) -> Node:
        fn = node.fn
        assert isinstance(fn, Constant)
        if isinstance(fn.value, Primitive):
            if fn.value.name == "switch":
                return self.switch(b, scopes, node, env)
            if fn.value.name == "nest":
                return self.nest(b, scopes, node, env)
            return self.primitive(b, node, fn.value, [self.get(b, scopes, env, a) for a in node.args])
        if fn.value.kind == "loop":
            return self.loop(b, scopes, node, fn.value, env)
        return self.call(b, scopes, node, fn.value, [self.get(b, scopes, env, a) for a in node.args])

    def primitive(self, b: Builder, node: Apply, prim: Primitive, args: list[Node]) -> Node:
        if prim.name == "check":
            return self.check(b, args)
        if prim.effect:
            return b.effect(prim.name, *args, type=self.type(node))
        if prim.name == "box":
            return self.boxes.box(b, args[0], node.type)  # type: ignore[arg-type]
        if prim.name == "unbox":
            return self.boxes.unbox(outermost(b, args), args[0], node.args[0].type)  # type: ignore[arg-type]
        if prim.name == "has_head":
            args[1] = constant(self.boxes.head(node.args[0].type, args[1].value))  # type: ignore[attr-defined]
        if isinstance(args[0], Constant) and isinstance(args[0].value, Graph) if args else False:
            return self.derivative(b, node, prim, args)
        outside = outermost(b, args) if (prim.partials is None or self.last) and not prim.guarded else b
        made = outside.apply(prim.name, *args, type=self.type(node))
        value = known(b, made) if prim.name == "ilt" else None
        return made if value is None else constant(value)

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
            mask, inputs_ = self.liveness.masks[old], args[2:]
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
            flat += [a] if self.liveness.stays(g, i) else spread(b, a, self.type(p), self.live(self.scopes, p))
        return flat

    def new_mask(self, g: Graph) -> str:
        """The mask of a graph under a derivative, for its new signature."""
        counts = (self.live(self.scopes, p).bit_count() for p in g.params)
        return "".join("1" if self.liveness.stays(g, i) else "0" * n for i, n in enumerate(counts))

    def call(self, b: Builder, scopes: Scopes, node: Apply, g: Graph, args: list[Node]) -> Node:
        span = b.span
        if scopes is not self.scopes:  # in a body that is being inlined: to a new graph already, and it stays a call
            return self.called(b, g, args, node.type)  # type: ignore[arg-type]
        if self.is_part(g):
            out = self.body(b, scopes, g, dict(zip(g.params, args)))
            b.span = span
            return out
        new, args = self.new[g], [*self.flattened(b, g, args), *self.given(b, node, g, args)]
        whole_result = g in self.liveness.masks
        if new in self.complete and g not in self.calls.recursive and self.is_small(new):
            out = self.body(b, self.new_scopes, new, dict(zip(new.params, args)))
            b.span = span
        else:
            out = self.called(b, new, args, self.type(node) if whole_result else self.result(g))
        if whole_result:
            return out
        mask = self.liveness.results.get(g, 0)
        leaves = [out] if mask.bit_count() == 1 else [b.item(out, i) for i in range(mask.bit_count())]
        return assemble(b, self.type(node), leaves, mask)

    def given(self, b: Builder, node: Apply, g: Graph, args: list[Node]) -> list[Node]:
        """The invariants of a recursive function, as a call hands them over: its own calls, as they are."""
        values = self.values(g)
        if not values:
            return []
        if encloses(g, node.graph):
            return list(self.new[g].params[-len(values) :])
        env: Env = dict(zip(g.params, args))
        self.nodes(b, self.scopes, list(self.moved[g].nodes), env)
        return [env[n] for n in values]

    def called(self, b: Builder, new: Graph, args: list[Node], type: Type) -> Node:
        """The call of a new graph, an effect unless it is pure."""
        made = Apply(b.graph, Constant(new), tuple(args), type, b.span)
        if new not in self.pure and not new.total:
            b.graph.effects.append(made)
        return made

    # -- branches ---------------------------------------------------------------------------------------------------
    def switch(self, b: Builder, scopes: Scopes, node: Apply, env: Env) -> Node:
        condition = self.get(b, scopes, env, node.args[0])
        branches = [a.value for a in node.args[1:]]  # type: ignore[attr-defined]
        if is_primitive(condition, "not_"):
            condition, branches = condition.args[0], branches[::-1]  # type: ignore[attr-defined]
        taken = known(b, condition)
        if taken is not None:
            return self.body(b, scopes, branches[0 if taken else 1], env)
        sides: list[tuple[Builder, Node]] = []
        type = self.type(node)
        for value, g in zip((True, False), branches):
            nb = b.nested(g.name)
            nb.facts[key_of(condition)] = value
            out = self.body(nb, scopes, g, env)
            sides.append((nb, undef(type) if never_returns(nb) else out))
        return joined(b, condition, sides[0], sides[1], type, self.live(scopes, node))

    def nest(self, b: Builder, scopes: Scopes, node: Apply, env: Env) -> Node:
        """A nest, without the outputs that are dead or operands as they are."""
        parts = nest_parts(node)
        live = self.live(scopes, node)
        kept = [k for k in range(len(parts.outputs)) if len(parts.outputs) == 1 or live >> k & 1]
        inner = b.nested(parts.map.name, "map")
        inner.loop_outer = b
        arrays: list[Node] = []
        for p, a in zip(parts.map.params, parts.arrays):
            self.operand(b, inner, p, a, self.get(b, scopes, env, a), parts.dims, arrays, env)
        self.nodes(inner, scopes, scopes.schedule(parts.map), env)
        results = [self.get(inner, scopes, env, parts.results[k]) for k in kept]
        made = dict(zip(kept, outputs_of(b, inner, results, [parts.outputs[k] for k in kept], arrays)))
        if len(parts.outputs) == 1:
            return made[0]
        assert isinstance(node.type, Tuple)
        return b.tuple([made[k] if k in made else undef(t) for k, t in enumerate(node.type.items)])

    def operand(
        self, b: Builder, inner: Builder, p: Node, old: Node, new: Node, dims: str, arrays: list[Node], env: Env
    ) -> None:
        """The element of an operand: where the operand is a nest that nothing else reads, what that computes for it.

        Broadcasting aligns dimensions at their ends, so the operands of an operand become operands as they are.
        """
        if is_primitive(new, "nest") and new.graph is b.graph and self.readers.get(old, 0) == 1:  # type: ignore[attr-defined]
            parts = nest_parts(new)  # type: ignore[arg-type]
            if parts.outputs == ("each",) and parts.dims == dims:
                own: Env = {v: v for v in self.new_scopes.captures(parts.map)}
                for q, a in zip(parts.map.params, parts.arrays):
                    own[q] = element_of(inner, a, arrays)
                self.nodes(inner, self.new_scopes, self.new_scopes.schedule(parts.map), own)
                env[p] = self.get(inner, self.new_scopes, own, parts.results[0])
                return
        env[p] = element_of(inner, new, arrays)

    # -- loops ------------------------------------------------------------------------------------------------------
    def loop(self, b: Builder, scopes: Scopes, node: Apply, graph: Graph, env: Env) -> Node:
        parts = loop_parts(graph, scopes)
        init = [self.get(b, scopes, env, a) for a in node.args]
        types = [self.type(p) for p in graph.params]
        live = [self.live(scopes, p) for p in graph.params]
        lb = b.nested(graph.name, "loop")
        lb.loop_outer = b
        lb.graph.finite, lb.graph.total = graph.finite, graph.total
        varying: list[int] = []
        for i, p in enumerate(graph.params):
            if not live[i]:
                env[p] = assemble(b, types[i], [], 0)
            elif parts.nexts[i] is p or _same_constant(parts.nexts[i], init[i]):
                env[p] = init[i]
            elif p in self.equal:
                env[p] = self.get(b, scopes, env, self.equal[p])
            else:
                varying.append(i)
                leaves = leaves_of(p.name, types[i], live[i])
                fresh: list[Node] = [lb.graph.parameter(n, t, p.span) for n, t in leaves]
                env[p] = assemble(lb, types[i], fresh, live[i])
                if isinstance(types[i], Array) and keeps_sizes(parts.nexts[i], p):
                    b.shapes[env[p]] = init[i]
        self.nodes(lb, scopes, parts.head, env)
        condition = self.get(lb, scopes, env, parts.condition)
        sb = lb.nested("step")
        sb.loop_outer = b
        sb.facts[key_of(condition)] = True
        for i in varying:
            if _counts_up(graph.params[i], init[i], parts.condition, parts.nexts[i]):
                index = env[graph.params[i]]
                for n in (index, sb.apply("iadd", index, constant(1))):
                    sb.facts[key_of(sb.apply("ilt", n, constant(0)))] = False
        self.nodes(sb, scopes, parts.body, env)
        nexts = [self.get(sb, scopes, env, n) for n in parts.nexts]
        close_loop(
            lb, sb, condition, [leaf for i in varying for leaf in spread(sb, nexts[i], types[i], live[i])], node.span
        )
        starts = [leaf for i in varying for leaf in spread(b, init[i], types[i], live[i])]
        made = call_loop(b, lb.graph, starts, node.span)
        finals: list[Node] = [b.item(made, k) for k in range(len(starts))]
        out: Env = {graph.params[i]: assemble(b, types[i], finals, live[i]) for i in varying}
        b.shapes.update({out[p]: b.shapes[env[p]] for p in out if env[p] in b.shapes})
        last = [self.equal[p] if self.equal.get(p) in out else p for p in graph.params]
        return b.tuple([out[p] if p in out else env[p] for p in last])


# -- helpers ----------------------------------------------------------------------------------------------------------
def element_of(inner: Builder, array: Node, arrays: list[Node]) -> Node:
    """The element of an operand of a nest in the making; each array is an operand once."""
    if array not in arrays:
        arrays.append(array)
        inner.graph.parameter("x", array.type.element)  # type: ignore[union-attr]
    return inner.graph.params[arrays.index(array)]


def outputs_of(b: Builder, inner: Builder, results: list[Node], kinds: list[str], arrays: list[Node]) -> list[Node]:
    """The outputs of a nest, without making those that are operands as they are."""
    made = {}
    for k, (r, kind) in enumerate(zip(results, kinds)):
        whole = _whole_operand(inner, r, arrays) if kind == "each" else None
        if whole is not None:
            made[k] = whole
    rest = [k for k in range(len(results)) if k not in made]
    if rest:
        made.update(zip(rest, nest(b, inner, [results[k] for k in rest], [kinds[k] for k in rest], arrays)))
    return [made[k] for k in range(len(results))]


def _whole_operand(inner: Builder, result: Node, arrays: list[Node]) -> Node | None:
    """The operand whose elements a result is, one after another: it is not broadcast, and lies as the output would."""
    if result not in inner.graph.params:
        return None
    array = arrays[inner.graph.params.index(result)]  # type: ignore[arg-type]
    dims = broadcast_dims([a.type for a in arrays])  # type: ignore[misc]
    fits = isinstance(array.type, Array) and array.type.packed and array.type.dims == dims
    return array if fits and (len(arrays) == 1 or "?" not in dims) else None


def _readers(root: Graph) -> dict[Node, int]:
    """How often each node of a program with nests is read."""
    nodes = all_nodes(root)
    if not any(is_primitive(n, "nest") for n in nodes):
        return {}
    return Counter([a for n in nodes for a in n.args] + [g.output for g in reachable(root)])


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


def _counts_up(p: Node, init: Node, condition: Node, following: Node) -> bool:
    """Whether a parameter of a loop is at least 0 and, as it is below a limit, one more than it is too."""
    starts = isinstance(init, Constant) and isinstance(init.value, int) and init.value >= 0
    limited = is_primitive(condition, "ilt") and condition.args[0] is p  # type: ignore[attr-defined]
    if not (starts and limited and is_primitive(following, "iadd")):
        return False
    a, one = following.args  # type: ignore[attr-defined]
    return a is p and isinstance(one, Constant) and one.value == 1


def _same_constant(a: Node, b: Node) -> bool:
    return isinstance(a, Constant) and isinstance(b, Constant) and key_of(a) == key_of(b)
