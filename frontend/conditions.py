"""Truth: comparisons, `and`, `or`, `not`, conditional expressions; and what a condition tells about the names in it.

A condition is a bool node. `and` and `or` are switches, so that what Python would not evaluate is not evaluated; as
values they give one of their operands, as conditions only its truth. Where `x is None` (or plain `x`) decides, `x` is
narrowed in the branches.
"""

from __future__ import annotations

import ast

from tapeless.frontend.context import Narrowed, Scope
from tapeless.frontend.expressions import expression, unary, value
from tapeless.ir.nodes import Apply, Constant, Node, Parameter

COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "lt", ast.LtE: "le", ast.Gt: "gt", ast.GtE: "ge", ast.Eq: "eq", ast.NotEq: "ne", ast.Is: "is",
    ast.IsNot: "is_not", ast.In: "in", ast.NotIn: "not_in",
}  # fmt: skip

Fact = tuple[str, str]  # a name, and the operator that narrows it


def condition(e: ast.expr, scope: Scope) -> Node:
    """The truth of an expression, as a bool."""
    match e:
        case ast.BoolOp():
            return _shortcut(e.values, isinstance(e.op, ast.And), scope, e, as_value=False)
        case ast.UnaryOp() | ast.Compare() if _is_bool(e):
            return value(e, scope)
        case ast.NamedExpr():
            return scope.operator("truth", value(e, scope), at=e)
        case ast.Constant(value=bool() as known):
            return Constant(known, None, scope.span(e))
    return scope.operator("truth", value(e, scope), at=e)


def _is_bool(e: ast.expr) -> bool:
    """Whether an expression gives a bool, whatever its operands are: comparisons of NumPy's values do not."""
    if isinstance(e, ast.Compare):
        return all(isinstance(op, (ast.Is, ast.IsNot, ast.In, ast.NotIn)) for op in e.ops)
    return isinstance(e, ast.UnaryOp) and isinstance(e.op, ast.Not)


@expression(ast.BoolOp)
def _bool_op(e: ast.BoolOp, scope: Scope) -> Node:
    return _shortcut(e.values, isinstance(e.op, ast.And), scope, e, as_value=True)


def _shortcut(values: list[ast.expr], is_and: bool, scope: Scope, at: ast.AST, as_value: bool) -> Node:
    """`a and b and ...` or `a or b or ...`."""
    first, rest = values[0], values[1:]
    if not rest:
        return value(first, scope) if as_value else condition(first, scope)
    if as_value:
        node = value(first, scope)
        test = node if _is_bool(first) else scope.operator("truth", node, at=first)
    else:
        node = test = condition(first, scope)

    def more(s: Scope) -> Node:
        learn(s, facts(first, is_and), first)
        return _shortcut(rest, is_and, s, at, as_value)

    def decided(s: Scope) -> Node:
        if not as_value:
            return Constant(not is_and)
        if isinstance(first, ast.Name):
            learn(s, facts(first, not is_and), first)
            return s.read(first.id, first) if isinstance(s.env.own.get(first.id), Narrowed) else node
        return node

    return scope.choose(test, more, decided, at) if is_and else scope.choose(test, decided, more, at)


@expression(ast.UnaryOp)
def _unary_or_not(e: ast.UnaryOp, scope: Scope) -> Node:
    if not isinstance(e.op, ast.Not):
        return unary(e, scope)
    operand = e.operand
    known = isinstance(operand, ast.BoolOp) or _is_bool(operand)
    return scope.operator("not", condition(operand, scope) if known else value(operand, scope), at=e)


@expression(ast.Compare)
def _compare(e: ast.Compare, scope: Scope) -> Node:
    return _comparisons(e, 0, value(e.left, scope), scope)


def _comparisons(e: ast.Compare, k: int, left: Node, scope: Scope) -> Node:
    """`left op comparators[k] op ...`; each operand is evaluated once, and none after the first that fails."""
    op = e.ops[k]
    if isinstance(op, (ast.Is, ast.IsNot)):
        for side in (([e.left, *e.comparators])[k], e.comparators[k]):
            if isinstance(side, ast.Constant) and side.value is not None and type(side.value) is not bool:
                scope.refuse("`is` with a literal is not supported", e, "compare with ==")
            if isinstance(side, ast.Tuple):
                scope.refuse("`is` with a tuple is not supported", e, "compare with ==")
    right = value(e.comparators[k], scope)
    test = scope.operator(COMPARISONS[type(op)], left, right, at=e)
    if k + 1 == len(e.ops):
        return test
    holds = scope.operator("truth", test, at=e)
    return scope.choose(holds, lambda s: _comparisons(e, k + 1, right, s), lambda s: test, e)


@expression(ast.IfExp)
def _conditional(e: ast.IfExp, scope: Scope) -> Node:
    def side(part: ast.expr, holds: bool, s: Scope) -> Node:
        learn(s, facts(e.test, holds), e.test)
        return value(part, s)

    test = condition(e.test, scope)
    return scope.choose(test, lambda s: side(e.body, True, s), lambda s: side(e.orelse, False, s), e)


def facts(e: ast.expr, holds: bool) -> list[Fact]:
    """What is known about names where a condition holds, or where it does not."""
    match e:
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return facts(operand, not holds)
        case ast.BoolOp(op=op, values=values) if isinstance(op, ast.And) == holds:
            if any(isinstance(n, ast.NamedExpr) for n in ast.walk(e)):
                return []  # a name may have changed since it was tested
            return [f for v in values for f in facts(v, holds)]
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() as op], comparators=[ast.Constant(value=None)]):
            name = left.target if isinstance(left, ast.NamedExpr) else left
            if isinstance(name, ast.Name):
                return [(name.id, "narrow_none" if isinstance(op, ast.Is) == holds else "narrow_some")]
        case ast.Name(id=name) | ast.NamedExpr(target=ast.Name(id=name)) if holds:
            return [(name, "narrow_some")]
    return []


def learn(scope: Scope, known: list[Fact], at: ast.AST) -> None:
    """Narrow names in a branch."""
    for name, operator in known:
        binding, _ = scope.env.find(name)
        if isinstance(binding, Narrowed):
            if binding.operator == operator:
                continue
            binding = binding.force()
        if isinstance(binding, (Apply, Parameter)):
            scope.env.own[name] = Narrowed(operator, binding, scope.graph, scope.span(at))
