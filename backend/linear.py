"""Factorizations of matrices in emitted code, by LAPACK: on copies in its order, column after column.

A row of right sides is to LAPACK a column of them, so these are copied as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapeless.backend.apart import over, run
from tapeless.backend.arrays import View, data_of, new, packed_copy, view
from tapeless.backend.emit import Values
from tapeless.backend.layout import POINTER
from tapeless.ir.abstract import NP_F64, NP_I64, Array, Tuple
from tapeless.ir.nodes import Apply, Constant

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter

COLUMNS, ROWS = "i32 102", "i32 101"
BLOCK = 64
"""Columns that LAPACK works on at a time, at most: room is n times as many floats."""


def _types(e: FunctionEmitter, node: Apply) -> tuple[Any, ...]:
    t = e.program.type(node)
    assert isinstance(t, Tuple)
    return t.items


def _buffer(e: FunctionEmitter, t: Array, sizes: list[str], node: Apply) -> View:
    """A new array."""
    owner = new(e, sizes, t, node)
    return View(e, t, (owner, data_of(e, owner), *(n for n, d in zip(sizes, t.dims) if d != "1")))


def _room(e: FunctionEmitter, n: str, node: Apply, t: Any = NP_F64) -> View:
    """Room for n numbers."""
    return _buffer(e, Array(t, "?"), [n], node)


def _free(e: FunctionEmitter, *rooms: View) -> None:
    for room in rooms:
        e.do(f"call void @tl_release(ptr %ctx, {POINTER} {room.owner})")


def _columns(e: FunctionEmitter, a: View, node: Apply) -> View:
    """A copy of a matrix, column after column: its transpose, packed."""
    copy = _buffer(e, Array(NP_F64, a.type.dims[::-1]), a.sizes[::-1], node)

    def body(index: list[str]) -> Any:
        copy.store(a.load(a.address(index)), copy.address(index[::-1]))
        yield from ()

    run(over(e, a.sizes, body))
    return copy


def _rows(e: FunctionEmitter, columns: View, t: Array, sizes: list[str], node: Apply, keep: str = "") -> View:
    """A new matrix from columns; of its elements those are zero that are not in the triangle `keep`."""
    out = _buffer(e, t, sizes, node)
    height = columns.sizes[1]

    def body(index: list[str]) -> Any:
        i, j = index
        at = e.op(f"add i64 {e.op(f'mul i64 {j}, {height}')}, {i}")
        value = columns.load(e.op(f"getelementptr double, {POINTER} {columns.data}, i64 {at}"))
        if keep:
            inside = e.op(f"icmp {'sge' if keep == 'lower' else 'sle'} i64 {i}, {j}")
            value = e.op(f"select i1 {inside}, double {value}, double 0.0")
        out.store(value, out.address(index))
        yield from ()

    run(over(e, sizes, body))
    return out


def _lead(e: FunctionEmitter, n: str) -> str:
    return f"i64 {e.op(f'call i64 @llvm.smax.i64(i64 {n}, i64 1)')}"


def _pointer(a: View) -> str:
    return f"{POINTER} {a.data}"


def _letter(text: str) -> str:
    return f"i8 {ord(text)}"


def _call(e: FunctionEmitter, name: str, *arguments: str) -> str:
    """A function of LAPACK; its `info`."""
    e.program.blas[name] = None
    return e.op(f"call i64 @tl_{name}({', '.join(arguments)})")


def _all(a: View) -> Values:
    return a.leaves(a.owner, a.data)


def lu(e: FunctionEmitter, node: Apply) -> Values:
    """The factors of a matrix, the pivots, and whether it is singular."""
    a = view(e, node.args[0])
    n, copy = a.sizes[0], _columns(e, a, node)
    pivots = _room(e, n, node, NP_I64)
    info = _call(e, "dgetrf", COLUMNS, f"i64 {n}", f"i64 {n}", _pointer(copy), _lead(e, n), _pointer(pivots))
    factors = View(e, _types(e, node)[0], a.leaves(copy.owner, copy.data))
    return (*_all(factors), *_all(pivots), info)


def lu_solve(e: FunctionEmitter, node: Apply) -> Values:
    """What is solved by factors."""
    factors, pivots, b = (view(e, x) for x in node.args[1:4])
    how = node.args[4]
    assert isinstance(how, Constant)
    out, n = packed_copy(e, b, node), factors.sizes[0]
    sizes = (f"i64 {n}", f"i64 {b.sizes[0]}")
    given = (_pointer(factors), _lead(e, n), _pointer(pivots), _pointer(out), _lead(e, n))
    _call(e, "dgetrs", COLUMNS, _letter(how.value), *sizes, *given)
    return _all(out)


def lu_det(e: FunctionEmitter, node: Apply) -> Values:
    """Sign and logarithm of the determinant, from the diagonal of the factors and the rows that were swapped."""
    factors, pivots = view(e, node.args[1]), view(e, node.args[2])
    n, sign, log = factors.sizes[0], e.alloca(8), e.alloca(8)
    e.store("double", "1.0", sign)
    e.store("double", "0.0", log)

    def body(index: list[str]) -> Any:
        (i,) = index
        d = factors.load(factors.address([i, i]))
        there = pivots.load(pivots.address([i]))
        swapped = e.op(f"icmp ne i64 {there}, {e.op(f'add i64 {i}, 1')}")
        negative = e.op(f"xor i1 {swapped}, {e.op(f'fcmp olt double {d}, 0.0')}")
        old = e.load("double", sign)
        new_sign = e.op(f"select i1 {negative}, double {e.op(f'fneg double {old}')}, double {old}")
        none = e.op(f"fcmp oeq double {d}, 0.0")
        e.store("double", e.op(f"select i1 {none}, double 0.0, double {new_sign}"), sign)
        size = e.op(f"call double @llvm.fabs.f64(double {d})")
        size = e.op(f"call double {e.program.routine('libm:log')}(double {size})")
        e.store("double", e.op(f"fadd double {e.load('double', log)}, {size}"), log)
        yield from ()

    run(over(e, [n], body))
    found = e.load("double", sign)
    singular = e.op(f"fcmp oeq double {found}, 0.0")
    unsigned = e.op(f"call double @llvm.fabs.f64(double {found})")
    total = e.op(f"select i1 {singular}, double 0xFFF0000000000000, double {e.load('double', log)}")
    return (e.op(f"select i1 {singular}, double {unsigned}, double {found}"), total)


def cholesky(e: FunctionEmitter, node: Apply) -> Values:
    """The lower factor, and whether there is none."""
    a = view(e, node.args[0])
    n, copy = a.sizes[0], _columns(e, a, node)
    info = _call(e, "dpotrf", COLUMNS, _letter("L"), f"i64 {n}", _pointer(copy), _lead(e, n))
    out = _rows(e, copy, _types(e, node)[0], a.sizes, node, "lower")
    _free(e, copy)
    return (*_all(out), info)


def tri_solve(e: FunctionEmitter, node: Apply) -> Values:
    """What is solved by a triangle: rows x, which l.T (or l) on their right makes those of b."""
    low, b, how = view(e, node.args[0]), view(e, node.args[1]), node.args[2]
    assert isinstance(how, Constant)
    low_packed = packed_copy(e, low, node)
    out = packed_copy(e, b, node)
    k, n = b.sizes
    e.program.blas["dtrsm"] = None
    sort = f"i32 142, i32 122, i32 {112 if how.value == 'N' else 111}, i32 131"  # right, lower, transposed or not
    given = f"{_pointer(low_packed)}, {_lead(e, n)}, {_pointer(out)}, {_lead(e, n)}"
    e.do(f"call void @tl_dtrsm({ROWS}, {sort}, i64 {k}, i64 {n}, double 1.0, {given})")
    _free(e, low_packed)
    return _all(out)


def eigh(e: FunctionEmitter, node: Apply) -> Values:
    """Eigenvalues, eigenvectors, and whether they were not found."""
    a = view(e, node.args[0])
    n, copy = a.sizes[0], _columns(e, a, node)
    values_type, vectors_type, _ = _types(e, node)
    values = _buffer(e, values_type, [n], node)
    square = e.op(f"mul i64 {n}, {n}")
    linear = e.op(f"add i64 {e.op(f'mul i64 {n}, 6')}, 1")
    size = e.op(f"add i64 {e.op(f'mul i64 {square}, 2')}, {linear}")
    count = e.op(f"add i64 {e.op(f'mul i64 {n}, 5')}, 3")
    work, whole = _room(e, size, node), _room(e, count, node, NP_I64)
    rooms = (_pointer(values), _pointer(work), f"i64 {size}", _pointer(whole), f"i64 {count}")
    letters = (_letter("V"), _letter("L"))
    info = _call(e, "dsyevd", COLUMNS, *letters, f"i64 {n}", _pointer(copy), _lead(e, n), *rooms)
    vectors = _rows(e, copy, vectors_type, a.sizes, node)
    _free(e, copy, work, whole)
    return (*_all(values), *_all(vectors), info)


def qr(e: FunctionEmitter, node: Apply) -> Values:
    """Orthogonal columns, and the upper factor."""
    a = view(e, node.args[0])
    (m, n), copy = a.sizes, _columns(e, a, node)
    q_type, r_type = _types(e, node)
    scales, size = _room(e, n, node), e.op(f"add i64 {e.op(f'mul i64 {n}, {BLOCK}')}, 1")
    work = _room(e, size, node)
    rooms = (_pointer(copy), _lead(e, m), _pointer(scales), _pointer(work), f"i64 {size}")
    _call(e, "dgeqrf", COLUMNS, f"i64 {m}", f"i64 {n}", *rooms)
    upper = _rows(e, copy, r_type, [n, n], node, "upper")
    _call(e, "dorgqr", COLUMNS, f"i64 {m}", f"i64 {n}", f"i64 {n}", *rooms)
    q = _rows(e, copy, q_type, [m, n], node)
    _free(e, copy, scales, work)
    return (*_all(q), *_all(upper))


LINEAR = {
    "lu": lu,
    "lu_solve": lu_solve,
    "lu_det": lu_det,
    "cholesky": cholesky,
    "tri_solve": tri_solve,
    "eigh": eigh,
    "qr": qr,
}
