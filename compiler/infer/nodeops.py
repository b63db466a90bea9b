"""Operators on typed nodes: the `Ops` protocol of `ir/primitive.py`, as elaboration runs it.

The same `expand` that gave inference the type now emits the primitives, conversions and checks. A union operand is
taken apart by `has_head`; parts that Python refuses raise TypeError at run time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tapeless.infer.convert import convert
from tapeless.infer.instances import Site
from tapeless.infer.references import LIST, STEPS, Step, further, is_reference, parsed, read, referred
from tapeless.infer.typeops import Diverges, is_callable
from tapeless.ir import lists
from tapeless.ir.abstract import (
    NEVER,
    NONE,
    Array,
    Box,
    Cell,
    NoneType,
    Pullback,
    Record,
    Scalar,
    Str,
    Tuple,
    Type,
    Union,
    head,
    join,
    union,
)
from tapeless.ir.builder import Builder, constant
from tapeless.ir.elements import python_name
from tapeless.ir.lists import List, is_list
from tapeless.ir.nests import nest, packed
from tapeless.ir.nodes import UNDEF, Constant, Node
from tapeless.ir.operators import named
from tapeless.ir.primitive import OPERATORS, REGISTRY, UNKNOWN, Mismatch, Operator

if TYPE_CHECKING:
    from tapeless.infer.elaborate import Elaborator


class NodeOps:
    """`Ops` on typed nodes, for one application; `b` changes while a branch is built."""

    def __init__(self, elaborator: Elaborator, b: Builder, site: Site) -> None:
        self.elaborator, self.b, self.site, self.steps = elaborator, b, site, 0

    def run(self, op: Operator, args: list[Node], options: dict[str, Node] | None = None) -> Node:
        """An operator applied to nodes; raises Diverges where it never gives a value."""
        if op.name in ("narrow_none", "narrow_some"):
            return self._narrow(op.name == "narrow_none", args[0])
        (inst, node, path), steps = self.site, self.steps
        self.site = (inst, node, (*path, steps, op.name))
        try:
            return self._parts(op, args, options or {})
        finally:
            self.site, self.steps = (inst, node, path), steps + 1

    def _parts(self, op: Operator, args: list[Node], options: dict[str, Node]) -> Node:
        if not op.whole:
            for i, a in enumerate(args):
                if a is not None and isinstance(a.type, Union):

                    def of_part(p: Node, i: int = i) -> Node:
                        return self._parts(op, [*args[:i], p, *args[i + 1 :]], options)

                    return self.each_part(a, of_part, "AttributeError" if op.name == "getattr" else "TypeError")
        self.steps = 0
        return op.run(self, args, options)  # type: ignore[no-any-return]

    def each_part(self, u: Node, run: Callable[[Node], Node], exception: str = "TypeError") -> Node:
        """Run for the part that u holds; a part that is refused raises an exception when it comes."""
        assert isinstance(u.type, Union)
        accepted: list[Type] = []
        message = "unsupported operand"
        probe = self.elaborator.probe(self)
        for p in u.type.parts:
            try:
                probe(lambda p=p: run(self.b.apply("project", u, type=p)))  # type: ignore[misc]
                accepted.append(p)
            except Mismatch as m:
                message = str(m)
        if not accepted:
            raise Mismatch(message)
        if len(accepted) < len(u.type.parts):
            ok: Node = constant(False)
            for p in accepted:
                ok = self.b.apply("or_", ok, self.b.apply("has_head", u, constant(head(p))))
            self.b.check(ok, exception, message)
        return self._chain(u, accepted, run)

    def _chain(self, u: Node, kept: list[Type], run: Callable[[Node], Node]) -> Node:
        first, *rest = kept
        if not rest:
            return run(self.b.apply("project", u, type=first))
        is_first = self.b.apply("has_head", u, constant(head(first)))
        return self.branch(
            is_first, lambda: run(self.b.apply("project", u, type=first)), lambda: self._chain(u, rest, run)
        )

    def _narrow(self, none: bool, x: Node) -> Node:
        if not isinstance(x.type, Union):
            return x
        kept = union([p for p in x.type.parts if (p == NONE) == none])
        return self.b.apply("project", x, type=kept)

    # -- Ops ------------------------------------------------------------------------------------------------------
    def kind(self, x: Node) -> str:
        match x.type:
            case Scalar(kind=kind):
                return kind
            case Array():
                return "array"
            case NoneType():
                return "none"
            case Str():
                return "str"
            case Tuple():
                return "tuple"
            case Record(tag=tag) if is_list(x.type) or tag == LIST:
                return "list"
            case Box(body=body):
                return "tuple" if isinstance(body, Tuple) else self._record_kind(body)
            case Record():
                return self._record_kind(x.type)
            case Pullback():
                return "function"
            case Union():
                return "union"
            case Cell():
                return "cell"
        raise Diverges

    def _record_kind(self, t: Any) -> str:
        if is_reference(t.tag):
            return "array"
        return "function" if t.tag in self.elaborator.layout.members or is_callable(t.tag) else "record"

    def describe(self, x: Node) -> str:
        match x.type:
            case NoneType():
                return "NoneType"
            case Array() | Record() if self.kind(x) == "array":
                return "ndarray"
            case Record() if self.kind(x) == "list":
                return "list"
            case Record(tag=tag) if self.kind(x) == "record":
                return tag
        return python_name(self.kind(x))

    def constant(self, x: Node) -> Any:
        match x.type:
            case NoneType():
                return None
            case Str(value=text):
                return text
            case Record(tag=tag, items=()) if tag in OPERATORS and tag in self.elaborator.layout.members:
                return OPERATORS[tag]
        if isinstance(x, Constant) and x.value is not UNDEF:
            return x.value
        return UNKNOWN

    def lift(self, value: Any) -> Node:
        return constant(value)

    def apply(self, name: str, *args: Node) -> Node:
        if args and name in STEPS and _is_reference(args[0]):
            types = [a.type for a in (self.plain(args[0]), *args[1:])]
            return self.make(name, REGISTRY[name].type_of(types), *args)  # type: ignore[arg-type]
        args = tuple(map(self.plain, args))
        if name == "select":
            c, x, y = args
            if x.type != y.type:
                return self.branch(c, lambda: x, lambda: y)
        if REGISTRY[name].effect:
            return self.b.effect(name, *args)
        return self.b.apply(name, *args)

    def array_type(self, x: Node) -> Array:
        if _is_reference(x):
            return referred(x.type.tag)  # type: ignore[union-attr]
        if not isinstance(x.type, Array):
            raise Mismatch(f"an array is needed here, not an object of type '{self.describe(x)}'")
        return x.type

    def nest(self, outputs: Sequence[str], body: Callable[..., Sequence[Node]], arrays: Sequence[Node]) -> list[Node]:
        arrays = list(map(self.plain, arrays))
        outer, types = self.b, [self.array_type(a) for a in arrays]
        self.b = outer.nested("map", "map")
        made = body(*(self.b.graph.parameter(f"x{i}", t.element) for i, t in enumerate(types)))
        if self.b.graph.effects:
            raise Mismatch("what may fail for each element of an array is not supported yet")
        self.b, inner = outer, self.b
        return nest(outer, inner, list(made), outputs, list(arrays))

    def make(self, name: str, type: Array, *args: Node) -> Node:
        if name in STEPS and _is_reference(args[0]):
            order = args[1].value if name == "permute" else ""  # type: ignore[attr-defined]
            tag, items = further(self, args[0].type.tag, self.items(args[0]), name, type, args[1:], order)  # type: ignore[union-attr]
            return self.record(tag, items)
        return self.b.apply(name, *map(self.plain, args), type=type)

    def viewed(self, copy: Node, a: Node, writable: bool = True) -> Node:
        return copy

    def refers(self, a: Node) -> bool:
        return _is_reference(a)

    def plain(self, x: Node) -> Node:
        if isinstance(x.type, Record) and x.type.tag == LIST:
            return self.plain(self._list(x))
        if isinstance(x.type, Record) and x.type.tag == lists.STATIC and _refers(x.type):
            return self.list_of([self.plain(item) for item in self.items(x)])
        if _is_reference(x):
            return self._views(x)[-1]
        if isinstance(x.type, Tuple) and _refers(x.type):
            return self.b.tuple([self.plain(item) for item in self.items(x)])
        if isinstance(x.type, Union) and _refers(x.type):
            return self.each_part(x, self.plain)
        return x

    def _views(self, x: Node) -> list[Node]:
        """The whole array, and what each step of a reference leads to."""
        items = self.items(x)

        def view(step: Step, a: Node, numbers: Sequence[Node]) -> Node:
            given = [constant(step.order)] if step.name == "permute" else numbers
            a = packed(self.b, a) if step.name == "reshape" else a
            return convert(self.b, self.b.apply(step.name, a, *given, type=step.type), step.type)

        whole, _ = parsed(x.type.tag)  # type: ignore[union-attr]
        return read(lambda: convert(self.b, self.load(items[0]), whole), view, x.type.tag, items)  # type: ignore[union-attr]

    def load(self, where: Node) -> Node:
        """What a location holds."""
        return self.b.effect("load", where, type=where.type.content)  # type: ignore[union-attr]

    def list_of(self, items: Sequence[Node]) -> Node:
        return self.b.apply("record", *items, type=Record(lists.STATIC, tuple(i.type for i in items)))  # type: ignore[misc]

    def known_list(self, x: Node) -> bool:
        t = x.type.items[0].content if _is_reference(x) else x.type  # type: ignore[union-attr]
        return not isinstance(t, List)

    def _list(self, x: Node) -> Node:
        """A list, where it may be a reference to one."""
        return self.load(self.b.item(x, 0)) if isinstance(x.type, Record) and x.type.tag == LIST else x

    def list_apply(self, name: str, *args: Node) -> Node:
        xs, *rest = map(self._list, args)
        if name == "repeated":
            return lists.repeated(self.b, xs, *rest)
        item = self._item_of(xs)
        if name in ("append", "put"):
            item = self._joined(item, rest[-1])
            rest[-1] = convert(self.b, rest[-1], item)
        elif name == "concatenated":
            item = self._joined_types(item, self._item_of(rest[0]))
            rest[0] = convert(self.b, rest[0], List(item))
        xs = convert(self.b, xs, List(item))
        return xs if name == "opened" else getattr(lists, name)(self.b, xs, *rest)  # type: ignore[no-any-return]

    def _item_of(self, xs: Node) -> Type:
        """The type of the items of a list."""
        if isinstance(xs.type, List):
            return xs.type.item
        item: Type = NEVER
        for x in self.items(xs):
            item = self._joined(item, x)
        return item

    @staticmethod
    def _joined_types(a: Type, b: Type) -> Type:
        out = join(a, b)
        assert out is not None
        return out

    def _joined(self, item: Type, x: Node) -> Type:
        return self._joined_types(item, lists.storable(x.type))  # type: ignore[arg-type]

    def written(self, a: Node, new: Node) -> Node:
        if not _is_reference(a):
            return new
        if a.type.tag == LIST:  # type: ignore[union-attr]
            where = self.b.item(a, 0)
            self.b.effect("store", where, convert(self.b, new, where.type.content))  # type: ignore[union-attr]
            return a
        views, items, b = self._views(a), self.items(a), self.b
        _, steps = parsed(a.type.tag)  # type: ignore[union-attr]
        rest = items[1:]
        for step, old in zip(reversed(steps), reversed(views[:-1])):
            rest, numbers = rest[: len(rest) - step.numbers], rest[len(rest) - step.numbers :]
            match step.name:
                case "window":
                    at = [x for i, x in enumerate(numbers) if i % 3 != 2]
                    new = b.apply("put_window", packed(b, old), new, *at)
                case "permute":
                    new = b.apply(
                        "permute", new, constant("".join(str(step.order.index(str(d))) for d in range(len(step.order))))
                    )
                case "with_axes":
                    new = b.apply("with_axes", packed(b, new), type=Array(old.type.element, old.type.dims))  # type: ignore[union-attr]
                case "reshape":
                    sizes = (b.apply("size", old, constant(d)) for d, n in enumerate(old.type.dims) if n != "1")  # type: ignore[union-attr]
                    new = b.apply("reshape", packed(b, new), *sizes, type=Array(old.type.element, old.type.dims))  # type: ignore[union-attr]
        b.effect("store", items[0], convert(b, packed(b, new), items[0].type.content))  # type: ignore[union-attr]
        return a

    def function(self, name: str) -> Node:
        return self.b.apply("record", type=Record(name, ()))

    def check(self, ok: Node, exception: str, message: str, *values: Node) -> None:
        self.b.check(ok, exception, message, *values)
        if isinstance(ok, Constant) and ok.value is False:
            raise Diverges

    def raise_(self, exception: str, message: str) -> Node:
        self.b.check(constant(False), exception, message)
        raise Diverges

    def branch(self, condition: Node, then: Callable[[], Node], orelse: Callable[[], Node]) -> Node:
        if isinstance(condition, Constant) and condition.value is not UNDEF:
            return then() if condition.value else orelse()
        if self.b.graph.kind == "map":  # nothing in it can fail: both are computed, and the loop stays without branches
            return self.apply("select", condition, then(), orelse())
        outer = self.b
        sides: list[tuple[Builder, Node | None]] = []
        for name, run in (("then", then), ("else", orelse)):
            self.b = outer.nested(name)
            try:
                sides.append((self.b, run()))
            except Diverges:
                sides.append((self.b, None))
        self.b = outer
        types = [n.type for _, n in sides if n is not None]
        if not types:
            for b, _ in sides:
                b.graph.output = Constant(UNDEF, NEVER)
            outer.switch(condition, sides[0][0].graph, sides[1][0].graph, NEVER)
            raise Diverges
        out = types[0] if len(types) == 1 else join(types[0], types[1])  # type: ignore[arg-type]
        assert out is not None
        for b, n in sides:
            b.graph.output = Constant(UNDEF, out) if n is None else convert(b, n, out)
        return outer.switch(condition, sides[0][0].graph, sides[1][0].graph, out)

    def operate(self, name: str, *args: Node) -> Node:
        return self.run(named(name), list(args))

    def call(self, fn: Node, *args: Node) -> Node:
        self.steps += 1
        inst, node, path = self.site
        return self.elaborator.call(self.b, fn, list(args), {}, (inst, node, (*path, self.steps)))

    def tuple(self, items: Sequence[Node]) -> Node:
        self.steps += 1
        return self.b.tuple(list(items))

    def items(self, x: Node) -> list[Node]:
        x = self._opened(self._list(x))
        assert isinstance(x.type, (Tuple, Record))
        return [self.b.item(x, i) for i in range(len(x.type.items))]

    def item(self, x: Node, k: int) -> Node:
        """One of the items."""
        return self.b.item(self._opened(x), k)

    def _opened(self, x: Node) -> Node:
        return self.b.apply("unbox", x) if isinstance(x.type, Box) else x

    def record(self, tag: str, items: Sequence[Node]) -> Node:
        self.steps += 1
        return self.b.apply("record", *items, type=Record(tag, tuple(i.type for i in items)))  # type: ignore[misc]

    def tag(self, x: Node) -> str:
        t = x.type.body if isinstance(x.type, Box) else x.type
        assert isinstance(t, Record)
        return t.tag

    def need_constant(self, x: Node, what: str) -> Any:
        known = self.constant(x)
        assert known is not UNKNOWN, what
        return known


def _is_reference(x: Node) -> bool:
    return isinstance(x.type, Record) and is_reference(x.type.tag)


def _refers(t: Type | None) -> bool:
    """Whether values of a type have references, in tuples and lists of a known length."""
    match t:
        case Record(tag=tag, items=items):
            return is_reference(tag) or (tag == lists.STATIC and any(map(_refers, items)))
        case Tuple(items=items) | Union(parts=items):
            return any(map(_refers, items))
    return False
