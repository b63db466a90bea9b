"""The reference interpreter on programs in text form."""

import re

import pytest
from tapeless.ir.diagnostics import InternalError, UsageError
from tapeless.ir.interpret import BoxValue, RecordValue, evaluate
from tapeless.ir.nodes import UNDEF
from tapeless.ir.parser import parse

from tests.ir.test_text import LOOP, RECURSION
from tests.ir.test_verify import DERIVATIVE


def run(text, *args, out=print):
    return evaluate(parse(text), args, out)


def test_recursion():
    assert run(RECURSION, 1.5, 10) == 1.5**10
    assert run(RECURSION, 1.0, 20_000) == 1.0


def test_endless_recursion_is_an_error():
    with pytest.raises(RecursionError):
        run("graph @f(%x: int) -> int { ! %0: int = @f(%x) return %0 }", 1)


def test_loops_iterate():
    assert run(LOOP, 100_000) == 4999950000.0
    assert run(LOOP, 0) == 0.0


def test_checks_raise_what_python_raises():
    text = """
    graph @f(%x: int) -> int {
      %ok: bool = ieq(%x, 1)
      ! print(" ", "\\n", %x, "before")
      ! check(%ok, "ZeroDivisionError", "division by zero")
      ! print("-", "!", "after", %x)
      return %x
    }"""
    printed = []

    def out(*values, **how):
        printed.append((values, how))

    assert run(text, 1, out=out) == 1
    with pytest.raises(ZeroDivisionError, match=r"^division by zero$"):
        run(text, 2, out=out)
    assert printed == [
        ((1, "before"), {"sep": " ", "end": "\n"}),
        (("after", 1), {"sep": "-", "end": "!"}),
        ((2, "before"), {"sep": " ", "end": "\n"}),
    ]


def test_only_the_branch_that_is_taken_has_effects():
    text = """
    graph @f(%c: bool) -> int {
      ! %0: int = switch(%c, @yes, @no)
      branch @yes -> int { return 1 }
      branch @no -> int { ! check(False, "ValueError", "no") return 2 }
      return %0
    }"""
    assert run(text, True) == 1
    with pytest.raises(ValueError, match="no"):
        run(text, False)


def test_cells_hold_what_was_stored_last():
    text = """
    graph @f(%x: float) -> (float, float) {
      ! %c: cell(float) = cell(%x)
      ! %old: float = load(%c)
      ! store(%c, 2.0)
      ! %new: float = load(%c)
      %both: (float, float) = tuple(%old, %new)
      return %both
    }"""
    assert run(text, 1.0) == (1.0, 2.0)


UNIONS = """
type %list = box (float, <none | box %list>)
graph @sum(%l: <none | box %list>) -> float {
  %empty: bool = has_head(%l, "none")
  %box: box %list = project(%l)
  %cons: (float, <none | box %list>) = unbox(%box)
  %first: float = item(%cons, 0)
  branch @then -> float { return 0.0 }
  branch @else -> float {
    %rest: <none | box %list> = item(%cons, 1)
    ! %more: float = @sum(%rest)
    %all: float = fadd(%first, %more)
    return %all
  }
  ! %sum: float = switch(%empty, @then, @else)
  return %sum
}
"""


def test_unions_and_boxes_and_pure_nonsense():
    """`%first` is computed for the empty list too, where it is of no use."""
    assert run(UNIONS, None) == 0.0
    assert run(UNIONS, BoxValue((1.0, BoxValue((2.5, None))))) == 3.5


def test_effects_refuse_nonsense():
    text = """
    graph @f(%u: <float | none>) -> float {
      %x: float = project(%u)
      %ok: bool = flt(%x, 1.0)
      ! check(%ok, "ValueError", "")
      return %x
    }"""
    assert run(text, 0.5) == 0.5
    with pytest.raises(InternalError, match="does not exist"):
        run(text, None)
    assert run(text.replace("! check", "%no: none = check"), None) is UNDEF


def test_heads_tell_parts_apart():
    union = '<bool | float | none | g{int} | "a" | "b" | (int,)>'
    text = "graph @f(%x: TYPE) -> bool { %0: UNION = inject(%x) %1: bool = has_head(%0, KEY) return %1 }"
    values = {
        "bool": ("bool", True),
        "number": ("float", 1.0),
        "none": ("none", None),
        "record g": ("g{int}", RecordValue("g", (1,))),
        "str a": ('"a"', "a"),
        "tuple 1": ("(int,)", (1,)),
    }
    for key in values:
        for other, (type_, value) in values.items():
            filled = text.replace("TYPE", type_).replace("UNION", union).replace("KEY", f'"{key}"')
            assert run(filled, value) == (key == other)
    back = "graph @f(%x: np.f64) -> np.f64 { %0: <none | np.f64> = inject(%x) %1: np.f64 = project(%0) return %1 }"
    assert run(back, 2.0) == 2.0


def test_records_and_select():
    text = """
    graph @f(%x: int) -> g{int, bool} {
      %0: g{int, bool} = record(%x, True)
      %1: bool = item(%0, 1)
      %2: int = select(%1, 5, %x)
      %3: g{int, bool} = record(%2, %1)
      return %3
    }"""
    assert run(text, 7) == RecordValue("g", (5, True))


def test_source_closures_read_their_frames_late():
    text = """
    graph @f(%x) {
      ! %c = cell(undef)
      graph @get(%y) {
        ! %v = load(%c)
        ! %0 = py.add(%v, %y)
        ! %1 = py.mul(%0, %x)
        return %1
      }
      ! store(%c, 10)
      ! %r = %id(@get)
      %id = switch(True, @a, @b)
      branch @a { graph @identity(%z) { return %z } return @identity }
      branch @b { return undef }
      ! %2 = %r(5)
      ! store(%c, 20)
      ! %3 = %r(5)
      ! %4 = py.add(%2, %3)
      return %4
    }"""
    assert run(text, 2) == (15 + 25) * 2


def test_source_operators_and_closures_are_values():
    assert run("graph @f(%g) { ! %0 = %g(py.add) return %0 }", lambda add: add(1, 2)) == 3
    assert run("graph @f(%g, %x) { graph @h(%y) { ! %1 = py.add(%y, %x) return %1 } ! %0 = %g(@h) return %0 }",
               lambda h: h(1) + h(y=2), 10) == 23  # fmt: skip


@pytest.mark.parametrize("call", [
    "1", "1, 2", "1, 2, 3", "1, 2, 3, k=4", "*%t", "*%t, 9", "1, *%t, k=5", "1, b=3", "b=1, a=2", "",
    "1, a=2", "1, z=3", "b=2", "1, *%t, b=3", "k=1",
])  # fmt: skip
@pytest.mark.parametrize("parameters", [
    "a, b=7, *r, k=8", "a, b=7, *, k=8", "a, b, *r, k", "a, *, b, k", "a, b=7", "a", "a, b, k", "*r, b=1", "",
])  # fmt: skip
def test_source_binding_is_pythons(call, parameters):
    names = [p.strip("*").split("=")[0] for p in parameters.split(", ") if p.strip("*")]
    namespace = {"t": (4, 5)}
    exec(f"def g({parameters}): return ({''.join(n + ',' for n in names)})", namespace)
    ir = ", ".join(re.sub(r"([a-z])(=?)", r"%\1\2", p) for p in parameters.split(", "))
    text = f"""
    graph @f(%t) {{
      graph @g({ir}) {{ %0 = tuple({", ".join("%" + n for n in names)}) return %0 }}
      ! %1 = @g({call})
      return %1
    }}"""
    try:
        expected = eval(f"g({call.replace('%', '')})", namespace)
    except TypeError as error:
        with pytest.raises(TypeError) as caught:
            run(text, (4, 5))
        assert str(caught.value) == str(error)
    else:
        assert run(text, (4, 5)) == expected


def test_source_loops_iterate():
    text = """
    graph @f(%n) {
      loop @while(%i, %s) {
        ! %go = py.lt(%i, %n)
        branch @step {
          ! %j = py.add(%i, 1)
          ! %t = py.add(%s, %i)
          ! %again = @while(%j, %t)
          return %again
        }
        branch @exit { %end = tuple(%i, %s) return %end }
        ! %next = switch(%go, @step, @exit)
        return %next
      }
      ! %0 = @while(0, 0)
      return %0
    }"""
    assert run(text, 100_000) == (100_000, 4999950000)


def test_derivatives_are_refused():
    with pytest.raises(UsageError, match="`vjp` has to be expanded first"):
        run(DERIVATIVE, 1.0)
    with pytest.raises(UsageError, match="cannot evaluate the operator `grad`"):
        run("graph @f(%g) { ! %0 = py.grad(%g) return %0 }", 1)
