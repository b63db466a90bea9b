"""Chains of derivatives by one float, as `nested_order` finds them in optimized programs and in texts."""

import math

import pytest
import tapeless as tl
from tapeless.ad.nested import nested_order
from tapeless.ir.abstract import FLOAT, Tuple
from tapeless.ir.builder import Builder, constant
from tapeless.ir.interpret import evaluate
from tapeless.ir.nodes import Apply, Constant, Graph
from tapeless.ir.parser import parse
from tapeless.ir.primitives.structure import taylor
from tapeless.pipeline import lower

OUTER = """
graph @f(%x: float, %n: int, %y: float) -> float {
  %0: (float, float) = gradient(@g, "010", %y, %x, %n, "auto")
  %1: float = item(%0, 1)
  return %1
}
"""
INNER = """
graph @g(%y: float, %x: float, %n: int) -> float {
  %0: (float, float) = gradient(@h, "100", %x, 2.0, %n, "auto")
  %1: float = item(%0, 1)
  return %1
}
"""
LAST = "graph @h(%x: float, %c: float, %n: int) -> float { %0: float = exp(%x) %1: float = fmul(%0, %c) return %1 }"
TEXT = OUTER + INNER + LAST


def test_a_chain_of_two():
    chain = nested_order(parse(TEXT), "100")
    assert (chain.graph.name, chain.mask, chain.order) == ("h", "100", 2)
    x, c, n = chain.arguments
    assert (x, c.value, n) == (0, 2.0, 1)


@pytest.mark.parametrize("mask", ["001", "101", "000"])
def test_a_derivative_by_something_else_is_none(mask):
    assert nested_order(parse(TEXT), mask) is None


@pytest.mark.parametrize(
    ("old", "new", "order"),
    [
        ("%1: float = item(%0, 1)\n  return %1\n}\n\ngraph @g", "%2: float = item(%0, 1)\n  %1: float = fneg(%2)\n"
         "  return %1\n}\n\ngraph @g", None),  # not the derivative itself
        ("%1: float = item(%0, 1)\n  return %1\n}\n\ngraph @g", "%1: float = item(%0, 0)\n"
         "  return %1\n}\n\ngraph @g", None),  # but the value
        ('%y, %x, %n, "auto"', '%y, %x, %n, "reverse"', None),  # which insists on reverse mode
        ("%y, %x, %n,", "%y, %y, %n,", None),  # by another value
        ("%y, %x, %n,", "%x, %x, %n,", None),  # which also comes as a constant
        ("%x, 2.0, %n,", "1.0, 2.0, %n,", 1),
        ("%x, 2.0, %n,", "%x, %x, %n,", 1),
        ('2.0, %n, "auto"', '2.0, %n, "reverse"', 1),
        ('2.0, %n, "auto"', '2.0, %n, "forward"', 2),
        ("graph @g(%y: float, %x: float, %n: int) -> float {\n",
         'graph @g(%y: float, %x: float, %n: int) -> float {\n  ! print(" ", "", %x)\n', 1),  # does more
        ('gradient(@h, "100", %x, 2.0, %n', 'gradient(@g, "010", 2.0, %x, %n', None),  # its own derivative
    ],
)  # fmt: skip
def test_chains_end_where_a_graph_does_something_else(old, new, order):
    assert old in TEXT
    chain = nested_order(parse(TEXT.replace(old, new)), "100")
    assert (chain and chain.order) == order


def loopy(x, n):
    s = x
    for _ in range(n):
        s = math.tanh(math.sin(s) * x + 0.5 * s)
    return s


def recursive(x, n):
    return x if n == 0 else math.sin(recursive(x, n - 1)) * x**n


def inside(x, n):
    slope = tl.grad(lambda z: math.exp(z * z) * n)
    return tl.grad(lambda z: slope(z))(x)


@pytest.mark.parametrize(("f", "times", "order"), [(loopy, 3, 3), (recursive, 4, 4), (inside, 1, 3), (loopy, 1, 1)])
def test_nested_grads_of_programs_are_chains(f, times, order):
    g = f
    for _ in range(times):
        g = tl.grad(g)
    chain = nested_order(parse(g.ir("opt", 0.7, 3)), "10")
    assert chain.order == order
    assert evaluate(lower(_as_series(chain)), [0.7, 3]) == pytest.approx(g(0.7, 3), rel=1e-12)


def _as_series(chain):
    """A program that computes a chain by Taylor mode: the last coefficient of the series along x + t, times order!."""
    root = Graph("program")
    args = [root.parameter("x", FLOAT), root.parameter("n", chain.graph.params[chain.mask.index("0")].type)]
    given = [a if isinstance(a, Constant) else args[a] for a in chain.arguments]
    line = [constant(float(k == 1)) for k in range(1, chain.order + 1)]
    type = Tuple((FLOAT,) * (chain.order + 1))
    series = Apply(root, Constant(taylor), (Constant(chain.graph), constant(chain.mask), *given, *line), type)
    root.effects.append(series)
    b = Builder(root)
    root.output = b.apply("gmul", b.item(series, chain.order), constant(float(math.factorial(chain.order))))
    return root
