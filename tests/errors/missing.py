# CALL: jit(f)(1.0)
# ERROR: InferenceError: f.g() missing 1 required positional argument: 'b'
def f(x):
    g = lambda a, b: a
    return g(x)
#          ^^^^
