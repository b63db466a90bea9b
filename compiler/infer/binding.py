"""Binding the arguments of a call to parameters: positions, keywords, defaults, *args."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from tapeless.ir.nodes import CallShape, Graph, Node
from tapeless.ir.primitive import Mismatch, Operator

V = TypeVar("V")


def bind_operator(op: Operator, args: Sequence[V], shape: CallShape) -> tuple[list[V], dict[str, V]]:
    """The arguments of an operator in order, and those that it takes by keyword only; or Mismatch.

    An operator of any number of arguments takes its keywords as such; another has each at a position.
    """
    positional = list(args[: len(args) - len(shape.keywords)])
    named = dict(zip(shape.keywords, args[len(positional) :]))
    for name in named:
        if name not in op.keywords:
            raise Mismatch(f"{op.name}() takes no keyword argument '{name}'")
    if not named or op.expand.__code__.co_flags & CO_VARARGS:
        return positional, named
    for i, name in enumerate(op.keywords):
        if name in named:
            if i < len(positional):
                raise Mismatch(f"{op.name}() got multiple values for argument '{name}'")
            while len(positional) < i:
                positional.append(None)  # type: ignore[arg-type]
            positional.append(named.pop(name))
    return positional, {}


CO_VARARGS = 0x04


def bind(
    graph: Graph,
    positional: Sequence[V],
    keywords: dict[str, V],
    default: Callable[[Node], V],
    pack: Callable[[list[V]], V],
) -> list[V]:
    """One value per parameter of a function graph, or Mismatch with CPython's message."""
    params = graph.params
    fixed = len(params) - graph.keyword_only - graph.variadic
    out: list[Any] = [None] * len(params)
    filled = [False] * len(params)
    for i, a in enumerate(positional[:fixed]):
        out[i], filled[i] = a, True
    if graph.variadic:
        out[fixed], filled[fixed] = pack(list(positional[fixed:])), True
    elif len(positional) > fixed:
        plural = "" if fixed == 1 else "s"
        verb = "was" if len(positional) == 1 else "were"
        raise Mismatch(f"{graph.name}() takes {fixed} positional argument{plural} but {len(positional)} {verb} given")
    names = [p.name for p in params]
    for name, a in keywords.items():
        if name not in names:
            raise Mismatch(f"{graph.name}() got an unexpected keyword argument '{name}'")
        i = names.index(name)
        if filled[i]:
            raise Mismatch(f"{graph.name}() got multiple values for argument '{name}'")
        out[i], filled[i] = a, True
    missing = []
    for i in range(len(params)):
        if not filled[i]:
            if i in graph.defaults:
                out[i] = default(graph.defaults[i])
            else:
                missing.append(names[i])
    if missing:
        plural = "" if len(missing) == 1 else "s"
        listed = " and ".join(f"'{m}'" for m in missing)
        raise Mismatch(f"{graph.name}() missing {len(missing)} required positional argument{plural}: {listed}")
    return out
