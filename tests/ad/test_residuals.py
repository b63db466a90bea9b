"""What derivatives keep per iteration and per call: the fields of frames and boxes at the last stage."""

import math
import re

import pytest
import tapeless as tl


def kept(f, *args, argnums=0):
    """The fields of each box type, without the links to boxes."""
    text = tl.value_and_grad(f, argnums, mode="reverse").ir("lower", *args)
    bodies = re.findall(r"^type %\S+ = box \S*?[({](.*)[)}]$", text, re.MULTILINE)
    return sorted(re.sub(r"(, )?(<none \| )?box %[^,>]*>?", "", b).lstrip(", ") for b in bodies)


def while_loop(a):
    x, d = 1.0 + a, 1.0
    while d > 1e-13:
        y = 0.99 * x + 0.01 * (a / x)
        d = abs(y - x)
        x = y
    return x


def two_variables(a, b, n):
    x, y = 1.0, 2.0
    for _ in range(n):
        dx, dy = a * x - b * x * y, b * x * y - a * y
        u, v = x + 0.01 * dx, y + 0.01 * dy
        x, y = x + 0.005 * (dx + a * u - b * u * v), y + 0.005 * (dy + b * u * v - a * v)
    return x * y


def branches(x, r, n):
    c = 27
    for _ in range(n):
        if c % 2 == 0:
            c = c // 2
            x = 0.6 * x + 0.05 * r
        else:
            c = 3 * c + 1
            x = r * x * (1.0 - x)
    return x


def sums_only(x, n):
    s = 0.0
    for i in range(n):
        s = s + x * i * (x + i)
    return s


def invariant(x, n):
    c = math.exp(x)
    y = x
    for _ in range(n):
        y = y * c
    return y


def no_counter(x):
    y, n = 1.0, 3
    while n < 1000:
        y = y + x
        n = 2 * n
    return y


def expensive(x, n):
    for _ in range(n):
        x = math.exp(math.sin(x))
    return x


def recursive(x, n):
    return 1.0 if n == 0 else x * recursive(x, n - 1)


def nested(x, n):
    for i in range(n):
        for j in range(i):
            x = x * (1.0 + 0.01 * x) + j
    return x


@pytest.mark.parametrize(
    ("f", "args", "fields"),
    [
        (while_loop, (2.0,), ["float"]),  # a / x is computed again
        (two_variables, (0.1, 0.2, 9), ["float, float"]),  # as is all of the step
        (branches, (0.3, 2.5, 9), ["bool, float"]),  # the path, not the integer that decides it
        (sums_only, (0.5, 9), []),  # no frames: unwind counts
        (invariant, (0.5, 9), ["float"]),  # y; c is read again
        (no_counter, (0.5,), []),
        (expensive, (0.5, 9), ["float, float"]),  # exp(..) and cos(..): nothing of libm runs again
        (recursive, (0.5, 9), ["float"]),  # x and n are passed again
        (nested, (0.5, 4), ["", "float"]),  # the outer frame has only the inner ones
    ],
    ids=lambda p: getattr(p, "__name__", ""),
)
def test_what_is_kept(f, args, fields):
    assert kept(f, *args, argnums=(0, 1) if f in (two_variables, branches) else 0) == fields


@pytest.mark.parametrize("f", [while_loop, sums_only, invariant, no_counter, expensive, recursive, nested])
def test_the_modes_agree(f):
    args = (0.7, 6)[: f.__code__.co_argcount]
    reverse, forward = (tl.value_and_grad(f, mode=mode)(*args) for mode in ("reverse", "forward"))
    assert reverse[0] == forward[0] == f(*args)
    assert math.isclose(reverse[1], forward[1], rel_tol=1e-12)
