# CALL: jit(f)(1.0)
# ERROR: UnsupportedError: `sin` is a function that tapeless does not know (ufunc)
import numpy as np


def f(x):
    return np.sin(x)
#          ^^^^^^
