"""A branch: only the way that was taken is differentiated."""

import math

TYPES = "f64"


def choice(x):
    return math.exp(x) if x < 0.0 else x * x
