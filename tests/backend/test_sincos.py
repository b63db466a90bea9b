"""The sine and the cosine of one number: one call, and the bits of CPython's."""

from __future__ import annotations

import math
import random
import re
import struct

import pytest
from build import kernel

TOGETHER = """
graph @f(%x: float) -> (float, float) {
  %c = cos(%x) %s = sin(%x) %r: (float, float) = tuple(%s, %c) return %r
}
"""

BELOW = """
graph @f(%x: float) -> (float, float) {
  %s = sin(%x) %c = flt(%s, 0.5)
  branch @then -> float { %y = cos(%x) return %y }
  branch @else -> float { %y = fneg(%x) return %y }
  %y: float = switch(%c, @then, @else) %r: (float, float) = tuple(%s, %y) return %r
}
"""
APART = """
graph @f(%x: float) -> (float, float) {
  %c = flt(%x, 0.5)
  branch @then -> float { %y = cos(%x) return %y }
  branch @else -> float { %y = sin(%x) return %y }
  %y: float = switch(%c, @then, @else) %r: (float, float) = tuple(%y, %y) return %r
}
"""
IN_A_BRANCH_FIRST = """
graph @f(%x: float) -> (float, float) {
  %c = flt(%x, 0.5)
  branch @then -> float { %y = cos(%x) return %y }
  branch @else -> float { return %x }
  %y: float = switch(%c, @then, @else)
  %s = sin(%y) %t = sin(%x) %u = fadd(%s, %t) %r: (float, float) = tuple(%y, %u) return %r
}
"""
OTHERS = TOGETHER.replace("sin(%x)", "sin(%z)").replace("%c =", "%z = fadd(%x, 1.0) %c =")


def calls(text: str) -> list[str]:
    return sorted(re.findall(r"call \w+ @tl_(sin|cos|sincos)\(", kernel(text).llvm_ir))


def bits(x: float) -> bytes:
    return b"nan" if math.isnan(x) else struct.pack("<d", x)


def test_bits():
    f = kernel(TOGETHER).call
    draw = random.Random(1)
    xs = [0.0, -0.0, 5e-324, 1e308, 1e22, math.pi, math.pi / 2, math.nan, 2.0**-26, 2.0**-27]
    xs += [draw.uniform(-10, 10) for _ in range(20_000)] + [draw.uniform(-1e6, 1e6) for _ in range(20_000)]
    xs += [struct.unpack("<d", struct.pack("<Q", draw.getrandbits(64)))[0] for _ in range(20_000)]
    for x in xs:
        if not math.isinf(x):
            assert list(map(bits, f(x))) == [bits(math.sin(x)), bits(math.cos(x))], x
    assert all(map(math.isnan, f(math.inf)))


def test_one_call_where_both_are_computed():
    assert calls(TOGETHER) == ["sincos"]
    assert calls(BELOW) == ["sincos"]
    assert kernel(BELOW).call(0.25) == (math.sin(0.25), math.cos(0.25))


@pytest.mark.parametrize("text", [APART, OTHERS], ids=["branches", "arguments"])
def test_two_calls_where_not(text):
    assert calls(text) == ["cos", "sin"]


def test_first_in_a_branch():
    assert calls(IN_A_BRANCH_FIRST) == ["cos", "sin", "sin"]
    c = math.cos(0.25)
    assert kernel(IN_A_BRANCH_FIRST).call(0.25) == (c, math.sin(c) + math.sin(0.25))
