"""NumPy's universal functions on its scalars: promotion by NEP 50, and what each does to each kind of number.

A rule computes on *machine values* (`ir/elements.py`), and neither fails nor checks: `1 / 0` is inf, ints wrap; what it
gives is brought to the range of the kind. Python's scalars are weak: they take the kind of what they meet, or at least
the one that stands for them (`elements.promoted`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.ir.elements import ELEMENTS, WEAK, promoted
from tapeless.ir.primitive import Mismatch, Ops

MACHINES = ("bool", "int", "float")
"""In order of promotion."""
Rule = tuple[Callable[..., Any], str]
"""What computes a machine value from machine values, and the kind of its result where that is not theirs."""


def machine(ops: Ops, x: Any) -> Any:
    """A scalar of NumPy as Python's of the same layout; another value as it is."""
    element = ELEMENTS.get(ops.kind(x))
    return x if element is None else ops.apply("of_" + element.short, x)


def position(ops: Ops, x: Any) -> Any:
    """What stands where Python wants an int: NumPy's ints do, its bools and floats do not."""
    return machine(ops, x) if is_kind(ops.kind(x), "int") else x


def made(ops: Ops, kind: str, x: Any) -> Any:
    """A machine value as a scalar of NumPy, brought to its range."""
    return ops.apply("to_" + ELEMENTS[kind].short, in_range(ops, x, kind))


def in_range(ops: Ops, x: Any, kind: str) -> Any:
    """A machine value rounded, or wrapped, to what a kind holds."""
    return ops.apply("as_" + ELEMENTS[kind].short, x) if ELEMENTS[kind].narrow else x


def is_kind(kind: str, machine: str) -> bool:
    """Whether scalars of a kind of NumPy have machine values of this type."""
    return kind in ELEMENTS and ELEMENTS[kind].machine == machine


def as_kind(ops: Ops, x: Any, kind: str) -> Any:
    """A scalar as the machine value of a kind that is no lower; an int of Python has to be in its range."""
    own, wanted = ops.kind(x), ELEMENTS[kind]
    if own == "int" and wanted.machine == "int" and wanted.narrow:
        low, high = wanted.range
        inside = ops.apply("and_", ops.apply("ile", ops.lift(low), x), ops.apply("ile", x, ops.lift(high)))
        ops.check(inside, "OverflowError", f"Python integer out of bounds for {wanted.name}")
        return x
    x = machine(ops, x)
    match ops.kind(x), wanted.machine:
        case "bool", "int":
            return ops.apply("b2i", x)
        case "bool", "float":
            return ops.apply("b2f", x)
        case "int", "float":
            x = ops.apply("i2f", x)
        case other, _ if other not in WEAK:
            raise Mismatch(f"an argument of type '{ops.describe(x)}' is not supported")
    return x if own == kind else in_range(ops, x, kind)


def cast(ops: Ops, x: Any, kind: str) -> Any:
    """A scalar as the machine value of any kind, as C converts: floats lose what is behind the point, ints wrap."""
    x = machine(ops, x)
    match ops.kind(x), ELEMENTS[kind].machine:
        case _, "bool":
            return ops.operate("truth", x)
        case "float", "int":
            some = ops.apply("f2i_ok", x)
            x = ops.apply("select", some, ops.apply("f2i", x), ops.lift(-(2**63)))
        case "bool", "int":
            x = ops.apply("b2i", x)
        case "bool", "float":
            x = ops.apply("b2f", x)
        case "int", "float":
            x = ops.apply("i2f", x)
    return in_range(ops, x, kind)


# -- what ints do where Python's would fail ---------------------------------------------------------------------------
def _guarded(ops: Ops, name: str, x: Any, y: Any, at_zero: Any) -> Any:
    """An int primitive of x and y, which is `at_zero` for y = 0; the least int by -1 wraps."""
    zero = ops.apply("ieq", y, ops.lift(0))
    safe = ops.apply("select", zero, ops.lift(1), y)
    return ops.apply("select", zero, at_zero, ops.apply(name, x, safe))


def _floor_int(ops: Ops, x: Any, y: Any) -> Any:
    minus = ops.apply("ieq", y, ops.lift(-1))
    return ops.apply("select", minus, ops.apply("ineg", x), _guarded(ops, "ifloordiv", x, y, ops.lift(0)))


def _mod_int(ops: Ops, x: Any, y: Any) -> Any:
    minus = ops.apply("ieq", y, ops.lift(-1))
    return ops.apply("select", minus, ops.lift(0), _guarded(ops, "imod", x, y, ops.lift(0)))


def _floor_float(ops: Ops, x: Any, y: Any) -> Any:
    zero = ops.apply("feq", y, ops.lift(0.0))
    return ops.apply("select", zero, ops.apply("fdiv", x, y), ops.apply("ffloordiv", x, y))


def _shift(name: str, beyond: Callable[[Ops, Any], Any]) -> Callable[..., Any]:
    def run(ops: Ops, x: Any, n: Any) -> Any:
        inside = ops.apply("and_", ops.apply("ile", ops.lift(0), n), ops.apply("ilt", n, ops.lift(64)))
        safe = ops.apply("select", inside, n, ops.lift(0))
        return ops.apply("select", inside, ops.apply(name, x, safe), beyond(ops, x))

    return run


def refused(message: str) -> Callable[..., Any]:
    """What has no meaning."""

    def run(*_: Any) -> Any:
        raise Mismatch(message)

    return run


def _apply(name: str) -> Callable[..., Any]:
    return lambda ops, *xs: ops.apply(name, *xs)


def _compare_bools(name: str) -> Callable[..., Any]:
    return lambda ops, x, y: ops.apply("i" + name, ops.apply("b2i", x), ops.apply("b2i", y))


def rules(real: Any = None, whole: Any = None, truth: Any = None, result: str = "") -> dict[str, Rule]:
    """The rules of one function by the machine value its arguments have; one without takes that of the next."""
    given = {"bool": truth, "int": whole, "float": real}
    made_ = {k: _apply(f) if isinstance(f, str) else f for k, f in given.items() if f is not None}
    return {k: (f, result) for k, f in made_.items()}


def _comparison(name: str) -> dict[str, Rule]:
    return rules("f" + name, "i" + name, _compare_bools(name), "np.bool")


_NO_SUB = (
    "numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, "
    "or the logical_xor function instead."
)
_NO_NEG = (
    "The numpy boolean negative, the `-` operator, is not supported, use the `~` operator or the logical_not "
    "function instead."
)
RULES: dict[str, dict[str, Rule]] = {
    "add": rules("fadd", "iadd", "or_"),
    "sub": rules("fsub", "isub", refused(_NO_SUB)),
    "mul": rules("fmul", "imul", "and_"),
    "div": rules("fdiv"),
    "floordiv": rules(_floor_float, _floor_int),
    "mod": rules("fmod_py", _mod_int),
    "pow": rules("fpow", "ipow"),
    "neg": rules("fneg", "ineg", refused(_NO_NEG)),
    "pos": rules(lambda ops, x: x, lambda ops, x: x, refused("ufunc 'positive' has no loop for np.bool")),
    "abs": rules("fabs", "iabs", lambda ops, x: x),
    "invert": rules(None, "inot", "not_"),
    "lshift": rules(None, _shift("ishl", lambda ops, x: ops.lift(0))),
    "rshift": rules(None, _shift("ishr", lambda ops, x: ops.apply("ishr", x, ops.lift(63)))),
    "bitand": rules(None, "iand", "and_"),
    "bitor": rules(None, "ior", "or_"),
    "bitxor": rules(None, "ixor", "xor_"),
    "eq": rules("feq", "ieq", "beq", "np.bool"),
    "ne": rules("fne", "ine", lambda ops, x, y: ops.apply("xor_", x, y), "np.bool"),
    "lt": _comparison("lt"),
    "le": _comparison("le"),
}
SYMBOLS = {"bitand": "bitwise_and", "bitor": "bitwise_or", "bitxor": "bitwise_xor", "lshift": "left_shift"}
SYMBOLS |= {"rshift": "right_shift", "invert": "invert"}


def float_kind(kind: str, *own: str) -> str:
    """The kind in which a function of floats takes arguments that meet in a kind; `own`: theirs, if there are several.

    Of bools and ints of 8 bits that would be `float16`.
    """
    if ELEMENTS[kind].machine == "float":
        return kind
    wide = [k for k in own or (kind,) if k in ELEMENTS and ELEMENTS[k].size > 1]
    if not wide and ELEMENTS[kind].size < 8:
        raise Mismatch(f"of {kind} this is a float16, which is not supported")
    return promoted("np.f32", *wide) if wide else "np.f64"


def rule(name: str, kind: str) -> tuple[str, Callable[..., Any], str]:
    """The kind that a function computes in, how, and the kind of its result; Mismatch where it has no meaning."""
    own = ELEMENTS[kind]
    for m in MACHINES[MACHINES.index(own.machine) :]:
        if m in RULES[name]:
            compute, result = RULES[name][m]
            if m != own.machine:
                kind = "np.i8" if m == "int" else "np.f64" if name == "div" else float_kind(kind)
            return kind, compute, result or kind
    raise Mismatch(
        f"ufunc '{SYMBOLS.get(name, name)}' not supported for the input types, and the inputs could not be safely "
        "coerced to any supported types according to the casting rule ''safe''"
    )
