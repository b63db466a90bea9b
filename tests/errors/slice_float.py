# CALL: jit(f)(1.0)
# ERROR: InferenceError: slicing an object of type 'float' is not supported
def f(x):
    return x[1:]
#          ^^^^^
