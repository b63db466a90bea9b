"""Sums of products of arrays over dimensions with names: einsum, and what is written in its terms.

Operands are contracted in pairs, from the left. Names that only one operand has, and nobody wants, are summed before.
What is then left of a pair of floats is a product of (stacks of) matrices where each operand has names of its own, and
else a nest of sums of products:

    einsum('bij,bkj->bik', a, b)    =>    matmul(a, permute(b, '021'))
    einsum('ij,j->i', a, b)         =>    nest(map(x, y) = x * y, 'sum:01', a, b)
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from tapeless.ir.dataclass import dataclass
from tapeless.ir.operators.arrays import axes_in, sizes, transposed
from tapeless.ir.operators.elementwise import common_kind, converted, element_kind, numpy_function, ufunc
from tapeless.ir.operators.indexing import Index, gathered
from tapeless.ir.operators.numbers import index, known_int
from tapeless.ir.operators.numpy.arranging import need_arrays, with_dims
from tapeless.ir.operators.numpy.creation import line
from tapeless.ir.operators.numpy.products import count, product, sum_of
from tapeless.ir.operators.numpy.shapes import reshaped
from tapeless.ir.operators.ufuncs import is_kind
from tapeless.ir.primitive import Mismatch, Ops, operator

FIRST_BROADCAST = 0x100
"""The first of the characters that name the dimensions `...` stands for, counted from the last of them."""


@dataclass(frozen=True)
class Named:
    """An array, or a scalar, with a character as the name of each dimension."""

    value: Any
    names: str


# -- what is contracted -----------------------------------------------------------------------------------------------
def contracted(ops: Ops, operands: list[Named], wanted: str) -> Any:
    """The sum of the products of all operands over the names that are not wanted, in the order of those that are."""
    kind = common_kind(ops, *(x.value for x in operands))
    terms = []
    for x in operands:
        value = x.value if element_kind(ops, x.value) == kind else converted(ops, x.value, kind)
        terms.append(diagonal_of(ops, Named(value, x.names)))
    while len(terms) > 1:
        first, second, *rest = terms
        needed = wanted + "".join(t.names for t in rest)
        first = _summed(ops, first, needed + second.names, kind)
        second = _summed(ops, second, needed + first.names, kind)
        terms = [_pair(ops, first, second, needed, kind), *rest]
    return _ordered(ops, _summed(ops, terms[0], wanted, kind), wanted)


def _ordered(ops: Ops, x: Named, names: str) -> Any:
    """The array with its dimensions in the order of names, of those that it has."""
    order = [x.names.index(c) for c in names if c in x.names]
    return x.value if order == sorted(order) else transposed(ops, x.value, order)


def _summed(ops: Ops, x: Named, needed: str, kind: str) -> Named:
    """The sum over the names that are not needed."""
    axes = [d for d, c in enumerate(x.names) if c not in needed]
    if not axes:
        return x
    return Named(sum_of(ops, x.value, axes, kind), "".join(c for c in x.names if c in needed))


def diagonal_of(ops: Ops, x: Named) -> Named:
    """The elements whose indices are equal where names are: a new array."""
    names = "".join(dict.fromkeys(x.names))
    if names == x.names:
        return x
    a = ops.plain(x.value)
    lengths, dims, at = sizes(ops, a), ops.array_type(a).dims, {}
    for d, c in enumerate(names):
        first, *others = (k for k, own in enumerate(x.names) if own == c)
        for k in others:
            equal = ops.apply("ieq", lengths[k], lengths[first])
            ops.check(equal, "ValueError", f"dimensions in single operand for collapsing index '{c}' don't match")
        own = "".join("1" if dims[x.names.index(n)] == "1" else "?" for n in names)
        at[c] = line(ops, lengths[first], own, d)
    return Named(gathered(ops, a, [Index(at[c]) for c in x.names]), names)


def _pair(ops: Ops, x: Named, y: Named, needed: str, kind: str) -> Named:
    """The product of two operands, each with names that are needed or that the other has too."""
    if not x.names or not y.names:
        return Named(ufunc(ops, "mul", x.value, y.value), x.names + y.names)
    both = [c for c in x.names if c in y.names]
    batch, along = ("".join(c for c in both if (c in needed) == keep) for keep in (True, False))
    left, right = ("".join(c for c in own.names if c not in both) for own in (x, y))
    if is_kind(kind, "float") and left and right and along and not _is_broadcast(ops, x, y, both):
        return _as_matrices(ops, x, y, batch, left, along, right)
    order = batch + left + right + along
    spread = []
    for own in (x, y):
        a = _ordered(ops, own, order)
        dims = iter(ops.array_type(a).dims)
        spread.append(with_dims(ops, a, "".join(next(dims) if c in own.names else "1" for c in order)))
    out, rank = ufunc(ops, "mul", *spread), len(order) - len(along)
    return Named(sum_of(ops, out, list(range(rank, len(order))), kind) if along else out, order[:rank])


def _is_broadcast(ops: Ops, x: Named, y: Named, names: list[str]) -> bool:
    """Whether a dimension is 1 in one operand and another size in the other."""
    pairs = ([ops.array_type(own.value).dims[own.names.index(c)] for own in (x, y)] for c in names)
    return any(p.count("1") == 1 for p in pairs)


def _as_matrices(ops: Ops, x: Named, y: Named, batch: str, left: str, along: str, right: str) -> Named:
    """A pair as matrices: the names that are left, summed and right are one dimension each."""
    a, b = _ordered(ops, x, batch + left + along), _ordered(ops, y, batch + along + right)
    k, m, n = len(batch), len(left), len(right)
    stack, rows, columns = sizes(ops, a)[:k], sizes(ops, a)[k : k + m], sizes(ops, b)[-n:]
    inner = [sizes(ops, a)[k + m :], sizes(ops, b)[k:-n]]
    if m > 1 or len(along) > 1:
        a = reshaped(ops, a, [*stack, count(ops, rows), count(ops, inner[0])])
    if n > 1 or len(along) > 1:
        for i, j in zip(*inner):
            ops.check(ops.apply("ieq", i, j), "ValueError", "operands could not be broadcast together")
        b = reshaped(ops, b, [*sizes(ops, b)[:k], count(ops, inner[1]), count(ops, columns)])
    out = product(ops, a, b)
    if m > 1 or n > 1:
        out = reshaped(ops, out, [*sizes(ops, out)[:k], *rows, *columns])
    return Named(out, batch + left + right)


# -- einsum -----------------------------------------------------------------------------------------------------------
@operator("np.einsum", numpy_function("einsum"))
def einsum(ops: Ops, subscripts: Any, *operands: Any) -> Any:
    """np.einsum(subscripts, *operands): names are letters, and `...` the dimensions that are broadcast."""
    if ops.kind(subscripts) != "str":
        raise Mismatch("the subscripts of einsum have to be a string that is known while compiling")
    need_arrays(ops, "einsum", *operands)
    text = str(ops.constant(subscripts)).replace(" ", "")
    given, arrow, wanted = text.partition("->")
    parts = given.split(",")
    if len(parts) != len(operands):
        raise Mismatch(f"the subscripts of einsum are for {len(parts)} operands, not {len(operands)}")
    terms = [Named(a, _names(part, ops.array_type(a).rank)) for part, a in zip(parts, operands)]
    found = Counter("".join(t.names for t in terms))
    dots = "".join(sorted((c for c in found if ord(c) >= FIRST_BROADCAST), reverse=True))
    if not arrow:
        wanted = dots + "".join(sorted(c for c, n in found.items() if n == 1 and c not in dots))
    else:
        if "..." not in wanted and dots:
            raise Mismatch("the output of einsum has to contain `...` where an operand does")
        wanted = _names(wanted, len(wanted.replace("...", "")) + len(dots))
    for c, n in Counter(wanted).items():
        if c not in found:
            raise Mismatch(f"einstein sum subscripts string included output subscript '{c}' which never appeared")
        if n > 1:
            raise Mismatch(f"einstein sum subscripts string includes output subscript '{c}' multiple times")
    out = contracted(ops, terms, wanted)
    if len(terms) == 1 and set(wanted) == set(found) and len(wanted) < len(terms[0].names):
        return ops.viewed(out, operands[0])
    return out


def _names(subscripts: str, rank: int) -> str:
    """The names of the dimensions of an operand: its letters, and characters for those that `...` stands for."""
    head, dots, tail = subscripts.partition("...")
    letters = head + tail
    if letters and not (letters.isascii() and letters.isalpha()):
        raise Mismatch(f"invalid subscripts {subscripts!r} of einsum: letters, `,`, `->` and `...` are supported")
    more = rank - len(letters)
    if more < 0 or (more and not dots):
        raise Mismatch(f"the subscripts {subscripts!r} of einsum do not fit an operand of {rank} dimensions")
    return head + "".join(chr(FIRST_BROADCAST + k) for k in reversed(range(more))) + tail


# -- over dimensions by number ----------------------------------------------------------------------------------------
def over_axes(ops: Ops, a: Any, b: Any, own: list[int], others: list[int]) -> Any:
    """The sum of products over pairs of dimensions, with those of a and then those of b that are left."""
    for i, j in zip(own, others):
        equal = ops.apply("ieq", sizes(ops, a)[i], sizes(ops, b)[j])
        ops.check(equal, "ValueError", "shape-mismatch for sum")
    first, second = ops.array_type(a).rank, ops.array_type(b).rank
    x = [chr(ord("A") + d) for d in range(first)]
    y = [chr(ord("a") + d) for d in range(second)]
    for i, j in zip(own, others):
        y[j] = x[i]
    wanted = [c for c in x if c not in y] + [c for c in y if c not in x]
    return contracted(ops, [Named(a, "".join(x)), Named(b, "".join(y))], "".join(wanted))


@operator("np.tensordot", numpy_function("tensordot"), keywords=("a", "b", "axes"))
def tensordot(ops: Ops, a: Any, b: Any, axes: Any = None) -> Any:
    """np.tensordot(a, b, axes=2): over the last dimensions of a and the first of b, or over pairs of dimensions."""
    need_arrays(ops, "tensordot", a, b)
    first, second = ops.array_type(a).rank, ops.array_type(b).rank
    if axes is not None and ops.kind(axes) in ("tuple", "list"):
        pair = ops.items(axes)
        if len(pair) != 2:
            raise Mismatch("the axes of tensordot are an int, or those of the one and those of the other array")
        own, others = (axes_in(ops, k, rank) for k, rank in zip(pair, (first, second)))
        if len(own) != len(others):
            raise Mismatch("shape-mismatch for sum")
    else:
        n = 2 if axes is None else known_int(ops, ops.lift(ops.need_constant(index(ops, axes), "axes"))) or 0
        if not 0 <= n <= min(first, second):
            raise Mismatch(f"tensordot over {n} dimensions of arrays of {first} and {second}")
        own, others = list(range(first - n, first)), list(range(n))
    if len(own) == first == second:
        raise Mismatch("tensordot over all dimensions is an array without dimensions, which is not supported: vdot is")
    return over_axes(ops, a, b, own, others)


@operator("np.kron", numpy_function("kron"), keywords=("a", "b"))
def kron(ops: Ops, a: Any, b: Any) -> Any:
    """np.kron(a, b): for each element of a, its product with all of b."""
    need_arrays(ops, "kron", a, b)
    rank = max(ops.array_type(x).rank for x in (a, b))
    x, y = (with_dims(ops, v, ops.array_type(v).dims.rjust(rank, "1")) for v in (a, b))
    lengths = [ops.apply("imul", n, m) for n, m in zip(sizes(ops, x), sizes(ops, y))]
    x = with_dims(ops, x, "".join(d + "1" for d in ops.array_type(x).dims))
    y = with_dims(ops, y, "".join("1" + d for d in ops.array_type(y).dims))
    return reshaped(ops, ufunc(ops, "mul", x, y), lengths)
