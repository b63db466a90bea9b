"""What changes an array: `a[k] = v` and `a += v`. Each gives the array as it is afterwards, as a value.

That this is what NumPy means where the array has other names too is for `infer/aliases.py` to check.
"""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from typing import Any

from tapeless.ir.abstract import SCALARS, Array
from tapeless.ir.elements import ELEMENTS, WEAK, promoted
from tapeless.ir.operators.arrays import filled, machine_constant, parts_of, sizes
from tapeless.ir.operators.elementwise import casted, common_kind, converted, element_kind, mapped, shown
from tapeless.ir.operators.indexing import (
    TOO_MANY,
    Meant,
    check_mask,
    is_advanced,
    keys_of,
    meant,
    places_of,
    put_elements,
)
from tapeless.ir.operators.lists import with_item
from tapeless.ir.operators.numbers import either
from tapeless.ir.operators.ufuncs import MACHINES, SYMBOLS, as_kind, is_kind, made
from tapeless.ir.primitive import Mismatch, Ops, operator


# -- a[k] = v ---------------------------------------------------------------------------------------------------------
def _assign(a: Any, v: Any, *keys: Any) -> Any:
    """What CPython does for a[k]...[l] = v."""
    inner = a
    for k in keys[:-1]:
        inner = inner[k]
    inner[keys[-1]] = v
    return a


@operator("setitem", _assign, writes=True)
def setitem(ops: Ops, a: Any, v: Any, key: Any, *keys: Any) -> Any:
    """a[key] = v, or a[key][k]... = v; what a is afterwards."""
    if ops.kind(a) == "tuple" and keys:
        return _into_tuple(ops, a, v, key, *keys)
    if ops.kind(a) == "list":
        if keys:
            v = ops.operate("setitem", ops.operate("getitem", a, key), v, *keys)
        return ops.written(a, with_item(ops, a, key, v))
    if ops.kind(a) != "array":
        raise Mismatch(f"'{ops.describe(a)}' object does not support item assignment")
    if keys:
        inner = ops.operate("getitem", a, key)
        if ops.kind(inner) != "array":
            raise Mismatch(f"'{ops.describe(inner)}' object does not support item assignment")
        v = ops.operate("setitem", inner, v, *keys)
        if is_advanced(ops, key):
            return a  # what was written to is a copy
    return ops.written(a, put(ops, a, v, key))


def _into_tuple(ops: Ops, a: Any, v: Any, key: Any, *keys: Any) -> Any:
    items = list(ops.items(a))
    at = int(ops.need_constant(key, "the index of a tuple whose item is written to"))
    if not -len(items) <= at < len(items):
        return ops.raise_("IndexError", "tuple index out of range")
    items[at] = ops.operate("setitem", items[at], v, *keys)
    return ops.tuple(items)


def put(ops: Ops, a: Any, v: Any, key: Any) -> Any:
    """An array with v in place of a[key]."""
    if is_advanced(ops, key):
        return _put_elements(ops, ops.plain(a), v, keys_of(ops, key))
    parts, dims = parts_of(ops, a, ops.items(key) if ops.kind(key) == "tuple" else [key])
    kind = element_kind(ops, a)
    v = _storable(ops, _array(ops, v), kind)
    if not ops.array_type(a).packed:
        a = converted(ops, a, kind)
    if dims == "" and all(p.dropped for p in parts):
        if ops.kind(v) == "array":
            raise Mismatch("setting an array element with a sequence.")
        return ops.apply("put", a, made(ops, kind, as_kind(ops, v, kind)), *(p.start for p in parts))
    free = [p.size for p in parts if p.dim != "1"]
    if ops.kind(v) == "array":
        v = _broadcast(ops, converted(ops, v, kind) if element_kind(ops, v) != kind else v, free, dims)
    else:
        v = ops.make("filled", Array(ops.array_type(a).element, dims), made(ops, kind, as_kind(ops, v, kind)), *free)
    t = ops.array_type(v)
    kept = iter([d for d, n in zip(t.dims, dims) if n != "1"])
    inner = "".join("1" if p.dim == "1" else next(kept) for p in parts)
    if inner != t.dims:
        v = ops.make("with_axes", Array(t.element, inner, t.packed), v)
    return ops.apply("put_window", a, v, *(x for p in parts for x in (p.start, p.step)))


def add_at(ops: Ops, a: Any, v: Any, key: Any) -> Any:
    """An array with v added to a[key], once for each time that an element is meant."""
    if not is_advanced(ops, key):
        return put(ops, a, updated(ops, "add", ops.operate("getitem", a, key), v), key)
    kind, total = element_kind(ops, a), common_kind(ops, a, v)
    if total != kind and not _same_kind(total, kind):
        raise Mismatch(f"Cannot cast ufunc 'add' output from {total[3:]} to {kind[3:]} with casting rule 'same_kind'")
    a, v, m = _aligned(ops, ops.plain(a), _storable(ops, v, kind), keys_of(ops, key))
    return ops.apply("add_at", a, v, *places_of(ops, m))


def _put_elements(ops: Ops, a: Any, v: Any, keys: list[Any]) -> Any:
    """An array with v in place of a[keys], of which some are arrays."""
    kind = element_kind(ops, a)
    v = _storable(ops, _array(ops, v), kind)
    masks = [k for k in keys if ops.kind(k) == "array" and ops.array_type(k).element.kind == "np.bool"]
    if len(keys) == len(masks) == 1 and ops.kind(v) != "array":
        return _masked(ops, a, v, ops.plain(masks[0]), kind)
    if (
        len(keys) == len(masks) == 1
        and ops.array_type(v).rank > 1
        and ops.array_type(masks[0]).rank == ops.array_type(a).rank
    ):
        raise Mismatch("NumPy boolean array indexing assignment requires a 0 or 1-dimensional input")
    a, v, m = _aligned(ops, a, v, keys)
    return put_elements(ops, a, v, m)


def _aligned(ops: Ops, a: Any, v: Any, keys: list[Any]) -> tuple[Any, Any, Meant]:
    """A packed array, v with an element for each that keys mean of it, and what they mean."""
    kind = element_kind(ops, a)
    if not ops.array_type(a).packed:
        a = converted(ops, a, kind)
    m = meant(ops, a, keys)
    free = [n for n, d in zip(m.sizes, m.dims) if d != "1"]
    if ops.kind(v) == "array":
        v = _broadcast(ops, converted(ops, v, kind) if element_kind(ops, v) != kind else v, free, m.dims)
    else:
        v = filled(ops, v, m.sizes, m.dims, kind)
    if m.dims != m.inner:
        t = ops.array_type(v)
        v = ops.make("with_axes", Array(t.element, m.inner, t.packed), v)
    return a, v, m


def _masked(ops: Ops, a: Any, v: Any, mask: Any, kind: str) -> Any:
    """An array with a scalar where a mask of its first dimensions holds."""
    t, own = ops.array_type(mask), ops.array_type(a)
    if t.rank > own.rank:
        ops.raise_("IndexError", TOO_MANY.format(own.rank, t.rank))
    for d, (n, m) in enumerate(zip(sizes(ops, mask), sizes(ops, a))):
        check_mask(ops, ops.apply("ieq", n, m), d, m, n)
    mask = _seen(ops, mask, own.dims)
    t = ops.array_type(mask)
    if t.rank < own.rank:
        mask = ops.make("with_axes", Array(t.element, t.dims.ljust(own.rank, "1"), t.packed), mask)
    v = as_kind(ops, v, kind)
    return mapped(ops, [kind, "np.bool"], kind, lambda ops, x, m: ops.apply("select", m, v, x), a, mask)


def _array(ops: Ops, v: Any) -> Any:
    """A value to be stored: lists and tuples are arrays."""
    return ops.operate("np.array", v) if ops.kind(v) in ("tuple", "list") else v


def _storable(ops: Ops, v: Any, kind: str) -> Any:
    """A value as an array of some kind takes it."""
    own = element_kind(ops, v)
    if own not in SCALARS:
        raise Mismatch(f"an object of type '{ops.describe(v)}' cannot be an element of an array")
    if promoted(own, kind) == kind:
        return v
    if own == "float" and is_kind(kind, "int"):
        return ops.operate("int", v)
    if own in ELEMENTS and MACHINES.index(ELEMENTS[own].machine) <= MACHINES.index(ELEMENTS[kind].machine):
        return casted(ops, v, kind)
    raise Mismatch(f"assigning {own} to elements of type {kind} is not supported: convert it first")


def _broadcast(ops: Ops, v: Any, free: list[Any], dims: str) -> Any:
    """An array broadcast to what it is assigned to, of which the dimensions that are not 1 have these sizes."""
    t = ops.array_type(v)
    extra = max(len(t.dims) - len(dims), 0)
    if set(t.dims[:extra]) - {"1"}:
        raise Mismatch("could not broadcast the array: it has more dimensions than what it is assigned to")
    if extra:
        v = ops.make("with_axes", Array(t.element, t.dims[extra:], t.packed), v)
        t = ops.array_type(v)
    own, rest = sizes(ops, v), iter(free)
    wanted = [next(rest) if n != "1" else ops.lift(1) for n in dims]
    message, values = "could not broadcast input array from shape {} into shape {}", [*own, *wanted]
    message = message.format(shown(len(own)), shown(len(wanted)))
    stretched = len(t.dims) < len(dims)
    for n, d, w, to in zip(reversed(own), reversed(t.dims), reversed(wanted), reversed(dims)):
        equal = ops.apply("ieq", n, w)
        one = d == "1" or (d == "?" and ops.constant(equal) is not True)
        fits = either(ops, equal, ops.apply("ieq", n, ops.lift(1))) if one else equal
        ops.check(fits, "ValueError", message, *values)
        stretched |= one and to != "1"
    kind = t.element.kind
    if stretched:
        nothing = made(ops, kind, ops.lift(machine_constant(kind, 0)))
        shape = ops.make("filled", Array(t.element, dims), nothing, *free)
        v = mapped(ops, [kind, kind], kind, lambda ops, _, x: x, shape, v)
    return _seen(ops, v, dims)


def _seen(ops: Ops, v: Any, dims: str) -> Any:
    """An array of which it is known, now that its sizes are checked, that they are 1 where these dimensions are."""
    t = ops.array_type(v)
    sure = "".join("1" if to == "1" else d for d, to in zip(t.dims, dims))
    if sure == t.dims:
        return v
    v = v if t.packed else converted(ops, v, t.element.kind)
    return ops.make("reshape", Array(t.element, sure), v, *(n for n, d in zip(sizes(ops, v), sure) if d != "1"))


# -- a += v -----------------------------------------------------------------------------------------------------------
SIGNS = {
    "add": "+=", "sub": "-=", "mul": "*=", "div": "/=", "floordiv": "//=", "mod": "%=", "pow": "**=", "lshift": "<<=",
    "rshift": ">>=", "bitand": "&=", "bitor": "|=", "bitxor": "^=", "matmul": "@=",
}  # fmt: skip


def updated(ops: Ops, name: str, a: Any, v: Any) -> Any:
    """What a is after `a += v` (or another operator): a number gets a new value, an array keeps its type and shape."""
    if ops.kind(a) == "list" and name == "add":
        return ops.operate("add", a, ops.operate("list", v))
    if ops.kind(a) != "array":
        return ops.operate(name, a, v)
    return fitted(ops, SYMBOLS.get(name, name), a, ops.operate(name, a, v))


def fitted(ops: Ops, name: str, a: Any, new: Any) -> Any:
    """What a function `name` gave, as an array takes it that is of its shape, and of a kind that it can be cast to."""
    kind = element_kind(ops, a)
    if ops.kind(new) == "array" and _same_kind(element_kind(ops, new), kind):
        new = casted(ops, new, kind)
    if ops.kind(new) != "array" or element_kind(ops, new) != kind:
        raise Mismatch(f"Cannot cast ufunc '{name}' output to the type of the array with casting rule 'same_kind'")
    if ops.array_type(new).rank != ops.array_type(a).rank:
        raise Mismatch("non-broadcastable output operand: the result has more dimensions than the array")
    own, met = sizes(ops, a), sizes(ops, new)
    message = f"with shape {shown(len(own))} doesn't match the broadcast shape {shown(len(met))}"
    for n, m in zip(met, own):
        ops.check(ops.apply("ieq", n, m), "ValueError", f"non-broadcastable output operand {message}", *own, *met)
    return _seen(ops, new, ops.array_type(a).dims)


@operator("into", lambda a, new, name: new)
def into(ops: Ops, a: Any, new: Any, name: Any) -> Any:
    """What a function of this name gave, as its argument `out` takes it."""
    if ops.kind(a) != "array":
        raise Mismatch("return arrays must be of ArrayType")
    if ops.kind(new) == "tuple":
        raise Mismatch("`out` of a function of several results is not supported")
    return fitted(ops, ops.constant(name), a, new)


@operator("np.copyto", lambda dst, src: src)
def copyto(ops: Ops, dst: Any, src: Any) -> Any:
    """np.copyto(dst, src): what dst[...] becomes."""
    if ops.kind(dst) != "array":
        raise Mismatch(f"copyto() argument 1 must be numpy.ndarray, not {ops.describe(dst)}")
    v = _array(ops, src)
    own, kind = element_kind(ops, dst), element_kind(ops, v)
    if kind in ELEMENTS and kind != own and not _same_kind(kind, own):
        raise Mismatch(f"Cannot cast array data from {kind[3:]} to {own[3:]} according to the rule 'same_kind'")
    if kind in WEAK and promoted(kind, own) != own:
        raise Mismatch(f"Cannot cast scalar from {kind} to {own[3:]} according to the rule 'same_kind'")
    return v


@operator("np.ndarray.fill", lambda dst, value: value)
def fill(ops: Ops, dst: Any, value: Any) -> Any:
    """a.fill(value) by a scalar: what a[...] becomes."""
    if ops.kind(dst) != "array":
        raise Mismatch(f"'{ops.describe(dst)}' object has no attribute 'fill'")
    if ops.kind(value) not in SCALARS:
        raise Mismatch("setting an array element with a sequence.")
    return value


def _same_kind(own: str, kind: str) -> bool:
    """Whether NumPy casts elements of one kind to another that may be narrower, where an operator changes an array."""
    a, b = ELEMENTS[own], ELEMENTS[kind]
    return own != kind and (promoted(own, kind) == kind or (a.machine == b.machine and a.signed <= b.signed))


def _in_place(name: str) -> None:
    def write(ops: Ops, a: Any, v: Any) -> Any:
        new = updated(ops, name, a, v)
        return ops.written(a, new) if ops.kind(a) in ("array", "list") else new

    def item(ops: Ops, a: Any, v: Any, whole: Any) -> Any:
        new = updated(ops, name, a, v)
        return ops.written(a, new) if ops.kind(whole) == "list" and ops.kind(a) in ("array", "list") else new

    evaluate: Callable[..., Any] = getattr(
        python, "i" + {"div": "truediv", "bitand": "and", "bitor": "or", "bitxor": "xor"}.get(name, name)
    )
    write.__doc__ = f"a {SIGNS[name]} v."
    item.__doc__ = (
        f"a[k] {SIGNS[name]} v: the new a[k]. An item of a list is changed itself, that of an array by what follows."
    )
    operator("i" + name, evaluate, writes=True)(write)
    operator(f"i{name}_item", lambda a, v, whole: evaluate(a, v), updates=True)(item)


for _name in SIGNS:
    _in_place(_name)
