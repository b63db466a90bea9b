# CALL: jit(f)([1.0, 2.0])
# ERROR: InferenceError: a list that the function did not make is changed here
def f(xs):
    ys = xs
    ys.append(3.0)
#   ^^^^^^^^^^^^^^
    return sum(ys)
