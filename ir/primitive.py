"""Primitives and operators: everything that can be applied and is not a graph.

A *primitive* is typed, pure and total unless it says otherwise, and is known here in full: documentation, type,
meaning, derivative, lowering, rewrite rules, test domain. It is one record in `ir/primitives/`.

An *operator* is what a program of stage SOURCE applies: Python's `+`, `len`, `math.sin`, with Python's overloads,
conversions and errors. Its `expand` says what it means in primitives, once, over the `Ops` protocol: inference runs it
on types, elaboration on nodes. It is one record in `ir/operators/`.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any, Protocol

from tapeless.ir.abstract import Array, Type
from tapeless.ir.dataclass import dataclass, field


@dataclass(frozen=True)
class Rule:
    """A named equation `pattern = replacement`.

    grade     `exact` (same bits, nan for nan; in derivative arithmetic up to rounding), `real` (under fastmath only),
              or `known`: exact, and used where the replacement is there already
    ordered   it holds for the arguments in this order only
    """

    name: str
    pattern: Term
    replacement: Any
    grade: str = "exact"
    ordered: bool = False

    @cached_property
    def patterns(self) -> list[Term]:
        """The ways to write the pattern, as the arguments of commuting primitives may be swapped."""
        return [self.pattern] if self.ordered else orders(self.pattern)


@dataclass(frozen=True)
class Term:
    """A primitive applied to terms, variables (`Var`) and numbers: how partials and rules are written."""

    primitive: Primitive
    args: tuple[Any, ...]

    def __neg__(self) -> Term:
        return REGISTRY["fneg"](self)

    def __add__(self, other: Any) -> Term:
        return REGISTRY["fadd"](self, other)

    def __radd__(self, other: Any) -> Term:
        return REGISTRY["fadd"](other, self)

    def __sub__(self, other: Any) -> Term:
        return REGISTRY["fsub"](self, other)

    def __rsub__(self, other: Any) -> Term:
        return REGISTRY["fsub"](other, self)

    def __mul__(self, other: Any) -> Term:
        return REGISTRY["fmul"](self, other)

    def __rmul__(self, other: Any) -> Term:
        return REGISTRY["fmul"](other, self)

    def __truediv__(self, other: Any) -> Term:
        return REGISTRY["fdiv"](self, other)

    def __rtruediv__(self, other: Any) -> Term:
        return REGISTRY["fdiv"](other, self)


@dataclass(frozen=True)
class Var:
    """A variable of a term. In partials, `Var(0)` is the output and `Var(i)` the i-th input, counted from 1."""

    index: int

    __neg__ = Term.__neg__
    __add__ = Term.__add__
    __radd__ = Term.__radd__
    __sub__ = Term.__sub__
    __rsub__ = Term.__rsub__
    __mul__ = Term.__mul__
    __rmul__ = Term.__rmul__
    __truediv__ = Term.__truediv__
    __rtruediv__ = Term.__rtruediv__


@dataclass(frozen=True)
class Number(Var):
    """A variable of a rule that stands for a constant, of such a size that products of two are finite and not zero."""


def orders(pattern: Any) -> list[Any]:
    """The ways to write a pattern: constants stand on the right, what else commutes in either order."""
    if not isinstance(pattern, Term):
        return [pattern]
    found: dict[str, Term] = {}
    for args in itertools.product(*map(orders, pattern.args)):
        swaps = pattern.primitive.commutes and isinstance(args[1], (Term, Var)) and not isinstance(args[1], Number)
        for ordered in (args, args[::-1]) if swaps else (args,):
            term = Term(pattern.primitive, ordered)
            found.setdefault(repr(term), term)
    return list(found.values())


@dataclass(eq=False)
class Primitive:
    """All that tapeless knows about one primitive.

    result      the type of the application: a type, or a function of the argument types
    evaluate    its meaning, on Python values: used by the interpreter, constant folding and the tests
    partials    derivative by each input, as terms over Var(0) (output) and Var(i) (inputs); 1.0 and 0.0 are structural;
                None: its values are discrete, or AD knows it by name
    singular    its partials may be infinite where the primal is finite: a zero cotangent times them is zero
    lower       LLVM: a template over {0}, {1}, ... (one instruction), "libm:NAME", "call:NAME" (a runtime function),
                "same" (the bits of the input), or "" where the backend knows the primitive by name
    buffers     what becomes of the buffers of arrays: `new` (the result has one), `changes` (the result is the first
                input, changed: of its sizes, and in its place where that has no other use), `shares` (the result is
                part of an input, or a view of it), `keeps` (all inputs go into the result), or "" (it only reads)
    once        an application is not repeated to get its value back: a backward pass keeps it
    guarded     its indices are in range, as checks that come before it say: it is not moved to where these do not
    effect      an application has an effect, and stands in the effects of its graph
    exact       the primitive that computes the same without the freedom to contract: its value serves as well
    fold        what an application equals, beyond rules: (builder, arguments, type) to a node that stands, or None
    domain      where tests draw the inputs: one (low, high) per input
    candidates  found by `matching.py`: the rules that arguments of some kinds may fit
    """

    name: str
    doc: str
    result: Type | Callable[..., Type]
    evaluate: Callable[..., Any] | None = None
    partials: tuple[Any, ...] | None = None
    singular: bool = False
    lower: str = ""
    buffers: str = ""
    once: bool = False
    guarded: bool = False
    effect: bool = False
    commutes: bool = False
    exact: str = ""
    fold: Callable[[Any, Any, Type], Any] | None = None
    domain: tuple[tuple[float, float], ...] = ()
    rules: list[Rule] = field(default_factory=list)
    candidates: dict[Any, tuple[tuple[Rule, Term], ...]] = field(default_factory=dict)

    def __call__(self, *args: Any) -> Term:
        return Term(self, args)

    def rule(self, name: str, pattern: Term, replacement: Any, grade: str = "exact", ordered: bool = False) -> None:
        """State an equation whose left side has this primitive at its root; the right side is never more work.

        `ordered`: it holds for the arguments in this order only.
        """
        assert pattern.primitive is self, name
        self.candidates.clear()
        self.rules.append(Rule(name, pattern, replacement, grade, ordered))

    @property
    def makes_buffers(self) -> bool:
        """Whether the result may have a new buffer."""
        return self.buffers in ("new", "changes")

    @property
    def repeatable(self) -> bool:
        """Whether an application may be repeated to get its value back."""
        return not (self.effect or self.once or self.makes_buffers)

    def type_of(self, args: Sequence[Type]) -> Type:
        """The type of an application to arguments of these types."""
        return self.result if isinstance(self.result, Type) else self.result(*args)

    def __repr__(self) -> str:
        return self.name


REGISTRY: dict[str, Primitive] = {}


def primitive(name: str, **facts: Any) -> Primitive:
    """Make and register a primitive; the fields are those of `Primitive`."""
    assert name not in REGISTRY, f"primitive {name} is stated twice"
    REGISTRY[name] = p = Primitive(name, **facts)
    return p


class Mismatch(Exception):
    """An operator does not accept operands of these types; Python would raise TypeError with this message."""


class Ops(Protocol):
    """What `expand` may do. A value `V` is an abstract value (inference) or a node (elaboration)."""

    def kind(self, x: Any) -> str:
        """bool, int, float, np.f64, np.i64, np.bool, array, none, str, tuple, list, record, function, cell or never."""

    def array_type(self, x: Any) -> Array:
        """The type of an array."""

    def nest(self, outputs: Sequence[str], body: Callable[..., Sequence[Any]], arrays: Sequence[Any]) -> list[Any]:
        """Outputs of `body`, run on an element of each array, all being broadcast: see the primitive `nest`."""

    def make(self, name: str, type: Array, *args: Any) -> Any:
        """The primitive `name` applied, where it does not say the type of its result itself."""

    def written(self, a: Any, new: Any) -> Any:
        """The array `a` after what it means became `new`, an array of its type."""

    def viewed(self, copy: Any, a: Any, writable: bool = True) -> Any:
        """A copy of elements of the array `a` where NumPy gives, or may give, a view.

        It is one as long as neither is written to while the other is used, which `infer/aliases.py` sees to.
        """

    def refers(self, a: Any) -> bool:
        """Whether an array is a reference: it is read where it is used, and has several names."""

    def plain(self, x: Any) -> Any:
        """A value in which arrays are values: references are read."""

    def function(self, name: str) -> Any:
        """An operator as a value."""

    def describe(self, x: Any) -> str:
        """The type of x as Python names it, for messages: 'float', 'NoneType', 'tuple', 'function'."""

    def constant(self, x: Any) -> Any:
        """The value of x where it is known while compiling (a scalar, a string, None), else `UNKNOWN`."""

    def lift(self, value: Any) -> Any:
        """A Python scalar, string or None as a value."""

    def apply(self, name: str, *args: Any) -> Any:
        """The primitive `name` applied; constants fold."""

    def check(self, ok: Any, exception: str, message: str, *values: Any) -> None:
        """An effect: raise `exception` (a name of `diagnostics.exception_class`) unless `ok`, a bool, holds.

        Where there are values, which are ints, `message.format(*values)` is the message.
        """

    def raise_(self, exception: str, message: str) -> Any:
        """An effect: raise; the result has no value."""

    def branch(self, condition: Any, then: Callable[[], Any], orelse: Callable[[], Any]) -> Any:
        """Run one of two; where the condition is known, only that one exists."""

    def operate(self, name: str, *args: Any) -> Any:
        """Another operator, applied; unions are taken apart."""

    def call(self, fn: Any, *args: Any) -> Any:
        """A call of a function value."""

    def tuple(self, items: Sequence[Any]) -> Any:
        """A tuple."""

    def items(self, x: Any) -> list[Any]:
        """The items of a tuple, or the fields of a record."""

    def record(self, tag: str, items: Sequence[Any]) -> Any:
        """A record of a library: range, enumerate, zip, reversed, partial."""

    def list_of(self, items: Sequence[Any]) -> Any:
        """A list of these items."""

    def known_list(self, x: Any) -> bool:
        """Whether the length of a list is known while compiling: `items` gives its items then."""

    def list_apply(self, name: str, *args: Any) -> Any:
        """A function of `ir/lists.py` on lists of any length: `append`, `get`, `put`, `concatenated`, ..."""

    def tag(self, x: Any) -> str:
        """The tag of a record of a library."""

    def need_constant(self, x: Any, what: str) -> Any:
        """The known value of x. Where it is not known, inference tries to make it known, else reports `what`."""


class Unknown:
    def __repr__(self) -> str:
        return "unknown"


UNKNOWN = Unknown()


@dataclass(eq=False)
class Operator:
    """An overloaded operation of Python: `expand(ops, *values)` gives its value, or raises Mismatch.

    evaluate   the operation itself, in CPython: the interpreter's meaning at stage SOURCE
    whole      `expand` wants unions whole; otherwise it is run for each combination of their parts
    keywords   names of parameters that may be given by keyword, in order (None: none may)
    writes     where the first argument is an array, that is changed, and the value is the same array afterwards
    updates    it makes the new item of `a[k] += v`, which is then stored
    meets      where one operand is an array, a list or tuple is one too
    """

    name: str
    doc: str
    expand: Callable[..., Any]
    evaluate: Callable[..., Any] | None = None
    whole: bool = False
    keywords: tuple[str, ...] = ()
    writes: bool = False
    updates: bool = False
    meets: bool = False
    array_like: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.name.startswith("np."):
            code = self.expand.__code__
            names = code.co_varnames[1 : code.co_argcount]
            self.array_like = tuple(i for i, n in enumerate(names) if n in ARRAY_LIKE and i >= self.writes)

    def run(self, ops: Ops, args: Sequence[Any], options: dict[str, Any]) -> Any:
        """Its value: `expand` of the arguments, where NumPy makes arrays of lists and tuples first."""
        for i in self.array_like:
            if i < len(args) and args[i] is not None and ops.kind(args[i]) in SEQUENCES:
                args = [*args[:i], ops.operate("np.array", args[i]), *args[i + 1 :]]
        try:
            return self.expand(ops, *args, **options)
        except Mismatch:
            kinds = [ops.kind(a) for a in args] if self.meets else []
            if "array" not in kinds or not any(k in SEQUENCES for k in kinds):
                raise
        return self.expand(ops, *(ops.operate("np.array", a) if k in SEQUENCES else a for k, a in zip(kinds, args)))

    def __repr__(self) -> str:
        return self.name


SEQUENCES = ("list", "tuple")
ARRAY_LIKE = {
    "a", "a1", "a2", "a_max", "a_min", "arr", "array", "ary", "b", "condition", "f", "fill_value", "fp", "indices", "m",
    "p", "v", "values", "weights", "x", "xp", "y",
}  # fmt: skip
"""Parameters of NumPy's functions that take sequences as arrays, by their names."""


OPERATORS: dict[str, Operator] = {}


def operator(
    name: str,
    evaluate: Callable[..., Any] | None = None,
    whole: bool = False,
    keywords: tuple[str, ...] = (),
    writes: bool = False,
    updates: bool = False,
    meets: bool = False,
) -> Any:
    """A decorator that registers `expand`; its docstring documents the operator."""

    def register(expand: Callable[..., Any]) -> Operator:
        assert name not in OPERATORS, f"operator {name} is stated twice"
        op = Operator(name, expand.__doc__ or "", expand, evaluate, whole, keywords, writes, updates, meets)
        OPERATORS[name] = op
        return op

    return register
