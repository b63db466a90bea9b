"""A function chosen at run time: a closure is a record of what it captured, its call a choice between known functions."""

TYPES = "f64, i64"


def closure(x, n):
    scale = (lambda v: v * x) if n > 0 else (lambda v: v + 1.0)
    return scale(x)
