# CALL: jit(f)(1.0)
# ERROR: InferenceError: `y` may be unbound here: it is assigned only if the condition on line 4 holds
def f(x):
    if x > 0:
        y = 1.0
    return y
#          ^
