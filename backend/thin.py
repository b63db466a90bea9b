"""Products of a large matrix and a thin one, of few columns: C = A B or Aᵀ B, where a row of B is at most two vectors.

    tl_thin(A, along, down, B, C, m, k, n)        A[i, p] is at A + along i + down p; one of the two strides is 1

BLAS packs A into panels first, which for a thin B costs as much as the product. Here the rows of C are computed in
registers, ROWS at a time, from a stretch of A that stays in the cache: acc[r] += A[i + r, p] B[p]. Rows of C are cut
into blocks for threads (`threads.py`); every element is summed in the order of p, however they are cut.

Source: Goto and van de Geijn (2008), "Anatomy of high-performance matrix multiplication": its inner kernel, without the
packing.
"""

from __future__ import annotations

from functools import cache

from tapeless.backend import threads
from tapeless.backend.jit import Library, engine, lasting_code, load
from tapeless.backend.threads import BLOCKS

ROWS = 8
"""Rows of C that are computed at once."""
STRETCH = 256
"""Of p, so that what they take of A and B stays in the cache."""
SMALLEST = 1 << 16
"""Elements of A from which on this is faster than BLAS; a task for threads has eight times as many."""
FEWEST = 16
"""Rows of C, for less of which BLAS is used."""
LANES = 8
WIDEST = 2 * LANES
"""Columns of B, at most."""
VECTOR = f"<{LANES} x double>"
DECLARATIONS = f"""
declare void @tl_parallel(ptr, ptr, i64)
declare i64 @llvm.smin.i64(i64, i64)
declare i64 @llvm.smax.i64(i64, i64)
declare {VECTOR} @llvm.masked.load.v{LANES}f64.p0(ptr, i32, <{LANES} x i1>, {VECTOR})
declare void @llvm.masked.store.v{LANES}f64.p0({VECTOR}, ptr, i32, <{LANES} x i1>)
declare {VECTOR} @llvm.fma.v{LANES}f64({VECTOR}, {VECTOR}, {VECTOR})
"""


def available() -> bool:
    """Whether the machine has the registers for it: 32, of 512 bits."""
    return "+avx512f" in engine().features


def _spread(to: str, type: str, value: str) -> list[str]:
    """A vector of one value."""
    vector = f"<{LANES} x {type}>"
    return [
        f"  {to}.one = insertelement {vector} poison, {type} {value}, i64 0",
        f"  {to} = shufflevector {vector} {to}.one, {vector} poison, <{LANES} x i32> zeroinitializer",
    ]


def _load(to: str, at: str, v: int) -> str:
    return (
        f"  {to} = call {VECTOR} @llvm.masked.load.v{LANES}f64.p0("
        f"ptr {at}, i32 8, <{LANES} x i1> %mask{v}, {VECTOR} zeroinitializer)"
    )


def _kernel(turned: bool, vectors: int, rows: int) -> str:
    """@kernel: some rows of C, over a stretch of p; from zero, or added to what is there."""
    each = [(r, v) for r in range(rows) for v in range(vectors)]
    lines = [
        f"define internal void @kernel.{_name(turned, vectors)}.{rows}"
        "(ptr %a, i64 %stride, ptr %b, ptr %c, i64 %n, i64 %count, i1 %first) noinline #0 {",
        "entry:",
        *_spread("%all", "i64", "%n"),
    ]
    for v in range(vectors):
        lanes = ", ".join(f"i64 {v * LANES + i}" for i in range(LANES))
        lines.append(f"  %mask{v} = icmp slt <{LANES} x i64> <{lanes}>, %all")
    for r, v in each:
        lines += [
            f"  %row{r}.{v} = mul i64 %n, {r}",
            f"  %at{r}.{v} = add i64 %row{r}.{v}, {v * LANES}",
            f"  %c{r}.{v} = getelementptr double, ptr %c, i64 %at{r}.{v}",
        ]
    lines += ["  br i1 %first, label %begin, label %more", "more:"]
    lines += [_load(f"%old{r}.{v}", f"%c{r}.{v}", v) for r, v in each]
    lines += ["  br label %begin", "begin:"]
    lines += [f"  %start{r}.{v} = phi {VECTOR} [zeroinitializer, %entry], [%old{r}.{v}, %more]" for r, v in each]
    lines += ["  br label %loop", "loop:", "  %p = phi i64 [0, %begin], [%next, %loop]"]
    lines += [f"  %acc{r}.{v} = phi {VECTOR} [%start{r}.{v}, %begin], [%sum{r}.{v}, %loop]" for r, v in each]
    lines.append("  %from = mul i64 %p, %n")
    for v in range(vectors):
        lines += [
            f"  %from{v} = add i64 %from, {v * LANES}",
            f"  %b{v} = getelementptr double, ptr %b, i64 %from{v}",
            _load(f"%x{v}", f"%b{v}", v),
        ]
    for r in range(rows):
        scaled, added = ("%p", r) if turned else (r, "%p")
        lines += [
            f"  %step{r} = mul i64 %stride, {scaled}",
            f"  %where{r} = add i64 %step{r}, {added}",
            f"  %a{r} = getelementptr double, ptr %a, i64 %where{r}",
            f"  %one{r} = load double, ptr %a{r}",
            *_spread(f"%y{r}", "double", f"%one{r}"),
        ]
        lines += [
            f"  %sum{r}.{v} = call {VECTOR} @llvm.fma.v{LANES}f64({VECTOR} %y{r}, {VECTOR} %x{v}, {VECTOR} %acc{r}.{v})"
            for v in range(vectors)
        ]
    lines += [
        "  %next = add nuw nsw i64 %p, 1",
        "  %again = icmp slt i64 %next, %count",
        "  br i1 %again, label %loop, label %end",
        "end:",
    ]
    for r, v in each:
        lines.append(
            f"  call void @llvm.masked.store.v{LANES}f64.p0("
            f"{VECTOR} %sum{r}.{v}, ptr %c{r}.{v}, i32 8, <{LANES} x i1> %mask{v})"
        )
    return "\n".join([*lines, "  ret void", "}", ""])


def _name(turned: bool, vectors: int) -> str:
    return f"{'T' if turned else 'N'}{vectors}"


FIELDS = (
    ("a", "ptr"), ("stride", "i64"), ("b", "ptr"), ("c", "ptr"), ("m", "i64"), ("k", "i64"), ("n", "i64"),
    ("size", "i64"),
)  # fmt: skip


def _block(turned: bool, vectors: int) -> str:
    """@block: the rows of one block; the environment has FIELDS, of which `size` is how many rows a block has."""
    name = _name(turned, vectors)
    fields = "\n".join(
        f"  %{x}.at = getelementptr i8, ptr %env, i64 {8 * i}\n  %{x} = load {kind}, ptr %{x}.at"
        for i, (x, kind) in enumerate(FIELDS)
    )
    step, down = ("1", "%stride") if turned else ("%stride", "1")
    return f"""
define internal void @block.{name}(ptr %env, i64 %index) #0 {{
entry:
{fields}
  %low = mul i64 %index, %size
  %beyond = add i64 %low, %size
  %high = call i64 @llvm.smin.i64(i64 %beyond, i64 %m)
  br label %stretch
stretch:
  %p = phi i64 [0, %entry], [%p.next, %stretched]
  %left = sub i64 %k, %p
  %count = call i64 @llvm.smin.i64(i64 %left, i64 {STRETCH})
  %first = icmp eq i64 %p, 0
  %b.from = mul i64 %p, %n
  %b.here = getelementptr double, ptr %b, i64 %b.from
  %a.from = mul i64 %p, {down}
  %a.here = getelementptr double, ptr %a, i64 %a.from
  br label %rows
rows:
  %i = phi i64 [%low, %stretch], [%i.many, %many], [%i.one, %one]
  %there = icmp slt i64 %i, %high
  br i1 %there, label %some, label %stretched
some:
  %a.row = mul i64 %i, {step}
  %a.at.i = getelementptr double, ptr %a.here, i64 %a.row
  %c.row = mul i64 %i, %n
  %c.at.i = getelementptr double, ptr %c, i64 %c.row
  %i.many = add i64 %i, {ROWS}
  %i.one = add i64 %i, 1
  %full = icmp sle i64 %i.many, %high
  br i1 %full, label %many, label %one
many:
  call void @kernel.{name}.{ROWS}(ptr %a.at.i, i64 %stride, ptr %b.here, ptr %c.at.i, i64 %n, i64 %count, i1 %first)
  br label %rows
one:
  call void @kernel.{name}.1(ptr %a.at.i, i64 %stride, ptr %b.here, ptr %c.at.i, i64 %n, i64 %count, i1 %first)
  br label %rows
stretched:
  %p.next = add i64 %p, {STRETCH}
  %on = icmp slt i64 %p.next, %k
  br i1 %on, label %stretch, label %end
end:
  ret void
}}
"""


def _entry() -> str:
    """@tl_thin: all blocks, by the kernel that fits."""
    stores = "\n".join(
        f"  %{x}.at = getelementptr i8, ptr %env, i64 {8 * i}\n  store {kind} %{x}, ptr %{x}.at"
        for i, (x, kind) in enumerate(FIELDS)
    )
    calls = "".join(
        f"""
{name}:
  br i1 %large, label %{name}.all, label %{name}.one
{name}.all:
  call void @tl_parallel(ptr @block.{name}, ptr %env, i64 %blocks)
  ret void
{name}.one:
  store i64 %m, ptr %size.at
  call void @block.{name}(ptr %env, i64 0)
  ret void
"""
        for name in (_name(turned, vectors) for turned, vectors in KINDS)
    )
    return f"""
define void @tl_thin(ptr %a, i64 %along, i64 %down, ptr %b, ptr %c, i64 %m, i64 %k, i64 %n) #0 {{
entry:
  %env = alloca [8 x i64]
  %turned = icmp eq i64 %along, 1
  %stride = select i1 %turned, i64 %down, i64 %along
  %part = udiv i64 %m, {BLOCKS // 2 * ROWS}
  %more = add i64 %part, 1
  %rounded = mul i64 %more, {ROWS}
  ; of a turned matrix, what is side by side in memory stays together
  %wide = call i64 @llvm.smax.i64(i64 %rounded, i64 {4 * ROWS})
  %size = select i1 %turned, i64 %wide, i64 %rounded
  %beyond = add i64 %m, %size
  %last = sub i64 %beyond, 1
  %blocks = udiv i64 %last, %size
{stores}
  %elements = mul i64 %m, %k
  %large = icmp sge i64 %elements, {8 * SMALLEST}
  %single = icmp sle i64 %n, {LANES}
  br i1 %turned, label %T, label %N
N:
  br i1 %single, label %N1, label %N2
T:
  br i1 %single, label %T1, label %T2
{calls}
}}
"""


KINDS = [(turned, vectors) for turned in (False, True) for vectors in (1, 2)]


def text() -> str:
    """The module in LLVM IR."""
    parts = [DECLARATIONS]
    for turned, vectors in KINDS:
        parts += [*(_kernel(turned, vectors, rows) for rows in (ROWS, 1)), _block(turned, vectors)]
    return "\n".join([*parts, _entry()])


@cache
def _library() -> Library:
    module = text()
    return load([lasting_code("thin", module, 2, 2)], "thin", ("tl_thin",), threads.addresses(), module)


def addresses() -> dict[str, int]:
    """The address of `tl_thin`, for kernels with products of matrices."""
    return {"tl_thin": _library().address("tl_thin")}
