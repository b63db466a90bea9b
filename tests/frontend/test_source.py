"""Where functions are found in their files."""

from __future__ import annotations

import ast
from typing import Any

import pytest
from tapeless.frontend import from_source
from tapeless.frontend.source import locate
from tapeless.ir.diagnostics import UnsupportedError, UsageError


def body(f: Any) -> str:
    return ast.unparse(locate(f).node.body)  # type: ignore[arg-type]


def test_lambdas_on_one_line() -> None:
    f, g, h = lambda x: x + 1, lambda x: x + 2, lambda x: lambda x: x + 3
    assert [body(f), body(g), body(h), body(h(0))] == ["x + 1", "x + 2", "lambda x: x + 3", "x + 3"]


def test_lambdas_that_look_the_same() -> None:
    fs = (lambda x: x, lambda x: x)
    assert [locate(f).node.col_offset for f in fs] == [10, 23]


def test_lambda_over_several_lines() -> None:
    f = (  # noqa: E731
        lambda x, y=(
            1
        ): x
        + y
    )  # fmt: skip
    assert body(f) == "x + y"


def decorator(f: Any) -> Any:
    return f


@decorator
@decorator
def decorated(x: Any) -> Any:
    return x


def test_decorated_and_indented() -> None:
    if True:

        @decorator
        def inner(x: Any) -> Any:
            return x

    assert locate(decorated).node.name == "decorated"  # type: ignore[union-attr]
    assert locate(inner).node.name == "inner"  # type: ignore[union-attr]


def test_from_source() -> None:
    text = "def g(x): return x\ndef h(x): return g(x)\n"
    assert from_source(text).__name__ == "h"
    assert from_source(text, "g").__name__ == "g"
    assert from_source("lambda x: x + 1")(2) == 3
    assert body(from_source("lambda x: x + 1")) == "x + 1"
    assert locate(from_source(text, filename="<mine>")).file.name == "<mine>"
    with pytest.raises(UsageError):
        from_source("x = 1")
    with pytest.raises(UsageError):
        from_source(text, "k")


def test_changed_source_is_refused(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "changing.py"
    path.write_text("def f(x):\n    return x\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    import changing  # type: ignore[import-not-found]

    assert body(changing.f)
    path.write_text("# a new line\n\n\ndef f(x):\n    return x\n")
    with pytest.raises(UnsupportedError, match="is not where it was"):
        locate(changing.f)


def test_async_is_refused() -> None:
    with pytest.raises(UnsupportedError, match="async"):
        locate(from_source("async def f(x): return x\n", "f"))
