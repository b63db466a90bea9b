"""What a program captures: data is read at every call, code is guarded."""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace
from typing import Any

import pytest
from tapeless.frontend import Program, from_source, load
from tapeless.ir.interpret import evaluate
from tapeless.ir.nodes import Apply, Constant, Graph
from tapeless.ir.primitive import OPERATORS

FACTOR, WORD, POINT, MIXED = 2.0, "a", (1.0, (2, True)), (3.0, math.sin, None)


def call(p: Program, *args: Any) -> Any:
    return evaluate(p.applied(len(args)), [*p.fetch(), *args])


def stale(p: Program, function: Any = None) -> bool:
    return not all(g.holds(function) for g in p.guards)


def reads_data(x: Any) -> Any:
    return x * FACTOR + POINT[0]


def test_globals_are_inputs_that_are_fetched_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    p = load(reads_data)
    assert {i.name: i.fetch() for i in p.inputs} == {"FACTOR": 2.0, "POINT": (1.0, (2, True))}
    assert [q.name for q in p.root.params] == [i.name for i in p.inputs]
    monkeypatch.setitem(reads_data.__globals__, "FACTOR", 5.0)
    assert not stale(p)
    assert call(p, 1.0) == 6.0


def test_two_functions_share_one_input() -> None:
    f = from_source("k = 2.0\ndef g(x): return x * k\ndef f(x): return g(x) + k\n", "f")
    assert len(load(f).inputs) == 1


def test_strings_none_functions_and_builtins_are_guarded() -> None:
    text = "w = 'a'\nn = None\ndef g(x): return x\ndef f(x): return g(abs(x)) if w == 'a' and n is None else 0\n"
    for name, other in [("w", "b"), ("n", 1), ("g", reads_data), ("abs", math.sin)]:
        f = from_source(text, "f")
        p = load(f)
        assert not stale(p)
        f.__globals__[name] = other
        assert stale(p)


def test_a_mixed_tuple_is_taken_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    f = from_source("import math\nt = (3.0, math.sin, None)\ndef f(x): return t[1](x) * t[0]\n")
    p = load(f)
    assert [i.fetch() for i in p.inputs] == [3.0]
    f.__globals__["t"] = (4.0, math.sin, None)
    assert not stale(p)
    f.__globals__["t"] = (4.0, math.sin)
    assert stale(p)


def make(k: float) -> Any:
    def inner(z: float) -> float:
        return z * k

    return lambda x: inner(x) + k


def test_a_new_closure_over_the_same_code_is_the_same_program() -> None:
    p, again = load(make(2.0)), make(7.0)
    assert not stale(p, again)
    assert p.fetch(again) == [7.0] * len(p.inputs)
    assert stale(p, make)


def test_one_function_by_two_names_is_one_graph() -> None:
    f = from_source("def g(x): return x\nh = g\ndef f(x): return g(h(x))\n", "f")
    p = load(f)
    f.__globals__["h"] = from_source("def g(x): return x\n")
    assert stale(p)


def wrapper(name: str, inner: Any, **options: Any) -> Any:
    return SimpleNamespace(__tapeless_transform__=(name, inner, options), __wrapped_function__=inner)


def test_jit_objects_are_the_functions_in_them() -> None:
    p = load(wrapper("jit", reads_data))
    assert isinstance(p.entry, Constant) and isinstance(p.entry.value, Graph)
    assert call(p, 1.0) == 3.0


def test_transforms_are_operators() -> None:
    p = load(wrapper("grad", wrapper("grad", reads_data), argnums=(0, 1)))
    assert isinstance(p.entry, Apply)
    assert p.entry.fn.value is OPERATORS["grad"]  # type: ignore[attr-defined]
    assert p.entry.shape.keywords == ("argnums",)
    assert isinstance(p.entry.args[0], Apply)
    assert not stale(p, wrapper("grad", wrapper("grad", reads_data), argnums=(0, 1)))
    assert stale(p, wrapper("grad", wrapper("grad", reads_data), argnums=(0, 2)))
    assert stale(p, wrapper("jvp", wrapper("grad", reads_data), argnums=(0, 1)))


def test_operators_of_a_module() -> None:
    def grad(f: Any) -> Any: ...

    grad.__tapeless_operator__ = "grad"  # type: ignore[attr-defined]
    f = from_source("def f(x): return g(abs)\n")
    f.__globals__["g"] = grad
    program = load(f)
    assert any(isinstance(e.fn, Constant) and e.fn.value is OPERATORS["grad"] for e in _graph(program).effects)


def _graph(p: Program) -> Graph:
    assert isinstance(p.entry, Constant)
    return p.entry.value  # type: ignore[no-any-return]


def test_partial_objects() -> None:
    p = load(functools.partial(reads_data, 3.0))
    assert isinstance(p.entry, Apply) and p.entry.fn.value is OPERATORS["partial"]  # type: ignore[attr-defined]
    assert 3.0 in p.fetch()
    assert not stale(p, functools.partial(reads_data, 4.0))
    assert stale(p, functools.partial(reads_data, x=4.0))


def test_a_builtin_is_a_program() -> None:
    assert call(load(math.sin), 0.5) == math.sin(0.5)


def test_wraps_is_not_followed() -> None:
    def doubled(f: Any) -> Any:
        @functools.wraps(f)
        def g(*args: Any) -> Any:
            return 2 * f(*args)

        return g

    assert call(load(doubled(reads_data)), 1.0) == 6.0
