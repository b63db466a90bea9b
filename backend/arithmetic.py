"""The runtime routines of Python's arithmetic, and the functions of libm that primitives name.

In: the `lower` of the primitives that a module uses. Out: `declarations(...)`, LLVM text that defines the routines
"call:tl_..." and declares the functions "libm:..." (as `@tl_...`, a name that LLVM does not know, so that it neither
folds nor replaces calls), and the addresses' names: `@tl_sin` is to be bound to libm's `sin`.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from tapeless.backend.emit import Text
from tapeless.backend.layout import MACHINE_LEAVES
from tapeless.backend.routine import PURE, Routine, close, double, routine
from tapeless.ir.elements import ELEMENTS, Element

_UNARY = (
    "acos acosh asin asinh atan atanh cbrt cos cosh erf erfc exp exp2 expm1 lgamma log log10 log1p log2 sin sinh tan "
    "tanh tgamma"
)
LIBM: dict[str, str] = {
    **{f"libm:{name}": "double (double)" for name in _UNARY.split()},
    **{f"libm:{name}": "double (double, double)" for name in ("atan2", "fmod", "nextafter", "pow", "remainder")},
    "libm:ldexp": "double (double, i32)",
    "libm:sincos": "void (double, ptr writeonly, ptr writeonly)",
}


def declarations(lowers: Iterable[str]) -> tuple[str, dict[str, str]]:
    """LLVM text for all "call:..." and "libm:..." among `lowers`, and the functions to bind: {"tl_sin": "sin"}."""
    names = [x.removeprefix("call:") for x in lowers if x.startswith(("call:", "libm:"))]
    table = COMMON if all(name in COMMON or name in LIBM for name in names) else all_routines()
    routines, functions = close(names, table)
    text = [table[name].text for name in routines]
    bound = {}
    for name in functions:
        result, arguments = LIBM[name].split(" ", 1)
        c_name = name.removeprefix("libm:")
        bound["tl_" + c_name] = c_name
        # what a function of libm writes is where it is told to; errno and the flags of exceptions nobody reads
        effects = "nounwind willreturn memory(argmem: write)" if "ptr" in arguments else PURE
        text.append(f"declare {result} @tl_{c_name}{arguments} {effects}\n")
    return "".join(text), bound


def signature(lower: str) -> str:
    """The LLVM type of the function that "call:..." or "libm:..." names, as `double (double)`."""
    if lower.startswith("libm:"):
        return LIBM[lower]
    name = lower.removeprefix("call:")
    return (COMMON.get(name) or all_routines()[name]).signature


# snprintf and strtod of glibc round exactly, as CPython's own conversion does.
_DIGITS = Routine(
    "double (double, i64)",
    """declare i32 @snprintf(ptr, i64, ptr, ...)
declare double @strtod(ptr, ptr)
@tl_digits_format = private constant [5 x i8] c"%.*f\\00"
define linkonce_odr double @tl_round_digits(double %x, i64 %n) noinline nounwind willreturn {
  %size = call double @llvm.fabs.f64(double %x)
  %finite = fcmp olt double %size, 0x7FF0000000000000
  %few = icmp ult i64 %n, 324
  %some = and i1 %finite, %few
  br i1 %some, label %round, label %same
round:
  %text = alloca [700 x i8]
  %digits = trunc i64 %n to i32
  %length = call i32 (ptr, i64, ptr, ...) @snprintf(ptr %text, i64 700, ptr @tl_digits_format, i32 %digits, double %x)
  %r = call double @strtod(ptr %text, ptr null)
  ret double %r
same:
  ret double %x
}
""",
)

_FLOAT = [
    ("tl_round_digits", _DIGITS),
    routine(
        "double @tl_sign(double %x)",
        """
%one = call double @llvm.copysign.f64(double 1.0, double %x)
%ordinary = fcmp one double %x, 0.0
%r = select i1 %ordinary, double %one, double %x
ret double %r
""",
    ),
    routine(
        "double @tl_frac(double %x)",
        f"""
%size = call double @llvm.fabs.f64(double %x)
%infinite = fcmp oeq double %size, {double(float("inf"))}
%whole = call double @llvm.trunc.f64(double %x)
%difference = fsub double %x, %whole
%rest = select i1 %infinite, double 0.0, double %difference
%r = call double @llvm.copysign.f64(double %rest, double %x)
ret double %r
""",
    ),
    routine(
        "double @tl_mul_guarded(double %ct, double %p)",
        """
%product = fmul contract double %ct, %p
%ct.zero = fcmp oeq double %ct, 0.0
%p.zero = fcmp oeq double %p, 0.0
%zero = or i1 %ct.zero, %p.zero
%r = select i1 %zero, double 0.0, double %product
ret double %r
""",
    ),
    routine(
        "double @tl_div_guarded(double %x, double %y)",
        """
%quotient = fdiv double %x, %y
%zero = fcmp oeq double %x, 0.0
%r = select i1 %zero, double 0.0, double %quotient
ret double %r
""",
    ),
    routine(
        "double @tl_py_mod(double %x, double %y)",
        """
%m = call double @tl_fmod(double %x, double %y)
%nonzero = fcmp une double %m, 0.0
%yneg = fcmp olt double %y, 0.0
%mneg = fcmp olt double %m, 0.0
%differ = xor i1 %yneg, %mneg
%sum = fadd double %m, %y
%moved = select i1 %differ, double %sum, double %m
%signed = call double @llvm.copysign.f64(double 0.0, double %y)
%r = select i1 %nonzero, double %moved, double %signed
ret double %r
""",
        ("libm:fmod",),
    ),
    routine(
        "double @tl_py_floordiv(double %x, double %y)",
        """
%m = call double @tl_fmod(double %x, double %y)
%difference = fsub double %x, %m
%d = fdiv double %difference, %y
%nonzero = fcmp une double %m, 0.0
%yneg = fcmp olt double %y, 0.0
%mneg = fcmp olt double %m, 0.0
%signs = xor i1 %yneg, %mneg
%differ = and i1 %signs, %nonzero
%less = fsub double %d, 1.0
%div = select i1 %differ, double %less, double %d
%floor = call double @llvm.floor.f64(double %div)
%over = fsub double %div, %floor
%far = fcmp ogt double %over, 0.5
%up = fadd double %floor, 1.0
%snapped = select i1 %far, double %up, double %floor
%quotient = fdiv double %x, %y
%signed = call double @llvm.copysign.f64(double 0.0, double %quotient)
%whole = fcmp une double %div, 0.0
%r = select i1 %whole, double %snapped, double %signed
ret double %r
""",
        ("libm:fmod",),
    ),
]

_WITH_OVERFLOW = [
    routine(
        f"i1 @tl_i{name}_ok(i64 %a, i64 %b)",
        f"""
%pair = call {{i64, i1}} @llvm.s{name}.with.overflow.i64(i64 %a, i64 %b)
%overflow = extractvalue {{i64, i1}} %pair, 1
%r = xor i1 %overflow, true
ret i1 %r
""",
    )
    for name in ("add", "sub", "mul")
]

# A divisor for which sdiv and srem are defined: 1 stands for 0, and for -1 under the least int (which stays itself).
_SAFE_DIVISOR = """
%zero = icmp eq i64 %b, 0
%minus = icmp eq i64 %b, -1
%least = icmp eq i64 %a, -9223372036854775808
%wraps = and i1 %minus, %least
%odd = or i1 %zero, %wraps
%d = select i1 %odd, i64 1, i64 %b
%rest = srem i64 %a, %d
%some = icmp ne i64 %rest, 0
%signs = xor i64 %rest, %d
%differ = icmp slt i64 %signs, 0
%below = and i1 %some, %differ
"""

_INT = [
    routine(
        "i64 @tl_ifloordiv(i64 %a, i64 %b)",
        f"""{_SAFE_DIVISOR}
%quotient = sdiv i64 %a, %d
%one = zext i1 %below to i64
%q = sub i64 %quotient, %one
%r = select i1 %zero, i64 0, i64 %q
ret i64 %r
""",
    ),
    routine(
        "i64 @tl_imod(i64 %a, i64 %b)",
        f"""{_SAFE_DIVISOR}
%add = select i1 %below, i64 %d, i64 0
%r = add i64 %rest, %add
ret i64 %r
""",
    ),
    routine(
        "i64 @tl_ishl(i64 %a, i64 %n)",
        """
%inside = icmp ult i64 %n, 64
%count = and i64 %n, 63
%shifted = shl i64 %a, %count
%r = select i1 %inside, i64 %shifted, i64 0
ret i64 %r
""",
    ),
    routine(
        "i64 @tl_ishr(i64 %a, i64 %n)",
        """
%count = call i64 @llvm.umin.i64(i64 %n, i64 63)
%r = ashr i64 %a, %count
ret i64 %r
""",
    ),
    routine(
        "i1 @tl_ishl_ok(i64 %a, i64 %n)",
        """
%inside = icmp ult i64 %n, 64
%count = and i64 %n, 63
%shifted = shl i64 %a, %count
%back = ashr i64 %shifted, %count
%same = icmp eq i64 %back, %a
%fits = and i1 %inside, %same
%zero = icmp eq i64 %a, 0
%defined = icmp sge i64 %n, 0
%trivial = and i1 %zero, %defined
%r = or i1 %fits, %trivial
ret i1 %r
""",
    ),
    routine(
        "{i64, i1} @tl_ipow_full(i64 %a, i64 %n)",
        """
entry:
%negative = icmp slt i64 %n, 0
br i1 %negative, label %undefined, label %loop
undefined:
ret {i64, i1} {i64 0, i1 false}
loop:
%result = phi i64 [1, %entry], [%result.next, %more]
%square = phi i64 [%a, %entry], [%square.next, %more]
%bits = phi i64 [%n, %entry], [%bits.next, %more]
%fits = phi i1 [true, %entry], [%fits.next, %more]
%square.fits = phi i1 [true, %entry], [%square.fits.next, %more]
%done = icmp eq i64 %bits, 0
br i1 %done, label %exit, label %more
more:
%odd = trunc i64 %bits to i1
%product = call {i64, i1} @llvm.smul.with.overflow.i64(i64 %result, i64 %square)
%value = extractvalue {i64, i1} %product, 0
%overflow = extractvalue {i64, i1} %product, 1
%exact = xor i1 %overflow, true
%good = and i1 %exact, %square.fits
%bad = xor i1 %good, true
%spoiled = and i1 %bad, %odd
%kept = xor i1 %spoiled, true
%fits.next = and i1 %fits, %kept
%result.next = select i1 %odd, i64 %value, i64 %result
%squared = call {i64, i1} @llvm.smul.with.overflow.i64(i64 %square, i64 %square)
%square.next = extractvalue {i64, i1} %squared, 0
%square.overflow = extractvalue {i64, i1} %squared, 1
%square.exact = xor i1 %square.overflow, true
%square.fits.next = and i1 %square.exact, %square.fits
%bits.next = lshr i64 %bits, 1
br label %loop
exit:
%first = insertvalue {i64, i1} undef, i64 %result, 0
%both = insertvalue {i64, i1} %first, i1 %fits, 1
ret {i64, i1} %both
""",
        inline=False,
    ),
    *(
        routine(
            f"{kind} @tl_{name}(i64 %a, i64 %n)",
            f"""
%both = call {{i64, i1}} @tl_ipow_full(i64 %a, i64 %n)
%r = extractvalue {{i64, i1}} %both, {position}
ret {kind} %r
""",
            ("tl_ipow_full",),
        )
        for name, kind, position in (("ipow", "i64", 0), ("ipow_ok", "i1", 1))
    ),
    routine(
        "i64 @tl_range_length(i64 %start, i64 %stop, i64 %step)",
        """
%up = icmp sgt i64 %step, 0
%down = icmp slt i64 %step, 0
%low = select i1 %up, i64 %start, i64 %stop
%high = select i1 %up, i64 %stop, i64 %start
%some = icmp slt i64 %low, %high
%span = sub i64 %high, %low
%last = sub i64 %span, 1
%minus = sub i64 0, %step
%size = select i1 %up, i64 %step, i64 %minus
%nonzero = or i1 %up, %down
%d = select i1 %nonzero, i64 %size, i64 1
%steps = udiv i64 %last, %d
%limited = call i64 @llvm.umin.i64(i64 %steps, i64 9223372036854775806)
%n = add i64 %limited, 1
%exists = and i1 %some, %nonzero
%r = select i1 %exists, i64 %n, i64 0
ret i64 %r
""",
    ),
]

# %f, the int as a float, is below (above) x only if the int is; where they agree, the ints decide.
_MIXED_PARTS = """
%f = sitofp i64 %a to double
%same = fcmp oeq double %f, %x
%top = fcmp oeq double %x, 9223372036854775808.0
%n = call i64 @llvm.fptosi.sat.i64.f64(double %x)
"""


def _mixed(name: str, order: str, test: str, at_top: str) -> tuple[str, Routine]:
    """A comparison: `order` of the floats, else, where they agree, `test` of the ints; `at_top` for x = 2**63."""
    arguments = "double %x, i64 %a" if name.startswith("fi") else "i64 %a, double %x"
    return routine(
        f"i1 @tl_{name}({arguments})",
        f"""{_MIXED_PARTS}
%ordered = fcmp {order} double %f, %x
%exact = icmp {test} i64 %a, %n
%decided = select i1 %top, i1 {at_top}, i1 %exact
%r = select i1 %same, i1 %decided, i1 %ordered
ret i1 %r
""",
    )


_MIXED = [
    _mixed("if_eq", "false", "eq", "false"),
    _mixed("if_lt", "olt", "slt", "true"),
    _mixed("if_le", "olt", "sle", "true"),
    _mixed("fi_lt", "ogt", "sgt", "false"),
    _mixed("fi_le", "ogt", "sge", "false"),
    routine(
        "i1 @tl_f2i_ok(double %x)",
        """
%low = fcmp oge double %x, -9223372036854775808.0
%high = fcmp olt double %x, 9223372036854775808.0
%r = and i1 %low, %high
ret i1 %r
""",
    ),
    routine(
        "i1 @tl_i2f_exact(i64 %a)",
        """
%f = sitofp i64 %a to double
%n = call i64 @llvm.fptosi.sat.i64.f64(double %f)
%same = icmp eq i64 %n, %a
%low = fcmp olt double %f, 9223372036854775808.0
%r = and i1 %same, %low
ret i1 %r
""",
    ),
]


def _range(e: Element) -> tuple[str, Routine]:
    """To the range of a narrow scalar of NumPy, through its type in memory."""
    text = Text()
    out = text.from_memory(e, text.to_memory(e, "%x"))
    leaf = MACHINE_LEAVES[e.machine]
    return routine(f"{leaf} @tl_as_{e.short}({leaf} %x)", "\n".join([*text.lines, f"ret {leaf} {out}"]))


_RANGES = [_range(e) for e in ELEMENTS.values() if e.narrow]

COMMON: dict[str, Routine] = dict([*_FLOAT, *_WITH_OVERFLOW, *_INT, *_MIXED, *_RANGES])
"""These need one another and libm only."""


@cache
def all_routines() -> dict[str, Routine]:
    """Those of whole numbers and of special functions too, which are loaded with the first program that has some."""
    from tapeless.backend.special import SPECIAL
    from tapeless.backend.whole import WHOLE

    return COMMON | dict([*WHOLE, *SPECIAL])
