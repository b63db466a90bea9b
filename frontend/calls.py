"""Calls: of functions and operators alike; how their arguments were written goes with them."""

from __future__ import annotations

import ast

from tapeless.frontend.comprehensions import REDUCTIONS, over_generator, over_items
from tapeless.frontend.context import Scope
from tapeless.frontend.expressions import expression, module_named, refuse_iterator, value
from tapeless.frontend.flow import CHANGING, CHANGING_FIRST, FILLING, changed, written_name
from tapeless.frontend.statements import Place
from tapeless.ir.nodes import PLAIN_CALL, CallShape, Constant, Node
from tapeless.ir.primitive import Operator


@expression(ast.Call)
def _call(e: ast.Call, scope: Scope) -> Node:
    target = changed(e)
    is_method = isinstance(e.func, ast.Attribute) and module_named(e.func, scope) is None
    if target is not None and is_method and (e.func.attr in CHANGING or e.func.attr in FILLING):  # type: ignore[attr-defined]
        return _change(e, target, scope)
    fn = value(e.func, scope)
    name = fn.value.name if isinstance(fn, Constant) and isinstance(fn.value, Operator) else ""
    if name.rpartition(".")[2] in CHANGING_FIRST:
        return _change_first(e, name, target, scope)
    if target is not None and (is_method or name.startswith("np.")):
        return _call_into(e, fn, target, scope)
    if name in REDUCTIONS and e.args:
        first = e.args[0]
        if isinstance(first, ast.GeneratorExp):
            return over_generator(name, e, first, scope)
        if len(e.args) == 1 and not e.keywords and not isinstance(first, (ast.Starred, ast.Tuple)) and name != "tuple":
            given = value(first, scope)
            return over_items(name, e, given, lambda s: s.call(fn, (given,), e), scope)
    return _called(fn, e, e.keywords, scope)


def _called(fn: Node, e: ast.Call, named: list[ast.keyword], scope: Scope) -> Node:
    """The call of a function with the positional arguments of an expression, and these by keyword."""
    args: list[Node] = []
    starred: list[int] = []
    for k, a in enumerate(e.args):
        if isinstance(a, ast.Starred):
            starred.append(k)
            a = a.value
        elif not isinstance(fn, Constant) or not isinstance(fn.value, Operator):
            refuse_iterator(a, scope)
        args.append(value(a, scope))
    keywords: list[str] = []
    for keyword in named:
        if keyword.arg is None:
            scope.refuse("`**` in a call is not supported", keyword.value, "name the keyword arguments")
        keywords.append(keyword.arg)
        args.append(value(keyword.value, scope))
    shape = CallShape(tuple(keywords), tuple(starred)) if keywords or starred else PLAIN_CALL
    return scope.call(fn, tuple(args), e, shape)


# -- calls that change something: the variable means what it is afterwards --------------------------------------------
def _change(e: ast.Call, target: ast.expr, scope: Scope) -> Node:
    """`xs.append(x)`, `xs.pop()`, `a.sort()`."""
    assert isinstance(e.func, ast.Attribute)
    method = e.func.attr
    if any(isinstance(a, ast.Starred) for a in e.args) or (
        method != "sort" and (e.keywords or len(e.args) != (method != "pop"))
    ):
        scope.refuse(f"these arguments of `{method}` are not supported", e)
    place = _place(target, f"{written_name(target)}.{method}", e, scope)
    old, args = place.read(), [value(a, scope) for a in (*e.args, *(k.value for k in e.keywords))]
    if method in FILLING:
        shape = CallShape(tuple(k.arg or "" for k in e.keywords)) if e.keywords else PLAIN_CALL
        place.fill(scope.call(scope.operator_named(FILLING[method], e), (old, *args), e, shape), e)
        return Constant(None)
    result = scope.operator("list.last", old, at=e) if method == "pop" else Constant(None)
    place.write(scope.operator(CHANGING[method], old, *args, at=e), e)
    return result


def _change_first(e: ast.Call, name: str, target: ast.expr | None, scope: Scope) -> Node:
    """`np.add.at(a, i, v)`, `np.copyto(a, v)`, `np.fill_diagonal(a, v)`."""
    into, form = name == "np.copyto", "(a, i, v)" if name.endswith(".at") else "(a, v)"
    starred = any(isinstance(a, ast.Starred) for a in e.args)
    if target is None or starred or e.keywords or (isinstance(target, ast.Subscript) and not into):
        scope.refuse(f"{name} is supported as {name}{form} of a variable a{' or a part of it' if into else ''}", e)
    place = _place(target, name, e, scope)
    new = scope.operator(name, place.read(), *(value(a, scope) for a in e.args[1:]), at=e)
    (place.fill if into else place.write)(new, e)
    return Constant(None)


def _call_into(e: ast.Call, fn: Node, target: ast.expr, scope: Scope) -> Node:
    """`np.exp(x, out=a)`: a[...] = np.exp(x), and its value is a."""
    assert isinstance(e.func, ast.Attribute)
    result = _called(fn, e, [k for k in e.keywords if k.arg != "out"], scope)
    place = _place(target, "out=", e, scope)
    place.fill(scope.operator("into", place.read(), result, Constant(e.func.attr), at=e), e)
    return value(target, scope)


def _place(target: ast.expr, what: str, e: ast.Call, scope: Scope) -> Place:
    """What a call changes; refused where it is not certain that it is called."""
    name = written_name(target)
    if scope.conditional and name is not None and not scope.is_cell(name):
        scope.refuse(f"`{what}` is not supported here: whether it is called is not certain", e)
    return Place(target, scope)
