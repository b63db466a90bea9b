"""The runtime routines of number theory: exact quotients, gcd, roots, factorials, counting.

Each computes what `evaluate` of its primitive does, in 64 bits.
"""

from __future__ import annotations

from tapeless.backend.routine import Routine, routine

_WHOLE = [
    routine(
        "double @tl_idiv_true(i64 %a, i64 %b)",
        """
entry:
%p = call i64 @llvm.abs.i64(i64 %a, i1 false)
%q = call i64 @llvm.abs.i64(i64 %b, i1 false)
%p.small = icmp ule i64 %p, 9007199254740992
%q.small = icmp ule i64 %q, 9007199254740992
%small = and i1 %p.small, %q.small
%q.zero = icmp eq i64 %q, 0
%simple = or i1 %small, %q.zero
br i1 %simple, label %direct, label %long
direct:
%x = sitofp i64 %a to double
%y = sitofp i64 %b to double
%r = fdiv double %x, %y
ret double %r
long:
%size = call double @tl_long_quotient(i64 %p, i64 %q)
%signs = xor i64 %a, %b
%negative = icmp slt i64 %signs, 0
%minus = fneg double %size
%s = select i1 %negative, double %minus, double %size
ret double %s
""",
        ("tl_long_quotient",),
    ),
    # Binary digits of p / q until there are 55, the last one made odd by any rest: then rounding to 53 is right.
    routine(
        "double @tl_long_quotient(i64 %p, i64 %q)",
        """
entry:
%first = udiv i64 %p, %q
%first.rest = urem i64 %p, %q
%nothing = icmp eq i64 %p, 0
br i1 %nothing, label %none, label %loop
none:
ret double 0.0
loop:
%digits = phi i64 [%first, %entry], [%digits.next, %more]
%rest = phi i64 [%first.rest, %entry], [%rest.next, %more]
%scale = phi double [1.0, %entry], [%scale.next, %more]
%enough = icmp uge i64 %digits, 18014398509481984
br i1 %enough, label %exit, label %more
more:
%doubled = shl i64 %rest, 1
%one = icmp uge i64 %doubled, %q
%less = sub i64 %doubled, %q
%rest.next = select i1 %one, i64 %less, i64 %doubled
%bit = zext i1 %one to i64
%shifted = shl i64 %digits, 1
%digits.next = or i64 %shifted, %bit
%scale.next = fmul double %scale, 0.5
br label %loop
exit:
%inexact = icmp ne i64 %rest, 0
%sticky = zext i1 %inexact to i64
%all = or i64 %digits, %sticky
%x = uitofp i64 %all to double
%r = fmul double %x, %scale
ret double %r
""",
        inline=False,
    ),
    routine(
        "i64 @tl_igcd(i64 %a, i64 %b)",
        """
entry:
%p = call i64 @llvm.abs.i64(i64 %a, i1 false)
%q = call i64 @llvm.abs.i64(i64 %b, i1 false)
br label %loop
loop:
%x = phi i64 [%p, %entry], [%y, %more]
%y = phi i64 [%q, %entry], [%rest, %more]
%done = icmp eq i64 %y, 0
br i1 %done, label %exit, label %more
more:
%rest = urem i64 %x, %y
br label %loop
exit:
ret i64 %x
""",
        inline=False,
    ),
    # The rounded root is off by one at most: once too large, squaring (below 2**64) shows it.
    routine(
        "i64 @tl_iisqrt(i64 %a)",
        """
%n = call i64 @llvm.smax.i64(i64 %a, i64 0)
%x = sitofp i64 %n to double
%root = call double @llvm.sqrt.f64(double %x)
%s = fptosi double %root to i64
%square = mul i64 %s, %s
%above = icmp ugt i64 %square, %n
%one = zext i1 %above to i64
%t = sub i64 %s, %one
%next = add i64 %t, 1
%square.next = mul i64 %next, %next
%fits = icmp ule i64 %square.next, %n
%r = select i1 %fits, i64 %next, i64 %t
ret i64 %r
""",
    ),
    routine(
        "i64 @tl_ifactorial(i64 %n)",
        """
entry:
%inside = icmp ule i64 %n, 20
br i1 %inside, label %loop, label %outside
outside:
ret i64 0
loop:
%k = phi i64 [%n, %entry], [%less, %more]
%product = phi i64 [1, %entry], [%larger, %more]
%done = icmp eq i64 %k, 0
br i1 %done, label %exit, label %more
more:
%larger = mul i64 %product, %k
%less = sub i64 %k, 1
br label %loop
exit:
ret i64 %product
""",
        inline=False,
    ),
]


def _counting(name: str, choose: bool) -> tuple[str, Routine]:
    """perm(n, k), or comb(n, k): then the i-th factor n - i is divided by i + 1, exactly, after reducing by the gcd."""
    limit = "%k.small" if choose else "%k"
    divide = """
%up = add i64 %i, 1
%common = call i64 @tl_igcd(i64 %product, i64 %up)
%left = udiv i64 %product, %common
%by = udiv i64 %up, %common
%right = udiv i64 %factor, %by
"""
    plain = """
%up = add i64 %i, 1
%left = add i64 %product, 0
%right = add i64 %factor, 0
"""
    return routine(
        f"i64 @tl_{name}(i64 %n, i64 %k)",
        f"""
entry:
%n.bad = icmp slt i64 %n, 0
%k.bad = icmp slt i64 %k, 0
%bad = or i1 %n.bad, %k.bad
br i1 %bad, label %fail, label %defined
fail:
ret i64 -1
defined:
%none = icmp sgt i64 %k, %n
br i1 %none, label %zero, label %start
zero:
ret i64 0
start:
%other = sub i64 %n, %k
%k.small = call i64 @llvm.smin.i64(i64 %k, i64 %other)
br label %loop
loop:
%i = phi i64 [0, %start], [%up, %next]
%product = phi i64 [1, %start], [%value, %next]
%done = icmp eq i64 %i, {limit}
br i1 %done, label %exit, label %more
more:
%factor = sub i64 %n, %i{divide if choose else plain}
%pair = call {{i64, i1}} @llvm.smul.with.overflow.i64(i64 %left, i64 %right)
%value = extractvalue {{i64, i1}} %pair, 0
%overflow = extractvalue {{i64, i1}} %pair, 1
br i1 %overflow, label %fail, label %next
next:
br label %loop
exit:
ret i64 %product
""",
        ("tl_igcd",) if choose else (),
        inline=False,
    )


WHOLE = [*_WHOLE, _counting("icomb", True), _counting("iperm", False)]
