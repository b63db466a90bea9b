# CALL: jit(f)(2)
# ERROR: OverflowError: int too large for 64 bits
def f(n):
    return n**100  # here
