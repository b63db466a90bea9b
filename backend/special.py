"""The runtime routines of special functions: hypot, powers, polygamma, and the parts of a float.

Each computes what `evaluate` of its primitive does, operation by operation, so that both give the same bits.
"""

from __future__ import annotations

import math

from tapeless.backend.routine import Routine, double, routine
from tapeless.ir.primitives.special import BERNOULLI, DIGAMMA, SHIFT

INF = double(math.inf)


class _Text:
    """Straight-line LLVM code on doubles, line by line."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def op(self, instruction: str, *args: str) -> str:
        name = f"%t{len(self.lines)}"
        self.lines.append(f"{name} = {instruction} double {', '.join(args)}")
        return name

    def call(self, function: str, *args: str) -> str:
        name = f"%t{len(self.lines)}"
        arguments = ", ".join("double " + a for a in args)
        self.lines.append(f"{name} = call double @{function}({arguments})")
        return name

    def split(self, x: str) -> tuple[str, str]:
        """x as a sum of two floats of half the bits (Veltkamp)."""
        t = self.op("fmul", x, double(134217729.0))
        high = self.op("fsub", t, self.op("fsub", t, x))
        return high, self.op("fsub", x, high)

    def add(self, total: str, rest: str, x: str) -> tuple[str, str]:
        """total + x, and what that loses added to `rest`."""
        new = self.op("fadd", total, x)
        lost = self.op("fadd", self.op("fsub", total, new), x)
        return new, self.op("fadd", rest, lost)


def _scaled_length(arguments: list[str]) -> str:
    """CPython's vector_norm of `%scale`-d coordinates: a sum of squares with its errors, then one Newton step."""
    b = _Text()
    total, rests, one = double(1.0), [double(0.0)] * 3, double(1.0)
    for a in arguments:
        high, low = b.split(b.op("fmul", a, "%scale"))
        total, rests[0] = b.add(total, rests[0], b.op("fmul", high, high))
        twice = b.op("fmul", b.op("fmul", double(2.0), high), low)
        total, rests[1] = b.add(total, rests[1], twice)
        rests[2] = b.op("fadd", rests[2], b.op("fmul", low, low))

    def rest() -> str:
        lost = b.op("fadd", b.op("fadd", rests[0], rests[1]), rests[2])
        return b.op("fadd", b.op("fsub", total, one), lost)

    root = b.call("llvm.sqrt.f64", rest())
    high, low = b.split(root)
    total, rests[0] = b.add(total, rests[0], b.op("fmul", b.op("fneg", high), high))
    twice = b.op("fmul", b.op("fmul", double(-2.0), high), low)
    total, rests[1] = b.add(total, rests[1], twice)
    total, rests[2] = b.add(total, rests[2], b.op("fmul", b.op("fneg", low), low))
    correction = b.op("fdiv", rest(), b.op("fmul", double(2.0), root))
    result = b.op("fdiv", b.op("fadd", root, correction), "%scale")
    return "\n".join([*b.lines, f"ret double {result}"])


def _tiny_length(arguments: list[str]) -> str:
    """The same for a greatest coordinate so small that its scale would overflow: squares of quotients."""
    b = _Text()
    total, rest = double(1.0), double(0.0)
    for a in arguments:
        x = b.op("fdiv", a, "%max")
        total, rest = b.add(total, rest, b.op("fmul", x, x))
    inner = b.op("fadd", b.op("fsub", total, double(1.0)), rest)
    result = b.op("fmul", "%max", b.call("llvm.sqrt.f64", inner))
    return "\n".join([*b.lines, f"ret double {result}"]).replace("%t", "%u")


def _hypot(n: int) -> tuple[str, Routine]:
    names = [f"%x{i}" for i in range(n)]
    sizes = [f"%s{i}" for i in range(n)]
    lines = [f"{s} = call double @llvm.fabs.f64(double {x})" for s, x in zip(sizes, names)]
    lines += [f"%n{i} = fcmp uno double {x}, 0.0" for i, x in enumerate(names)]
    largest, some_nan = sizes[0], "%n0"
    for i in range(1, n):
        lines += [
            f"%g{i} = fcmp ogt double {sizes[i]}, {largest}",
            f"%m{i} = select i1 %g{i}, double {sizes[i]}, double {largest}",
            f"%e{i} = fcmp uno double {largest}, 0.0",
            f"%c{i} = select i1 %e{i}, double {sizes[i]}, double %m{i}",
            f"%any{i} = or i1 {some_nan}, %n{i}",
        ]
        largest, some_nan = f"%c{i}", f"%any{i}"
    body = "\n".join(lines)
    return routine(
        f"double @tl_hypot{n}({', '.join('double ' + x for x in names)})",
        f"""
entry:
{body}
%max = fadd double {largest}, 0.0
%infinite = fcmp oeq double %max, {INF}
%zero = fcmp oeq double %max, 0.0
%trivial = or i1 %infinite, %zero
%nan = xor i1 %infinite, true
%undefined = and i1 {some_nan}, %nan
br i1 %undefined, label %isnan, label %some
isnan:
ret double {double(math.nan)}
some:
br i1 %trivial, label %simple, label %general
simple:
ret double %max
general:
%bits = bitcast double %max to i64
%e = lshr i64 %bits, 52
%tiny = fcmp olt double %max, {double(2.0**-1024)}
br i1 %tiny, label %small, label %scaled
small:
{_tiny_length(sizes)}
scaled:
%half = fcmp olt double %max, {double(2.0**-1023)}
%more = zext i1 %half to i64
%field = sub i64 2045, %e
%exponent = add i64 %field, %more
%normal = shl i64 %exponent, 52
%top = icmp eq i64 %e, 2046
%below = icmp eq i64 %e, 2045
%next = select i1 %below, i64 {2**51}, i64 %normal
%scale.bits = select i1 %top, i64 {2**50}, i64 %next
%scale = bitcast i64 %scale.bits to double
{_scaled_length(sizes)}
""",
        inline=False,
    )


_FLOATS = [
    _hypot(2),
    _hypot(3),
    routine(
        "double @tl_pow_log(i64 %k, double %x, double %y)",
        """
%log = call double @tl_log(double %x)
%order = sitofp i64 %k to double
%logs = call double @tl_pow(double %log, double %order)
%power = call double @tl_pow(double %x, double %y)
%product = fmul double %power, %logs
%x.zero = fcmp oeq double %x, 0.0
%positive = fcmp ogt double %y, 0.0
%zero = and i1 %x.zero, %positive
%value = select i1 %zero, double 0.0, double %product
%plain = icmp eq i64 %k, 0
%r = select i1 %plain, double %power, double %value
ret double %r
""",
        ("libm:log", "libm:pow"),
        inline=False,
    ),
    routine(
        "double @tl_ldexp_(double %x, i64 %n)",
        """
%low = call i64 @llvm.smax.i64(i64 %n, i64 -5000)
%count = call i64 @llvm.smin.i64(i64 %low, i64 5000)
%small = trunc i64 %count to i32
%r = call double @tl_ldexp(double %x, i32 %small)
ret double %r
""",
        ("libm:ldexp",),
    ),
    routine(
        "double @tl_ulp(double %x)",
        f"""
%size = call double @llvm.fabs.f64(double %x)
%next = call double @tl_nextafter(double %size, double {INF})
%up = fsub double %next, %size
%before = call double @tl_nextafter(double %size, double 0.0)
%down = fsub double %size, %before
%last = fcmp oeq double %next, {INF}
%step = select i1 %last, double %down, double %up
%infinite = fcmp oeq double %size, {INF}
%r = select i1 %infinite, double %size, double %step
ret double %r
""",
        ("libm:nextafter",),
    ),
]

_FREXP = """
%size = call double @llvm.fabs.f64(double %x)
%tiny = fcmp olt double %size, 0x0010000000000000
%raised = fmul double %x, 18014398509481984.0
%y = select i1 %tiny, double %raised, double %x
%bits = bitcast double %y to i64
%ordinary.low = fcmp one double %x, 0.0
%finite = call i1 @llvm.is.fpclass.f64(double %x, i32 504)
%ordinary = and i1 %ordinary.low, %finite
"""
_FREXP_ROUTINES = [
    routine(
        "i64 @tl_frexp_exponent(double %x)",
        f"""{_FREXP}
%shifted = lshr i64 %bits, 52
%field = and i64 %shifted, 2047
%bias = select i1 %tiny, i64 1076, i64 1022
%e = sub i64 %field, %bias
%r = select i1 %ordinary, i64 %e, i64 0
ret i64 %r
""",
    ),
    routine(
        "double @tl_frexp_mantissa(double %x)",
        f"""{_FREXP}
%fraction = and i64 %bits, -9218868437227405313
%half = or i64 %fraction, 4602678819172646912
%m = bitcast i64 %half to double
%r = select i1 %ordinary, double %m, double %x
ret double %r
""",
    ),
]


def _hurwitz() -> tuple[str, Routine]:
    b = _Text()
    square = b.op("fmul", "%a", "%a")
    factor = b.op("fdiv", b.op("fmul", "%power", "%s"), "%a")
    lead = b.op("fdiv", b.op("fmul", "%power", "%a"), b.op("fsub", "%s", double(1.0)))
    total = b.op("fadd", "%sum", b.op("fadd", lead, b.op("fmul", double(0.5), "%power")))
    for j, c in enumerate(BERNOULLI):
        total = b.op("fadd", total, b.op("fmul", double(c), factor))
        for k in (2.0 * j + 1.0, 2.0 * j + 2.0):
            factor = b.op("fmul", factor, b.op("fadd", "%s", double(k)))
        factor = b.op("fdiv", factor, square)
    series = "\n".join(b.lines)
    return routine(
        "double @tl_hurwitz(double %s, double %a0)",
        f"""
entry:
%minus = fneg double %s
%limit = fadd double %s, {double(SHIFT)}
br label %loop
loop:
%a = phi double [%a0, %entry], [%a.next, %more]
%sum = phi double [0.0, %entry], [%sum.next, %more]
%power = call double @tl_pow(double %a, double %minus)
%low = fcmp olt double %a, %limit
br i1 %low, label %more, label %exit
more:
%sum.next = fadd double %sum, %power
%a.next = fadd double %a, 1.0
br label %loop
exit:
{series}
ret double {total}
""",
        ("libm:pow",),
        inline=False,
    )


def _digamma_positive() -> tuple[str, Routine]:
    b = _Text()
    half = b.op("fdiv", double(0.5), "%x")
    total = b.op("fadd", "%sum", b.op("fsub", b.call("tl_log", "%x"), half))
    inverse = factor = b.op("fdiv", b.op("fdiv", double(1.0), "%x"), "%x")
    for c in DIGAMMA:
        total = b.op("fsub", total, b.op("fmul", double(c), factor))
        factor = b.op("fmul", factor, inverse)
    series = "\n".join(b.lines)
    return routine(
        "double @tl_digamma_positive(double %x0)",
        f"""
entry:
br label %loop
loop:
%x = phi double [%x0, %entry], [%x.next, %more]
%sum = phi double [0.0, %entry], [%sum.next, %more]
%low = fcmp olt double %x, {double(SHIFT)}
br i1 %low, label %more, label %exit
more:
%inverse = fdiv double 1.0, %x
%sum.next = fsub double %sum, %inverse
%x.next = fadd double %x, 1.0
br label %loop
exit:
{series}
ret double {total}
""",
        ("libm:log",),
        inline=False,
    )


# %pole, and for x < 0 the distances %up and %down to the integers around it.
_NEIGHBORS = f"""
%floor = call double @llvm.floor.f64(double %x)
%ceil = call double @llvm.ceil.f64(double %x)
%up = fsub double %x, %floor
%down = fsub double %ceil, %x
%whole = fcmp ueq double %floor, %x
%low = fcmp ule double %x, 0.0
%pole = and i1 %whole, %low
%negative = fcmp olt double %x, 0.0
%mirror = fsub double 1.0, %x
%endless = fcmp oeq double %x, {INF}
"""

_POLYGAMMA = [
    _hurwitz(),
    _digamma_positive(),
    routine(
        "double @tl_digamma(double %x)",
        f"""
entry:
{_NEIGHBORS.strip()}
br i1 %pole, label %undefined, label %defined
undefined:
ret double {double(math.nan)}
defined:
%y = select i1 %negative, double %mirror, double %x
%value = call double @tl_digamma_positive(double %y)
br i1 %negative, label %left, label %right
right:
ret double %value
left:
%upper = fcmp ole double %up, %down
%nearest = select i1 %upper, double %up, double %down
%angle = fmul double {double(math.pi)}, %nearest
%cos = call double @tl_cos(double %angle)
%sin = call double @tl_sin(double %angle)
%cotangent = fdiv double %cos, %sin
%minus = fneg double %cotangent
%signed = select i1 %upper, double %cotangent, double %minus
%reflected = fmul double {double(math.pi)}, %signed
%r = fsub double %value, %reflected
ret double %r
""",
        ("tl_digamma_positive", "libm:cos", "libm:sin"),
        inline=False,
    ),
    routine(
        "double @tl_polygamma(i64 %n, double %x)",
        f"""
entry:
{_NEIGHBORS.strip()}
%first = icmp sle i64 %n, 0
br i1 %first, label %digamma, label %higher
digamma:
%psi = call double @tl_digamma(double %x)
ret double %psi
higher:
%order = sitofp i64 %n to double
%s = fadd double %order, 1.0
%odd = trunc i64 %n to i1
br i1 %pole, label %undefined, label %defined
undefined:
ret double {double(math.nan)}
defined:
br i1 %negative, label %left, label %right
right:
br i1 %endless, label %exit, label %sum
sum:
%plain = call double @tl_hurwitz(double %s, double %x)
br label %exit
left:
%a = call double @tl_hurwitz(double %s, double %down)
%b = call double @tl_hurwitz(double %s, double %mirror)
%c = call double @tl_hurwitz(double %s, double %up)
%d = fsub double %a, %b
%e = fneg double %d
%f = select i1 %odd, double %d, double %e
%both = fadd double %c, %f
br label %exit
exit:
%total = phi double [0.0, %right], [%plain, %sum], [%both, %left]
%factorial = call double @tl_tgamma(double %s)
%size = fmul double %total, %factorial
%minus = fneg double %size
%r = select i1 %odd, double %size, double %minus
ret double %r
""",
        ("tl_digamma", "tl_hurwitz", "libm:tgamma"),
        inline=False,
    ),
]

SPECIAL = [
    *_FLOATS,
    *_FREXP_ROUTINES,
    *_POLYGAMMA,
]
