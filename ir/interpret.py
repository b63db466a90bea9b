"""The reference interpreter: what a program means, at every stage.

In: a root graph and Python values. Out: its value, or the exception that it raises. It is slow and simple, an oracle:
it takes one application after the other in the order of `Scopes.schedule` and computes each by the `evaluate` of its
operator or primitive.

At stage SOURCE values are Python's, operators are CPython's own, and a function is a `Closure` over the frame of its
parent, which it reads when it is called. From TYPED on, records are `RecordValue`, boxes `BoxValue`, and a union is
the value of its part; `UNDEF` is what a pure application of nonsense gives (the wrong part of a union, the content of
a null pointer), which may be computed, as all pure code may, but no effect may depend on it.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from tapeless.ir import operators, primitives
from tapeless.ir.abstract import Array, Box, NoneType, Record, Scalar, Str, Tuple, Type, head, parts, resolve
from tapeless.ir.abstract import Cell as CellType
from tapeless.ir.dataclass import dataclass
from tapeless.ir.diagnostics import InternalError, UsageError, exception_class
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.nests import nest_parts
from tapeless.ir.nodes import UNDEF, Apply, Constant, Graph, Node, Parameter
from tapeless.ir.primitive import REGISTRY, Operator, Primitive
from tapeless.ir.primitives.structure import DERIVATIVES
from tapeless.ir.traverse import Scopes

TABLES = (primitives, operators)  # importing them has filled the registries
STACK_BYTES = 512 * 2**20
FRAMES = 400_000  # Python's; a call of the program takes about five


@dataclass(frozen=True)
class RecordValue:
    """A value of a record type."""

    tag: str
    items: tuple[Any, ...]


@dataclass(frozen=True)
class BoxValue:
    """A value of a box type."""

    body: Any


@dataclass(frozen=True)
class NumpyValue:
    """A NumPy scalar inside a union, where nothing else tells it from Python's."""

    kind: str
    value: Any


class CellValue:
    """A location."""

    __slots__ = ("content",)

    def __init__(self, content: Any) -> None:
        self.content = content


class Frame(dict[Node, Any]):
    """The values of one run of a graph's body, and the frame of the graph around it."""

    __slots__ = ("graph", "outer")

    def __init__(self, graph: Graph, outer: Frame | None) -> None:
        super().__init__()
        self.graph, self.outer = graph, outer


class Closure:
    """A function of a SOURCE program as a value; Python code may call it too."""

    __slots__ = ("frame", "graph", "interpreter")

    def __init__(self, interpreter: Interpreter, graph: Graph, frame: Frame | None) -> None:
        self.interpreter, self.graph, self.frame = interpreter, graph, frame

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self.interpreter.call(self.graph, self.frame, args, keywords)


def evaluate(root: Graph, args: Sequence[Any], out: Callable[..., None] = print) -> Any:
    """The value of `root` on arguments; `out` is called as `print` is, in its place.

    It runs in a thread of its own, whose stack is as deep as a recursive program needs; endless recursion is a
    RecursionError.
    """
    results: list[Any] = []
    failures: list[BaseException] = []

    def run() -> None:
        try:
            results.append(Interpreter(out).call(root, None, tuple(args), {}))
        except BaseException as error:
            failures.append(error)

    limit, size = sys.getrecursionlimit(), threading.stack_size(STACK_BYTES)
    sys.setrecursionlimit(max(limit, FRAMES))
    try:
        thread = threading.Thread(target=run, name="tapeless interpreter")
        thread.start()
        thread.join()
    finally:
        threading.stack_size(size)
        sys.setrecursionlimit(limit)
    if failures:
        raise failures[0]
    return results[0]


class Interpreter:
    """Runs the graphs of one program."""

    def __init__(self, out: Callable[..., None] = print) -> None:
        self.out = out
        self.scopes = Scopes()

    # -- graphs ---------------------------------------------------------------------------------------------------
    def call(self, graph: Graph, outer: Frame | None, args: tuple[Any, ...], keywords: dict[str, Any]) -> Any:
        """The value of a function on arguments, or of a loop on an initial state."""
        if graph.kind == "loop":
            return self.loop(graph, outer, args)
        frame = Frame(graph, outer)
        if not keywords and len(args) == len(graph.params) and not graph.variadic and not graph.keyword_only:
            frame.update(zip(graph.params, args))
        else:
            self.bind(frame, list(args), dict(keywords))
        return self.body(frame)

    def body(self, frame: Frame, last: Node | None = None) -> Any:
        """Compute what a graph's effects and output need; its output. An application `last` is left to the caller."""
        for node in self.scopes.schedule(frame.graph):
            if node is not last:
                frame[node] = self.apply(node, frame)
        return None if last is not None else self.value(frame.graph.output, frame)

    def loop(self, graph: Graph, outer: Frame | None, state: tuple[Any, ...]) -> Any:
        """Iterate: the call at the end of the step is a jump."""
        switch = graph.output
        assert isinstance(switch, Apply)
        while True:
            frame = Frame(graph, outer)
            frame.update(zip(graph.params, state))
            self.body(frame, switch)
            condition = self.value(switch.args[0], frame)
            if condition is UNDEF:
                return self.nothing(switch, frame)
            branch = switch.args[1 if condition else 2]
            assert isinstance(branch, Constant)
            inner = Frame(branch.value, frame)
            if not condition:
                return self.body(inner)
            again = branch.value.output
            self.body(inner, again)
            state = tuple([self.value(a, inner) for a in again.args])

    def bind(self, frame: Frame, args: list[Any], keywords: dict[str, Any]) -> None:
        """Bind arguments to parameters as Python does, with its errors."""
        graph, name = frame.graph, f"{frame.graph.name}()"
        end = len(graph.params) - graph.keyword_only
        positional, keyword_only = graph.params[:end], graph.params[end:]
        if graph.variadic:
            rest = positional.pop()
            frame[rest] = tuple(args[len(positional) :])
        frame.update(zip(positional, args))
        named = {p.name: p for p in (*positional, *keyword_only)}
        for keyword, value in keywords.items():
            if keyword not in named:
                raise TypeError(f"{name} got an unexpected keyword argument '{keyword}'")
            if named[keyword] in frame:
                raise TypeError(f"{name} got multiple values for argument '{keyword}'")
            frame[named[keyword]] = value
        if len(args) > end and not graph.variadic:
            raise TypeError(_too_many(graph, end, len(args), sum(p in frame for p in keyword_only)))
        for i, default in graph.defaults.items():
            if graph.params[i] not in frame:
                frame[graph.params[i]] = self.value(default, frame.outer)
        for kind, group in (("positional", positional), ("keyword-only", keyword_only)):
            missing = [f"'{p.name}'" for p in group if p not in frame]
            if missing:
                what = _count(len(missing), f"required {kind} argument")
                raise TypeError(f"{name} missing {what}: {_listed(missing)}")

    # -- nodes ----------------------------------------------------------------------------------------------------
    def value(self, node: Node, frame: Frame | None) -> Any:
        """The value of a node where `frame` is the innermost one."""
        if isinstance(node, Constant):
            return self.constant(node.value, frame)
        assert isinstance(node, (Apply, Parameter))
        at = frame_of(node.graph, frame)
        if at is None or node not in at:
            raise InternalError(f"interpreter: {node} of {node.graph} is used before it has a value", node.span)
        return at[node]

    def constant(self, value: Any, frame: Frame | None) -> Any:
        match value:
            case Graph():
                return Closure(self, value, frame_of(value.parent, frame))
            case Operator(name="print"):
                return self.out
            case Operator(evaluate=meaning) | Primitive(evaluate=meaning):
                if meaning is None:
                    raise UsageError(f"the interpreter has no meaning for `{value}` as a value")
                return meaning
        return value

    def apply(self, node: Apply, frame: Frame) -> Any:
        fn = node.fn.value if isinstance(node.fn, Constant) else None
        if isinstance(fn, Primitive):
            return self.primitive(fn, node, frame)
        args: list[Any] = [self.value(a, frame) for a in node.args]
        if isinstance(fn, Graph) and not node.shape.keywords and not node.shape.starred:
            return self.call(fn, frame_of(fn.parent, frame), tuple(args), {})
        shape = node.shape
        first = len(args) - len(shape.keywords)
        keywords = dict(zip(shape.keywords, args[first:]))
        if len(keywords) < len(shape.keywords):
            raise TypeError("keyword argument repeated")
        flat: list[Any] = []
        for i, a in enumerate(args[:first]):
            flat += a if i in shape.starred else (a,)
        if isinstance(fn, Operator) and fn.evaluate is None and fn.name != "print":
            raise UsageError(
                f"the interpreter cannot evaluate the operator `{fn}`: it has a meaning from TYPED on", node.span
            )
        callee = self.value(node.fn, frame)
        if isinstance(callee, Closure):
            return self.call(callee.graph, callee.frame, tuple(flat), keywords)
        return callee(*flat, **keywords)

    def primitive(self, fn: Primitive, node: Apply, frame: Frame) -> Any:
        if fn.name == "switch":
            return self.switch(node, frame)
        if fn.name == "nest":
            return self.nest(node, frame)
        if fn.name == "put_nest":
            array, *bounds = (self.value(a, frame) for a in (node.args[0], *nest_parts(node).bounds))
            return REGISTRY["put_window"].evaluate(array, self.nest(node, frame), *bounds)  # type: ignore[misc]
        if fn.name in DERIVATIVES:
            raise UsageError(f"the interpreter does not differentiate: `{fn}` has to be expanded first", node.span)
        args = [self.value(a, frame) for a in node.args]
        special = _STRUCTURE.get(fn.name)
        if special is not None:
            return special(self, node, *args)
        if any(a is UNDEF for a in args):
            return self.nothing(node, frame)
        if fn.lower == "same":
            return args[0]
        if fn.evaluate is None:
            raise UsageError(f"the interpreter has no meaning for the primitive `{fn}`", node.span)
        return fn.evaluate(*args)

    def nest(self, node: Apply, frame: Frame) -> Any:
        """The map on each element of arrays that are broadcast; the outputs collected, or summed."""
        import numpy as np

        parts = nest_parts(node)
        arrays = np.broadcast_arrays(*(self.value(a, frame) for a in parts.arrays))
        rows = []
        for index in np.ndindex(arrays[0].shape):
            inner = Frame(parts.map, frame_of(parts.map.parent, frame))
            inner.update((p, a[index].item()) for p, a in zip(parts.map.params, arrays))
            out = self.body(inner)
            rows.append(out if len(parts.outputs) > 1 else (out,))
        outs = []
        for k, (kind, result) in enumerate(zip(parts.outputs, parts.results)):
            dtype = ELEMENTS[str(result.type)].name
            whole: Any = np.array([row[k] for row in rows], dtype).reshape(arrays[0].shape)
            if kind != "each":
                axes = tuple(d for d, bit in enumerate(kind.split(":")[1]) if bit == "1")
                whole = getattr(whole, kind.split(":")[0])(axis=axes)
            outs.append(whole if whole.ndim else whole.item())
        return tuple(outs) if len(outs) > 1 else outs[0]

    def switch(self, node: Apply, frame: Frame) -> Any:
        condition = self.value(node.args[0], frame)
        if condition is UNDEF:
            return self.nothing(node, frame)
        branch = node.args[1 if condition else 2]
        assert isinstance(branch, Constant)
        return self.body(Frame(branch.value, frame_of(branch.value.parent, frame)))

    def nothing(self, node: Apply, frame: Frame) -> Any:
        """The value of a pure application of UNDEF; what has an effect must not meet it."""
        if node in frame.graph.effects:
            raise InternalError(f"interpreter: the effect {node.fn} depends on a value that does not exist", node.span)
        return UNDEF


def frame_of(graph: Graph | None, frame: Frame | None) -> Frame | None:
    """The frame of a graph that encloses that of `frame`."""
    while frame is not None and frame.graph is not graph:
        frame = frame.outer
    return frame


def _too_many(graph: Graph, most: int, given: int, by_keyword: int) -> str:
    least = most - sum(i < most for i in graph.defaults)
    takes = f"from {least} to {most}" if least < most else f"{most}"
    plural = "s" if least < most or most != 1 else ""
    were = "was" if given == 1 and not by_keyword else "were"
    also = ""
    if by_keyword:
        also = f" positional argument{'s' if given != 1 else ''} (and {_count(by_keyword, 'keyword-only argument')})"
    return f"{graph.name}() takes {takes} positional argument{plural} but {given}{also} {were} given"


def _count(n: int, what: str) -> str:
    return f"{n} {what}" + ("" if n == 1 else "s")


def _listed(names: list[str]) -> str:
    if len(names) < 3:
        return " and ".join(names)
    return ", ".join(names[:-1]) + f", and {names[-1]}"


# -- structural primitives ------------------------------------------------------------------------------------------
def _need(value: Any, node: Apply) -> Any:
    if value is UNDEF:
        raise InternalError(f"interpreter: the effect {node.fn} depends on a value that does not exist", node.span)
    return value


def _item(_: Interpreter, node: Apply, t: Any, k: int) -> Any:
    return UNDEF if t is UNDEF else (t.items if isinstance(t, RecordValue) else t)[k]


def _record(_: Interpreter, node: Apply, *items: Any) -> Any:
    assert isinstance(node.type, Record)
    return RecordValue(node.type.tag, items)


def _unbox(_: Interpreter, node: Apply, b: Any) -> Any:
    return b.body if isinstance(b, BoxValue) else UNDEF


def _inject(_: Interpreter, node: Apply, x: Any) -> Any:
    t = node.args[0].type
    if isinstance(t, Scalar) and t.kind.startswith("np.") and x is not UNDEF:
        return NumpyValue(t.kind, x)
    return x


def _project(_: Interpreter, node: Apply, u: Any) -> Any:
    assert node.type is not None
    if not any(fits(u, p) for p in parts(resolve(node.type))):
        return UNDEF
    return u.value if isinstance(u, NumpyValue) and isinstance(node.type, Scalar) else u


def _has_head(_: Interpreter, node: Apply, u: Any, key: str) -> Any:
    t = node.args[0].type
    assert t is not None
    return UNDEF if u is UNDEF else any(head(p) == key and fits(u, p) for p in parts(resolve(t)))


def fits(value: Any, t: Type) -> bool:
    """Whether the value of a union is its part of type `t`: whether their heads are the same."""
    match resolve(t):
        case Scalar(kind=kind) if kind.startswith("np."):
            return isinstance(value, NumpyValue) and value.kind == kind
        case Scalar(kind="bool"):
            return value.__class__ is bool
        case Scalar():
            return value.__class__ in (int, float)
        case NoneType():
            return value is None
        case Str(value=text):
            return bool(value.__class__ is str and value == text)
        case Tuple(items=items):
            return isinstance(value, tuple) and len(value) == len(items)
        case Record(tag=tag):
            return isinstance(value, RecordValue) and value.tag == tag
        case Box(body=body):
            return isinstance(value, BoxValue) and body is not None and fits(value.body, body)
        case CellType():
            return isinstance(value, CellValue)
        case Array(dims=dims):
            return getattr(value, "ndim", None) == len(dims)
    return False


def _select(_: Interpreter, node: Apply, c: Any, a: Any, b: Any) -> Any:
    return UNDEF if c is UNDEF else a if c else b


def _check(_: Interpreter, node: Apply, ok: Any, exception: str, message: str, *values: int) -> None:
    if not _need(ok, node):
        raise exception_class(exception)(message.format(*values) if values else message)


def _print(interpreter: Interpreter, node: Apply, sep: str, end: str, *values: Any) -> None:
    interpreter.out(*[_need(v, node) for v in values], sep=sep, end=end)


def _store(_: Interpreter, node: Apply, c: Any, value: Any) -> None:
    _need(c, node).content = value


def _filled(value: Any, sizes: tuple[int, ...], t: Type | None) -> Any:
    import numpy as np

    assert isinstance(t, Array)
    free = iter(sizes)
    return np.full([1 if d == "1" else next(free) for d in t.dims], value)


def _sum_to(_: Interpreter, node: Apply, a: Any, *sizes: int) -> Any:
    t = node.type
    assert isinstance(t, Array)
    free = iter(sizes)
    axes = tuple(d for d, n in enumerate(t.dims) if n != "1" and next(free) == 1 and a.shape[d] != 1)
    return a.sum(axis=axes, keepdims=True)


def _with_axes(_: Interpreter, node: Apply, a: Any) -> Any:
    """Sizes of n dimensions stay in order; ones stand where the types say."""
    old, new = node.args[0].type, node.type
    assert isinstance(old, Array) and isinstance(new, Array)
    free = iter([n for n, d in zip(a.shape, old.dims) if d != "1"])
    return a.reshape([1 if d == "1" else next(free) for d in new.dims])


_STRUCTURE: dict[str, Callable[..., Any]] = {
    "tuple": lambda _, node, *items: items,
    "item": _item,
    "record": _record,
    "box": lambda _, node, body: BoxValue(body),
    "unbox": _unbox,
    "inject": _inject,
    "project": _project,
    "has_head": _has_head,
    "select": _select,
    "check": _check,
    "print": _print,
    "cell": lambda _, node, value: CellValue(value),
    "load": lambda _, node, c: _need(c, node).content,
    "store": _store,
    "zeros": lambda _, node, *sizes: _filled(0.0, sizes, node.type),
    "unset": lambda _, node, *sizes: _filled(0.0, sizes[:-1], node.type),
    "filled": lambda _, node, value, *sizes: _filled(value, sizes, node.type),
    "reshape": lambda _, node, a, *sizes: a.reshape(_filled(0.0, sizes, node.type).shape),
    "sum_to": _sum_to,
    "with_axes": _with_axes,
    "never": lambda _, node: UNDEF,
}
