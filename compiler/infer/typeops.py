"""Operators on abstract values: the `Ops` protocol of `ir/primitive.py`, as inference runs it."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from tapeless.infer import calls
from tapeless.infer.binding import bind_operator
from tapeless.infer.domain import (
    DYNAMIC,
    LISTS,
    NEVER,
    STATIC,
    Arr,
    Boxed,
    Clo,
    Either,
    Loc,
    Never,
    Non,
    Num,
    Oper,
    Pull,
    Rec,
    Text,
    Tup,
    Value,
    constant,
    general,
    is_storable,
    of_type,
    parts,
    stored,
)
from tapeless.infer.instances import Instance
from tapeless.infer.references import LIST, MANY, STEPS, further, is_reference, parsed, referred
from tapeless.ir.abstract import NONE, SCALARS, Array, Str, Tuple, Type, broadcast_dims, output_type
from tapeless.ir.elements import python_name
from tapeless.ir.lists import buffers_of
from tapeless.ir.nodes import PLAIN_CALL, Apply, CallShape, Node
from tapeless.ir.operators import named
from tapeless.ir.operators.derivatives import must_be_callable
from tapeless.ir.primitive import REGISTRY, UNKNOWN, Mismatch, Operator

if TYPE_CHECKING:
    from tapeless.infer.engine import Engine

CHANGED = "an array that is changed elsewhere cannot be put into a list of any length: put in a copy"


class Diverges(Exception):
    """The operator raises, always: it has no value."""


class NeedsConstant(Exception):
    """A value must be known while compiling; args: the abstract value, what for."""


class TypeOps:
    """`Ops` on abstract values, for one application in one instance."""

    def __init__(self, engine: Engine, inst: Instance, node: Apply, path: tuple[Any, ...] = ()) -> None:
        self.engine, self.inst, self.node, self.path = engine, inst, node, path
        self.steps = 0

    # -- entry ----------------------------------------------------------------------------------------------------
    def operate_call(self, op: Operator, args: list[Value], shape: CallShape = PLAIN_CALL) -> Value:
        """An operator applied as a call was written; failures are recorded at the node."""
        key = None
        if not shape.keywords and not shape.starred and all(type(a) is Num for a in args):
            key = (op, *args)
            if (known := self.engine.memo.get(key)) is not None:
                return known
        try:
            args = self.spread(args, shape)
            if op.name == "partial":
                must_be_callable(self, args[0])
                return self.record(f"partial[{','.join(shape.keywords)}]", args)
            args, options = bind_operator(op, args, shape)
            value = self.run(op, args, options)
        except Mismatch as m:
            return self.engine.fail(self.inst, self.node, "type", str(m))
        except NeedsConstant as n:
            return self.engine.fail(self.inst, self.node, "static", n.args[1], self._origins(n.args[0]))
        except GrowthError as g:
            return self.engine.fail(self.inst, self.node, "growth", g.args[0], hint=g.args[1])
        if key is not None and type(value) is Num:
            self.engine.memo[key] = value
        return value

    def spread(self, args: list[Value], shape: CallShape) -> list[Value]:
        """Arguments with the items of starred ones, whose number must be known."""
        if not shape.starred:
            return args
        out: list[Value] = []
        for i, a in enumerate(args):
            if i in shape.starred and not (a.head.startswith("tuple") or self.known_list(a)):
                raise Mismatch("only a tuple, or a list of known length, can follow * in a call")
            out += self.items(a) if i in shape.starred else [a]
        return out

    def _origins(self, value: Value) -> tuple[Node, ...]:
        """The nodes that a value may come from, to slice back from: arguments, or what a method or partial holds."""
        fn = self.node.fn
        given = (*self.node.args, *(fn.args if isinstance(fn, Apply) else ()))

        def holds(v: Value) -> bool:
            return v is value or (isinstance(v, Tup) and any(map(holds, v.items)))

        return tuple(n for n in given if holds(self.engine.value(self.inst, n))) or given

    def run(self, op: Operator, args: list[Value], options: dict[str, Value] | None = None) -> Value:
        """The join over all combinations of union parts; a combination that Python refuses raises at run time."""
        if any(isinstance(a, Never) for a in args):
            return NEVER
        if op.name == "isinstance" and isinstance(args[0], Num) and args[0].mixed:
            raise Mismatch("isinstance of a variable that is an int on one path and a float on another")
        if op.name in ("narrow_none", "narrow_some"):
            return self._narrow(op.name == "narrow_none", args[0])
        self.engine.writes |= op.writes and not isinstance(args[0], Num)
        path, steps = self.path, self.steps
        self.path = (*path, steps, op.name)
        try:
            return self._combinations(op, args, options or {})
        finally:
            self.path, self.steps = path, steps + 1

    def _combinations(self, op: Operator, args: list[Value], options: dict[str, Value]) -> Value:
        if op.whole or not any(isinstance(a, Either) for a in args):
            return self._once(op, args, options)
        out: Value = NEVER
        refused: Mismatch | None = None
        accepted = False
        for choice in itertools.product(*(_choices(a) for a in args)):
            try:
                out = self.engine.lattice.join(out, self._once(op, list(choice), options))
                accepted = True
            except Mismatch as m:
                refused = m
        if not accepted and refused is not None:
            raise refused
        return out

    def _once(self, op: Operator, args: list[Value], options: dict[str, Value]) -> Value:
        self.steps = 0
        try:
            return op.run(self, args, options)  # type: ignore[no-any-return]
        except Diverges:
            return NEVER
        except TypeError as e:
            if "positional argument" in str(e):
                raise Mismatch(f"{op.name} does not take {len(args)} arguments") from None
            raise

    def _narrow(self, none: bool, v: Value) -> Value:
        out: Value = NEVER
        for p in parts(v):
            if isinstance(p, Non) == none:
                out = self.engine.lattice.join(out, p)
        return out

    # -- Ops ------------------------------------------------------------------------------------------------------
    def kind(self, x: Value) -> str:
        match x:
            case Num(kind=kind):
                return kind
            case Arr():
                return "array"
            case Non():
                return "none"
            case Text():
                return "str"
            case Tup():
                return "tuple"
            case Boxed(head=head):
                return head.split()[0]
            case Rec(tag=tag) if tag in LISTS or tag == LIST:
                return "list"
            case Rec(tag=tag):
                return "array" if is_reference(tag) else "function" if is_callable(tag) else "record"
            case Clo() | Oper() | Pull():
                return "function"
            case Never():
                raise Diverges
            case Either():
                return "union"
        return "cell"

    def describe(self, x: Value) -> str:
        match x:
            case Num(kind=kind):
                return python_name(kind)
            case Non():
                return "NoneType"
            case Text():
                return "str"
            case Rec(tag=tag) if self.kind(x) == "record":
                return tag
            case Arr() | Rec(tag=_) if self.kind(x) == "array":
                return "ndarray"
            case Rec() if self.kind(x) == "list":
                return "list"
            case Either(parts=ps):
                return " or ".join(map(self.describe, ps))
        return self.kind(x)

    def constant(self, x: Value) -> Any:
        match x:
            case Num(const=c):
                return c
            case Non():
                return None
            case Text(value=t):
                return t
            case Oper(operator=op):
                return op
        return UNKNOWN

    def lift(self, value: Any) -> Value:
        return constant(value)

    def apply(self, name: str, *args: Value) -> Value:
        prim = REGISTRY[name]
        if any(isinstance(a, Never) for a in args):
            raise Diverges
        if args and name in STEPS and _is_reference(args[0]):
            types = [_type_of(a) for a in (self.plain(args[0]), *args[1:])]
            return self.make(name, prim.type_of(types), *args)  # type: ignore[arg-type]
        args = tuple(map(self.plain, args))
        if name == "select":
            return self.branch(args[0], lambda: args[1], lambda: args[2])
        if name == "print":
            return constant(None)
        if (
            prim.evaluate is not None
            and not isinstance(prim.result, Array)
            and all(type(a) is Num and a.const is not UNKNOWN for a in args)
        ):
            return constant(prim.evaluate(*(a.const for a in args)))  # type: ignore[attr-defined]
        result = prim.type_of([_type_of(a) for a in args])  # type: ignore[attr-defined]
        return of_type(result)

    def array_type(self, x: Value) -> Array:
        x = self.plain(x)
        if not isinstance(x, Arr):
            raise Mismatch(f"an array is needed here, not an object of type '{self.describe(x)}'")
        return x.type

    def nest(
        self, outputs: Sequence[str], body: Callable[..., Sequence[Value]], arrays: Sequence[Value]
    ) -> list[Value]:
        types = [self.array_type(a) for a in arrays]
        made = body(*(of_type(t.element) for t in types))
        dims = broadcast_dims(types)
        return [of_type(output_type(k, SCALARS[v.kind], dims)) for k, v in zip(outputs, made)]  # type: ignore[attr-defined]

    def make(self, name: str, type: Array, *args: Value) -> Value:
        if name in STEPS and _is_reference(args[0]):
            order = args[1].value if name == "permute" else ""  # type: ignore[attr-defined]
            tag, items = further(self, args[0].tag, self.items(args[0]), name, type, args[1:], order)  # type: ignore[attr-defined]
            if len(parsed(tag)[1]) > MANY:
                raise GrowthError("a view of a view of a view of an array that is written to", "make a copy of a view")
            return self.record(tag, items)
        return Arr(type)

    def list_of(self, items: Sequence[Value]) -> Value:
        return Rec(STATIC, tuple(items))

    def known_list(self, x: Value) -> bool:
        x = self._list(x)
        return isinstance(x, Rec) and x.tag == STATIC

    def _list(self, x: Value) -> Value:
        """A list, where it may be a reference to one."""
        if not (isinstance(x, Rec) and x.tag == LIST):
            return x
        where = x.items[0]
        assert isinstance(where, Loc)
        self.engine.read_content(where.site)
        content = self.engine.lattice.content(where.site)
        if isinstance(content, Never):
            raise Diverges
        return content

    def list_apply(self, name: str, *args: Value) -> Value:
        if name == "length":
            return Num("int")
        xs = self._list(args[0])
        if name == "repeated":
            return Rec(DYNAMIC, (stored(xs),))
        item = self._item_of(xs)
        if name == "get":
            return item
        if name in ("append", "put"):
            item = self.engine.lattice.join(item, self._stored(args[-1]))
        elif name == "concatenated":
            item = self.engine.lattice.join(item, self._item_of(self._list(args[1])))
        self._must_be_storable(item)
        return Arr(array_of(item)) if name == "as_array" else Rec(DYNAMIC, (item,))

    def _item_of(self, xs: Value) -> Value:
        assert isinstance(xs, Rec)
        if xs.tag == DYNAMIC:
            return xs.items[0]
        item: Value = NEVER
        for x in xs.items:
            item = self.engine.lattice.join(item, self._stored(x))
        return item

    def _stored(self, x: Value) -> Value:
        if has_references(x):
            raise Mismatch(CHANGED)
        return stored(x)

    def _must_be_storable(self, item: Value) -> None:
        if has_references(item):
            raise Mismatch(CHANGED)
        if not is_storable(item):
            raise GrowthError(
                f"a list of '{self.describe(item)}', whose length is not known while compiling",
                "lists of any length are of numbers, arrays (of one number of dimensions), or tuples of these",
            )

    def written(self, a: Value, new: Value) -> Value:
        if not _is_reference(a):
            return new
        if a.tag == LIST:  # type: ignore[attr-defined]
            self.engine.lattice.store(a.items[0].site, new)  # type: ignore[attr-defined]
        return a

    def viewed(self, copy: Value, a: Value, writable: bool = True) -> Value:
        views = self.engine.views.setdefault((self.inst, self.node), set())
        views.add((a.items[0].site if _is_reference(a) else None, writable))  # type: ignore[attr-defined]
        return copy

    def refers(self, a: Value) -> bool:
        return _is_reference(a)

    def plain(self, x: Value) -> Value:
        match x:
            case Rec(tag="ref[list]"):
                return self.plain(self._list(x))
            case Rec(tag="list", items=items):
                return Rec(STATIC, tuple(map(self.plain, items)))
            case Rec(tag=tag, items=items) if is_reference(tag):
                where = items[0]
                assert isinstance(where, Loc)
                self.engine.read_content(where.site)
                return Arr(referred(tag))
            case Tup(items=items, sites=sites):
                return Tup(tuple(map(self.plain, items)), sites)
            case Either(parts=ps):
                out: Value = NEVER
                for p in ps:
                    out = self.engine.lattice.join(out, self.plain(p))
                return out
        return x

    def function(self, name: str) -> Value:
        return Oper(named(name))

    def check(self, ok: Value, exception: str, message: str, *values: Value) -> None:
        if isinstance(ok, Num) and ok.const is False:
            raise Diverges

    def raise_(self, exception: str, message: str) -> Value:
        raise Diverges

    def branch(self, condition: Value, then: Callable[[], Value], orelse: Callable[[], Value]) -> Value:
        known = condition.const if isinstance(condition, Num) else UNKNOWN
        out: Value = NEVER
        for taken, run in ((True, then), (False, orelse)):
            if known is UNKNOWN or bool(known) == taken:
                try:
                    out = self.engine.lattice.join(out, run())
                except Diverges:
                    continue
        if isinstance(out, Never):
            raise Diverges
        return out

    def operate(self, name: str, *args: Value) -> Value:
        out = self.run(named(name), list(args))
        if isinstance(out, Never):
            raise Diverges
        return out

    def call(self, fn: Value, *args: Value) -> Value:
        self.steps += 1
        out = calls.call(self.engine, fn, list(args), PLAIN_CALL, (self.inst, self.node, (*self.path, self.steps)))
        if isinstance(out, Never):
            raise Diverges
        return out

    def tuple(self, items: Sequence[Value]) -> Value:
        self.steps += 1
        site = self.engine.lattice.site(self.inst, (self.node, self.path, self.steps))
        self.engine.read_content(site)
        if self.node.fn is not None and len(items) > 1000:
            raise GrowthError("a tuple of more than 1000 items", "use a list")
        made = Tup(tuple(items), frozenset([site]))
        if self._operator() in ("add", "mul") and any(self.engine.lattice.contains(a, site) for a in self._operands()):
            raise GrowthError(
                "a tuple whose length grows in a loop or recursion", "its length must be known while compiling"
            )
        return self.engine.lattice.make(made)

    def items(self, x: Value) -> list[Value]:
        x = self._list(x)
        if isinstance(x, Boxed):
            self.engine.read_content(x.site)
        return list(self.engine.lattice.items(x))

    def record(self, tag: str, items: Sequence[Value]) -> Value:
        self.steps += 1
        site = self.engine.lattice.site(self.inst, (self.node, self.path, self.steps))
        self.engine.read_content(site)
        made = Rec(tag, tuple(items), frozenset([site]))
        derivative = tag.startswith(("grad", "value_and_grad", "taylor"))
        if derivative and any(self.engine.lattice.contains(i, site) for i in items):
            raise GrowthError(
                "the order of a derivative must be known at compile time",
                "this loop or recursion differentiates again and again",
            )
        return self.engine.lattice.make(made)

    def tag(self, x: Value) -> str:
        if isinstance(x, Boxed):
            return x.head.split(" ", 1)[1]
        assert isinstance(x, Rec)
        return x.tag

    def need_constant(self, x: Value, what: str) -> Any:
        known = self.constant(x)
        if known is UNKNOWN:
            raise NeedsConstant(x, f"{what} must be known while compiling")
        return known

    def _operator(self) -> str:
        fn = self.node.fn
        return fn.value.name if hasattr(fn, "value") and isinstance(fn.value, Operator) else ""

    def _operands(self) -> list[Value]:
        return [self.engine.value(self.inst, a) for a in self.node.args]


def _choices(a: Value) -> tuple[Value, ...]:
    """The parts of a union, which are told apart when the program runs: no constant of a part is known."""
    return tuple(map(general, parts(a))) if isinstance(a, Either) else (a,)


def _is_reference(v: Value) -> bool:
    return isinstance(v, Rec) and is_reference(v.tag)


def _type_of(v: Value) -> Type:
    """The type of an argument of a primitive."""
    match v:
        case Tup(items=items):
            return Tuple(tuple(map(_type_of, items)))
        case Non():
            return NONE
        case Arr(type=type):
            return type
        case Text(value=text):
            return Str(text)
    return SCALARS[v.kind]  # type: ignore[attr-defined]


class GrowthError(Exception):
    """A type that would grow without end; args: message, hint."""


CALLABLE = ("partial", *calls.DERIVATIVES)


def is_callable(tag: str) -> bool:
    """Whether a record of the library is a function."""
    return tag.split("[")[0] in CALLABLE


def array_of(item: Value) -> Array:
    """The type of an array of the items of a list."""
    found = buffers_of(_type_of(item))
    if found is None or len(found) != 1 or isinstance(item, Tup):
        raise Mismatch("an array of these objects is not supported")
    return found[0]


def has_references(v: Value) -> bool:
    """Whether a value has references, in tuples and lists."""
    match v:
        case Tup(items=items):
            return any(map(has_references, items))
        case Rec(tag=tag, items=items):
            return is_reference(tag) or (tag in LISTS and any(map(has_references, items)))
        case Either(parts=ps):
            return any(map(has_references, ps))
    return False
