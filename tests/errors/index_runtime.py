# CALL: jit(f)(1.0, 0)
# ERROR: InferenceError: the index of a tuple whose items are not scalars of one type
def f(x, n):
    return (x, 1)[n]
#          ^^^^^^^^^
