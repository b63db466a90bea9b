"""Primitives between Python's scalars and NumPy's: the same bits under other rules; and ranges of the narrow ones.

Constants are Python's: one of NumPy's is `to_f64` of one, which does not fold.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any

from tapeless.ir.abstract import FLOAT, SCALARS, Scalar, Type, machine_type
from tapeless.ir.elements import ELEMENTS, Element
from tapeless.ir.nodes import Apply, Constant, Node
from tapeless.ir.primitive import Primitive, Var, primitive

REALS = ((-3.0, 3.0),)


def single(x: float) -> float:
    """A float rounded to 24 bits."""
    return ctypes.c_float(x).value


def wrapping(e: Element) -> Callable[[int], int]:
    """What brings an int to the range of a narrow one."""
    low, high = e.range
    return lambda n: (n - low) % (high - low + 1) + low


def _pair(python: Scalar, numpy: Scalar) -> None:
    name = ELEMENTS[numpy.kind].short
    partials = (1.0,) if python == FLOAT else None
    facts = {"partials": partials, "lower": "same"}
    domain = REALS if python == FLOAT else ()
    to: Primitive = primitive(f"to_{name}", doc=f"A {python} as an {numpy}.", result=numpy, **facts)
    of: Primitive = primitive(
        f"of_{name}", doc=f"An {numpy} as a {python}.", result=python, evaluate=lambda x: x, domain=domain, **facts
    )
    to.rule(f"{to}({of}(x)) = x", to(of(Var(1))), Var(1))
    of.rule(f"{of}({to}(x)) = x", of(to(Var(1))), Var(1))
    if ELEMENTS[numpy.kind].narrow:
        _range(ELEMENTS[numpy.kind], python)


def _range(e: Element, python: Scalar) -> None:
    is_float = python == FLOAT
    primitive(
        f"as_{e.short}",
        doc=f"A {python} {'rounded to' if is_float else 'wrapped to the range of'} {e.name}.",
        result=python,
        evaluate=single if is_float else wrapping(e),
        partials=(1.0,) if is_float else None,
        lower=f"call:tl_as_{e.short}",
        domain=REALS if is_float else (),
        fold=_once(e),
    )


def _once(e: Element) -> Callable[[Any, tuple[Node, ...], Type], Node | None]:
    """What was a narrow scalar, or was brought to its range, is there already."""

    def fold(b: Any, args: tuple[Node, ...], type: Type) -> Node | None:
        (x,) = args
        fn = x.fn.value if isinstance(x, Apply) and isinstance(x.fn, Constant) else None
        return x if getattr(fn, "name", "") in (f"of_{e.short}", f"as_{e.short}") else None

    return fold


for _kind in ELEMENTS:
    _pair(machine_type(SCALARS[_kind]), SCALARS[_kind])
