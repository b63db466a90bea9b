"""Indices of triangles, diagonals and grids, positions in flattened arrays, and limits of element types."""

import numpy as np
import pytest
import tapeless as tl
from array_checks import check_derivatives

V, M = np.array([1.5, 2.0]), np.array([[1.0, 2.0], [5.0, 4.0]])
EXPRESSIONS = [
    "np.tri(3)", "np.tri(2,4,k=1,dtype=int)", "np.tril_indices(3)", "np.tril_indices(4,-1,3)", "np.triu_indices(3)",
    "np.triu_indices(4,k=1)", "np.tril_indices_from(m)", "np.triu_indices_from(m,1)", "m[np.triu_indices(2,1)]",
    "np.diag_indices(3)", "np.diag_indices(2,3)", "m[np.ix_([0,1],[1])]", "m[np.ix_(np.array([True,False]),[1,0])]",
    "np.indices((2,3))", "np.unravel_index(3,(2,2))", "np.unravel_index(4,(2,2))",
    "np.unravel_index(np.argmax(m),m.shape)", "np.unravel_index([3,1],(2,2))",
    "np.unravel_index(np.array([[0,3]]),(2,1,2))", "np.ravel_multi_index((1,0),(2,2))",
    "np.ravel_multi_index(([0,1],[1,1]),(2,2))", "np.ravel_multi_index((1,2),(2,2))", "np.finfo(float).eps",
    "np.finfo(a.dtype).max", "np.finfo(np.float32).tiny", "np.iinfo(np.int64).max", "np.iinfo(int).min",
    "np.finfo(a.dtype).bits", "np.iinfo('int8').max", "np.unravel_index(5,(6,))", "np.unravel_index(-1,(6,))",
]  # fmt: skip


def told(f):
    """What a call gives, or how it fails, in words."""
    try:
        return repr(f(V, M))
    except ValueError as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_as_in_numpy(expression):
    f = tl.from_source(f"import numpy as np\n\n\ndef f(a, m):\n    return {expression}\n")
    assert told(tl.jit(f)) == told(f)


def pairs(x):
    i, j = np.triu_indices(len(x), 1)
    d = x[i] - x[j]
    full = np.zeros((len(x), len(x)))
    full[np.tril_indices(len(x))] = x[0]
    return np.sum(d**2) + np.sum(full**3) + x[np.unravel_index(np.argmax(full), full.shape)[0]]


def test_derivatives():
    check_derivatives(pairs, (np.array([0.4, -0.3, 1.2]),))


def test_what_numpy_has_and_we_have_not_is_refused_at_the_line_of_the_program():
    f = tl.from_source("import numpy as np\n\n\ndef f(a):\n    return np.hanning(len(a))\n")
    with pytest.raises(tl.UnsupportedError, match="`hanning` is not supported") as caught:
        tl.jit(f)(V)
    assert caught.value.span.line == 5
