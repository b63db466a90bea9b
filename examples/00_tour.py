"""A guided tour: one function, from its Python source to native code, and its derivative on the way.

    python examples/00_tour.py

Every stage is printed as it is, with a word on what to look for.
"""

import math
import textwrap

import tapeless as tl


def spiral(x, n):
    """n times: turn and shrink."""
    y = x
    for _ in range(n):
        y = math.sin(y) * x
    return y


STAGES = (
    (
        "parse",
        "The graph that the frontend makes. The loop is a graph of its own that calls itself; the branch "
        "that goes on and the one that leaves it are graphs too. There are no types yet, and what can fail "
        "stands in the effects.",
    ),
    (
        "infer",
        "Inference has run from the types of the arguments: every node has a type, every function is "
        "specialized, Python's operators have become primitives, and each possible error is a check beside "
        "a computation that cannot fail.",
    ),
    (
        "opt",
        "The optimizer has inlined calls, folded constants and dropped what nothing needs. This is what is "
        "differentiated: optimize first, differentiate, optimize again.",
    ),
    (
        "grad",
        "The derivative is a graph like any other. The loop forward keeps a frame for each iteration; the "
        "loop back unwinds the frames and carries cotangents. Nothing was recorded: both loops are code.",
    ),
    (
        "llvm",
        "LLVM, from which native code is made. The loops are loops, floats are doubles, and errors leave "
        "by a side door.",
    ),
)


def main() -> None:
    x, n = 1.2, 5
    function, derivative = tl.jit(spiral), tl.grad(spiral)
    value, slope = function(x, n), derivative(x, n)
    print(f"spiral({x}, {n}) = {value}, as CPython says: {spiral(x, n)}")
    for stage, words in STAGES:
        of = derivative if stage in ("grad", "llvm") else function
        print(f"\n{'=' * 100}\n{textwrap.fill(f'{stage}: {words}', 100)}\n{'=' * 100}\n")
        print(of.ir(stage))
    difference = (spiral(x + 1e-6, n) - spiral(x - 1e-6, n)) / 2e-6
    print(f"\nThe derivative is {slope}; a difference quotient gives {difference}.")
    assert value == spiral(x, n)
    assert math.isclose(slope, difference, rel_tol=1e-6)


if __name__ == "__main__":
    main()
