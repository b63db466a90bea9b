"""Nests in emitted code: loops over the elements of arrays, in C order, around the code of the map.

Operands that are packed and of one shape are run over in one loop; else there is one loop for each dimension, the last
one innermost, in which a packed operand moves by a constant. A dimension that turns out to be 1 where another operand
has more is rare: a packed operand is then copied out to the full size before the loops.

Sums over all dimensions are kept in a register, added in any order; others go to a buffer that begins with zeros.
A nest whose outermost dimension can be cut is a function of its own, which threads may run in parts (`parallel.py`).
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from copy import copy
from typing import TYPE_CHECKING, Any

from tapeless.backend.apart import Outside, over, rarely, run
from tapeless.backend.arrays import View, data_of, new, owned, view
from tapeless.backend.emit import UNLIKELY, Text, Values, returned
from tapeless.backend.layout import POINTER, SCALAR_LEAVES
from tapeless.backend.parallel import called, split, splits, threshold
from tapeless.backend.vector import WIDE
from tapeless.ir.abstract import Array, Scalar, output_type
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.nests import NestParts, is_flat, nest_parts
from tapeless.ir.nodes import Apply, graph_of

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter

Steps = Generator[Any, Any, Any]
GRAIN = 64
"""Blocks of a flat nest begin at multiples of so many elements: at a line of the cache."""


def nest(e: FunctionEmitter, node: Apply) -> Steps:
    """Run a nest; the leaves of its outputs, one after another."""
    parts = nest_parts(node)
    views = [view(e, a) for a in parts.arrays]
    sizes = _sizes(e, parts.dims, views)
    copies: list[str] = []
    full = [_full(e, v, sizes[len(sizes) - v.type.rank :], node, copies) for v in views]
    target = None if parts.target is None else owned(e, view(e, parts.target), node)
    within = None if target is None else _window(e, target, parts, sizes)
    flat = is_flat(parts, [v.type for v in full]) and (within is None or within.type.packed)
    outputs = [Output(e, parts, k, sizes, node, within) for k in range(len(parts.outputs))]
    counts = [_product(e, sizes)] if flat else sizes
    if counts[0] != "1" and splits(parts):
        sums = _apart(e, parts, full, outputs, counts, flat)
    else:
        sums = yield from _loops(e, parts, full, outputs, counts, flat)
    for owner in copies:
        e.do(f"call void @tl_release(ptr %ctx, {POINTER} {owner})")
    if target is not None:
        return target.leaves(target.owner, target.data)
    given = iter(sums)
    return tuple(leaf for o in outputs for leaf in (o.leaves() if o.is_array else o.rounded(e, next(given))))


def _window(e: FunctionEmitter, array: View, parts: NestParts, sizes: list[str]) -> View:
    """The window that a nest writes to."""
    bounds = [e.value(n)[0] for n in parts.bounds]
    starts, steps, strides = bounds[0::2], bounds[1::2], array.steps()
    out = copy(array)
    for start, stride in zip(starts, strides):
        if start != "0":
            out.data = e.op(f"getelementptr i8, {POINTER} {out.data}, i64 {e.op(f'mul nsw i64 {start}, {stride}')}")
    is_line = len(sizes) == 1 and steps == ["1"]
    out.type, out.sizes = Array(array.type.element, parts.dims, is_line), sizes
    out.strides = [s if step == "1" else e.op(f"mul nsw i64 {s}, {step}") for s, step in zip(strides, steps)]
    return out


def _apart(
    e: FunctionEmitter, parts: NestParts, views: list[View], outputs: list[Output], counts: list[str], flat: bool
) -> Values:
    """The nest as functions of their own (`parallel.py`), one for all nests with this code, and a call; its sums."""
    program = e.program
    name = f"nest.{len(program.definitions)}"
    inside, outside = e.apart(parts.map), Outside()
    foreign = (r for r in parts.results if graph_of(r) not in (None, parts.map))  # items of a tuple from outside
    for v in (*program.scopes.captures(parts.map), *foreign):
        inside.values[v] = outside.value(e, v, inside)
    moved = [o.moved(inside, outside) for o in outputs]
    fresh = {o.array.data for o in moved if o.is_array}
    operands = [outside.view(inside, v) for v in views]
    within = ["%high", *(outside.name("i64", n) for n in counts[1:])]
    sums = inside.steps(_loops(inside, parts, operands, moved, within, flat, "%low"))
    lone = [o for o in outputs if not o.is_array]
    leaves = tuple(o.leaf for o in lone)
    inside.give(leaves, sums)
    code = (
        f"define internal fastcc {returned(leaves)} @{name}(i64 %low, i64 %high{outside.declared(fresh)}) "
        f"noinline #0 {WIDE} {{\n{inside.body()}\n}}\n" + split(name, outside, lone, GRAIN if flat else 1)
    )
    name = program.define(name, code)
    program.parallel = True
    return called(e, name, outside, lone, counts, threshold(e, parts))


def _loops(
    e: FunctionEmitter,
    parts: NestParts,
    views: list[View],
    outputs: list[Output],
    counts: list[str],
    flat: bool,
    low: str = "0",
) -> Steps:
    """The loops of a nest, the outermost from `low` on; its sums."""
    for o in outputs:
        o.begin(e)
    yield from over(e, counts, lambda index: _body(e, parts, views, outputs, index, flat), low=low)
    return tuple(e.load(o.leaf, o.sum) for o in outputs if not o.is_array)


def _body(
    e: FunctionEmitter, parts: NestParts, views: list[View], outputs: list[Output], index: list[str], flat: bool
) -> Steps:
    for p, v in zip(parts.map.params, views):
        e.values[p] = (v.load(_address(v, index, flat)),)
    yield e.run(parts.map)
    values = [e.value(r)[0] for r in parts.results]
    for o, value in zip(outputs, values):
        o.take(e, value, index, flat)


def _address(v: View, index: list[str], flat: bool) -> str:
    if flat:
        at = index[0] if set(v.type.dims) - {"1"} else "0"
        return v.e.op(f"getelementptr {v.memory}, {POINTER} {v.data}, i64 {at}")
    own = index[len(index) - v.type.rank :]
    return v.address([i if d != "1" else "0" for i, d in zip(own, v.type.dims)])


# -- sizes ------------------------------------------------------------------------------------------------------------
def _sizes(e: FunctionEmitter, dims: str, views: list[View]) -> list[str]:
    """The size of each dimension that all operands are broadcast to."""
    out = []
    for d in range(len(dims)):
        found = [_aligned(v, d, len(dims)) for v in views]
        sure = [size for size, sort in found if sort == "n"]
        maybe = list(dict.fromkeys(size for size, sort in found if sort == "?"))
        size = sure[0] if sure else maybe[0] if maybe else "1"
        for other in () if sure else maybe[1:]:
            size = e.op(f"select i1 {e.op(f'icmp eq i64 {size}, 1')}, i64 {other}, i64 {size}")
        out.append(size)
    return out


def _aligned(v: View, d: int, rank: int) -> tuple[str, str]:
    own = d - (rank - v.type.rank)
    return (v.sizes[own], v.type.dims[own]) if own >= 0 else ("1", "1")


def _product(e: FunctionEmitter, sizes: Sequence[str]) -> str:
    out = "1"
    for n in sizes:
        out = n if out == "1" else out if n == "1" else e.op(f"mul nsw i64 {out}, {n}")
    return out


def _full(e: FunctionEmitter, v: View, sizes: list[str], node: Apply, copies: list[str]) -> View:
    """An operand whose n dimensions have the sizes of the nest."""
    other = [(s, n) for s, n, d in zip(v.sizes, sizes, v.type.dims) if d == "?" and s != n]
    if not other:
        return v
    if not v.type.packed:
        v.strides = [
            e.op(f"select i1 {e.op(f'icmp eq i64 {s}, {n}')}, i64 {step}, i64 0") if d == "?" and s != n else step
            for s, n, d, step in zip(v.sizes, sizes, v.type.dims, v.strides)
        ]
        return v
    same = "true"
    for s, n in other:
        same = e.op(f"and i1 {same}, {e.op(f'icmp eq i64 {s}, {n}')}")
    differs, go_on, before = e.label("broadcast"), e.label("sized"), e.block
    e.branch(same, go_on, differs, UNLIKELY.replace("!2", "!1"))
    with e.aside(differs):
        owner, data = _copy_out(e, v, sizes, node)
        block = e.block
        e.jump(go_on)
    e.start(go_on)
    copies.append(e.op(f"phi {POINTER} [null, %{before}], [{owner}, %{block}]"))
    where = e.op(f"phi {POINTER} [{v.data}, %{before}], [{data}, %{block}]")
    full = (n for n, d in zip(sizes, v.type.dims) if d != "1")
    return View(e, v.type, (v.owner, where, *full))


def _copy_out(e: FunctionEmitter, v: View, sizes: list[str], node: Apply) -> tuple[str, str]:
    """A packed copy, broadcast to some sizes."""
    owner = new(e, sizes, v.type, node)
    target = View(e, v.type, (owner, data_of(e, owner), *(n for n, d in zip(sizes, v.type.dims) if d != "1")))

    def body(e: FunctionEmitter, views: Sequence[View], index: list[str]) -> None:
        full, part = views
        own = [
            i if s == n else "0" if d == "1" else e.op(f"select i1 {e.op(f'icmp eq i64 {s}, {n}')}, i64 {i}, i64 0")
            for i, s, n, d in zip(index, part.sizes, full.sizes, part.type.dims)
        ]
        full.store(part.load(part.address(own)), full.address(index))

    rarely(e, "broadcast", [target, v], target.sizes, body)
    return owner, target.data


class Output:
    """One output of a nest: a new array or a window `within` one, a sum in a register, or sums in an array."""

    def __init__(
        self, e: FunctionEmitter, parts: NestParts, k: int, sizes: list[str], node: Apply, within: View | None = None
    ) -> None:
        self.kind = parts.outputs[k]
        result = parts.results[k].type
        assert isinstance(result, Scalar)
        self.leaf, self.element = SCALAR_LEAVES[result.kind], ELEMENTS[result.kind]
        self.mask = self.kind.split(":")[1] if self.kind != "each" else "0" * len(sizes)
        t = output_type(self.kind, result, parts.dims)
        self.is_array, self.sum, self.start = isinstance(t, Array), "", self._start()
        if not isinstance(t, Array):
            return
        kept = [n for n, bit in zip(sizes, self.mask) if bit == "0"]
        self.dims = t.dims
        if within is not None:
            self.array = within
            return
        owner = new(e, kept, t, node, "tl_new_zeros" if self.kind[:3] == "sum" else "tl_new_buffer")
        free = (n for n, d in zip(kept, t.dims) if d != "1")
        self.array = View(e, t, (owner, data_of(e, owner), *free))
        if self.kind[:3] in ("max", "min"):
            run(over(e, [_product(e, kept)], self._clear))

    def _start(self) -> str:
        """What a reduction begins with."""
        double = {"sum": "0.0", "max": "0xFFF0000000000000", "min": "0x7FF0000000000000"}
        if self.leaf == "double":
            return double.get(self.kind[:3], "")
        least, greatest = self.element.range  # what is narrower than a register is kept in its own room
        return {"sum": "0", "max": str(least), "min": str(greatest)}.get(self.kind[:3], "")

    def _clear(self, index: list[str]) -> Steps:
        a = self.array
        a.store(self.start, a.e.op(f"getelementptr {a.memory}, {POINTER} {a.data}, i64 {index[0]}"))
        yield from ()

    def moved(self, inside: FunctionEmitter, outside: Outside) -> Output:
        """The output in a function that is written apart."""
        out = copy(self)
        if self.is_array:
            out.array = outside.view(inside, self.array)
        return out

    def begin(self, e: FunctionEmitter) -> None:
        """Before the loops."""
        if not self.is_array:
            self.sum = e.alloca(8)
            e.store(self.leaf, self.start, self.sum)

    def take(self, e: FunctionEmitter, value: str, index: list[str], flat: bool) -> None:
        """The value of an element."""
        if not self.is_array:
            e.store(self.leaf, self.added(e, e.load(self.leaf, self.sum), value), self.sum)
            return
        a = self.array
        if flat and self.kind == "each":
            address = e.op(f"getelementptr {a.memory}, {POINTER} {a.data}, i64 {index[0]}")
        else:
            kept = [i for i, bit in zip(index, self.mask) if bit == "0"]
            address = a.address([i if d != "1" else "0" for i, d in zip(kept, self.dims)])
        a.store(value if self.kind == "each" else self.added(e, a.load(address), value), address)

    def added(self, e: Text, total: str, value: str) -> str:
        """A reduction with one value more."""
        if self.kind[:3] in ("max", "min"):
            relation = {"max": "gt", "min": "lt"}[self.kind[:3]]
            if self.leaf != "double":
                better = e.op(f"icmp s{relation} i64 {value}, {total}")
            else:  # a nan stays
                better = e.op(f"fcmp u{relation} double {value}, {total}")
                known = e.op(f"fcmp ord double {total}, {total}")
                better = e.op(f"and i1 {better}, {known}")
            return e.op(f"select i1 {better}, {self.leaf} {value}, {self.leaf} {total}")
        if self.leaf == "double":
            return e.op(f"fadd reassoc contract double {total}, {value}")
        return e.op(f"add i64 {total}, {value}")

    def rounded(self, e: FunctionEmitter, total: str) -> Values:
        """A sum as a scalar of its element type."""
        return (e.from_memory(self.element, e.to_memory(self.element, total)),)

    def leaves(self) -> Values:
        """The array."""
        return self.array.leaves(self.array.owner, self.array.data)
