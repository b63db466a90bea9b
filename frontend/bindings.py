"""From Python objects that a function refers to, to nodes: what is data, what is code, what is neither.

Numbers, and tuples of them, are data: hidden parameters of the program, read at every call. Functions become graphs,
each once; builtins and what tapeless exports become operators; None and strings are constants. All but data is guarded.
"""

from __future__ import annotations

import builtins
import functools
import math
import re
from collections import deque
from collections.abc import Callable
from types import FunctionType, MethodType, ModuleType
from typing import Any

from tapeless.frontend.paths import (
    MISSING,
    Guard,
    Input,
    Path,
    Step,
    decides,
    described,
    follow,
    form_of,
    signature_key,
)
from tapeless.frontend.source import Located, locate
from tapeless.ir.dataclass import dataclass
from tapeless.ir.diagnostics import InferenceError, Span, UnsupportedError
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.nodes import PLAIN_CALL, Apply, CallShape, Constant, Graph, Node
from tapeless.ir.operators import find
from tapeless.ir.primitive import OPERATORS, REGISTRY, Operator

NUMBERS = frozenset({bool, int, float})
NUMPY_DATA = frozenset({"bool", "ndarray", *(e.name for e in ELEMENTS.values())})
HINTS = {
    "list": "its items must be numbers, arrays, or tuples and lists of these",
    "dict": "use a tuple",
    "set": "use a tuple",
}


@dataclass(frozen=True)
class Found:
    """A Python object, and where it was found."""

    value: Any
    path: Path


@dataclass
class Pending:
    """A function whose graph exists but is still empty."""

    function: FunctionType
    graph: Graph
    located: Located
    receiver: Found | None = None  # of a bound method: its first argument


class Bindings:
    """The objects that one program refers to, and the pseudo graph `root` that encloses all others."""

    def __init__(self, start: Any, known: frozenset[Path]) -> None:
        self.start, self.known = start, known
        self.root = Graph("program")
        self.inputs: list[Input] = []
        self.guards: list[Guard] = []
        self.pending: deque[Pending] = deque()
        self._functions: dict[int, tuple[Graph, Path, FunctionType]] = {}
        self._methods: dict[tuple[int, int], tuple[Graph, MethodType]] = {}
        self._paths: dict[int, Path] = {}
        self._nodes: dict[tuple[int, str], Node] = {}
        self._modules: set[Path] = set()
        self._names: dict[str, int] = {}

    def unique(self, name: str) -> str:
        """A name for a graph or hidden parameter that no other of the program has."""
        count = self._names[name] = self._names.get(name, 0) + 1
        return name if count == 1 else self.unique(f"{name}_{count}")

    # -- names and attributes

    def variable(self, fn: FunctionType, name: str) -> Found:
        """The closure variable, global or builtin of a top-level function; its value is MISSING where there is none."""
        kind = "closure" if name in fn.__code__.co_freevars else "global"
        step = Step(kind, name)
        return Found(follow((step,), fn), (*self._paths[id(fn)], step))

    def outside(self, fn: FunctionType, name: str, span: Span) -> Node:
        """The node of a name that no compiled function binds."""
        key = (id(fn) if name in fn.__code__.co_freevars else id(fn.__globals__), name)
        if key not in self._nodes:
            found = self.variable(fn, name)
            if found.value is MISSING:
                raise InferenceError(f"name `{name}` is not defined", span)
            self._nodes[key] = self.node(found, span)
        return _at(self._nodes[key], span)

    def module(self, found: Found) -> Found | None:
        """The same where its attributes can be used: a module, a function of NumPy that has methods (both guarded), or
        an object of a class of the user."""
        if not isinstance(found.value, ModuleType) and not is_ufunc(found.value):
            plain = is_data(found.value) or callable(found.value) or type(found.value).__module__ == "builtins"
            return None if plain or found.value is MISSING else found
        if found.path not in self._modules:
            self._modules.add(found.path)
            self._guard(found, "is", found.value)
        return found

    def member(self, module: Found, name: str, span: Span) -> Found:
        """An attribute of a module; InferenceError where it has none."""
        try:
            return Found(getattr(module.value, name), (*module.path, Step("attribute", name)))
        except AttributeError:
            what = getattr(module.value, "__name__", "") or f"a {type(module.value).__name__}"
            kind = "module " if isinstance(module.value, ModuleType) else ""
            raise InferenceError(f"{kind}`{what}` has no attribute `{name}`", span) from None

    def attribute(self, module: Found, name: str, span: Span) -> Node:
        """The node of an attribute of a module."""
        key = (id(module.value), name)
        if key not in self._nodes:
            found = self.member(module, name, span)
            if module.value is math and type(found.value) is float:
                self._nodes[key] = self._constant(found)
            else:
                self._nodes[key] = self.node(found, span)
        return _at(self._nodes[key], span)

    def is_builtin(self, fn: FunctionType, name: str) -> bool:
        """Whether a name from outside stands for the builtin of that name; guarded where it does."""
        found = self.variable(fn, name)
        known = found.value is getattr(builtins, name)
        if known:
            self.node(found, None)
        return known

    def exception(self, fn: FunctionType, name: str, span: Span) -> str:
        """The name of the builtin exception class that a name stands for."""
        found = self.variable(fn, name)
        if found.value is MISSING:
            raise InferenceError(f"name `{name}` is not defined", span)
        cls = found.value
        if not (isinstance(cls, type) and issubclass(cls, Exception) and cls.__module__ == "builtins"):
            raise UnsupportedError(f"`{name}` is not a builtin exception class, so it cannot be raised", span)
        self._guard(found, "is", cls)
        return cls.__name__

    # -- objects

    def node(self, found: Found, span: Span | None) -> Node:
        """The node of a Python object, with its guards and inputs."""
        x = found.value
        if x is None or type(x) is str:
            return self._constant(found)
        if is_data(x):
            return self._input(found)
        if hasattr(x, "__tapeless_transform__"):
            return self._transform(found, span)
        op = operator_of(x)
        if op is not None:
            # NumPy makes the method of a function anew each time that it is asked for; the function is guarded
            if not (found.path and found.path[-1].kind == "attribute" and is_ufunc(getattr(x, "__self__", None))):
                self._guard(found, "is", x)
            return Constant(op)
        if isinstance(x, FunctionType) and not is_of_numpy(x):
            return Constant(self._graph(found, span))
        if isinstance(x, MethodType) and isinstance(x.__func__, FunctionType):
            return Constant(self._method(found, span))
        if hasattr(x, "__wrapped_function__"):
            self._guard(found, "form", form_of(x))
            return self.node(Found(x.__wrapped_function__, (*found.path, Step("inner"))), span)
        if isinstance(x, functools.partial):
            return self._partial(found, span)
        if type(x) is tuple:
            return self._tuple(found, lambda item: self.node(item, span))
        raise UnsupportedError(f"{_sentence(found)}", span, hint=HINTS.get(type(x).__name__, ""))

    def _constant(self, found: Found) -> Constant:
        self._guard(found, "equals", found.value)
        return Constant(found.value)

    def _input(self, found: Found) -> Node:
        if found.path in self.known:
            return self._decided(found)
        name = self.unique(described(found.path))
        self.inputs.append(Input(name, found.path, self.start))
        return self.root.parameter(name)

    def _decided(self, found: Found) -> Node:
        """Captured data that `decides`, as a constant."""
        return self._tuple(found, self._decided) if type(found.value) is tuple else self._constant(found)

    def _tuple(self, found: Found, part: Callable[[Found], Node]) -> Node:
        self._guard(found, "form", form_of(found.value))
        items = [part(Found(y, (*found.path, Step("item", k)))) for k, y in enumerate(found.value)]
        return Apply(self.root, Constant(REGISTRY["tuple"]), tuple(items))

    def _guard(self, found: Found, kind: str, expected: Any) -> None:
        self.guards.append(Guard(found.path, kind, expected, self.start))

    def _graph(self, found: Found, span: Span | None) -> Graph:
        fn: FunctionType = found.value
        known = self._functions.get(id(fn))
        if known is not None:
            if known[1] != found.path:
                self._guard(found, "same", known[1])
            return known[0]
        graph = self._pend(found, None, span)
        self._functions[id(fn)] = graph, found.path, fn
        return graph

    def _method(self, found: Found, span: Span | None) -> Graph:
        """A bound method: its function, whose first argument is a known object, of which only attributes are used."""
        method: MethodType = found.value
        key = (id(method.__func__), id(method.__self__))
        if key not in self._methods:
            receiver = Found(method.__self__, (*found.path, Step("attribute", "__self__")))
            fn = Found(method.__func__, (*found.path, Step("attribute", "__func__")))
            self._methods[key] = self._pend(fn, receiver, span), method
        return self._methods[key][0]

    def _pend(self, found: Found, receiver: Found | None, span: Span | None) -> Graph:
        """The graph of a function, still empty."""
        fn: FunctionType = found.value
        try:
            located = locate(fn)
        except UnsupportedError as e:
            if e.span is not None:
                raise
            raise UnsupportedError(e.message, span, hint=e.hint) from None
        name = "lambda" if fn.__name__ == "<lambda>" else fn.__name__
        graph = Graph(self.unique(name), "function", self.root, located.file.span(located.node, fn.__qualname__))
        self._paths.setdefault(id(fn), found.path)
        self._guard(found, "code", signature_key(fn))
        self.pending.append(Pending(fn, graph, located, receiver))
        return graph

    def default(self, fn: FunctionType, step: Step, span: Span) -> Node:
        """The node of a default of a top-level function; ints, such as an axis, are known as where they are written."""
        found = Found(step.follow(fn), (*self._paths[id(fn)], step))
        return self._decided(found) if decides(found.value) else self.node(found, span)

    def _transform(self, found: Found, span: Span | None) -> Node:
        name, inner, options = found.value.__tapeless_transform__
        self._guard(found, "form", form_of(found.value))
        f = self.node(Found(inner, (*found.path, Step("inner"))), span)
        if name == "jit":
            return f
        args = [f, *(self._option(Found(v, (*found.path, Step("option", k))), span) for k, v in options.items())]
        return self._apply(name, args, CallShape(tuple(options)), span)

    def _option(self, found: Found, span: Span | None) -> Node:
        """An option of a transform decides about code, so it is a constant."""
        x = found.value
        self._guard(found, "equals", x)
        if type(x) is tuple and all(type(y) is int for y in x):
            return Apply(self.root, Constant(REGISTRY["tuple"]), tuple(map(Constant, x)), None, span)
        if x is None or type(x) in (bool, int, float, str):
            return Constant(x)
        raise UnsupportedError(f"{_sentence(found)}", span)

    def _partial(self, found: Found, span: Span | None) -> Node:
        p = found.value
        self._guard(found, "form", form_of(p))

        def part(x: Any, *steps: Step) -> Node:
            return self.node(Found(x, (*found.path, *steps)), span)

        args = [part(p.func, Step("attribute", "func"))]
        args += [part(x, Step("attribute", "args"), Step("item", k)) for k, x in enumerate(p.args)]
        args += [part(x, Step("attribute", "keywords"), Step("item", k)) for k, x in p.keywords.items()]
        return self._apply("partial", args, CallShape(tuple(p.keywords)), span)

    def _apply(self, name: str, args: list[Node], shape: CallShape, span: Span | None) -> Apply:
        op = find(name)
        if op is None:
            raise UnsupportedError(f"`{name}` is not supported inside compiled code", span)
        shape = shape if shape.keywords else PLAIN_CALL
        node = Apply(self.root, Constant(op), tuple(args), None, span, shape)
        self.root.effects.append(node)
        return node


def is_data(x: Any) -> bool:
    """Whether an object is a number of Python or NumPy, or a tuple or list of data."""
    kind = type(x)
    if kind in NUMBERS:
        return True
    if kind is tuple or kind is list:
        return all(map(is_data, x))
    return kind.__module__ == "numpy" and kind.__name__ in NUMPY_DATA


def is_ufunc(x: Any) -> bool:
    """Whether an object is a function of NumPy with methods, as np.add is."""
    return type(x).__name__ == "ufunc" and type(x).__module__ == "numpy"


def is_of_numpy(x: Any) -> bool:
    """Whether a function is a part of NumPy, whose own text is not compiled."""
    return (getattr(x, "__module__", None) or "").partition(".")[0] == "numpy"


def operator_of(x: Any) -> Operator | None:
    """The operator that a Python object stands for: a builtin, a function of math or operator, a part of tapeless."""
    if not callable(x):
        return None
    name = getattr(x, "__tapeless_operator__", None)
    if isinstance(name, str):
        return find(name)
    name, module = getattr(x, "__name__", ""), getattr(x, "__module__", None) or ""
    owner: Any = getattr(x, "__self__", None)
    if is_ufunc(owner):
        return find(f"np.{owner.__name__}.{name}")
    if not isinstance(name, str) or not isinstance(module, str):
        return None
    if isinstance(x, FunctionType) and module not in ("functools", "operator") and not module.startswith("numpy"):
        return None
    if x is functools.partial:
        return OPERATORS.get("partial")
    return _by_meaning().get(id(x)) or find(f"{re.sub('^numpy', 'np', module)}.{name}")


def _by_meaning() -> dict[int, Operator]:
    """Operators by the object that they evaluate, such as `operator.add`."""
    if len(OPERATORS) != _MEANINGS.get(0):  # type: ignore[comparison-overlap]
        _MEANINGS.clear()
        _MEANINGS.update({id(op.evaluate): op for op in OPERATORS.values() if op.evaluate is not None})
        _MEANINGS[0] = len(OPERATORS)  # type: ignore[assignment]
    return _MEANINGS


_MEANINGS: dict[int, Operator] = {}


def _at(node: Node, span: Span) -> Node:
    return Constant(node.value, None, span) if isinstance(node, Constant) else node


def _sentence(found: Found) -> str:
    """Why an object cannot be compiled."""
    x, name = found.value, described(found.path)
    if isinstance(x, ModuleType):
        return f"`{name}` is a module: only its attributes can be used"
    if isinstance(x, type):
        return f"`{name}` is a class, which is not supported"
    owner: Any = getattr(x, "__self__", None)
    if is_ufunc(owner):
        name = f"np.{owner.__name__}.{name}"
    if is_ufunc(owner) or is_of_numpy(x):
        return f"`{name}` is not supported (docs/functions.md has what is)"
    if callable(x):
        return f"`{name}` is a function that tapeless does not know ({type(x).__name__})"
    return f"`{name}` is a {type(x).__name__}, which is not supported"
