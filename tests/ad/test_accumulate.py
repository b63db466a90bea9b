"""Sums of adjoints on the way in (`passes/accumulate.py`): calls become tail calls in the graph that ends with them."""

import math

import tapeless as tl


def descend(z, a, k):
    if k <= 0:
        return a + z
    if a < 0.3:
        return descend(math.erf(a) and (z if a < z else a), a * 0.5, k - 1)
    return descend(math.sin(a), math.cos(math.sin(z if math.atan(z) != a else a) * math.sin(a)), k - 1)


def through_a_list(x, n):
    v = math.sin(descend(x, 0.5, 6))
    w, chain = v, None
    for _ in range(n % 5):
        chain = ((0.5 - w) % 2.5, chain)
    while chain is not None:
        w = math.sin(w * math.atan(x) + chain[0])
        chain = chain[1]
    return math.sin(w * -0.8 + x * 1.3 + v * -0.8)


def test_a_branch_that_adds_to_a_call_outside_of_it():
    backward = tl.grad(tl.grad(through_a_list, mode="reverse"), mode="reverse")
    forward = tl.grad(tl.grad(through_a_list, mode="forward"), mode="forward")
    for n in (0, 2):
        assert math.isclose(backward(-0.5, n), forward(-0.5, n), rel_tol=1e-12)
