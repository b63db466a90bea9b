"""A recursive function: its residuals are a chain of boxes, its pullback is a recursive function over them."""

TYPES = "f64, i64"


def recursion(x, n):
    return 1.0 if n == 0 else x * recursion(x, n - 1)
