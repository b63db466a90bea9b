"""Primitives between Python's scalars and NumPy's: the same bits under other rules.

Constants are Python's: one of NumPy's is `to_f64` of one, which does not fold.
"""

from __future__ import annotations

from tapeless.ir.abstract import BOOL, FLOAT, INT, NP_BOOL, NP_F64, NP_I64, Scalar
from tapeless.ir.primitive import Primitive, Var, primitive

PAIRS: tuple[tuple[Scalar, Scalar], ...] = ((FLOAT, NP_F64), (INT, NP_I64), (BOOL, NP_BOOL))


def _pair(python: Scalar, numpy: Scalar) -> None:
    name = numpy.kind.removeprefix("np.")
    partials = (1.0,) if python == FLOAT else None
    domain = ((-3.0, 3.0),) if python == FLOAT else ()
    facts = {"partials": partials, "lower": "same"}
    to: Primitive = primitive(f"to_{name}", doc=f"A {python} as an {numpy}.", result=numpy, **facts)
    of: Primitive = primitive(
        f"of_{name}", doc=f"An {numpy} as a {python}.", result=python, evaluate=lambda x: x, domain=domain, **facts
    )
    to.rule(f"{to}({of}(x)) = x", to(of(Var(1))), Var(1))
    of.rule(f"{of}({to}(x)) = x", of(to(Var(1))), Var(1))


for _python, _numpy in PAIRS:
    _pair(_python, _numpy)
