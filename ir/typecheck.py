"""The types of applications, as the verifier checks them from stage TYPED on.

In: an application whose inputs have types. Out: nothing, or `Wrong`, which says what does not fit. A primitive that
says its own result type (`Primitive.type_of`) is checked against that; the structural ones, and calls, here.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from typing import Any

from tapeless.ir.abstract import (
    BOOL,
    FLOAT,
    INT,
    NEVER,
    SCALARS,
    Array,
    Box,
    Cell,
    Pullback,
    Record,
    Tuple,
    Type,
    Union,
    head,
    machine_type,
    parts,
)  # fmt: skip
from tapeless.ir.diagnostics import exception_class
from tapeless.ir.nests import nest_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive
from tapeless.ir.primitives.structure import DERIVATIVES, MODES

# The values of NumPy's scalars are those of Python's.
ABSTRACT_SCALARS: dict[Type, Type] = {t: machine_type(t) for t in SCALARS.values() if machine_type(t) != t}


class Wrong(Exception):
    """What does not fit."""


def _need(condition: Any, message: str) -> None:
    if not condition:
        raise Wrong(message)


class Types:
    """Checks applications; remembers what types stand for once their pullbacks are filled in."""

    def __init__(self) -> None:
        self._plain: dict[Type, Type] = {}
        self._unresolved: dict[Type, Pullback | None] = {}

    def plain(self, t: Type | None) -> Type:
        """A type with the residual in place of each pullback that has one."""
        if t is None:
            raise Wrong("an input has no type")
        if t not in self._plain:
            self._plain[t] = t  # of a pullback that contains itself without a box
            self._plain[t] = self._make_plain(t)
        return self._plain[t]

    def _make_plain(self, t: Type) -> Type:
        match t:
            case Pullback(residual=residual) if residual is not None:
                return self.plain(residual)
            case Tuple(items=items):
                return Tuple(tuple(map(self.plain, items)))
            case Record(tag=tag, items=items):
                return Record(tag, tuple(map(self.plain, items)))
            case Union(parts=ps):
                return Union(tuple(map(self.plain, ps)))
            case Cell(content=content, site=site):
                return Cell(self.plain(content), site)
        return t

    def unresolved(self, t: Type) -> Pullback | None:
        """A pullback without its residual that occurs in a type, also behind boxes."""
        if t not in self._unresolved:
            self._unresolved[t] = self._find_unresolved(t)
        return self._unresolved[t]

    def _find_unresolved(self, t: Type) -> Pullback | None:
        seen = {t}
        stack = [t]
        while stack:
            at = stack.pop()
            if isinstance(at, Pullback) and at.residual is None:
                return at
            new = [c for c in _contents(at) if c not in seen]
            seen.update(new)
            stack += new
        return None

    def same(self, a: Type | None, b: Type | None, what: str) -> None:
        _need(a == b or self.plain(a) == self.plain(b), f"{what} is {a}, not {b}")

    # -- applications ---------------------------------------------------------------------------------------------
    def apply(self, node: Apply) -> None:
        """Check the type of one application against those of its inputs."""
        assert isinstance(node.fn, Constant)
        fn = node.fn.value
        if isinstance(fn, Graph):
            self.arguments(fn, node.args)
            self.same(node.type, fn.output.type, "the type of the call")
        else:
            self.primitive(fn, node)

    def arguments(self, callee: Graph, args: tuple[Node, ...]) -> None:
        _need(len(args) == len(callee.params), f"{len(args)} arguments for {len(callee.params)} parameters")
        for i, (a, p) in enumerate(zip(args, callee.params)):
            self.same(a.type, p.type, f"argument {i}")

    def primitive(self, prim: Primitive, node: Apply) -> None:
        if prim.name in _CHECKS:
            least, most, check = _CHECKS[prim.name]
            _need(least <= len(node.args) <= most, f"{len(node.args)} inputs")
            check(self, node, *node.args)
        if prim.name in ("switch", "nest", "put_nest", *DERIVATIVES):
            return  # some inputs are graphs, and have no type
        try:
            result = prim.type_of([self.plain(a.type) for a in node.args])
        except (AssertionError, TypeError, ValueError, AttributeError) as error:
            raise Wrong(f"{prim} does not take ({', '.join(str(a.type) for a in node.args)})") from error
        if result is not None:
            self.same(node.type, result, "the type of the application")

    def put_nest(self, node: Apply, *args: Node) -> None:
        """What the nest gives is an element of the array, and has as many dimensions."""
        parts = nest_parts(node)
        array = self.plain(args[0].type)
        assert isinstance(array, Array)
        _need(len(parts.dims) == array.rank, f"a nest over {len(parts.dims)} dimensions cannot be put into {array}")
        self.same(parts.results[0].type, array.element, "what the nest gives")
        self.same(node.type, Array(array.element, array.dims), "the type of the application")

    def with_axes(self, node: Apply, a: Node) -> None:
        """Its leaves are those of the operand: as many sizes, and strides as the operand has them."""
        old, new = self.plain(a.type), self.plain(node.type)
        assert isinstance(old, Array) and isinstance(new, Array)
        same = len(old.dims.replace("1", "")) == len(new.dims.replace("1", "")) and old.packed == new.packed
        _need(same, f"{old} cannot be seen as {new}")

    def window(self, node: Apply, a: Node, *bounds: Node) -> None:
        """A part of what is strided is strided."""
        old, new = self.plain(a.type), self.plain(node.type)
        assert isinstance(old, Array) and isinstance(new, Array)
        _need(old.packed or not new.packed, f"a part of {old} cannot be {new}")

    def item(self, node: Apply, t: Node, k: Node) -> None:
        whole = self.plain(t.type)
        _need(isinstance(whole, (Tuple, Record)), f"{whole} has no items")
        index = _known(k, int)
        _need(0 <= index < len(whole.items), f"{whole} has no item {index}")  # type: ignore[attr-defined]
        self.same(node.type, whole.items[index], "the type of the item")  # type: ignore[attr-defined]

    def record(self, node: Apply, *args: Node) -> None:
        t = self.plain(node.type)
        _need(isinstance(t, Record), f"a record cannot be {t}")
        self.same(Tuple(_types(args)), Tuple(t.items), "what the record is made of")  # type: ignore[attr-defined]

    def box(self, node: Apply, content: Node) -> None:
        t = self.plain(node.type)
        _need(isinstance(t, Box), f"a box cannot be {t}")
        self.same(content.type, t.body, "what is boxed")  # type: ignore[attr-defined]

    def inject(self, node: Apply, x: Node) -> None:
        self.within(x.type, node.type)

    def project(self, node: Apply, u: Node) -> None:
        self.within(node.type, u.type)

    def within(self, small: Type | None, large: Type | None) -> None:
        a, b = self.plain(small), self.plain(large)
        _need(isinstance(b, Union), f"{b} is no union")
        _need(set(parts(a)) <= set(parts(b)), f"{a} is no part of {b}")

    def has_head(self, node: Apply, u: Node, key: Node) -> None:
        t = self.plain(u.type)
        _need(isinstance(t, Union), f"{t} is no union")
        _need(_known(key, str) in map(head, parts(t)), f"{t} has no part with the head {key}")

    def switch(self, node: Apply, condition: Node, *branches: Node) -> None:
        """A branch that never ends has any type."""
        self.same(condition.type, BOOL, "the condition")
        for b in branches:
            assert isinstance(b, Constant)
            if b.value.output.type != NEVER:
                self.same(b.value.output.type, node.type, f"the output of {b}")

    def select(self, node: Apply, condition: Node, a: Node, b: Node) -> None:
        self.same(condition.type, BOOL, "the condition")
        self.same(a.type, b.type, "the first choice")

    def check(self, node: Apply, ok: Node, exception: Node, message: Node, *values: Node) -> None:
        self.same(ok.type, BOOL, "the condition")
        found = exception_class(_known(exception, str))
        is_exception = isinstance(found, type) and issubclass(found, BaseException)
        _need(is_exception, f"{exception} is no exception of Python or NumPy")
        _known(message, str)
        for v in values:
            self.same(v.type, INT, "what goes into the message")

    def print(self, node: Apply, sep: Node, end: Node, *values: Node) -> None:
        _known(sep, str)
        _known(end, str)

    def cell(self, node: Apply, value: Node) -> None:
        _need(isinstance(node.type, Cell), f"the type of the cell is {node.type}")
        self.same(node.type.content, value.type, "the content of the cell")  # type: ignore[union-attr]

    def store(self, node: Apply, cell: Node, value: Node) -> None:
        t = self.plain(cell.type)
        _need(isinstance(t, Cell), f"{t} is no cell")
        self.same(value.type, t.content, "what is stored")  # type: ignore[attr-defined]

    # -- derivatives ----------------------------------------------------------------------------------------------
    def vjp(self, node: Apply, fn: Node, mask: Node, *args: Node) -> None:
        callee, _ = _derived(fn, mask)
        self.arguments(callee, args)
        self.result_and(node.type, callee)
        assert isinstance(node.type, Tuple)
        _need(isinstance(node.type.items[1], Pullback), f"{node.type.items[1]} is no pullback")

    def jvp(self, node: Apply, fn: Node, mask: Node, *args: Node) -> None:
        callee, marked = _derived(fn, mask)
        n = len(callee.params)
        self.arguments(callee, args[:n])
        _need(len(args) - n == marked, f"{len(args) - n} tangents for {marked} marked parameters")
        self.result_and(node.type, callee)

    def gradient(self, node: Apply, fn: Node, mask: Node, *args: Node) -> None:
        callee, marked = _derived(fn, mask)
        *inputs, mode = args
        self.arguments(callee, tuple(inputs))
        _need(_known(mode, str) in MODES, f"{mode} is none of {', '.join(MODES)}")
        _need(
            isinstance(node.type, Tuple) and len(node.type.items) == 1 + marked, f"not {marked} cotangents: {node.type}"
        )
        self.same(callee.output.type, FLOAT, "the type of the value")

    def taylor(self, node: Apply, fn: Node, mask: Node, *args: Node) -> None:
        callee, marked = _derived(fn, mask)
        n = len(callee.params)
        self.arguments(callee, args[:n])
        if not isinstance(node.type, Tuple) or not node.type.items:
            raise Wrong(f"{node.type} is no tuple of a value and its coefficients")
        self.same(node.type.items[0], callee.output.type, "the type of the value")
        order = len(node.type.items) - 1
        _need(len(args) - n == marked * order, f"{len(args) - n} coefficients for {marked} series of order {order}")

    def pull(self, node: Apply, fn: Node, mask: Node, pullback: Node, ct: Node) -> None:
        _, marked = _derived(fn, mask)
        _need(isinstance(node.type, Tuple) and len(node.type.items) == marked, f"not {marked} cotangents: {node.type}")

    def result_and(self, t: Type | None, callee: Graph) -> None:
        if not isinstance(t, Tuple) or len(t.items) != 2:
            raise Wrong(f"{t} is no pair")
        self.same(t.items[0], callee.output.type, "the type of the value")


def _derived(fn: Node, mask: Node) -> tuple[Graph, int]:
    """The function that is differentiated and the number of its marked parameters."""
    if not isinstance(fn, Constant) or not isinstance(fn.value, Graph):
        raise Wrong("the first input is not a graph")
    marks = _known(mask, str)
    _need(
        len(marks) == len(fn.value.params) and set(marks) <= {"0", "1"}, f"{mask} does not mark the parameters of {fn}"
    )
    return fn.value, marks.count("1")


def _known(node: Node, kind: type) -> Any:
    """The value of an input that has to be a constant."""
    if not isinstance(node, Constant) or node.value.__class__ is not kind:
        raise Wrong(f"an input has to be a constant {kind.__name__}")
    return node.value


def _types(nodes: Iterable[Node]) -> tuple[Type, ...]:
    return tuple([n.type for n in nodes])  # type: ignore[misc]


def _contents(t: Type) -> tuple[Type, ...]:
    match t:
        case Tuple(items=items) | Record(items=items):
            return items
        case Union(parts=ps):
            return ps
        case Cell(content=content):
            return (content,)
        case Box(body=body):
            return (body,) if body is not None else ()
        case Pullback(residual=residual):
            return (residual,) if residual is not None else ()
    return ()


# How many inputs each structural primitive has, at least and at most, and its check.
_ANY = sys.maxsize
_CHECKS: dict[str, tuple[int, int, Callable[..., None]]] = {
    "item": (2, 2, Types.item),
    "record": (0, _ANY, Types.record),
    "with_axes": (1, 1, Types.with_axes),
    "window": (1, _ANY, Types.window),
    "put_nest": (3, _ANY, Types.put_nest),
    "box": (1, 1, Types.box),
    "inject": (1, 1, Types.inject),
    "project": (1, 1, Types.project),
    "has_head": (2, 2, Types.has_head),
    "switch": (3, 3, Types.switch),
    "select": (3, 3, Types.select),
    "check": (3, _ANY, Types.check),
    "print": (2, _ANY, Types.print),
    "cell": (1, 1, Types.cell),
    "store": (2, 2, Types.store),
    "vjp": (2, _ANY, Types.vjp),
    "jvp": (2, _ANY, Types.jvp),
    "taylor": (2, _ANY, Types.taylor),
    "pull": (4, 4, Types.pull),
    "gradient": (3, _ANY, Types.gradient),
}
