"""How the programs of the corpus say what they are to be tried on."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Trial:
    """One call of a program, and what is expected of it.

    `grad`: the argument numbers to differentiate by (floats); `order`: the highest order.
    `raises`: the exception of the call and of the derivatives' calls; `differs`: CPython does not raise it (a
    documented difference). `joined`: int and float meet at a join, so an int may come back as the equal float.
    `refused`: compilation must fail with an error that names the line marked `# refused` and says this.
    `inexact`: the value may differ in the last bits, because it contains derivatives or a function that CPython
    computes in its own way. `printed`: what the call prints.
    """

    args: tuple
    grad: tuple[int, ...] = ()
    order: int = 1
    raises: type[Exception] | None = None
    differs: bool = False
    joined: bool = False
    refused: str | None = None
    inexact: bool = False
    printed: str | None = None


def program(*calls: tuple, grad=(0,), order: int = 2, **expected):
    """Decorator: this function is to be tried on each of these argument tuples. Stacked decorators add trials."""

    def register(f):
        f.trials = [Trial(args, tuple(grad), order, **expected) for args in calls] + getattr(f, "trials", [])
        return f

    return register


def error(*calls: tuple, raises: type[Exception], grad=(0,), **expected):
    """Decorator: these calls raise, and so do the derivatives by the arguments of `grad`."""
    return program(*calls, grad=grad, order=1, raises=raises, **expected)


def values(*calls: tuple, **expected):
    """Decorator: these calls are compared in value only."""
    return program(*calls, grad=(), **expected)


def refused(*args, says: str = ""):
    """Decorator: compiling for these arguments must fail at the line marked `# refused`."""
    return program(args, grad=(), refused=says)
