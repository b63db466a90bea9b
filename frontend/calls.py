"""Calls: of functions and operators alike; how their arguments were written goes with them."""

from __future__ import annotations

import ast

from tapeless.frontend.comprehensions import REDUCTIONS, over_generator, over_items
from tapeless.frontend.context import Scope
from tapeless.frontend.expressions import expression, module_named, value
from tapeless.frontend.flow import AT, CHANGING, changed
from tapeless.ir.nodes import PLAIN_CALL, CallShape, Constant, Node
from tapeless.ir.primitive import Operator


@expression(ast.Call)
def _call(e: ast.Call, scope: Scope) -> Node:
    variable = changed(e)
    if variable is not None and e.func.attr in CHANGING and module_named(e.func, scope) is None:  # type: ignore[attr-defined]
        return _change(e, variable, scope)
    fn = value(e.func, scope)
    if isinstance(fn, Constant) and isinstance(fn.value, Operator) and fn.value.name.endswith(f".{AT}"):
        return _change_at(e, fn.value, variable, scope)
    name = fn.value.name if isinstance(fn, Constant) and isinstance(fn.value, Operator) else ""
    if name in REDUCTIONS and e.args:
        first = e.args[0]
        if isinstance(first, ast.GeneratorExp):
            return over_generator(name, e, first, scope)
        if len(e.args) == 1 and not e.keywords and not isinstance(first, (ast.Starred, ast.Tuple)) and name != "tuple":
            given = value(first, scope)
            return over_items(name, e, given, lambda s: s.call(fn, (given,), e), scope)
    args: list[Node] = []
    starred: list[int] = []
    for k, a in enumerate(e.args):
        if isinstance(a, ast.Starred):
            starred.append(k)
            a = a.value
        args.append(value(a, scope))
    keywords: list[str] = []
    for keyword in e.keywords:
        if keyword.arg is None:
            scope.refuse("`**` in a call is not supported", keyword.value, "name the keyword arguments")
        keywords.append(keyword.arg)
        args.append(value(keyword.value, scope))
    shape = CallShape(tuple(keywords), tuple(starred)) if keywords or starred else PLAIN_CALL
    return scope.call(fn, tuple(args), e, shape)


def _change(e: ast.Call, name: str, scope: Scope) -> Node:
    """`xs.append(x)`, `xs.extend(ys)`, `xs.pop()`: the variable means the list as it is afterwards."""
    assert isinstance(e.func, ast.Attribute)
    method = e.func.attr
    if e.keywords or len(e.args) != (method != "pop") or any(isinstance(a, ast.Starred) for a in e.args):
        scope.refuse(f"these arguments of `{method}` are not supported", e)
    _refuse_conditional(name, f"{name}.{method}", e, scope)
    old = scope.read(name, e.func.value)
    result: Node = Constant(None)
    if method == "pop":
        result = scope.operator("list.last", old, at=e)
    scope.assign(name, scope.operator(CHANGING[method], old, *(value(a, scope) for a in e.args), at=e), e)
    return result


def _change_at(e: ast.Call, op: Operator, name: str | None, scope: Scope) -> Node:
    """`np.add.at(a, i, v)`: the variable means the array as it is afterwards."""
    if name is None or e.keywords or len(e.args) != 3 or any(isinstance(a, ast.Starred) for a in e.args):
        scope.refuse(f"{op.name} is supported as {op.name}(a, i, v) of a variable a", e)
    _refuse_conditional(name, op.name, e, scope)
    scope.assign(name, scope.operator(op.name, *(value(a, scope) for a in e.args), at=e), e)
    return Constant(None)


def _refuse_conditional(name: str, what: str, e: ast.Call, scope: Scope) -> None:
    if scope.conditional and not scope.is_cell(name):
        scope.refuse(f"`{what}` is not supported here: whether it is called is not certain", e)
