"""Products of vectors, of matrices, and of stacks of matrices, whose leading dimensions are broadcast.

Matrices of floats are work for BLAS (`matmul`). Products with vectors, and of whole numbers, are sums of products: a
nest, which fuses with what is around it.
"""

from __future__ import annotations

from typing import Any

from tapeless.ir.operators.arrays import sizes, transposed
from tapeless.ir.operators.elementwise import (
    common_kind,
    converted,
    element_kind,
    mapped,
    numpy_function,
    ufunc,
)
from tapeless.ir.operators.indexing import Index, gathered
from tapeless.ir.operators.numpy.arranging import need_arrays, with_dims
from tapeless.ir.operators.numpy.creation import positions
from tapeless.ir.operators.numpy.reductions import summed
from tapeless.ir.operators.numpy.shapes import reshaped
from tapeless.ir.operators.ufuncs import is_kind
from tapeless.ir.primitive import Mismatch, Ops, operator

NO_MATCH = (
    "matmul: Input operand 1 has a mismatch in its core dimension 0, with gufunc signature (n?,k),(k,m?)->(n?,m?) "
    "(size {} is different from {})"
)


def product(ops: Ops, a: Any, b: Any) -> Any:
    """a @ b."""
    for x in (a, b):
        if ops.kind(x) != "array":
            raise Mismatch(f"unsupported operand type(s) for @: '{ops.describe(a)}' and '{ops.describe(b)}'")
    x, y = (ops.array_type(v).rank for v in (a, b))
    own, other = sizes(ops, a)[-1], sizes(ops, b)[max(y - 2, 0)]
    ops.check(ops.apply("ieq", own, other), "ValueError", NO_MATCH, other, own)
    kind = common_kind(ops, a, b)
    if x == 1 or y == 1 or not is_kind(kind, "float"):
        return _sums(ops, a, b, kind)
    a, b = (v if element_kind(ops, v) == kind else converted(ops, v, kind) for v in (a, b))
    if y > 2:
        return ops.apply("matmul", *_aligned(ops, a, b))
    if x == 2:
        return ops.apply("matmul", a, b)
    # all rows times one matrix: one product
    *rest, inner = sizes(ops, a)
    out = ops.apply("matmul", reshaped(ops, a, [count(ops, rest), inner]), b)
    return reshaped(ops, out, [*rest, sizes(ops, b)[-1]])


def count(ops: Ops, lengths: list[Any]) -> Any:
    """The product of sizes."""
    out = ops.lift(1)
    for n in lengths:
        out = ops.apply("imul", out, n)
    return out


def _sums(ops: Ops, a: Any, b: Any, kind: str) -> Any:
    """A product with a vector, or of whole numbers, as sums of products."""
    t, u = ops.array_type(a), ops.array_type(b)
    if u.rank == 1:
        return sum_of(ops, ufunc(ops, "mul", a, b), [t.rank - 1], kind)
    left, right = with_dims(ops, a, t.dims + "1"), b
    if t.rank > 1 and u.rank > 2:
        right = with_dims(ops, b, u.dims[:-2] + "1" + u.dims[-2:])
    products = ufunc(ops, "mul", left, right)
    return sum_of(ops, products, [ops.array_type(products).rank - 2], kind)


def sum_of(ops: Ops, a: Any, axes: list[int], kind: str) -> Any:
    """The sum of products in their own kind; of bools, whether one is true."""
    along = ops.tuple([ops.lift(d) for d in axes])
    return ops.operate("np.any", a, along) if kind == "np.bool" else summed(ops, a, along, None, kind)


def _aligned(ops: Ops, a: Any, b: Any) -> list[Any]:
    """Two stacks of matrices with the same leading dimensions: copies, where they are (or may be) broadcast."""
    rank = max(ops.array_type(v).rank for v in (a, b))
    pair = [with_dims(ops, v, ops.array_type(v).dims.rjust(rank, "1")) for v in (a, b)]
    dims = [ops.array_type(v).dims[:-2] for v in pair]
    for n, m, *sorts in zip(*(sizes(ops, v)[:-2] for v in pair), *dims):
        if sorts == ["n", "n"]:
            ops.check(ops.apply("ieq", n, m), "ValueError", "matmul: operands could not be broadcast together")
    spread = []
    for v, own, other, theirs in zip(pair, dims, pair[::-1], dims[::-1]):
        along = [positions(ops, other, d) for d, (x, y) in enumerate(zip(own, theirs)) if x != "n" and y != "1"]
        kinds = [element_kind(ops, v), *("np.i64" for _ in along)]
        spread.append(mapped(ops, kinds, kinds[0], lambda ops, x, *_: x, v, *along) if along else v)
    return spread


@operator("np.matmul", numpy_function("matmul"))
def np_matmul(ops: Ops, a: Any, b: Any) -> Any:
    """np.matmul(a, b) of vectors and matrices, and of stacks of matrices."""
    return product(ops, a, b)


@operator("np.dot", numpy_function("dot"), keywords=("a", "b"))
def dot(ops: Ops, a: Any, b: Any) -> Any:
    """np.dot(a, b): of arrays, over the last dimension of a and the last but one of b."""
    if not ops.kind(a) == ops.kind(b) == "array":
        return ufunc(ops, "mul", a, b)
    if ops.array_type(b).rank > 2:
        return ops.operate("np.tensordot", a, b, ops.tuple([ops.lift(-1), ops.lift(-2)]))
    return product(ops, a, b)


@operator("np.outer", numpy_function("outer"), keywords=("a", "b"))
def outer(ops: Ops, a: Any, b: Any) -> Any:
    """np.outer(a, b): of arrays of any number of dimensions as vectors."""
    if ops.kind(a) != "array" or ops.kind(b) != "array":
        raise Mismatch("outer of scalars is not supported")
    a, b = (x if ops.array_type(x).rank == 1 else ops.operate("np.ravel", x) for x in (a, b))
    return ufunc(ops, "mul", with_dims(ops, a, ops.array_type(a).dims + "1"), b)


@operator("np.vdot", numpy_function("vdot"), keywords=("a", "b"))
def vdot(ops: Ops, a: Any, b: Any) -> Any:
    """np.vdot(a, b): the sum of the products of all elements."""
    need_arrays(ops, "vdot", a, b)
    return ops.operate("np.dot", *(reshaped(ops, x, [ops.lift(-1)]) for x in (a, b)))


@operator("np.inner", numpy_function("inner"), keywords=("a", "b"))
def inner(ops: Ops, a: Any, b: Any) -> Any:
    """np.inner(a, b): of arrays, over their last dimensions."""
    if not ops.kind(a) == ops.kind(b) == "array":
        return ufunc(ops, "mul", a, b)
    if ops.array_type(b).rank > 2:
        return ops.operate("np.tensordot", a, b, ops.tuple([ops.lift(-1), ops.lift(-1)]))
    return product(ops, a, transposed(ops, b))


def _next_component(ops: Ops, x: Any, by: int) -> Any:
    """Vectors of three components along the last dimension, each component in the place of the one `by` before it."""
    rank = ops.array_type(x).rank

    def at(i: Any) -> Any:
        return ops.apply("imod", ops.apply("iadd", i, ops.lift(by)), ops.lift(3))

    others = [Index(positions(ops, x, d)) for d in range(rank - 1)]
    return gathered(ops, x, [*others, Index(positions(ops, x, rank - 1), at)])


@operator("np.cross", numpy_function("cross"), keywords=("a", "b", "axisa", "axisb", "axisc", "axis"))
def cross(ops: Ops, a: Any, b: Any, axisa: Any = None, axisb: Any = None, axisc: Any = None, axis: Any = None) -> Any:
    """np.cross(a, b, axisa=-1, axisb=-1, axisc=-1, axis=None) of vectors of three components."""
    last = ops.lift(-1)
    own, others, new = (last if k is None else k for k in (axisa, axisb, axisc))
    if axis is not None and ops.kind(axis) != "none":
        own = others = new = axis
    need_arrays(ops, "cross", a, b)
    kind, moved = common_kind(ops, a, b), []
    for x, along in ((a, own), (b, others)):
        x = ops.plain(x if element_kind(ops, x) == kind else converted(ops, x, kind))
        x = ops.operate("np.moveaxis", x, along, last)
        three = ops.apply("ieq", sizes(ops, x)[-1], ops.lift(3))
        ops.check(three, "ValueError", "incompatible dimensions for cross product (dimension must be 3)")
        moved.append(x)
    a, b = moved
    ahead = ufunc(ops, "mul", _next_component(ops, a, 1), _next_component(ops, b, 2))
    back = ufunc(ops, "mul", _next_component(ops, a, 2), _next_component(ops, b, 1))
    return ops.operate("np.moveaxis", ufunc(ops, "sub", ahead, back), last, new)
