"""The order that sorts a row, in LLVM IR: a merge sort of its indices, from the bottom up; nan comes last.

Runs of length w are merged into runs of 2 w, from one of two buffers into the other. Stable.
"""

from __future__ import annotations

from tapeless.backend.layout import POINTER

TYPES = {"np.f64": "double", "np.i64": "i64", "np.bool": "i8"}


def less(leaf: str, a: str, b: str, name: str) -> str:
    """Instructions that say in `%name` whether a comes before b."""
    if leaf != "double":
        return f"%{name} = icmp {'ult' if leaf == 'i8' else 'slt'} {leaf} {a}, {b}"
    return f"""%{name}.lt = fcmp olt double {a}, {b}
  %{name}.last = fcmp uno double {b}, {b}
  %{name}.number = fcmp ord double {a}, {a}
  %{name}.nan = and i1 %{name}.last, %{name}.number
  %{name} = or i1 %{name}.lt, %{name}.nan"""


def definition(kind: str) -> tuple[str, str]:
    """The name and text of `order(row, n, stride in bytes, indices, room for as many)`."""
    leaf, name = TYPES[kind], f"tl_order_{kind.removeprefix('np.')}"
    return name, _TEXT.replace("@NAME@", name).replace("@LEAF@", leaf).replace("PTR", POINTER).replace(
        "@LESS@", less(leaf, "%y", "%x", "second")
    )


_TEXT = """
define internal void @@NAME@(PTR %row, i64 %n, i64 %stride, PTR %out, PTR %room) #0 {
entry:
  br label %fill
fill:
  %f = phi i64 [0, %entry], [%f.next, %filled]
  %f.in = icmp slt i64 %f, %n
  br i1 %f.in, label %filled, label %pass
filled:
  %f.at = getelementptr i64, PTR %out, i64 %f
  store i64 %f, PTR %f.at
  %f.next = add nsw i64 %f, 1
  br label %fill
pass:
  %w = phi i64 [1, %fill], [%w.next, %turn]
  %from = phi PTR [%out, %fill], [%to, %turn]
  %to = phi PTR [%room, %fill], [%from, %turn]
  %unsorted = icmp slt i64 %w, %n
  br i1 %unsorted, label %runs, label %end
runs:
  %low = phi i64 [0, %pass], [%high, %merge]
  %some = icmp slt i64 %low, %n
  br i1 %some, label %begin, label %turn
begin:
  %middle.all = add nsw i64 %low, %w
  %middle.in = icmp slt i64 %middle.all, %n
  %middle = select i1 %middle.in, i64 %middle.all, i64 %n
  %high.all = add nsw i64 %middle, %w
  %high.in = icmp slt i64 %high.all, %n
  %high = select i1 %high.in, i64 %high.all, i64 %n
  br label %merge
merge:
  %i = phi i64 [%low, %begin], [%i.next, %put]
  %j = phi i64 [%middle, %begin], [%j.next, %put]
  %k = phi i64 [%low, %begin], [%k.next, %put]
  %left = icmp slt i64 %i, %middle
  %right = icmp slt i64 %j, %high
  %any = or i1 %left, %right
  br i1 %any, label %choose, label %runs
choose:
  %both = and i1 %left, %right
  %i.from = getelementptr i64, PTR %from, i64 %i
  %j.from = getelementptr i64, PTR %from, i64 %j
  br i1 %both, label %compare, label %put
compare:
  %i.index = load i64, PTR %i.from
  %j.index = load i64, PTR %j.from
  %i.far = mul i64 %i.index, %stride
  %j.far = mul i64 %j.index, %stride
  %i.at = getelementptr i8, PTR %row, i64 %i.far
  %j.at = getelementptr i8, PTR %row, i64 %j.far
  %x = load @LEAF@, PTR %i.at
  %y = load @LEAF@, PTR %j.at
  @LESS@
  br label %put
put:
  %take = phi i1 [%right, %choose], [%second, %compare]
  %source = select i1 %take, PTR %j.from, PTR %i.from
  %index = load i64, PTR %source
  %k.at = getelementptr i64, PTR %to, i64 %k
  store i64 %index, PTR %k.at
  %i.more = add nsw i64 %i, 1
  %j.more = add nsw i64 %j, 1
  %i.next = select i1 %take, i64 %i, i64 %i.more
  %j.next = select i1 %take, i64 %j.more, i64 %j
  %k.next = add nsw i64 %k, 1
  br label %merge
turn:
  %w.next = shl i64 %w, 1
  br label %pass
end:
  %there = icmp eq PTR %from, %out
  br i1 %there, label %done, label %copy
copy:
  %size = shl i64 %n, 3
  call void @llvm.memcpy.p1.p1.i64(PTR %out, PTR %from, i64 %size, i1 false)
  br label %done
done:
  ret void
}
"""
