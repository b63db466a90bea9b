# CALL: jit(f)(1.0)
# ERROR: InferenceError: 'float' object is not iterable
def f(x):
    s = 0.0
    for v in x:
#            ^
        s += v
    return s
