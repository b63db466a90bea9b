# CALL: jit(f)(1.0)
# ERROR: TypeError: can't multiply sequence by non-int of type 'float'
def f(x):
    y = (x, x) if x > 0 else x
    return y * 2.0  # here
