"""Elaboration: from instances with abstract values to typed graphs.

Each function instance that can be called becomes one closed graph, whose first parameters are what it captured. Its
branches and loops become nested graphs; branches that cannot run and loops that were unrolled are gone. A closure
becomes a record, the call of an unknown function a chain of `has_head` tests over known ones.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

from tapeless.infer.binding import bind, bind_operator
from tapeless.infer.calls import DERIVATIVES, deeper, partial_names
from tapeless.infer.convert import convert
from tapeless.infer.derive import Deriver
from tapeless.infer.domain import Clo, Never, Num, Oper, Text, Tup, Value, constants
from tapeless.infer.domain import Non as NoneValue
from tapeless.infer.engine import Engine
from tapeless.infer.instances import Instance, Site
from tapeless.infer.layout import Fact, Layout
from tapeless.infer.nodeops import NodeOps
from tapeless.infer.references import refers_to
from tapeless.infer.typeops import Diverges
from tapeless.ir.abstract import MAX_RANK, NEVER, Array, Box, Cell, Pullback, Record, Tuple, Type, Union
from tapeless.ir.builder import Builder, constant, undef
from tapeless.ir.lists import is_list
from tapeless.ir.loops import call_loop, close_loop
from tapeless.ir.nests import packed
from tapeless.ir.nodes import UNDEF, Apply, CallShape, Constant, Graph, Node
from tapeless.ir.primitive import UNKNOWN, Mismatch, Operator, Primitive

Env = dict[Fact, Node]


class Elaborator:
    """Emits the typed graphs of one engine's fixed point."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.layout = Layout(engine)
        self.graphs: dict[Instance, Graph] = {}
        self.todo: list[Instance] = []
        self.envs: list[Env] = []
        self.made: dict[Fact, tuple[Node, list[Node]]] = {}  # of operators, where the program writes to arrays
        self.deriver = Deriver(self)

    def program(self, root: Instance) -> Graph:
        """The typed graph of the root, and through it of all that it calls."""
        graph = self.function(root)
        while self.todo:
            inst = self.todo.pop()
            self.body(inst, self.graphs[inst])
        return graph

    @cached_property
    def calls(self) -> dict[Fact, list[tuple[Any, dict[str, Instance]]]]:
        """The calls that each application makes: the path of each, and the instances that it goes to."""
        found: dict[Fact, list[tuple[Any, dict[str, Instance]]]] = {}
        for (inst, node, path), targets in self.engine.targets.items():
            found.setdefault((inst, node), []).append((path, targets))
        return found

    def function(self, inst: Instance) -> Graph:
        """The typed graph of a function instance; its body follows later."""
        if inst not in self.graphs:
            g = self.graphs[inst] = Graph(self.layout.unique("@" + inst.graph.name)[1:], span=inst.graph.span)
            for fact in self.layout.captures(inst.graph, inst.parent):
                g.parameter(getattr(fact[1], "name", "captured"), self.layout.fact(fact))
            for p, a, given in zip(inst.graph.params, inst.args, inst.entry):
                g.parameter(p.name, self.layout.type_of(given if p in self.engine.located else a), p.span)
            self.todo.append(inst)
        return self.graphs[inst]

    def body(self, inst: Instance, graph: Graph) -> None:
        captures = self.layout.captures(inst.graph, inst.parent)
        env: Env = dict(zip(captures, graph.params))
        env.update({(inst, p): q for p, q in zip(inst.graph.params, graph.params[len(captures) :])})
        self.envs.append(env)
        b = Builder(graph, span=graph.span)
        written = [p for p in inst.graph.params if p in self.engine.located]
        for p in written:
            env[inst, p] = self.references(b, self.layout.type_of(inst.values[p]), env[inst, p])
        result = self.completed(b, self.emit(b, inst), self.layout.type_of(inst.result))
        graph.output = (
            result if inst.site is not None else self.leaving(b, inst, result, [env[inst, p] for p in written])
        )
        self.envs.pop()

    def leaving(self, b: Builder, inst: Instance, result: Node, written: list[Node]) -> Node:
        """What the program gives to Python: arrays as values; behind the result, arguments that it wrote to."""
        ops = NodeOps(self, b, (inst, result, ()))  # type: ignore[arg-type]
        out = ops.plain(result)
        return b.tuple([out, *map(ops.plain, written)]) if written and out.type != NEVER else out

    def completed(self, b: Builder, result: Node | None, type: Type) -> Node:
        """The output of a graph: its result as `type`, or no value where the end is not reached."""
        return undef(type) if result is None else convert(b, result, type)

    # -- a graph's nodes --------------------------------------------------------------------------------------------
    def emit(self, b: Builder, inst: Instance, skip: Node | None = None) -> Node | None:
        """Emit the nodes of an instance into `b`; its output, or None if it is not reached (or to be skipped)."""
        effects = set(inst.graph.effects)
        for node in self.engine.scopes.schedule(inst.graph):
            if node is skip:
                continue
            b.span = node.span
            value = inst.values.get(node)
            if value is None:
                return None
            try:
                made = self.apply(b, inst, node)
            except Diverges:
                made = None
            if made is None or isinstance(value, Never):
                if node in effects:
                    return None
                continue
            self.envs[-1][inst, node] = convert(b, made, self.layout.type_of(value))
        return None if skip is not None else self.lookup(b, inst, inst.graph.output)

    def lookup(self, b: Builder, inst: Instance, node: Node) -> Node:
        """The typed node of a SOURCE node, seen from an instance."""
        if isinstance(node, Constant):
            return self.constant(b, inst, node.value)
        fact = (inst.enclosing(node.graph), node)  # type: ignore[attr-defined]
        value = fact[0].values.get(node)
        if value is not None and (known := _known(b, value)) is not None:
            return known
        found = self.envs[-1].get(fact)
        return found if found is not None else undef(self.layout.fact(fact))

    def constant(self, b: Builder, inst: Instance, value: Any) -> Node:
        match value:
            case Graph():
                v = self.engine.closure(inst, value)
                assert isinstance(v, Clo)
                target = self.layout.type_of(v)
                body = target.body if isinstance(target, Box) else target
                items = [self.lookup(b, i, n) for i, n in self.layout.captures(value, v.parent)]
                assert isinstance(body, Record)
                made = b.apply("record", *(convert(b, n, t) for n, t in zip(items, body.items)), type=body)
                return convert(b, made, target)
            case Operator():
                return b.apply("record", type=self.layout.type_of(Oper(value)))
        return undef(NEVER) if value is UNDEF else constant(value)

    def apply(self, b: Builder, inst: Instance, node: Apply) -> Node | None:
        fn = node.fn
        if isinstance(fn, Constant):
            if isinstance(fn.value, Primitive):
                return getattr(self, "_" + fn.value.name)(b, inst, node)  # type: ignore[no-any-return]
            if isinstance(fn.value, Graph) and fn.value.kind == "loop":
                return self.loop(b, inst, node, fn.value)
        args = [self.lookup(b, inst, a) for a in node.args]
        if any(a.type == NEVER for a in args):
            return None
        site = (inst, node, ())
        ops = NodeOps(self, b, site)
        if isinstance(fn, Constant) and isinstance(fn.value, Operator):
            positional, keywords = self.spread(b, args, node)
            if fn.value.name == "partial":
                return ops.record(f"partial[{','.join(keywords)}]", [*positional, *keywords.values()])
            made = ops.run(fn.value, *bind_operator(fn.value, [*positional, *keywords.values()], node.shape))
            return self.kept(b, inst, node, made, args)
        f = self.lookup(b, inst, fn)
        if f.type == NEVER:
            return None
        positional, keywords = self.spread(b, args, node)
        return self.kept(b, inst, node, self.call(b, f, positional, keywords, site), [f, *args])

    def kept(self, b: Builder, inst: Instance, node: Apply, made: Node, operands: list[Node]) -> Node:
        """What an application was made into; a new array that is a location, as a reference to it."""
        if self.engine.writes:
            self.made[inst, node] = made, operands
        if node not in self.engine.located or not (isinstance(made.type, Array) or is_list(made.type)):
            return made
        return self.reference(b, self.layout.type_of(inst.values[node]), made)

    def references(self, b: Builder, type: Type, held: Node) -> Node:
        """An argument that is written to: its arrays as references, in the tuples and lists that they stand in."""
        if type == held.type:
            return held
        if isinstance(held.type, Array):
            return self.reference(b, type, held)
        assert isinstance(type, (Tuple, Record))
        items = [self.references(b, t, b.item(held, k)) for k, t in enumerate(type.items)]
        return b.tuple(items) if isinstance(type, Tuple) else b.apply("record", *items, type=type)

    def reference(self, b: Builder, type: Type, held: Node) -> Node:
        """A location that holds an array or list, as the reference to it."""
        wanted = type
        if isinstance(type, Union):  # inference met a narrower array here first, and its reference is another type
            type = next(t for t in type.parts if isinstance(t, Record) and refers_to(t.tag, held.type))
        assert isinstance(type, Record) and isinstance(type.items[0], Cell)
        content = packed(b, held) if isinstance(held.type, Array) else held
        where = b.effect("cell", convert(b, content, type.items[0].content), type=type.items[0])
        return convert(b, b.apply("record", where, type=type), wanted)

    def spread(self, b: Builder, args: list[Node], node: Apply) -> tuple[list[Node], dict[str, Node]]:
        count = len(args) - len(node.shape.keywords)
        positional: list[Node] = []
        for i, a in enumerate(args[:count]):
            positional += NodeOps(self, b, (None, node, ())).items(a) if i in node.shape.starred else [a]  # type: ignore[arg-type]
        return positional, dict(zip(node.shape.keywords, args[count:]))

    # -- structural primitives ---------------------------------------------------------------------------------------
    def _switch(self, b: Builder, inst: Instance, node: Apply) -> Node | None:
        condition = self.lookup(b, inst, node.args[0])
        if condition.type == NEVER:
            return None
        branches = [a.value for a in node.args[1:] if isinstance(a, Constant)]
        if isinstance(condition, Constant):
            taken = branches[0 if condition.value else 1]
            return self.emit(b, inst.branches[taken])
        return self.two_ways(b, inst, condition, branches, self.layout.type_of(inst.values[node]))

    def two_ways(self, b: Builder, inst: Instance, condition: Node, branches: list[Graph], type: Type) -> Node:
        made = []
        for g in branches:
            nb = b.nested(g.name)
            made.append(nb.graph)
            if g in inst.branches:
                nb.graph.output = self.completed(nb, self.emit(nb, inst.branches[g]), type)
            else:
                nb.graph.output = undef(type)
        return b.switch(condition, made[0], made[1], type)

    def _tuple(self, b: Builder, inst: Instance, node: Apply) -> Node:
        return b.tuple([self.lookup(b, inst, a) for a in node.args])

    def _item(self, b: Builder, inst: Instance, node: Apply) -> Node:
        t, k = (self.lookup(b, inst, a) for a in node.args)
        assert isinstance(k, Constant)
        return NodeOps(self, b, (inst, node, ())).item(t, k.value)

    def _check(self, b: Builder, inst: Instance, node: Apply) -> Node:
        ok, exception, message = (self.lookup(b, inst, a) for a in node.args)
        assert isinstance(exception, Constant) and isinstance(message, Constant)
        b.check(ok, exception.value, message.value)
        return constant(None)

    def _cell(self, b: Builder, inst: Instance, node: Apply) -> Node:
        type = self.layout.type_of(inst.values[node])
        content = convert(b, self.lookup(b, inst, node.args[0]), type.content)  # type: ignore[attr-defined]
        return b.effect("cell", content, type=type)

    def _load(self, b: Builder, inst: Instance, node: Apply) -> Node | None:
        where = self.lookup(b, inst, node.args[0])
        if where.type.content == NEVER:  # type: ignore[union-attr]
            NodeOps(self, b, (inst, node, ())).raise_("UnboundLocalError", "a variable is read before it is assigned")
        return b.effect("load", where, type=where.type.content)  # type: ignore[union-attr]

    def _store(self, b: Builder, inst: Instance, node: Apply) -> Node:
        where, value = (self.lookup(b, inst, a) for a in node.args)
        b.effect("store", where, convert(b, value, where.type.content))  # type: ignore[union-attr]
        return constant(None)

    # -- loops ------------------------------------------------------------------------------------------------------
    def loop(self, b: Builder, inst: Instance, node: Apply, graph: Graph) -> Node | None:
        marks = [i for i in range(len(node.args)) if (graph, i) in self.engine.static]
        self.engine.current.append(inst.owner)
        static = tuple(constants(self.engine.value(inst, node.args[i])) for i in marks)
        self.engine.current.pop()
        args = [self.lookup(b, inst, a) for a in node.args]
        head = inst.loops[node, static]
        types = [self.layout.type_of(a) for a in head.args]
        init = [convert(b, a, t) for a, t in zip(args, types)]
        test = graph.output
        assert isinstance(test, Apply)
        step = test.args[1].value  # type: ignore[attr-defined]
        if not head.looped:
            self.envs[-1].update({(head, p): a for p, a in zip(graph.params, init)})
            if self.emit_head(b, head) is None:
                return None
            return self._switch(b, head, test)
        lb = b.nested(graph.name, "loop")
        lb.graph.finite = graph.finite
        for p, t in zip(graph.params, types):
            self.envs[-1][head, p] = lb.graph.parameter(p.name, t)
        condition = self.emit_head(lb, head)
        if condition is None:  # the test raises, always: not a loop
            raise Diverges
        sb = lb.nested("step")
        self.emit(sb, head.branches[step], step.output)
        back = step.output
        assert isinstance(back, Apply)
        at = head.branches[step]
        nexts = [convert(sb, self.lookup(sb, at, a), t) for a, t in zip(back.args, types)]
        close_loop(lb, sb, condition, nexts, node.span)
        return call_loop(b, lb.graph, init, node.span)

    def emit_head(self, b: Builder, head: Instance) -> Node | None:
        """The nodes of a loop's head, without the switch that ends it; the condition."""
        effects = set(head.graph.effects)
        test = head.graph.output
        assert isinstance(test, Apply)
        reached = all(not isinstance(head.values.get(n), (Never, type(None))) for n in effects if n is not test)
        self.emit(b, head, test)
        return self.lookup(b, head, test.args[0]) if reached else None

    # -- calls ------------------------------------------------------------------------------------------------------
    def call(self, b: Builder, f: Node, args: list[Node], keywords: dict[str, Node], site: Site) -> Node:
        """A call of a function value; raises Diverges where it never returns."""
        if isinstance(f.type, Union):
            ops = NodeOps(self, b, site)
            return ops.each_part(f, lambda p: self.call(ops.b, p, args, keywords, site))
        if isinstance(f.type, Pullback):
            return self.deriver.pull(b, f, args[0])
        record = b.apply("unbox", f) if isinstance(f.type, Box) else f
        if not isinstance(record.type, Record):
            raise Mismatch(f"'{NodeOps(self, b, site).describe(f)}' object is not callable")
        tag = record.type.tag
        member = self.layout.members.get(tag)
        if isinstance(member, Clo):
            return self.call_closure(b, member, record, args, keywords, site)
        if isinstance(member, Oper):
            op = member.operator
            bound = bind_operator(op, [*args, *keywords.values()], CallShape(tuple(keywords)))
            return NodeOps(self, b, site).run(op, *bound)
        items = [b.item(record, i) for i in range(len(record.type.items))]
        if tag.startswith("partial"):
            names = partial_names(tag)
            fixed = items[1 : len(items) - len(names)]
            merged = {**dict(zip(names, items[len(items) - len(names) :])), **keywords}
            return self.call(b, items[0], [*fixed, *args], merged, deeper(site, "partial"))
        if tag.split("[")[0] in DERIVATIVES:
            return self.deriver.derive(b, tag, items[0], args, keywords, site)
        raise Mismatch(f"'{tag}' object is not callable")

    def call_closure(
        self, b: Builder, c: Clo, record: Node, args: list[Node], keywords: dict[str, Node], site: Site
    ) -> Node:
        captures = self.layout.captures(c.graph, c.parent)
        captured = [b.item(record, i) for i in range(len(captures))]
        carried = {fact[1]: n for fact, n in zip(captures, captured)}

        def default(node: Node) -> Node:
            return carried[node] if node in carried else self.constant(b, site[0], node.value)  # type: ignore[attr-defined]

        full = bind(c.graph, args, keywords, default, b.tuple)
        inst = self.engine.targets[site][c.head]
        graph = self.function(inst)
        types = [p.type for p in graph.params]
        values = [convert(b, a, t) for a, t in zip([*captured, *full], types)]  # type: ignore[arg-type]
        out = b.call(graph, values, self.layout.type_of(inst.result))
        if out.type == NEVER:
            raise Diverges
        return out

    def probe(self, ops: NodeOps) -> Callable[[Callable[[], Any]], None]:
        """Runs code on a builder that is thrown away, to see whether it raises Mismatch."""

        def attempt(run: Callable[[], Any]) -> None:
            b, steps = ops.b, ops.steps
            ops.b = b.nested("probe")
            try:
                run()
            except Diverges:
                return
            finally:
                ops.b, ops.steps = b, steps

        return attempt


def _known(b: Builder, value: Value) -> Node | None:
    """The node of an abstract value that is one known scalar, string or None, or a tuple of these with a number.

    A tuple longer than one of axes is, of which one item is read at a time, is not made again at each use.
    """
    match value:
        case Tup(items=items) if len(items) <= MAX_RANK and any(isinstance(i, (Num, Tup)) for i in items):
            known = [_known(b, i) for i in items]
            return None if None in known else b.tuple(known)  # type: ignore[arg-type]
        case Num(const=c) if c is not UNKNOWN:
            return constant(c)
        case Text(value=t):
            return constant(t)
        case NoneValue():
            return constant(None)
    return None
