# CALL: jit(f)(1.0)
# ERROR: InferenceError: the attribute `.hex` of an object of type 'float' is not supported
def f(x):
    return x.hex()
#          ^^^^^
