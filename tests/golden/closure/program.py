"""A function chosen at run time: a closure is a record of captures, its call a choice of known functions."""

TYPES = "f64, i64"


def closure(x, n):
    scale = (lambda v: v * x) if n > 0 else (lambda v: v + 1.0)
    return scale(x)
