"""Nests that may be large: functions of their own, which run over a range of the outermost dimension.

    @nest.k(low, high, a...)        runs the nest, and returns its sums
    @nest.k.split(size, a...)       cuts the range into blocks, which threads take; adds up the sums of the blocks

`a...` is all that the code of the nest reads of the function around it. What a nest may cost is estimated from its map;
where that times its elements is more than a fraction of a millisecond, it is split. Blocks depend on sizes alone, so a
sum is taken in the same order whatever number of threads there are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tapeless.backend import threads, vector
from tapeless.backend.apart import Outside
from tapeless.backend.emit import UNLIKELY, Text, Values, returned
from tapeless.ir.nests import NestParts
from tapeless.ir.primitive import Primitive

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter
    from tapeless.backend.nests import Output

# nanoseconds: of a task that is worth waking threads for; and for each element, of an array that is run through, of an
# operation, of a slow one, of a function of libm
LARGE, ARRAY, OPERATION, SLOW, FUNCTION = 400_000.0, 0.5, 0.12, 1.0, 2.0
SLOW_ONES = ("fdiv", "gdiv", "sqrt", "gmul_guarded", "gdiv_guarded")


def threshold(e: FunctionEmitter, parts: NestParts) -> int:
    """From how many elements on a nest is split."""
    cost = ARRAY * (len(parts.arrays) + sum(k == "each" for k in parts.outputs))
    for node in e.program.scopes.schedule(parts.map):
        fn = node.fn.value  # type: ignore[attr-defined]
        assert isinstance(fn, Primitive)
        cost += FUNCTION if fn.lower.startswith("libm:") else SLOW if fn.name in SLOW_ONES else OPERATION
    return int(LARGE / cost)


def splits(parts: NestParts) -> bool:
    """Whether ranges of the outermost dimension can be run over apart: no array of sums is shared by them."""
    return len(parts.dims) > 0 and all(k == "each" or k[4] == "0" or "0" not in k[4:] for k in parts.outputs)


def called(
    e: FunctionEmitter, name: str, outside: Outside, sums: list[Output], counts: list[str], threshold: int
) -> Values:
    """The call of a nest that was written apart, whole or in blocks; its sums."""
    leaves = tuple(o.leaf for o in sums)
    total = counts[0]
    for n in counts[1:]:
        total = n if total == "1" else total if n == "1" else e.op(f"mul nsw i64 {total}, {n}")
    large, small, end = e.label("large"), e.label("small"), e.label("ran")
    e.branch(e.op(f"icmp sgt i64 {total}, {threshold}"), large, small, UNLIKELY)
    incoming = []
    for label, function, bounds in ((small, name, [("i64", "0")]), (large, f"{name}.split", [])):
        e.start(label)
        given = [*bounds, ("i64", counts[0]), *outside.arguments()]
        incoming.append((e.block, e.call(f"@{function}", leaves, given, "fastcc ")))
        e.jump(end)
    return e.join(end, incoming, leaves) if leaves else e.join(end, [(b, ()) for b, _ in incoming], ())


def split(name: str, outside: Outside, sums: list[Output], grain: int) -> str:
    """@name.split and the function that runs one block."""
    return _block(name, outside, sums) + _split(name, outside, sums, grain)


def _block(name: str, outside: Outside, sums: list[Output]) -> str:
    """One block. The environment: the range's size, that of a block, the arguments, and room for sums."""
    t = Text()
    size, step = t.load("i64", "%env"), t.load("i64", "%env", 8)
    low = t.op(f"mul i64 %b, {step}")
    end = t.op(f"add i64 {low}, {step}")
    end = t.op(f"select i1 {t.op(f'icmp slt i64 {end}, {size}')}, i64 {end}, i64 {size}")
    for i, (leaf, v) in enumerate(outside.parameters):
        t.do(f"{v} = load {leaf}, ptr {t.at('%env', 16 + 8 * i)}")
    leaves = tuple(o.leaf for o in sums)
    found = t.call(f"@{name}", leaves, [("i64", low), ("i64", end), *outside.parameters], "fastcc ")
    room = 16 + 8 * len(outside.parameters)
    for k, (leaf, value) in enumerate(zip(leaves, found)):
        at = t.op(f"getelementptr i8, ptr %env, i64 {t.op(f'mul i64 %b, {8 * len(leaves)}')}")
        t.store(leaf, value, at, room + 8 * k)
    t.do("ret void")
    return f"define internal void @{name}.block(ptr %env, i64 %b) #0 {vector.WIDE} {{\n{t.body()}\n}}\n"


def _split(name: str, outside: Outside, sums: list[Output], grain: int) -> str:
    """All blocks: at most BLOCKS, each a multiple of `grain`."""
    t = Text()
    leaves = tuple(o.leaf for o in sums)
    room = 16 + 8 * len(outside.parameters)
    env = t.alloca(room + 8 * len(leaves) * threads.BLOCKS)
    parts = t.op(f"udiv i64 {t.op(f'add i64 %size, {threads.BLOCKS * grain - 1}')}, {threads.BLOCKS * grain}")
    step = t.op(f"mul i64 {parts}, {grain}")
    last = t.op(f"sub i64 {step}, 1")
    blocks = t.op(f"udiv i64 {t.op(f'add i64 %size, {last}')}, {step}")
    t.store("i64", "%size", env)
    t.store("i64", step, env, 8)
    for i, (leaf, v) in enumerate(outside.parameters):
        t.store(leaf, v, env, 16 + 8 * i)
    t.do(f"call void @tl_parallel(ptr @{name}.block, ptr {env}, i64 {blocks})")
    totals: Values = ()
    if leaves:
        head, inside, end, before = t.label("over"), t.label("add"), t.label("done"), t.block
        names, counter, following = [t.name() for _ in leaves], t.name(), t.name()
        t.jump(head)
        t.start(head)
        hole = len(t.lines)
        t.branch(t.op(f"icmp slt i64 {counter}, {blocks}"), inside, end)
        t.start(inside)
        at = t.op(f"getelementptr i8, ptr {env}, i64 {t.op(f'mul i64 {counter}, {8 * len(leaves)}')}")
        more = [o.added(t, n, t.load(o.leaf, at, room + 8 * k)) for k, (o, n) in enumerate(zip(sums, names))]
        t.do(f"{following} = add i64 {counter}, 1")
        t.jump(head)
        t.lines[hole:hole] = [
            f"  {counter} = phi i64 [0, %{before}], [{following}, %{inside}]",
            *(f"  {n} = phi {o.leaf} [{o.start}, %{before}], [{m}, %{inside}]" for o, n, m in zip(sums, names, more)),
        ]
        t.start(end)
        totals = tuple(names)
    t.give(leaves, totals)
    head = f"define internal fastcc {returned(leaves)} @{name}.split(i64 %size{outside.declared()}) noinline #0"
    return f"{head} {{\n{t.body()}\n}}\n"
