"""What is not supported is refused by name, at the user's line and column."""

from __future__ import annotations

import sys

import pytest
from tapeless.frontend import from_source, load
from tapeless.ir.diagnostics import TapelessError, UnsupportedError

# In each text, the line that must be named ends in `#`; the words are in the message.
CASES = [
    ("y = {x} #", "a set"),
    ("y = {1: x} #", "a dict"),
    ("y = f'{x}' #", "an f-string"),
    ("y = b'a' #", "bytes"),
    ("y = 1j * x #", "complex"),
    ("y = 9223372036854775808 #", "64 bits"),
    ("x.a = 1 #", "an attribute"),
    ("a, *b = (1, 2, 3) #", "starred"),
    ("y = zip((1, 2), (3, 4)) #", "used once only"),
    ("y, z = enumerate((1, 2)), x #", "used once only"),
    ("y = abs(x) if x else reversed((1, 2)) #", "used once only"),
    ("def g(p): return 1\n    y = g(zip((1, 2), (3, 4))) #", "used once only"),
    ("return zip((1, 2), (3, 4)) #", "used once only"),
    ("g = lambda: reversed((1, 2)) #", "used once only"),
    ("import math #", "`import`"),
    ("from math import sin #", "`import`"),
    ("try: #\n     x = 1\n    finally: pass", "`try`"),
    ("with x: #\n     pass", "`with`"),
    ("class A: #\n     pass", "a class"),
    ("async def g(): #\n     pass", "async"),
    ("del x #", "`del`"),
    ("global y #\n    y = 1", "`global`"),
    ("yield x #", "`yield`"),
    ("return x\n    yield x #", "`yield`"),
    ("match x: #\n     case 1: pass", "`match`"),
    ("raise #", "`raise`"),
    ("raise ValueError(x) #", "constant"),
    ("raise ValueError('a') from None #", "from"),
    ("raise abs('a') #", "exception class"),
    ("assert x, y #", "constant"),
    ("def g(**k): pass #", "`**k`"),
    ("def g(a, /): pass #", "positional-only"),
    ("y = print(**x) #", "`**`"),
    ("y = (i for i in range(3)) #", "generator expression"),
    ("y = sum((i for i in range(3)), key=x) #", "sum"),
    ("y = x is 3 #", "`is`"),
    ("y = x and (z := 1) #", "`:=`"),
    ("y = any((z := i) for i in range(3)) #", "`:=`"),
    ("y = nothing #", "name `nothing` is not defined"),
    ("y = open('a') #", "`open`"),
    ("y = numbers #", "`numbers` is a set"),
    ("y = math #", "module"),
    ("y = math.nothing(x) #", "no attribute `nothing`"),
    ("y = y #", "before it is assigned"),
    ("while (y := x) > 1: x = 0 #\n    else: pass", "`:=`"),
]


@pytest.mark.parametrize(("body", "words"), CASES, ids=[b.splitlines()[0] for b, _ in CASES])
def test_refused_at_the_line(body: str, words: str) -> None:
    text = f"import math\nnumbers = {{1, 2}}\ndef f(x):\n    {body}\n"
    line = next(k for k, t in enumerate(text.splitlines(), 1) if "#" in t)
    with pytest.raises(TapelessError) as caught:
        load(from_source(text, "f"))
    error = caught.value
    assert words in error.message
    assert error.span is not None and error.span.line == line
    assert len(str(error).splitlines()) <= 12


def test_columns_count_characters() -> None:
    with pytest.raises(UnsupportedError) as caught:
        load(from_source("def f(αβ):\n    return αβ + {αβ}\n"))
    span = caught.value.span
    assert span is not None
    assert (span.line, span.column, span.end_column, span.function) == (2, 16, 20, "f")


def test_no_source() -> None:
    namespace: dict[str, object] = {}
    exec("def f(x): return x", namespace)
    with pytest.raises(UnsupportedError, match=r"source of `f` is not available") as caught:
        load(namespace["f"])
    assert "tl.from_source" in caught.value.hint


def test_error_in_a_function_without_source_shows_the_call() -> None:
    text = "ns = {}\nexec('def g(x): return x', ns)\ng = ns['g']\ndef f(x):\n    return g(x)\n"
    with pytest.raises(UnsupportedError, match=r"source of `g`") as caught:
        load(from_source(text))
    assert caught.value.span is not None and caught.value.span.line == 5


def test_assigning_to_the_variable_of_a_function_that_is_not_compiled() -> None:
    text = "def make():\n    k = 1\n    def f(x):\n        nonlocal k\n        k = x\n        return k\n    return f\n"
    with pytest.raises(UnsupportedError, match=r"`k` is not a variable of a function that is compiled"):
        load(from_source(text)())  # type: ignore[call-arg]


def test_deep_nesting() -> None:
    load(from_source("def f(x):\n    return " + "-(" * 90 + "x" + ")" * 90 + "\n"))
    load(from_source("def f(x):\n" + "".join(f"{' ' * k}if x:\n" for k in range(1, 95)) + " " * 95 + "x = 1\n"))


def test_nesting_too_deep_is_an_error_of_its_own() -> None:
    chain = "".join(f"    elif x == {k}: y = {k}\n" for k in range(900))
    function = from_source(f"def f(x):\n    if x < 0: y = 1\n{chain}    else: y = 0\n    return y\n")
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(1000)  # as Python starts; the oracles raise it
    try:
        with pytest.raises(UnsupportedError, match="nested too deeply"):
            load(function)
    finally:
        sys.setrecursionlimit(limit)
