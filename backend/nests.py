"""Nests in emitted code: loops over the elements of arrays, in C order, around the code of the map.

Operands that are packed and of one shape are run over in one loop; else there is one loop for each dimension, the last
one innermost, in which a packed operand moves by a constant. A dimension that turns out to be 1 where another operand
has more is rare: a packed operand is then copied out to the full size before the loops.

Sums over all dimensions are kept in a register, added in any order; others go to a buffer that begins with zeros.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import TYPE_CHECKING, Any

from tapeless.backend.arrays import View, data_of, new, over, run, view
from tapeless.backend.emit import UNLIKELY, Values
from tapeless.backend.layout import POINTER, SCALAR_LEAVES
from tapeless.ir.abstract import Array, Scalar, output_type
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.nests import NestParts, nest_parts
from tapeless.ir.nodes import Apply

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter

Steps = Generator[Any, Any, Any]


def nest(e: FunctionEmitter, node: Apply) -> Steps:
    """Run a nest; the leaves of its outputs, one after another."""
    parts = nest_parts(node)
    views = [view(e, a) for a in parts.arrays]
    sizes = _sizes(e, parts.dims, views)
    copies: list[str] = []
    full = [_full(e, v, sizes[len(sizes) - v.type.rank :], node, copies) for v in views]
    whole = all(k == "each" or "0" not in k.split(":")[1] for k in parts.outputs)
    flat = whole and all(
        v.type.packed and (_covers(v.type.dims, parts.dims) or set(v.type.dims) <= {"1"}) for v in full
    )
    outputs = [Output(e, parts, k, sizes, node) for k in range(len(parts.outputs))]
    counts = [_product(e, sizes)] if flat else sizes
    yield from over(e, counts, lambda index: _body(e, parts, full, outputs, index, flat))
    for owner in copies:
        e.do(f"call void @tl_release(ptr %ctx, {POINTER} {owner})")
    return tuple(leaf for o in outputs for leaf in o.leaves())


def _covers(own: str, dims: str) -> bool:
    """Whether an operand that was brought to full size has all elements of the nest."""
    return len(own) == len(dims) and all(a != "1" or b == "1" for a, b in zip(own, dims))


def _body(
    e: FunctionEmitter, parts: NestParts, views: list[View], outputs: list[Output], index: list[str], flat: bool
) -> Steps:
    for p, v in zip(parts.map.params, views):
        e.values[p] = (v.load(_address(v, index, flat)),)
    yield e.run(parts.map)
    values = [e.value(r)[0] for r in parts.results]
    for o, value in zip(outputs, values):
        o.take(value, index, flat)


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

    def body(index: list[str]) -> Steps:
        own = [
            i if s == n else "0" if d == "1" else e.op(f"select i1 {e.op(f'icmp eq i64 {s}, {n}')}, i64 {i}, i64 0")
            for i, s, n, d in zip(index, v.sizes, sizes, v.type.dims)
        ]
        target.store(
            v.load(v.address(own)), target.address([i if d != "1" else "0" for i, d in zip(index, v.type.dims)])
        )
        yield from ()

    for _ in over(e, sizes, body):
        raise AssertionError("a copy runs no graph")
    return owner, target.data


class Output:
    """One output of a nest: an array, a sum in a register, or sums in an array."""

    def __init__(self, e: FunctionEmitter, parts: NestParts, k: int, sizes: list[str], node: Apply) -> None:
        self.e, self.kind = e, parts.outputs[k]
        result = parts.results[k].type
        assert isinstance(result, Scalar)
        self.leaf, self.element = SCALAR_LEAVES[result.kind], ELEMENTS[result.kind]
        self.mask = self.kind.split(":")[1] if self.kind != "each" else "0" * len(sizes)
        t = output_type(self.kind, result, parts.dims)
        self.sum = ""
        if not isinstance(t, Array):
            self.sum = e.alloca(8)
            e.store(self.leaf, self._start(), self.sum)
            return
        kept = [n for n, bit in zip(sizes, self.mask) if bit == "0"]
        self.dims = t.dims
        owner = new(e, kept, t, node, "tl_new_zeros" if self.kind[:3] == "sum" else "tl_new_buffer")
        free = (n for n, d in zip(kept, t.dims) if d != "1")
        self.array = View(e, t, (owner, data_of(e, owner), *free))
        if self.kind[:3] in ("max", "min"):
            run(over(e, [_product(e, kept)], self._clear))

    def _start(self) -> str:
        """What a reduction begins with."""
        double = {"sum": "0.0", "max": "0xFFF0000000000000", "min": "0x7FF0000000000000"}
        least, greatest = self.element.range  # what is narrower than a register is kept in its own room
        whole = {"sum": "0", "max": str(least), "min": str(greatest)}
        return (double if self.leaf == "double" else whole)[self.kind[:3]]

    def _clear(self, index: list[str]) -> Steps:
        a = self.array
        a.store(self._start(), self.e.op(f"getelementptr {a.memory}, {POINTER} {a.data}, i64 {index[0]}"))
        yield from ()

    def take(self, value: str, index: list[str], flat: bool) -> None:
        """The value of an element."""
        e = self.e
        if self.sum:
            e.store(self.leaf, self._added(e.load(self.leaf, self.sum), value), self.sum)
            return
        a = self.array
        if flat and self.kind == "each":
            address = e.op(f"getelementptr {a.memory}, {POINTER} {a.data}, i64 {index[0]}")
        else:
            kept = [i for i, bit in zip(index, self.mask) if bit == "0"]
            address = a.address([i if d != "1" else "0" for i, d in zip(kept, self.dims)])
        a.store(value if self.kind == "each" else self._added(a.load(address), value), address)

    def _added(self, total: str, value: str) -> str:
        if self.kind[:3] in ("max", "min"):
            relation = {"max": "gt", "min": "lt"}[self.kind[:3]]
            if self.leaf != "double":
                better = self.e.op(f"icmp s{relation} i64 {value}, {total}")
            else:  # a nan stays
                better = self.e.op(f"fcmp u{relation} double {value}, {total}")
                known = self.e.op(f"fcmp ord double {total}, {total}")
                better = self.e.op(f"and i1 {better}, {known}")
            return self.e.op(f"select i1 {better}, {self.leaf} {value}, {self.leaf} {total}")
        if self.leaf == "double":
            return self.e.op(f"fadd reassoc contract double {total}, {value}")
        return self.e.op(f"add i64 {total}, {value}")

    def leaves(self) -> Values:
        """The output."""
        if self.sum:
            total = self.e.load(self.leaf, self.sum)
            return (self.e.from_memory(self.element, self.e.to_memory(self.element, total)),)
        return self.array.leaves(self.array.owner, self.array.data)
