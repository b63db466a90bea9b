"""Unions that hold pointers, total projections, boxes in records, residuals of pullbacks."""

from __future__ import annotations

import pytest
from build import Slow, compile_kernel, kernel, program, slow
from tapeless.backend.layout import Layouts, memory
from tapeless.ir.abstract import BOOL, FLOAT, INT, NONE, Box, Pullback, Tuple, union
from tapeless.ir.traverse import Scopes, reachable

TREE = """
type %tree = box node{<leaf{float} | box %tree>, <leaf{float} | box %tree>}
graph @f(%depth: int) -> float {
  %t: <leaf{float} | box %tree> = @grow(%depth, 1.0)
  %s: float = @total(%t)
  return %s
}
graph @grow(%n: int, %x: float) -> <leaf{float} | box %tree> {
  %c = ieq(%n, 0)
  branch @then -> <leaf{float} | box %tree> {
    %l: leaf{float} = record(%x) %u: <leaf{float} | box %tree> = inject(%l) return %u
  }
  branch @else -> <leaf{float} | box %tree> {
    %m = isub(%n, 1) %y = fmul(%x, 2.0)
    %a: <leaf{float} | box %tree> = @grow(%m, %x) %b: <leaf{float} | box %tree> = @grow(%m, %y)
    %r: node{<leaf{float} | box %tree>, <leaf{float} | box %tree>} = record(%a, %b)
    %p: box %tree = box(%r) %u: <leaf{float} | box %tree> = inject(%p) return %u
  }
  %r: <leaf{float} | box %tree> = switch(%c, @then, @else) return %r
}
graph @total(%t: <leaf{float} | box %tree>) -> float {
  %leaf = has_head(%t, "record leaf")
  %l: leaf{float} = project(%t) %x: float = item(%l, 0)
  %p: box %tree = project(%t)
  %n: node{<leaf{float} | box %tree>, <leaf{float} | box %tree>} = unbox(%p)
  %a: <leaf{float} | box %tree> = item(%n, 0) %b: <leaf{float} | box %tree> = item(%n, 1)
  %q: box %tree = project(%a)
  %deep: node{<leaf{float} | box %tree>, <leaf{float} | box %tree>} = unbox(%q)
  %unused: <leaf{float} | box %tree> = item(%deep, 0)
  branch @then -> float { return %x }
  branch @else -> float { %sa: float = @total(%a) %sb: float = @total(%b) %s = fadd(%sa, %sb) return %s }
  %r: float = switch(%leaf, @then, @else)
  %odd = has_head(%unused, "record leaf")
  %z = b2f(%odd) %w = fmul(%z, 0.0) %s = fadd(%r, %w)
  return %s
}
"""


def test_tree_with_total_projections():
    """What is computed of the wrong part is never a crash, and does not matter."""
    f = kernel(TREE).call
    assert f(0) == 1.0
    assert f(3) == 27.0
    assert f(12) == 3.0**12


def test_records_and_boxes_as_results():
    text = TREE.replace("graph @f(%depth: int) -> float {", "graph @f(%depth: int) -> <leaf{float} | box %tree> {")
    text = text.replace("  %s: float = @total(%t)\n  return %s", "  return %t")
    out = kernel(text).call(1)
    assert out.tag == "node" and [i.items for i in out.items] == [(1.0,), (2.0,)]


NULLABLE = """
type %p = box (float, float)
graph @f(%n: int) -> float {
  %c = ieq(%n, 0)
  branch @none -> <none | box %p> { return None: <none | box %p> }
  branch @some -> <none | box %p> {
    %x = i2f(%n) %t: (float, float) = tuple(%x, 1.0) %b: box %p = box(%t) %u: <none | box %p> = inject(%b) return %u
  }
  %u: <none | box %p> = switch(%c, @none, @some)
  %wide: <bool | none | box %p> = inject(%u)
  %back: <none | box %p> = project(%wide)
  %truth: <bool | none> = project(%wide)
  %isb = has_head(%truth, "bool")
  %q: box %p = project(%back) %v: (float, float) = unbox(%q) %y: float = item(%v, 0)
  %e: box %p = project(%wide) %w: (float, float) = unbox(%e) %z: float = item(%w, 1)
  %s = fadd(%y, %z) %d = b2f(%isb) %k = fmul(%d, 0.0) %r = fadd(%s, %k)
  return %r
}
"""


def test_nullable_pointers_and_wider_unions():
    f = kernel(NULLABLE).call
    assert f(0) == 0.0
    assert f(5) == 6.0


def test_residuals_of_pullbacks():
    """A pullback type is its residual, also as a part of a union, which knows it by its name."""
    root = program(
        """
type %k = pullback
graph @f(%x: float, %c: bool) -> float {
  %r: (float, int) = tuple(%x, 3)
  branch @a -> <none | pullback %k> { %u: <none | pullback %k> = inject(%r) return %u }
  branch @b -> <none | pullback %k> { %u: <none | pullback %k> = inject(None) return %u }
  %u: <none | pullback %k> = switch(%c, @a, @b)
  %p: pullback %k = project(%u)
  %y: float = item(%p, 0)
  return %y
}"""
    )
    pullback = next(n.type for n in _nodes(root) if isinstance(n.type, Pullback))
    pullback.residual = Tuple((FLOAT, INT))
    first = next(n for n in _nodes(root) if str(n.type) == "(float, int)")
    first.type = pullback
    f = compile_kernel(root, "f", slow).call
    assert f(2.5, True) == 2.5
    assert f(2.5, False) == 0.0


def _nodes(root):
    scopes = Scopes()
    return [node for graph in reachable(root) for node in scopes.schedule(graph)]


def test_printed_boxes(capsys):
    text = NULLABLE.replace("  return %r\n}", '  !print(" ", "\\n", %wide, %r)\n  return %r\n}')
    f = kernel(text).call
    f(5)
    f(0)
    assert capsys.readouterr().out == "(5.0, 1.0) 6.0\nNone 0.0\n"


def test_layout_of_unions():
    layouts = Layouts()
    box = Box("b", Tuple((FLOAT,)))
    assert layouts.leaves(union([NONE, box])) == ("ptr",)
    u = union([NONE, Tuple((FLOAT, INT)), Tuple((INT, BOOL, FLOAT, INT)), FLOAT])
    assert sorted(layouts.leaves(u)) == sorted(("i8", "double", "i64", "i64", "i1"))
    assert memory(("i1", "double", "i8", "i1", "i64")).offsets == (0, 8, 16, 17, 24)
    assert memory(()).size == 8


def test_arguments_of_all_kinds():
    f = kernel("""
graph @f(%r: point{float, float}, %s: "mode", %n: none, %u: <bool | (float, <int | none>)>) -> int {
  %t = has_head(%u, "tuple 2")
  branch @a -> int {
    %p: (float, <int | none>) = project(%u) %q: <int | none> = item(%p, 1)
    %isn = has_head(%q, "number")
    branch @c -> int { %i: int = project(%q) return %i }
    branch @d -> int { return -1 }
    %r: int = switch(%isn, @c, @d) return %r
  }
  branch @b -> int { return -2 }
  %r: int = switch(%t, @a, @b) return %r
}""").call
    r = (1.0, 2.0)
    assert f(r, "mode", None, (1.0, 5)) == 5
    assert f(r, "mode", None, (1.0, None)) == -1
    assert f(r, "mode", None, True) == -2
    for wrong in ((r, "mood", None, True), (r, "mode", 0, True), ((1.0,), "mode", None, True), (r, "mode", None, 1)):
        with pytest.raises(Slow):
            f(*wrong)


def test_long_straight_line_program():
    """Ten thousand statements: no recursion in the emitter, one line of LLVM for each."""
    lines = [f"  %x{i + 1} = fadd(%x{i}, %x0)" for i in range(10_000)]
    k = kernel("graph @f(%x0: float) -> float {\n" + "\n".join(lines) + "\n  return %x10000\n}")
    assert k.call(1.0) == 10_001.0
    assert 10_000 < k.llvm_ir.count("\n") < 10_100
