"""A loop: forward it keeps a frame per iteration; backward a second loop, `@unwind`, reads the frames."""

import math

TYPES = "f64, i64"


def loop(x, n):
    y = x
    for _ in range(n):
        y = math.sin(y) * x
    return y
