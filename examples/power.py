"""A recursive function, its gradient and its third derivative, all native code."""

import tapeless as tl


@tl.jit
def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


def main() -> None:
    third = tl.grad(tl.grad(tl.grad(power)))
    print("power(2.0, 10)            ", power(2.0, 10))
    print("its derivative            ", tl.grad(power)(2.0, 10))
    print("its third derivative      ", third(2.0, 10))
    assert power(2.0, 10) == 2.0**10
    assert tl.grad(power)(2.0, 10) == 10 * 2.0**9
    assert third(2.0, 10) == 10 * 9 * 8 * 2.0**7


if __name__ == "__main__":
    main()
