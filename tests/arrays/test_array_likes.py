"""Lists and tuples where NumPy takes them as arrays: beside an array in an operator, and in its functions."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives, outcome, same

V = np.array([0.5, -1.5, 2.0])

EXPRESSIONS = [
    "v + [1.0, x, 2.0]", "[1, 2, 3] * v", "(x, 1.0, 2) - v", "v / (1.0, 2.0, 4.0)", "v // [1.0, 2.0, 0.5]",
    "[x, 3.0, 2.0] % (v + 3.0)", "v ** [1, 2, 3]", "v @ [1.0, x, 2.0]", "[[1.0, x, 2.0]] @ v", "v > (0.0, x, 1.0)",
    "v == [0.5, 1, 2]", "(0.5, 1) != v[:2]", "(v > 0) & [True, True, False]", "v + [1.0, 2.0]", "v + [x]",
    "v[:1] + [v, 2.0 * v]", "np.sum([x, 2.0, 3.0])", "np.mean((x, 1.0))", "np.max([x, 0.0])", "np.prod([v, v], axis=0)",
    "np.dot([1.0, x, 2.0], v)", "np.maximum(v, [0.0, x, 5.0])", "np.exp([x, 1])", "np.where(v > 0, [x, 1.0, 2.0], v)",
    "np.outer([1.0, x], (x, 2.0))", "np.cumsum([x, x, 1.0])", "np.linalg.norm([x, 2.0])",
    "np.interp(x, [0, 1], [2, 5])",
    "np.linalg.solve([[2.0, x], [1.0, 3.0]], (x, 1.0))", "np.take(v, [0, -1])", "np.diag([x, 2.0])",
    "np.sum([x * k for k in range(3)])", "np.argsort([x, 0.1, 0.2])", "np.repeat([x, 1.0], 2)", "np.tile((x, 1.0), 2)",
    "np.zeros_like([1, 2])", "np.transpose([[x, 1.0]])", "np.polyval([x, 1.0], v)",
    "np.concatenate([v, [x], (1.0, 2.0)])",
    "np.full((2, 2), [x, 1.0])", "np.median([x, 3.0, 1.0])", "np.asarray([x, 1]) + (1, 2)", "v.dot([1.0, x, 2.0])",
]  # fmt: skip


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_as_in_numpy(expression):
    f = tl.from_source(f"import numpy as np\n\n\ndef f(v, x):\n    return {expression}\n")
    same(outcome(tl.jit(f), (V, 0.7)), outcome(f, (V, 0.7)))


def in_place(v, x):
    v = v * x
    v += [1.0, x, x * x]
    v[1:] *= (x, 2.0)
    return np.sum(v**2 * [x, 1.0, 2.0])


def test_in_place_and_derivatives():
    check_derivatives(in_place, (V, 0.7))
