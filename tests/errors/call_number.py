# CALL: jit(f)(1.0)
# ERROR: InferenceError: 'float' object is not callable
def f(x):
    y = x
    return y(1.0)
#          ^^^^^^
