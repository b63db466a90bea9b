"""The graphs of small programs, as documentation of what the frontend makes."""

from __future__ import annotations

import textwrap

import pytest
from tapeless.frontend import from_source, load
from tapeless.ir.printer import show

GOLDEN = {
    "a conditional joins at its call": (
        """
        def f(x):
            if x > 0:
                y = x
            else:
                y = -x
            return y
        """,
        """
        graph @program() {
          graph @f(%x) {
            ! %0 = py.gt(%x, 0)
            ! %1 = py.truth(%0)
            branch @f.then3 {
              %2 = tuple(%x)
              return %2
            }
            branch @f.else3 {
              ! %3 = py.neg(%x)
              %4 = tuple(%3)
              return %4
            }
            ! %5 = switch(%1, @f.then3, @f.else3)
            %6 = item(%5, 0)
            return %6
          }
          return @f
        }
        """,
    ),
    "a loop over what changes": (
        """
        def f(x, n):
            s = 0.0
            for i in range(n):
                t = x * i
                s += t
            return s
        """,
        """
        graph @program() {
          graph @f(%x, %n) {
            ! %0 = py.range(%n)
            ! %1 = py.iter(%0)
            ! %2 = py.iter_len(%1)
            finite loop @f.loop4(%s, %i) {
              ! %3 = py.index_lt(%i, %2)
              branch @f.step4 {
                ! %4 = py.iter_get(%1, %i)
                ! %5 = py.mul(%x, %4)
                ! %6 = py.iadd(%s, %5)
                ! %7 = py.index_next(%i)
                ! %8 = @f.loop4(%6, %7)
                return %8
              }
              branch @f.exit4 {
                %9 = tuple(%s, %i)
                return %9
              }
              ! %10 = switch(%3, @f.step4, @f.exit4)
              return %10
            }
            ! %11 = @f.loop4(0.0, 0)
            %12 = item(%11, 0)
            return %12
          }
          return @f
        }
        """,
    ),
    "what is assigned after capture is a cell": (
        """
        def f(x):
            g = lambda z: z * x
            x = 2.0
            return g(x)
        """,
        """
        graph @program() {
          graph @f(%x) {
            ! %0 = cell(%x)
            ! store(%0, 2.0)
            ! %1 = load(%0)
            graph @f.g(%z) {
              ! %2 = load(%0)
              ! %3 = py.mul(%z, %2)
              return %3
            }
            ! %4 = @f.g(%1)
            return %4
          }
          return @f
        }
        """,
    ),
    "data from outside are hidden parameters": (
        """
        k = 2.0
        def f(x, n=k):
            return x * k + n
        """,
        """
        graph @program(%default, %k) {
          graph @f(%x, %n = %default) {
            ! %0 = py.mul(%x, %k)
            ! %1 = py.add(%0, %n)
            return %1
          }
          return @f
        }
        """,
    ),
}


@pytest.mark.parametrize("name", GOLDEN)
def test_golden(name: str) -> None:
    text, expected = map(textwrap.dedent, GOLDEN[name])
    program = load(from_source(text))
    program.root.output = program.entry
    assert show(program.root).strip() == expected.strip()


def test_operators_have_spans_and_functions() -> None:
    program = load(from_source("def f(x):\n    g = lambda y: y * x\n    return g(x) + 1\n"))
    graph = program.entry.value  # type: ignore[attr-defined]
    assert {str(e.span).split(":", 1)[1] for e in graph.effects} == {"3:12"}
    assert {e.span.function for e in graph.effects} == {"f"}
    inner = graph.effects[0].fn.value
    assert [(e.span.line, e.span.column, e.span.function) for e in inner.effects] == [(2, 18, "f.<locals>.<lambda>")]
