"""Calls: of functions and operators alike; how their arguments were written goes with them."""

from __future__ import annotations

import ast

from tapeless.frontend.comprehensions import REDUCTIONS
from tapeless.frontend.context import Scope
from tapeless.frontend.expressions import expression, value
from tapeless.ir.nodes import PLAIN_CALL, CallShape, Constant, Node
from tapeless.ir.primitive import Operator


@expression(ast.Call)
def _call(e: ast.Call, scope: Scope) -> Node:
    fn = value(e.func, scope)
    if e.args and isinstance(e.args[0], ast.GeneratorExp) and isinstance(fn, Constant):
        op = fn.value.name if isinstance(fn.value, Operator) else ""
        if op in REDUCTIONS:
            return REDUCTIONS[op](e, e.args[0], scope)
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
