"""Expressions: from a node of the syntax tree to a node of the graph that is being filled.

`value` dispatches on the kind of expression; other files of this folder register theirs (`conditions`, `calls`,
`functions`). Operands are evaluated from left to right, each once.
"""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable
from typing import Any

from tapeless.frontend.bindings import Found
from tapeless.frontend.context import Held, Scope
from tapeless.ir.nodes import Constant, Node

Handler = Callable[[Any, Scope], Node]
EXPRESSIONS: dict[type[ast.expr], Handler] = {}

BINARY: dict[type[ast.AST], str] = {
    ast.Add: "add", ast.Sub: "sub", ast.Mult: "mul", ast.Div: "div", ast.FloorDiv: "floordiv", ast.Mod: "mod",
    ast.Pow: "pow", ast.LShift: "lshift", ast.RShift: "rshift", ast.BitAnd: "bitand", ast.BitOr: "bitor",
    ast.BitXor: "bitxor", ast.MatMult: "matmul",
}  # fmt: skip
UNARY: dict[type[ast.AST], str] = {ast.USub: "neg", ast.UAdd: "pos", ast.Invert: "invert"}

REFUSED: dict[type[ast.AST], str] = {
    ast.Set: "a set", ast.SetComp: "a set comprehension",
    ast.Dict: "a dict", ast.DictComp: "a dict comprehension", ast.JoinedStr: "an f-string",
    ast.Await: "`await`", ast.Yield: "`yield`", ast.YieldFrom: "`yield from`",
    ast.GeneratorExp: "a generator expression that is not unpacked or given to sum, min, max, any, all, list or tuple",
    ast.Starred: "a starred expression here",
}  # fmt: skip
HINTS: dict[type[ast.AST], str] = {
    ast.Set: "use a tuple",
    ast.SetComp: "use a tuple",
    ast.Dict: "use a tuple",
    ast.DictComp: "use a tuple",
}


def expression(*kinds: type[ast.expr]) -> Callable[[Handler], Handler]:
    """A decorator that registers how expressions of some kinds are compiled."""

    def register(handler: Handler) -> Handler:
        for kind in kinds:
            EXPRESSIONS[kind] = handler
        return handler

    return register


def value(e: ast.expr, scope: Scope) -> Node:
    """The node of an expression, with all that it needs appended to the scope's graph."""
    handler = EXPRESSIONS.get(type(e))
    if handler is None:
        what = REFUSED.get(type(e), f"`{type(e).__name__}`")
        scope.refuse(f"{what} is not supported", e, HINTS.get(type(e), ""))
    return handler(e, scope)


ONCE = "write it where it is iterated over, or make a list or tuple of it"


def refuse_iterator(e: ast.expr, scope: Scope) -> None:
    """An iterator is used up by its first loop; ours are values, so one is not given a name, passed on or returned."""
    match e:
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            for part in parts:
                refuse_iterator(part, scope)
        case ast.IfExp(body=yes, orelse=no):
            refuse_iterator(yes, scope)
            refuse_iterator(no, scope)
        case ast.Call(func=ast.Name(id="zip" | "enumerate" | "reversed" as name)):
            if scope.env.find(name)[1] is None and scope.function.program.is_builtin(scope.function.root, name):
                scope.refuse(f"the iterator of `{name}` can be used once only", e, ONCE)


@expression(ast.Constant)
def _constant(e: ast.Constant, scope: Scope) -> Node:
    return literal(e.value, e, scope)


def literal(x: Any, at: ast.expr, scope: Scope) -> Node:
    """A constant of the source text."""
    if type(x) is int and not -(2**63) <= x < 2**63:
        scope.refuse(f"the integer {x} does not fit 64 bits", at, "use a float")
    if x is ...:
        return scope.operator("ellipsis", at=at)
    if x is not None and type(x) not in (bool, int, float, str):
        scope.refuse(f"a {type(x).__name__} constant is not supported", at)
    return Constant(x, None, scope.span(at))


@expression(ast.Name)
def _name(e: ast.Name, scope: Scope) -> Node:
    return scope.read(e.id, e)


@expression(ast.BinOp)
def _binary(e: ast.BinOp, scope: Scope) -> Node:
    chain = [e]  # a long sum is deep on its left
    while isinstance(chain[-1].left, ast.BinOp):
        chain.append(chain[-1].left)
    left = value(chain[-1].left, scope)
    for part in reversed(chain):
        left = binary(part.op, left, value(part.right, scope), part, scope)
    return left


def binary(op: ast.operator, left: Node, right: Node, at: ast.AST, scope: Scope) -> Node:
    """An arithmetic operator of Python, applied."""
    return scope.operator(BINARY[type(op)], left, right, at=at)


def unary(e: ast.UnaryOp, scope: Scope) -> Node:
    """`-x`, `+x` or `~x`; the minus of a number belongs to the number."""
    operand = e.operand
    if isinstance(e.op, ast.USub) and isinstance(operand, ast.Constant) and type(operand.value) in (int, float):
        return literal(-operand.value, e, scope)  # type: ignore[operator]
    return scope.operator(UNARY[type(e.op)], value(operand, scope), at=e)


@expression(ast.Tuple)
def _tuple(e: ast.Tuple | ast.List, scope: Scope) -> Node:
    if not any(isinstance(item, ast.Starred) for item in e.elts):
        return scope.tuple([value(x, scope) for x in e.elts], e)
    whole: Node | None = None  # (a, *t, b) is (a,) + tuple(t) + (b,)
    for starred, items in itertools.groupby(e.elts, lambda x: isinstance(x, ast.Starred)):
        parts: list[Node]
        if starred:
            parts = [scope.operator("tuple", value(x.value, scope), at=x) for x in items if isinstance(x, ast.Starred)]
        else:
            parts = [scope.tuple([value(x, scope) for x in items], e)]
        for part in parts:
            whole = part if whole is None else scope.operator("add", whole, part, at=e)
    assert whole is not None
    return whole


@expression(ast.List)
def _list(e: ast.List, scope: Scope) -> Node:
    starred = any(isinstance(item, ast.Starred) for item in e.elts)
    if starred:
        return scope.operator("list", _tuple(e, scope), at=e)
    return scope.operator("list_display", *(value(x, scope) for x in e.elts), at=e)


@expression(ast.Subscript)
def _subscript(e: ast.Subscript, scope: Scope) -> Node:
    of, index = value(e.value, scope), e.slice
    if isinstance(index, ast.Slice):
        bounds = [Constant(None) if x is None else value(x, scope) for x in (index.lower, index.upper, index.step)]
        return scope.operator("slice", of, *bounds, at=e)
    return scope.operator("getitem", of, value(index, scope), at=e)


@expression(ast.Slice)
def _slice(e: ast.Slice, scope: Scope) -> Node:
    bounds = [Constant(None) if x is None else value(x, scope) for x in (e.lower, e.upper, e.step)]
    return scope.operator("slice_object", *bounds, at=e)


@expression(ast.NamedExpr)
def _named(e: ast.NamedExpr, scope: Scope) -> Node:
    if scope.conditional and not scope.is_cell(e.target.id):
        scope.refuse("`:=` is not supported here: whether the name gets a value is not certain", e)
    node = value(e.value, scope)
    scope.assign(e.target.id, node, e)
    return node


@expression(ast.Attribute)
def _attribute(e: ast.Attribute, scope: Scope) -> Node:
    module = module_named(e.value, scope)
    if module is None:
        return scope.operator("getattr", value(e.value, scope), Constant(e.attr), at=e)
    return scope.function.program.attribute(module, e.attr, scope.span(e))


def module_named(e: ast.expr, scope: Scope) -> Found | None:
    """The module that an expression `a.b.c` names, or None."""
    program = scope.function.program
    parts: list[ast.Attribute] = []
    while isinstance(e, ast.Attribute):
        parts.append(e)
        e = e.value
    if not isinstance(e, ast.Name):
        return None
    binding, owner = scope.env.find(e.id)
    if owner is not None and not isinstance(binding, Held):
        return None
    found: Found | None = binding.found if isinstance(binding, Held) else program.variable(scope.function.root, e.id)
    assert found is not None
    found = program.module(found)
    for part in reversed(parts):
        if found is None:
            return None
        found = program.module(program.member(found, part.attr, scope.span(part)))
    return found
