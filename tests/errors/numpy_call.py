# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `nextafter` is not supported
import numpy as np


def f(x):
    return np.nextafter(x, 2.0)
#          ^^^^^^^^^^^^
