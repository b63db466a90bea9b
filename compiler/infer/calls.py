"""Calls on abstract values: of functions, operators, library records, derivatives.

`engine.targets[site][head]` remembers the instance that each member of the callee's set goes to; elaboration follows
the same path of sites (`emit.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapeless.infer.binding import bind
from tapeless.infer.domain import (
    FLOAT,
    NEVER,
    NONE,
    STATIC,
    Arr,
    Boxed,
    Clo,
    Never,
    Num,
    Oper,
    Pull,
    Rec,
    Tup,
    Value,
    general,
    of_type,
    parts,
)
from tapeless.infer.instances import Instance, Site
from tapeless.ir.abstract import SCALARS, Array, cotangent, is_real
from tapeless.ir.dataclass import dataclass
from tapeless.ir.nodes import CallShape
from tapeless.ir.primitive import Mismatch
from tapeless.ir.scalars import given_type

if TYPE_CHECKING:
    from tapeless.infer.engine import Engine


@dataclass(frozen=True)
class Derivative:
    """What a derivative record says.

    `kind` is one of `DERIVATIVES`; `argnums` are the arguments it is by; `mode` is for gradients, `order` for taylor.
    """

    kind: str
    argnums: tuple[int, ...]
    single: bool
    mode: str = "auto"
    order: int = 1

    @staticmethod
    def parse(tag: str) -> Derivative:
        """From a record's tag: `grad[0]`, `grad[0,1]` (a tuple), `grad[0,]` (a tuple of one), `grad[0 forward]`,
        `taylor[0;3]`."""
        kind, _, rest = tag.partition("[")
        text, _, order = rest.rstrip("]").partition(";")
        text, _, mode = text.partition(" ")
        argnums = tuple(int(t) for t in text.split(",") if t)
        return Derivative(kind, argnums, "," not in text, mode or "auto", int(order or 1))

    def positions(self, count: int) -> list[int]:
        """The argument positions among `count` arguments, negative ones counted from the end."""
        out = [n + count if n < 0 else n for n in self.argnums]
        for n, given in zip(out, self.argnums):
            if not 0 <= n < count:
                raise Mismatch(f"argnums is {given}, but the function is called with {count} arguments")
        return out


DERIVATIVES = ("grad", "value_and_grad", "taylor", "jvp_of", "vjp_of")


def call(engine: Engine, f: Value, args: list[Value], shape: CallShape, site: Site) -> Value:
    """The value of a call; a failure is recorded at the call's node."""
    out: Value = NEVER
    refused: str | None = None
    accepted = False
    if isinstance(f, Never) or any(isinstance(a, Never) for a in args):
        return NEVER
    try:
        args = engine.ops(site).spread(args, shape)
    except Mismatch as m:
        return engine.fail(site[0], site[1], "type", str(m))
    count = len(args) - len(shape.keywords)
    positional, keywords = args[:count], dict(zip(shape.keywords, args[count:]))
    for p in parts(f):
        try:
            out = engine.lattice.join(out, _call_part(engine, p, positional, keywords, site))
            accepted = True
        except Mismatch as m:
            refused = str(m)
    if not accepted and refused is not None:
        return engine.fail(site[0], site[1], "type", refused)
    return out


def _call_part(engine: Engine, f: Value, args: list[Value], keywords: dict[str, Value], site: Site) -> Value:
    match f:
        case Clo():
            return _call_closure(engine, f, args, keywords, site)
        case Oper(operator=op):
            from_ops = engine.ops(site)
            return from_ops.operate_call(op, [*args, *keywords.values()], CallShape(tuple(keywords)))
        case Pull(number=n):
            return _call_pullback(engine, n, args)
        case Rec() | Boxed() if f.head.startswith("record "):
            tag = f.head.removeprefix("record ")
            if isinstance(f, Boxed):
                engine.read_content(f.site)
            inner, *bound = engine.lattice.items(f)
            if tag.startswith("partial"):
                names = partial_names(tag)
                fixed = bound[: len(bound) - len(names)]
                merged = {**dict(zip(names, bound[len(fixed) :])), **keywords}
                return call(
                    engine, inner, [*fixed, *args, *merged.values()], CallShape(tuple(merged)), deeper(site, "partial")
                )
            if tag.split("[")[0] in DERIVATIVES:
                return _call_derivative(engine, Derivative.parse(tag), inner, args, keywords, site)
    raise Mismatch(f"'{engine.ops(site).describe(f)}' object is not callable")


def deeper(site: Site, step: str) -> Site:
    """The site of a call that another call makes at once."""
    return (site[0], site[1], (*site[2], step))


def partial_names(tag: str) -> tuple[str, ...]:
    """The keyword names in the tag of a partial: `partial[a,b]`."""
    return tuple(n for n in tag.removeprefix("partial").strip("[]").split(",") if n)


def _call_closure(engine: Engine, f: Clo, args: list[Value], keywords: dict[str, Value], site: Site) -> Value:
    def default(node: Any) -> Value:
        return engine.value(f.parent, node) if f.parent is not None else engine.constant(site[0], node.value)

    ops = engine.ops(site)
    full = bind(f.graph, args, keywords, default, ops.tuple)
    if any(isinstance(a, Never) for a in full):
        return NEVER
    table = engine.targets.setdefault(site, {})
    inst = engine.contexts.find(f.graph, f.parent, full, site, table.get(f.head))
    table[f.head] = inst
    return result_of(engine, inst)


def result_of(engine: Engine, inst: Instance) -> Value:
    """What is known of an instance's result; a new one is analysed first."""
    reader = engine.current[-1]
    inst.readers.setdefault(None, {})[reader] = None
    if not inst.busy and (not inst.visited or inst in engine.work):
        engine.analyse(inst)
    return inst.result


def cotangent_value(v: Value) -> Value:
    """What the gradient by an argument of this value is; NONE where there is no derivative."""
    match v:
        case Num(kind=kind) if is_real(SCALARS[kind]):
            return of_type(given_type(SCALARS[kind]))
        case Arr(type=type):
            ct = cotangent(type)
            return Arr(ct) if isinstance(ct, Array) else NONE
        case Tup(items=items):
            cts = tuple(map(cotangent_value, items))
            return NONE if all(c is NONE for c in cts) else Tup(cts)
        case Rec(tag="list", items=items):
            cts = tuple(map(cotangent_value, items))
            return NONE if all(c is NONE for c in cts) else Rec(STATIC, cts)
    return NONE


def _call_derivative(
    engine: Engine, d: Derivative, f: Value, args: list[Value], keywords: dict[str, Value], site: Site
) -> Value:
    args = list(map(engine.ops(site).plain, args))
    if d.kind == "jvp_of":
        args, tangents = args[: len(args) // 2], args[len(args) // 2 :]
        for i, (a, t) in enumerate(zip(args, tangents)):
            if not _has_form(t, cotangent_value(a)):
                raise Mismatch(f"tangent {i} has another form than argument {i}")
        positions = [i for i, a in enumerate(args) if cotangent_value(a) is not NONE]
    elif d.kind == "vjp_of":
        positions = [i for i, a in enumerate(args) if cotangent_value(a) is not NONE]
    else:
        positions = d.positions(len(args))
    shape = CallShape(tuple(keywords))
    result = call(engine, f, [*args, *keywords.values()], shape, deeper(site, "primal"))
    if isinstance(result, Never):
        return NEVER
    if d.kind == "jvp_of":
        return Tup((general(result), cotangent_value(general(result))))
    cts = [cotangent_value(args[i]) for i in positions]
    if d.kind == "vjp_of":
        number = engine.pull_numbers.setdefault(site, len(engine.pulls))
        if number == len(engine.pulls):
            engine.pulls.append((site, NEVER))
        full = tuple(cotangent_value(a) for a in args)
        engine.pulls[number] = (cotangent_value(general(result)), Tup(full))
        return Tup((general(result), Pull(number)))
    for i, ct in zip(positions, cts):
        if ct is NONE:
            kind = engine.ops(site).describe(args[i])
            raise_underivable(engine, site, i, kind)
            return NEVER
    if d.kind == "taylor":
        if isinstance(result, Tup) and _numbers(result):
            return Tup((general(result), *[cotangent_value(general(result))] * d.order))
        needs = "taylor needs a function whose result is a float or a tuple of numbers"
    else:
        needs = "a gradient needs a function with one float result"
    if not all(isinstance(p, Num) for p in parts(result)):
        kind = engine.ops(site).describe(result)
        return engine.fail(site[0], site[1], "derivative", f"{needs}, but this one returns {kind}")
    if d.kind == "taylor":
        return Tup((FLOAT,) * (d.order + 1))
    out = cts[0] if d.single else Tup(tuple(cts))
    return Tup((general(result), out)) if d.kind == "value_and_grad" else out


def _numbers(v: Value) -> bool:
    """Whether a value is a Python number, or a tuple of such."""
    return all(map(_numbers, v.items)) if isinstance(v, Tup) else isinstance(v, Num) and "." not in v.kind


def raise_underivable(engine: Engine, site: Site, i: int, kind: str) -> None:
    """Record that argument `i` has no derivative."""
    hint = (
        "pass a float (2.0, not 2), or differentiate by another argument (argnums=...)"
        if kind in ("int", "bool")
        else ""
    )
    message = f"argument {i} is of type {kind}, which has no derivative"
    site[0].failures[site[1]] = engine.failure("derivative", message, site, hint)


def _call_pullback(engine: Engine, number: int, args: list[Value]) -> Value:
    wanted, cts = engine.pulls[number]
    if len(args) != 1:
        raise Mismatch(f"a pullback takes one cotangent, got {len(args)}")
    if isinstance(wanted, Num) and not (isinstance(args[0], Num) and args[0].kind in ("int", "float")):
        raise Mismatch("the cotangent of a float must be a float")
    if not _has_form(args[0], wanted):
        raise Mismatch("the cotangent has another form than the result of the function")
    return cts


def _has_form(v: Value, wanted: Value) -> bool:
    """Whether a value has the tuples and lists, of their lengths, of a cotangent or tangent."""
    match wanted:
        case Tup(items=items) | Rec(items=items):
            same = isinstance(v, Tup) if isinstance(wanted, Tup) else isinstance(v, Rec) and v.tag == wanted.tag
            return same and len(v.items) == len(items) and all(map(_has_form, v.items, items))  # type: ignore[attr-defined]
        case Num():
            return isinstance(v, Num)
        case Arr(type=type):
            return isinstance(v, Arr) and v.type.rank == type.rank
    return True
