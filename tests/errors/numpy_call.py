# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `nextafter` is a function that tapeless does not know (ufunc)
import numpy as np


def f(x):
    return np.nextafter(x, 2.0)
#          ^^^^^^^^^^^^
