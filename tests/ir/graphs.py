"""Random programs at the stages SOURCE and TYPED, and when two programs are the same but for names.

The programs hold every kind of node, constant, graph and type; they are right for the verifier, not meant to be run.
"""

from __future__ import annotations

import math
from typing import Any

import tapeless.ir.operators
import tapeless.ir.primitives  # noqa: F401
from hypothesis import strategies as st
from tapeless.ir import abstract as ab
from tapeless.ir.diagnostics import Span
from tapeless.ir.nodes import PLAIN_CALL, UNDEF, Apply, CallShape, Constant, Graph, Node, Parameter
from tapeless.ir.primitive import OPERATORS, REGISTRY

NAMES = ("x", "y", "f", "then", "x.1", "a b", "0", "inf", "∂x", "λ", "`\\", "", "return", "<lambda>")
FILES = ("f.py", "/some/a b.py", "<string>", 'q"\\:,.py')
FLOATS = (0.0, -0.0, 1.0, 1e300, 5e-324, math.inf, -math.inf, math.nan, -math.nan, 1 / 3)
TEXTS = ("", "a", 'quote " back \\ line \n hash # semi ; tick `', "é\t\r\u2028")
LIST = ab.Box("list")
LIST.body = ab.Tuple((ab.FLOAT, ab.Union((ab.NONE, LIST))))
CHAIN = ab.union([ab.NONE, LIST])
EITHER = ab.union([ab.FLOAT, ab.NONE, ab.Record("f.<locals>.g", (ab.INT,)), ab.Str("a|b")])
TYPES = (ab.FLOAT, ab.INT, ab.BOOL, ab.NONE, ab.Str("s"), ab.NP_F64, CHAIN, EITHER, LIST, LIST.body, ab.Cell(ab.FLOAT))


class _Maker:
    """Makes the body of one program; `visible` is what a graph may use, in order of creation."""

    def __init__(self, draw: Any, typed: bool) -> None:
        self.draw, self.typed = draw, typed
        self.budget = draw(st.integers(0, 25))

    def pick(self, options: Any) -> Any:
        return self.draw(st.sampled_from(list(options)))

    def flip(self) -> bool:
        return bool(self.draw(st.booleans()))

    def span(self, caller: bool = True) -> Span | None:
        if not self.flip():
            return None
        end = (7, 2) if self.flip() else (0, 0)
        return Span(self.pick(FILES), 3, self.pick((0, 5)), *end, self.pick(("", "f", "<lambda>", "a, b")),
                    self.span(False) if caller else None)  # fmt: skip

    def graph(self, kind: str, parent: Graph | None) -> Graph:
        g = Graph(self.pick(NAMES), kind, parent, self.span())
        g.finite, g.total = self.flip(), False
        return g

    def add(self, g: Graph, fn: Any, args: tuple[Node, ...], type: Any, effect: bool, shape: Any = PLAIN_CALL) -> Apply:
        node = Apply(g, fn if isinstance(fn, Node) else Constant(fn), args, type, self.span(), shape)
        if effect:
            g.effects.append(node)
        return node

    def body(self, g: Graph, visible: list[Node], depth: int) -> list[Node]:
        """Append statements to a graph; returns all that is visible at its end."""
        visible = [*visible, *g.params]
        for _ in range(self.draw(st.integers(0, 4))):
            if self.budget > 0:
                self.budget -= 1
                visible += self.statement(g, visible, depth)
        return visible

    def switch(self, g: Graph, visible: list[Node], depth: int, type: Any) -> Apply:
        branches = [self.graph("branch", g), self.graph("branch", g)]
        for b in branches:
            b.output = self.operand(self.body(b, visible, depth - 1), type)
        condition = self.operand(visible, ab.BOOL if self.typed else None)
        effect = any(b.effects for b in branches)
        return self.add(g, REGISTRY["switch"], (condition, *map(Constant, branches)), type, effect)

    def loop(self, g: Graph, visible: list[Node], depth: int) -> Apply:
        loop = self.graph("loop", g)
        types = [self.pick(TYPES) if self.typed else None for _ in range(self.draw(st.integers(0, 3)))]
        for t in types:
            loop.parameter(self.pick(NAMES), t, self.span())
        inside = self.body(loop, visible, depth - 1)
        state = ab.Tuple(tuple(types)) if self.typed else None
        step, leave = self.graph("branch", loop), self.graph("branch", loop)
        steps = self.body(step, inside, depth - 1)
        self.body(leave, inside, depth - 1)
        leave.output = self.add(leave, REGISTRY["tuple"], tuple(loop.params), state, False)
        effect = bool(loop.effects or step.effects or leave.effects)
        again = tuple(self.operand(steps, t) for t in types)
        step.output = self.add(step, loop, again, state, effect)
        condition = self.operand(inside, ab.BOOL if self.typed else None)
        choice = (condition, Constant(step), Constant(leave))
        loop.output = self.add(loop, REGISTRY["switch"], choice, state, effect)
        return self.add(g, loop, tuple(self.operand(visible, t) for t in types), state, effect)

    def statement(self, g: Graph, visible: list[Node], depth: int) -> list[Node]:
        raise NotImplementedError

    def operand(self, visible: list[Node], type: Any) -> Node:
        raise NotImplementedError


class _Source(_Maker):
    def operand(self, visible: list[Node], type: Any) -> Node:
        if visible and self.pick((True, True, False)):
            return self.pick(visible)
        value = self.pick((True, False, 7, -(2**63), None, UNDEF, OPERATORS["add"], REGISTRY["fadd"], *FLOATS, *TEXTS))
        return Constant(value, self.pick((None, None, ab.FLOAT, ab.NONE, LIST)), self.span())

    def statement(self, g: Graph, visible: list[Node], depth: int) -> list[Node]:
        def some(low: int, high: int) -> tuple[Node, ...]:
            return tuple(self.operand(visible, None) for _ in range(self.draw(st.integers(low, high))))

        kinds = ["operator", "call", "cell", "load", "store"] + ["switch", "loop", "function"] * (depth > 0)
        match self.pick(kinds):
            case "operator":
                return [self.add(g, OPERATORS[self.pick(("add", "lt"))], some(0, 3), None, self.flip(), self.shape(1))]
            case "call":
                args = some(2, 4)
                fn = self.operand(visible, None)
                if isinstance(fn, Constant) and not isinstance(fn.value, Graph):
                    fn = Constant(self.pick((1.0, None, UNDEF)))
                return [self.add(g, fn, args, None, True, self.shape(len(args)))]
            case "switch":
                return [self.switch(g, visible, depth, None)]
            case "loop":
                return [self.loop(g, visible, depth)]
            case "function":
                return [self.function(g, visible, depth)]
            case name:
                return [self.add(g, REGISTRY[name], some(1, 2), None, True)]

    def shape(self, n: int) -> CallShape:
        if n < 2 or self.flip():
            return PLAIN_CALL
        keywords = tuple(self.pick(NAMES) for _ in range(self.draw(st.integers(0, n - 1))))
        starred = (0,) if self.flip() else ()
        return CallShape(keywords, starred)

    def function(self, g: Graph, visible: list[Node], depth: int) -> Node:
        f = self.graph("function", g)
        n = self.draw(st.integers(0, 4))
        for i in range(n):
            f.parameter(self.pick(NAMES), None, self.span())
            if self.flip():
                f.defaults[i] = self.operand(visible, None)
        f.keyword_only = self.draw(st.integers(0, n))
        f.variadic = n > f.keyword_only and self.flip()
        me = Constant(f)
        f.output = self.operand(self.body(f, [*visible, me], depth - 1), None)
        return me


SIGNATURES = {
    "fadd": (ab.FLOAT, ab.FLOAT), "fneg": (ab.FLOAT,), "iadd": (ab.INT, ab.INT), "flt": (ab.FLOAT, ab.FLOAT),
    "not_": (ab.BOOL,), "i2f": (ab.INT,), "unbox": (LIST,), "load": (ab.Cell(ab.FLOAT),),
    "store": (ab.Cell(ab.FLOAT), ab.FLOAT), "cell": (ab.FLOAT,), "select": (ab.BOOL, ab.FLOAT, ab.FLOAT),
    "box": (LIST.body,), "inject": (LIST,), "project": (EITHER,), "never": (), "tuple": (ab.FLOAT, CHAIN),
    "record": (ab.INT,),
}  # fmt: skip
STATED = {"box": LIST, "inject": CHAIN, "project": ab.FLOAT, "cell": ab.Cell(ab.FLOAT), "record": EITHER.parts[2]}


class _Typed(_Maker):
    def __init__(self, draw: Any) -> None:
        super().__init__(draw, True)
        self.functions: list[Graph] = []

    def operand(self, visible: list[Node], type: Any) -> Node:
        fitting = [n for n in visible if n.type == type]
        if fitting and self.pick((True, True, False)):
            return self.pick(fitting)
        literals = {ab.FLOAT: FLOATS, ab.NP_F64: (1.0,), ab.INT: (7,), ab.BOOL: (True,), ab.NONE: (None,)}
        values = ("s",) if type == ab.Str("s") else literals.get(type, ())
        return Constant(self.pick((UNDEF, *values)), type, self.span())

    def statement(self, g: Graph, visible: list[Node], depth: int) -> list[Node]:
        kinds = ["primitive"] * 4 + ["item", "has_head", "check", "print"]
        kinds += ["switch", "loop"] * (depth > 0) + ["call", "call"] * bool(self.functions)
        match self.pick(kinds):
            case "primitive":
                name = self.pick(SIGNATURES)
                args = tuple(self.operand(visible, t) for t in SIGNATURES[name])
                type_ = STATED.get(name) or REGISTRY[name].type_of([a.type for a in args])  # type: ignore[misc]
                return [self.add(g, REGISTRY[name], args, type_, REGISTRY[name].effect)]
            case "item":
                k = self.pick((0, 1))
                args = (self.operand(visible, LIST.body), Constant(k, ab.INT))
                assert isinstance(LIST.body, ab.Tuple)
                return [self.add(g, REGISTRY["item"], args, LIST.body.items[k], False)]
            case "has_head":
                key = ab.head(self.pick(EITHER.parts))
                args = (self.operand(visible, EITHER), Constant(key, ab.Str(key)))
                return [self.add(g, REGISTRY["has_head"], args, ab.BOOL, False)]
            case "check":
                texts = (Constant("ValueError", ab.Str("ValueError")), Constant("no", ab.Str("no")))
                return [self.add(g, REGISTRY["check"], (self.operand(visible, ab.BOOL), *texts), ab.NONE, True)]
            case "print":
                texts = (Constant(" ", ab.Str(" ")), Constant("\n", ab.Str("\n")))
                value = self.operand(visible, self.pick(TYPES))
                return [self.add(g, REGISTRY["print"], (*texts, value), ab.NONE, True)]
            case "switch":
                return [self.switch(g, visible, depth, self.pick(TYPES))]
            case "loop":
                return [self.loop(g, visible, depth)]
        f = self.pick(self.functions)
        args = tuple(self.operand(visible, p.type) for p in f.params)
        return [self.add(g, f, args, f.output.type, bool(f.effects))]


@st.composite
def source_graphs(draw: Any) -> Graph:
    """A program of stage SOURCE."""
    maker = _Source(draw, False)
    root = maker.graph("function", None)
    for _ in range(maker.draw(st.integers(0, 3))):
        root.parameter(maker.pick(NAMES), None, maker.span())
    root.output = maker.operand(maker.body(root, [], 3), None)
    return root


@st.composite
def typed_graphs(draw: Any) -> Graph:
    """A program of stage TYPED: some functions that call those before them."""
    maker = _Typed(draw)
    for _ in range(maker.draw(st.integers(1, 3))):
        f = maker.graph("function", None)
        for _ in range(maker.draw(st.integers(0, 3))):
            f.parameter(maker.pick(NAMES), maker.pick(TYPES), maker.span())
        visible = maker.body(f, [], 3)
        f.output = maker.operand(visible, maker.pick([*TYPES, *(n.type for n in visible)]))
        maker.functions.append(f)
    return f


def isomorphic(a: Graph, b: Graph, names: bool = True, spans: bool = True) -> bool:
    """Whether two programs are the same but for the identity of nodes (and, if so wanted, for names and spans)."""
    pairs: dict[Any, Any] = {}
    named: dict[Any, Any] = {}
    todo: list[tuple[Any, Any]] = [(a, b)]

    def same_type(s: Any, t: Any) -> bool:
        if s.__class__ is not t.__class__:
            return False
        match s:
            case ab.Box() | ab.Pullback():
                if s in named:
                    return named[s] is t
                named[s] = t
                content = "body" if isinstance(s, ab.Box) else "residual"
                return same_type(getattr(s, content), getattr(t, content))
            case ab.Tuple(items=items) | ab.Union(parts=items) | ab.Record(items=items):
                others = t.parts if isinstance(t, ab.Union) else t.items
                tags = getattr(s, "tag", "") == getattr(t, "tag", "")
                return tags and len(items) == len(others) and all(map(same_type, items, others))
            case ab.Cell(content=content):
                return same_type(content, t.content)
        return bool(s == t)

    def same_constant(s: Constant, t: Constant) -> bool:
        if isinstance(s.value, Graph) and isinstance(t.value, Graph):
            todo.append((s.value, t.value))
            return True
        if isinstance(s.value, float) and isinstance(t.value, float):
            return repr(s.value) == repr(t.value) and math.copysign(1, s.value) == math.copysign(1, t.value)
        return s.value.__class__ is t.value.__class__ and s.value == t.value

    def same_graph(g: Graph, h: Graph) -> bool:
        facts = ("kind", "variadic", "keyword_only", "finite", "total") + ("span",) * spans + ("name",) * names
        if (g.parent is None) != (h.parent is None) or list(g.defaults) != list(h.defaults):
            return False
        if len(g.params) != len(h.params) or len(g.effects) != len(h.effects):
            return False
        todo.extend(zip((g.output, *g.params, *g.effects), (h.output, *h.params, *h.effects)))
        todo.extend(zip(g.defaults.values(), h.defaults.values()))
        if g.parent is not None:
            todo.append((g.parent, h.parent))
        return all(getattr(g, f) == getattr(h, f) for f in facts)

    def same_node(s: Node, t: Node) -> bool:
        if s.__class__ is not t.__class__ or (spans and s.span != t.span) or not same_type(s.type, t.type):
            return False
        match s, t:
            case Constant(), Constant():
                return same_constant(s, t)
            case Parameter(), Parameter():
                todo.append((s.graph, t.graph))
                same_place = [p is s for p in s.graph.params] == [p is t for p in t.graph.params]
                return same_place and (not names or s.name == t.name)
            case Apply(), Apply():
                todo.extend([(s.graph, t.graph), *zip((s.fn, *s.args), (t.fn, *t.args))])
                return len(s.args) == len(t.args) and s.shape == t.shape
        return False

    while todo:
        s, t = todo.pop()
        if s in pairs:
            if pairs[s] is not t and not isinstance(s, Constant):
                return False
            continue
        pairs[s] = t
        if not (same_graph(s, t) if isinstance(s, Graph) else same_node(s, t)):
            return False
    return True
