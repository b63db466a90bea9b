"""NumPy's universal functions on its scalars: promotion by NEP 50, and what each does to each kind of number.

A rule computes on *machine values*: Python's scalars of the same layout (float for `np.f64`, int for `np.i64`, bool for
`np.bool`), and neither fails nor checks: `1 / 0` is inf, ints wrap. Python's scalars are weak: they take the kind of
what they meet, or at least the lowest kind of their own sort.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.ir.primitive import Mismatch, Ops

KINDS = ("np.bool", "np.i64", "np.f64")
"""In order of promotion."""
WEAK = {"bool": "np.bool", "int": "np.i64", "float": "np.f64"}
Rule = tuple[Callable[..., Any], str]
"""What computes a machine value from machine values, and the kind of its result."""


def machine(ops: Ops, x: Any) -> Any:
    """A scalar of NumPy as Python's of the same layout; another value as it is."""
    kind = ops.kind(x)
    return ops.apply("of_" + kind.removeprefix("np."), x) if kind in KINDS else x


def position(ops: Ops, x: Any) -> Any:
    """What stands where Python wants an int: NumPy's ints do, its bools and floats do not."""
    return machine(ops, x) if ops.kind(x) == "np.i64" else x


def made(ops: Ops, kind: str, x: Any) -> Any:
    """A machine value as a scalar of NumPy."""
    return ops.apply("to_" + kind.removeprefix("np."), x)


def as_kind(ops: Ops, x: Any, kind: str) -> Any:
    """A scalar as the machine value of a kind that is no lower than its own."""
    x = machine(ops, x)
    match ops.kind(x), kind:
        case "bool", "np.i64":
            return ops.apply("b2i", x)
        case "bool", "np.f64":
            return ops.apply("b2f", x)
        case "int", "np.f64":
            return ops.apply("i2f", x)
    return x


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
    """The rules of one function by the kind its arguments meet in; a kind without one takes that of the next."""
    given = {"np.bool": truth, "np.i64": whole, "np.f64": real}
    made_ = {k: _apply(f) if isinstance(f, str) else f for k, f in given.items() if f is not None}
    return {k: (f, result or k) for k, f in made_.items()}


def _comparison(name: str) -> dict[str, Rule]:
    return rules("f" + name, "i" + name, _compare_bools(name), "np.bool")


_NO_SUB = (
    "numpy boolean subtract, the `-` operator, is not supported, use the bitwise_xor, the `^` operator, "
    "or the logical_xor function instead."
)
INT8 = "of np.bool this is an int8, which is not supported"
FLOAT16 = "of np.bool this is a float16, which is not supported"
_NO_NEG = (
    "The numpy boolean negative, the `-` operator, is not supported, use the `~` operator or the logical_not "
    "function instead."
)
RULES: dict[str, dict[str, Rule]] = {
    "add": rules("fadd", "iadd", "or_"),
    "sub": rules("fsub", "isub", refused(_NO_SUB)),
    "mul": rules("fmul", "imul", "and_"),
    "div": rules("fdiv"),
    "floordiv": rules(_floor_float, _floor_int, refused(INT8)),
    "mod": rules("fmod_py", _mod_int, refused(INT8)),
    "pow": rules("fpow", "ipow", refused(INT8)),
    "neg": rules("fneg", "ineg", refused(_NO_NEG)),
    "pos": rules(lambda ops, x: x, lambda ops, x: x, refused("ufunc 'positive' has no loop for np.bool")),
    "abs": rules("fabs", "iabs", lambda ops, x: x),
    "invert": rules(None, "inot", "not_"),
    "lshift": rules(None, _shift("ishl", lambda ops, x: ops.lift(0)), refused(INT8)),
    "rshift": rules(None, _shift("ishr", lambda ops, x: ops.apply("ishr", x, ops.lift(63))), refused(INT8)),
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


def rule(name: str, kind: str) -> tuple[str, Callable[..., Any], str]:
    """The kind that a function computes in, how, and the kind of its result; Mismatch where it has no meaning."""
    for k in KINDS[KINDS.index(kind) :]:
        if k in RULES[name]:
            return k, *RULES[name][k]
    raise Mismatch(
        f"ufunc '{SYMBOLS.get(name, name)}' not supported for the input types, and the inputs could not be safely "
        "coerced to any supported types according to the casting rule ''safe''"
    )
