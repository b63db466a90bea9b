"""Recursion unrolled: the levels that are inlined, and that nothing but time changes."""

from __future__ import annotations

import pytest
from build import kernel
from tapeless.backend.unroll import LEVELS, LINES, Definition, depth, unrolled
from test_kernel import POWER


def definition(name: str, lines: int, *callees: str) -> Definition:
    calls = [f'  %v{i} = call fastcc i64 @"{c}"(ptr %ctx)' for i, c in enumerate(callees)]
    body = "\n".join(["entry:", "  check", "go:", *["  work"] * (lines - 3 - len(calls)), *calls])
    return Definition(f'@"{name}"', "i64", "ptr %ctx", "#0", body, "  check", "go")


def test_depth_is_bounded_by_levels_and_lines():
    assert depth([definition("f", 10, "f")]) == LEVELS
    assert depth([definition("f", LINES + 1, "f")]) == 0
    assert depth([definition("f", LINES // 3, "f")]) == 2
    assert depth([definition("f", LINES // 3, "f", "f")]) == 1
    assert depth([definition("f", LINES // 3, "g"), definition("g", LINES // 3, "f")]) == 0


def test_each_level_calls_the_next_and_the_last_one_begins_anew():
    out = unrolled([definition("f", LINES // 3, "f")])
    assert ['@"f~1"(' in text for text in out] == [True, True, False]
    assert ['@"f~2"(' in text for text in out] == [False, True, True]
    assert ["alwaysinline" in text for text in out] == [False, True, True]
    assert ["  check" in text for text in out] == [True, False, False]
    assert out[2].count('@"f"(') == 1


def test_cycles_of_two():
    out = unrolled([definition("f", 20, "g"), definition("g", 20, "f")])
    assert out[0].count('@"g~1"(') == 1
    assert out[1].count('@"f~1"(') == 1


@pytest.mark.parametrize("n", [0, 1, LEVELS, LEVELS + 1, 1000])
def test_all_levels_run(n):
    """f(x, n) = x - f(x, n - 1), f(x, 0) = 1."""
    expected = 1.0
    for _ in range(n):
        expected = 1.75 - expected
    assert kernel(POWER).call(1.75, n) == expected


def test_endless_recursion_is_found():
    with pytest.raises(RecursionError):
        kernel(POWER).call(1.0, -1)
