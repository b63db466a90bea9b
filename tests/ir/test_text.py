"""The text form: reading back what was printed gives the same program; texts that show what it looks like."""

import pytest
from hypothesis import given, settings
from tapeless.ir.clone import clone, program
from tapeless.ir.diagnostics import InternalError, UsageError
from tapeless.ir.nodes import Apply, Constant, Graph
from tapeless.ir.parser import parse
from tapeless.ir.primitive import REGISTRY
from tapeless.ir.printer import show
from tapeless.ir.stage import Stage
from tapeless.ir.verify import verify

from tests.ir.graphs import isomorphic, source_graphs, typed_graphs

RECURSION = """\
graph @power(%x: float, %n: int) -> float {
  %0: bool = ieq(%n, 0)
  branch @then -> float { return 1.0 }
  branch @else -> float {
    %1: int = isub(%n, 1)
    ! %2: float = @power(%x, %1)
    %3: float = fmul(%x, %2)
    return %3
  }
  ! %4: float = switch(%0, @then, @else)
  return %4
}
"""
LOOP = """\
graph @sum(%n: int) -> float {
  finite loop @while(%i: int, %s: float) -> (int, float) {
    %0: bool = ilt(%i, %n)
    branch @step -> (int, float) {
      ! check(%0, "ValueError", "not less")
      %1: int = iadd(%i, 1)
      %2: float = i2f(%i)
      %3: float = fadd(%s, %2)
      ! %4: (int, float) = @while(%1, %3)
      return %4
    }
    branch @exit -> (int, float) {
      %5: (int, float) = tuple(%i, %s)
      return %5
    }
    ! %6: (int, float) = switch(%0, @step, @exit)
    return %6
  }
  ! %7: (int, float) = @while(0, 0.0)
  %8: float = item(%7, 1)
  return %8
}
"""
TYPES = """\
type %list = box (float, <none | box %list>)
type %p = pullback (float, none)
type %q = pullback

graph @f(%l: <none | box %list>, %g: `f.<locals>.g`{int, bool}, %c: cell(np.f64), %t: (float,), %p: pullback %p) -> () {
  %0: float = @h(undef: pullback %q)
  ! print(" ", "\\n", %0, 1.0: np.f64, undef: <"a" | never>, undef, -nan: float, -inf, -0.0, %l, %g, %c, %t, %p)
  return undef: ()
}

total graph @h(%p: pullback %q) -> float {
  return 1e+300
}
""".replace("-nan: float", "-nan")
SOURCE = """\
graph @outer(%x, %y) {
  ! %0 = cell(undef)
  %1 = py.add(%x, 1)
  graph @inner(%a, %b = %1, *%rest, %key = 2.0: float, %`inf` = "s") {
    ! %2 = load(%0)
    ! %3 = %a(%2, %b, *%rest, key=%key, `inf`=%x)
    ! %4 = @inner(%3, py.mul)
    return %4
  }
  ! store(%0, @inner)
  graph @only(%c, *, %d) { return %c }
  ! %5 = @only(@inner, d=None)
  return %5
}
"""
SPANS = """\
graph @f(  ; a.py:1:1-3:9
  %x: float,  ; a.py:1:7 in f
  %y: float
) -> float {
  %0: float = fadd(%x, 1.0)  ; a.py:2:3-2:8 in f from "b c.py":7:1, 2 a.py:2:7-2:8
  branch @then -> float {  ; a.py:3:1
    return 2.0  ; 0 a.py:3:2
  }
  branch @else -> float {
    return %0
  }
  %1: float = switch(True, @then, @else)  ; 1 a.py:4:4, 2 a.py:4:5
  return %1
}
"""
ROOT_INSIDE = """\
root @then

graph @f(%x: float) -> float {
  branch @then -> float { return %x }
  branch @else -> float { return 0.0 }
  %0: float = switch(True, @then, @else)
  return %0
}
"""


@pytest.mark.parametrize("text", [RECURSION, LOOP, TYPES, SOURCE, ROOT_INSIDE])
def test_canonical_text_is_kept(text):
    assert show(parse(text)) == text


def test_spans_are_kept():
    root = parse(SPANS)
    assert show(root, spans=True) == SPANS
    assert root.params[0].span.column == 6
    assert root.output.args[0].span.line == 4
    assert root.output.args[1].value.output.span.column == 1


def test_spans_are_left_out_unless_wanted():
    assert ";" not in show(parse(SPANS))


@given(source_graphs())
def test_round_trip_of_source(g):
    _round_trip(g, Stage.SOURCE)


@given(typed_graphs())
def test_round_trip_of_typed(g):
    _round_trip(g, Stage.TYPED)


def _round_trip(g, stage):
    verify(g, stage)
    text, full = show(g), show(g, spans=True)
    again, with_spans = parse(text), parse(full)
    assert isomorphic(g, with_spans, names=False)
    assert isomorphic(g, again, names=False, spans=False)
    assert show(again) == text
    assert show(with_spans, spans=True) == full
    verify(again, stage)


@given(source_graphs() | typed_graphs())
@settings(max_examples=50)
def test_clone_is_isomorphic_and_disjoint(g):
    copy = clone(g)
    assert isomorphic(g, copy)
    assert not set(program(g)) & set(program(copy))
    assert show(copy, spans=True) == show(g, spans=True)


def test_isomorphism_sees_differences():
    assert isomorphic(parse(LOOP), parse(LOOP))
    for old, new in (("1)", "2)"), ("fadd", "fsub"), ("finite ", ""), ("! check", "! print"), ("%1, %3", "%i, %3")):
        assert not isomorphic(parse(LOOP), parse(LOOP.replace(old, new)))


def test_names_are_made_unique():
    root = Graph("f")
    inner = Graph("f", parent=root)
    x, y = root.parameter("x"), inner.parameter("x")
    inner.output = Apply(inner, x, (y,))
    inner.effects.append(inner.output)
    root.output = Constant(inner)
    text = "graph @f(%x) {\n  graph @f.1(%x.1) {\n    ! %0 = %x(%x.1)\n    return %0\n  }\n  return @f.1\n}\n"
    assert show(root) == text


def test_text_by_hand_may_have_any_names_and_comments():
    text = """
    # any names, any order, any spacing
    graph @f(%x: float)->float { %sum: float = fadd(%product, 1.0)  # a comment; not a span
      %product:float=fmul(%x,%x) return %sum }
    """
    assert show(parse(text)) == (
        "graph @f(%x: float) -> float {\n  %0: float = fmul(%x, %x)\n  %1: float = fadd(%0, 1.0)\n  return %1\n}\n"
    )


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("graph @f( {\n return 1 }", "unexpected '{'", 1, 11),
        ("graph @f() {\n  return %x }", "%x is not defined", 2, 10),
        ("graph @f(%x,\n %x) { return %x }", "%x is defined twice", 2, 2),
        ("graph @f() {\n return fadd2 }", "there is no primitive fadd2", 2, 9),
        ("graph @f() { ! add(1)\n return 1 }", "the operator is written py.add", 1, 16),
        ("graph @f() { ! %0 = @g()\n return 1 }", "there is no graph @g", 1, 21),
        ("graph @f() { return 1 }\ngraph @f() { return 1 }", "@f is defined twice", 2, 7),
        ("graph @f(%x: flot) { return %x }", "there is no type flot", 1, 14),
        ("graph @f(%x: box %l) { return %x }", "box %l is not declared", 1, 18),
        ("graph @f(%x: int) -> float { return %x }", "@f returns int", 1, 7),
        ("graph @f(%x) { ! %x(a=1, 2)\n return %x }", "a positional argument after", 1, 26),
        ("graph @f(%x) { $ }", "unexpected '$'", 1, 16),
        ("graph @f(%x) {\n", "ends too early", 2, 1),
    ],
)
def test_errors_say_where(text, message, line, column):
    with pytest.raises(UsageError) as caught:
        parse(text, "t.tl")
    assert message in caught.value.message
    assert (caught.value.span.file, caught.value.span.line, caught.value.span.column + 1) == ("t.tl", line, column)


def test_a_constant_of_another_kind_is_refused():
    g = Graph("f")
    g.output = Constant(1 + 2j)
    with pytest.raises(InternalError, match="cannot be"):
        show(g)


def test_long_and_deep_programs_need_no_recursion():
    chain = Graph("f")
    node = chain.parameter("x")
    for _ in range(20_000):
        node = Apply(chain, Constant(REGISTRY["fneg"]), (node,))
    chain.output = node
    deep = Graph("g")
    g = deep
    for _ in range(1500):
        then, orelse = Graph("then", "branch", g), Graph("else", "branch", g)
        g.output = Apply(g, Constant(REGISTRY["switch"]), (Constant(True), Constant(then), Constant(orelse)))
        g = orelse
    for root in (chain, deep):
        verify(root, Stage.SOURCE)
        text = show(clone(root))
        assert show(parse(text)) == text
