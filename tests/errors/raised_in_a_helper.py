# CALL: grad(f)(3.0)
# ERROR: RuntimeError: too large
def helper(x):
    if x > 2.0:
        raise RuntimeError("too large")  # here
    return x * x


def f(x):
    return helper(x) + 1.0
