"""Signatures: the types of arguments, as the specialisation key has them and as inference wants them.

A key is a string (`"float"`, `"int"`, `"bool"`, `"none"`), a quoted string constant, or a tuple of keys; of a list,
a tuple that begins with `"list"`, which is the key of nothing else.

    key_of((2.0, (3, True)))     ("float", ("int", "bool"))
    key_of([2.0, 3])             ("list", "float", "int")
    parse("f64, (i64, bool)")    the same, from the command line
"""

from __future__ import annotations

import re
from typing import Any

from tapeless.infer.domain import NONE, STATIC, Arr, Num, Rec, Text, Tup, Value
from tapeless.ir.abstract import SCALARS, Array, array_type
from tapeless.ir.diagnostics import UsageError
from tapeless.ir.elements import ELEMENTS

Key = Any
"""str | tuple of keys"""
LONGEST = 256
"""The longest list that is an argument."""

_KINDS: dict[type, str] = {float: "float", int: "int", bool: "bool", type(None): "none"}
_NUMPY_KINDS = {e.name: e.kind for e in ELEMENTS.values()} | {"bool": "np.bool"}
_DTYPES = {e.code: e.short for e in ELEMENTS.values()}
_NAMES = {
    **{kind: kind for kind in ELEMENTS},
    "f64": "float",
    "float": "float",
    "i64": "int",
    "int": "int",
    "bool": "bool",
    "none": "none",
}


CLOSING = {"(": ")", "[": "]"}
_ARRAY = re.compile(rf"({'|'.join(e.short for e in ELEMENTS.values())})\[([1n?](,[1n?])*)?\]~?")


def key_of(value: Any) -> Key:
    """The key of one argument; UsageError if tapeless does not compile for such values."""
    kind = _KINDS.get(value.__class__) or _NUMPY_KINDS.get(value.__class__.__name__)
    if kind is not None:
        if kind == "int" and not -(2**63) <= value < 2**63:
            raise OverflowError("int too large for 64 bits")
        return kind
    if value.__class__.__name__ == "ndarray":
        return _array_key(value)
    if value.__class__ is tuple:
        return tuple(map(key_of, value))
    if value.__class__ is list:
        return _list_key(value)
    if value.__class__ is str:
        return '"' + value
    kind_name = type(value).__name__
    hints = {
        "function": "functions are passed by capturing them: tl.jit(lambda x: f(g, x))",
    }
    raise UsageError(
        f"an argument of type {kind_name} cannot be passed to a compiled function", hint=hints.get(kind_name, "")
    )


def _list_key(value: list[Any]) -> Key:
    """The key of a list: what its items are, one by one."""
    if len(value) > LONGEST:
        raise UsageError(
            f"a list of {len(value)} items cannot be passed to a compiled function, as it is made for a length",
            hint="pass an array: np.array(items)",
        )
    return (STATIC, *map(key_of, value))


def _array_key(value: Any) -> str:
    """The text of an array's type: of what lies as machines want it."""
    element = _DTYPES.get(value.dtype.str[1:]) if value.dtype.isnative else None
    if element is None or not value.flags.aligned:
        raise UsageError(
            f"an array of dtype {value.dtype} cannot be passed to a compiled function",
            hint="arrays of these can: " + ", ".join(e.name.strip("_") for e in ELEMENTS.values()),
        )
    if not value.shape:
        raise UsageError(
            "an array without dimensions cannot be passed to a compiled function", hint="pass the scalar: x[()]"
        )
    dims = "".join("1" if n == 1 else "n" if n else "?" for n in value.shape)
    return str(Array(SCALARS["np." + element], dims, value.flags.c_contiguous))


def abstract(key: Key) -> Value:
    """The abstract value of an argument with this key."""
    if isinstance(key, tuple):
        is_list = key[:1] == (STATIC,)
        return Rec(STATIC, tuple(map(abstract, key[1:]))) if is_list else Tup(tuple(map(abstract, key)))
    if key.startswith('"'):
        return Text(key[1:])
    if "[" in key:
        return Arr(array_type(key))
    return NONE if key == "none" else Num(key)


def parse(text: str) -> tuple[Key, ...]:
    """Argument types as written on the command line: `f64, i64, bool, none, "text", (f64, f64), [f64], f64[n,1]`."""
    tokens = re.findall(r'"[^"]*"|[A-Za-z0-9_.]+(?:\[[^]]*\]~?)?|[][(),]|\S', text)
    keys, rest = _parse_list(tokens, text)
    if rest:
        raise UsageError(f"cannot read the argument types {text!r}: unexpected {rest[0]!r}")
    return keys


def _parse_list(tokens: list[str], text: str) -> tuple[tuple[Key, ...], list[str]]:
    out: list[Key] = []
    while tokens and tokens[0] not in CLOSING.values():
        token, *tokens = tokens
        if token in CLOSING:
            inner, tokens = _parse_list(tokens, text)
            if tokens[:1] != [CLOSING[token]]:
                raise UsageError(f"cannot read the argument types {text!r}: a {CLOSING[token]} is missing")
            out.append((STATIC, *inner) if token == "[" else inner)
            tokens = tokens[1:]
        elif token in _NAMES:
            out.append(_NAMES[token])
        elif token.startswith('"'):
            out.append(token[:-1])
        elif _ARRAY.fullmatch(token):
            out.append(token)
        else:
            raise UsageError(
                f"cannot read the argument types {text!r}: {token!r} is no type", hint="f64, i64, bool, none, f64[n]"
            )
        if tokens and tokens[0] == ",":
            tokens = tokens[1:]
    return tuple(out), tokens
