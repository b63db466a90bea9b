"""What the runtime promises to kernels: to poll, to look for stack and to grow the arena changes no register."""

from __future__ import annotations

import re

import pytest
import tapeless as tl
from tapeless.backend import jit, runtime


@pytest.mark.parametrize("name", ["tl_attend", "tl_deeper", "tl_grow"])
def test_nothing_is_cleared_once_registers_are_restored(name):
    text = jit.assembly(runtime.text())
    body = re.search(rf"^{name}:\n(.*?)^\.Lfunc_end", text, re.M | re.S)[1]
    restored = [i for i in re.finditer(r"\bv?mov\w+\s+\S+\(%rsp\), %[xy]mm\d+", body)]
    assert len(restored) >= 15
    assert "vzeroupper" not in body[restored[0].start() :]


def orbit(a, b, c, d, n):
    x, y = 1.0, 0.5
    for _ in range(n):
        u, v = a * x - b * y, c * x * y - d * y
        x, y = x + 0.01 * (u - 0.5 * v * x), y + 0.01 * (v + 0.5 * u * y)
    return x + 2.0 * y


def test_vectors_of_tangents_survive_polls():
    """Four tangents fill a vector register; kernels poll, and the runtime looks after them, after a number of turns."""
    forward, reverse = (tl.value_and_grad(orbit, argnums=(0, 1, 2, 3), mode=m) for m in ("forward", "reverse"))
    for n in (0, 1, 1000, 20_000):
        for _ in range(2):
            (y, tangents), (expected, cotangents) = forward(0.7, 0.4, 0.3, 0.9, n), reverse(0.7, 0.4, 0.3, 0.9, n)
            assert y == expected
            assert tangents == pytest.approx(cotangents, rel=1e-9)
