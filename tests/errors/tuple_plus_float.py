# CALL: jit(f)(1.0)
# ERROR: InferenceError: can only concatenate tuple (not "float") to tuple
def f(x):
    return (x, x) + x
#          ^^^^^^^^^^
