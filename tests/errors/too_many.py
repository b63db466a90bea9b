# CALL: jit(f)(1.0)
# ERROR: InferenceError: f.g() takes 1 positional argument but 2 were given
def f(x):
    g = lambda a: a
    return g(x, x)
#          ^^^^^^^
