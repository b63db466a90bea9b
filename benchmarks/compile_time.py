"""How the time to compile grows with the length of a straight-line function: value and gradient, first call."""

import time

import tapeless as tl


def straight_line(statements: int):
    """A function of one float with that many statements."""
    lines = ["def f(x):", "    a = x", "    b = x * 0.5"]
    for i in range(statements // 2):
        lines += [f"    a = a * b + x * {0.1 + i * 1e-5!r}", "    b = b * 0.7 - a * a * x"]
    return tl.from_source("\n".join([*lines, "    return a + b"]), "f")


def first_call(transform, statements: int) -> float:
    """Seconds of the first call."""
    f = straight_line(statements)
    start = time.perf_counter()
    transform(f)(1.0)
    return time.perf_counter() - start


def main() -> None:
    first_call(tl.grad, 10)  # imports, LLVM's set-up
    before: tuple[float, float] | None = None
    print("statements   value [ms]  ratio   gradient [ms]  ratio")
    for n in (100, 1000, 10000):
        now = first_call(tl.jit, n), first_call(tl.grad, n)
        ratios = ("", "") if before is None else tuple(f"{a / b:.1f}" for a, b in zip(now, before))
        print(f"{n:10}   {now[0] * 1e3:10.0f}  {ratios[0]:>5}   {now[1] * 1e3:13.0f}  {ratios[1]:>5}")
        before = now


if __name__ == "__main__":
    main()
