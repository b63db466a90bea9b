"""Straight-line code: its derivative is straight-line code, with no closure, tuple or call."""

import math

TYPES = "f64, f64"


def straight(x, y):
    z = x * y
    return math.sin(z) + z
