"""Element types as programs name them: the classes of scalars, called or as `dtype=`, strings, and `x.dtype`."""

from __future__ import annotations

from typing import Any

from tapeless.ir.elements import ELEMENTS, WEAK
from tapeless.ir.operators.elementwise import casted, numpy_function
from tapeless.ir.operators.ufuncs import as_kind, machine, made
from tapeless.ir.primitive import Mismatch, Operator, Ops, operator

NAMES = {e.name.strip("_"): e.kind for e in ELEMENTS.values()} | WEAK
NAMES |= {e.code: e.kind for e in ELEMENTS.values()} | {"f": "np.f32", "d": "np.f64", "?": "np.bool", "i": "np.i32"}
"""The kinds by the names that NumPy has for their types."""


def kind_of(ops: Ops, dtype: Any) -> str | None:
    """The kind of elements that an argument `dtype` means; None where none is given."""
    if dtype is None or ops.kind(dtype) == "none":
        return None
    named = dtype_name(ops, dtype)
    if named is None:
        raise Mismatch("a dtype has to be a class of NumPy's scalars, float, int, bool, x.dtype or a known string")
    if named not in NAMES:
        raise Mismatch(f"the element type {named!r} is not supported")
    return NAMES[named]


def dtype_name(ops: Ops, x: Any) -> str | None:
    """The name of the element type that a value stands for, if it does."""
    if ops.kind(x) == "record" and ops.tag(x) == "dtype":
        return str(ops.constant(ops.items(x)[0]))
    if ops.kind(x) == "str":
        return str(ops.constant(x))
    known = ops.constant(x) if ops.kind(x) == "function" else None
    return known.name.removeprefix("np.") if isinstance(known, Operator) else None


def same_dtype(ops: Ops, x: Any, y: Any) -> bool:
    """Whether two element types, of which one is `x.dtype`, are the same."""
    a, b = (NAMES.get(dtype_name(ops, v) or "") for v in (x, y))
    if a is None or b is None:
        raise Mismatch("a dtype is compared with one that is not supported")
    return a == b


def _class(kind: str) -> None:
    element = ELEMENTS[kind]
    name = element.name.strip("_")

    def expand(ops: Ops, x: Any = None) -> Any:
        if x is None:
            return made(ops, kind, ops.lift({"float": 0.0, "int": 0, "bool": False}[element.machine]))
        if ops.kind(x) == "float" and element.machine == "int":
            x = ops.operate("int", x)
        if ops.kind(x) == "int" and element.machine == "int":
            return made(ops, kind, as_kind(ops, x, kind))
        return casted(ops, x, kind)

    expand.__doc__ = f"np.{name}(x)."
    operator(f"np.{name}", numpy_function(element.name))(expand)


for _kind in ELEMENTS:
    _class(_kind)


@operator("np.astype", numpy_function("astype"), keywords=("x", "dtype"))
def astype(ops: Ops, x: Any, dtype: Any) -> Any:
    """np.astype(x, dtype) and x.astype(dtype): a copy with elements of another type."""
    kind = kind_of(ops, dtype) or "np.f64"
    return casted(ops, x, kind)


@operator("np.item", lambda x, *index: x.item(*index))
def item(ops: Ops, x: Any, *index: Any) -> Any:
    """x.item(index...): an element of an array as one of Python's numbers; without an index, the only one."""
    if ops.kind(x) != "array":
        return machine(ops, x)
    t = ops.array_type(x)
    if not index:
        flat = ops.operate("np.ravel", x)
        one = ops.apply("ieq", ops.apply("size", flat, ops.lift(0)), ops.lift(1))
        ops.check(one, "ValueError", "can only convert an array of size 1 to a Python scalar")
        return machine(ops, ops.operate("getitem", flat, ops.lift(0)))
    if len(index) == 1 and ops.kind(index[0]) != "tuple" and t.rank > 1:
        return machine(ops, ops.operate("getitem", ops.operate("np.ravel", x), index[0]))
    at = index[0] if len(index) == 1 else ops.tuple(index)
    out = ops.operate("getitem", x, at)
    if ops.kind(out) == "array":
        raise Mismatch("incorrect number of indices for array")
    return machine(ops, out)


# -- limits of element types ------------------------------------------------------------------------------------------
FLOAT_LIMITS = ("bits", "eps", "max", "min", "resolution", "smallest_normal", "tiny")
INT_LIMITS = ("bits", "max", "min")


def _limits(name: str, machine: str) -> None:
    def expand(ops: Ops, dtype: Any) -> Any:
        kind = kind_of(ops, dtype)
        if kind is None or ELEMENTS[WEAK.get(kind, kind)].machine != machine:
            raise Mismatch(f"np.{name} is of a type of {machine}s")
        return ops.record(name, [ops.lift(WEAK.get(kind, kind))])

    expand.__doc__ = f"np.{name}(dtype): its attributes are {', '.join(LIMITS[name])}."
    operator(f"np.{name}", numpy_function(name))(expand)


LIMITS = {"finfo": FLOAT_LIMITS, "iinfo": INT_LIMITS}
_limits("finfo", "float")
_limits("iinfo", "int")


def limit_of(ops: Ops, limits: Any, name: str) -> Any:
    """An attribute of np.finfo(dtype) or np.iinfo(dtype)."""
    if name not in LIMITS[ops.tag(limits)]:
        raise Mismatch(f"'{ops.tag(limits)}' object has no attribute '{name}' that is supported")
    kind = ops.constant(ops.items(limits)[0])
    value = getattr(numpy_function(ops.tag(limits))(ELEMENTS[kind].name), name)
    if name == "bits" or ops.tag(limits) == "iinfo":
        return ops.lift(int(value))
    return made(ops, kind, ops.lift(float(value)))
