"""Simple statements: assignment in all its forms, `assert`, `raise`, expressions, `pass`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, NoReturn

from tapeless.frontend.blocks import STATEMENTS, Flow, control
from tapeless.frontend.conditions import condition, facts, learn
from tapeless.frontend.context import Scope
from tapeless.frontend.expressions import binary, value
from tapeless.ir.nodes import UNDEF, Apply, Constant, Node
from tapeless.ir.primitive import REGISTRY

Handler = Callable[[Any, Scope], None]


def statement(*kinds: type[ast.stmt]) -> Callable[[Handler], Handler]:
    """A decorator that registers how simple statements of some kinds are compiled."""

    def register(handler: Handler) -> Handler:
        for kind in kinds:
            STATEMENTS[kind] = handler
        return handler

    return register


@statement(ast.Pass, ast.Nonlocal)
def _nothing(s: ast.stmt, scope: Scope) -> None:
    """`nonlocal` has done its work when names were classified."""


@statement(ast.Expr)
def _expression(s: ast.Expr, scope: Scope) -> None:
    if not isinstance(s.value, ast.Constant):  # a docstring, or `...`
        value(s.value, scope)


@statement(ast.AnnAssign)
def _annotated(s: ast.AnnAssign, scope: Scope) -> None:
    if s.value is not None:
        bind(s.target, value(s.value, scope), scope)


@statement(ast.AugAssign)
def _augmented(s: ast.AugAssign, scope: Scope) -> None:
    if not isinstance(s.target, ast.Name):
        _refuse_target(s.target, scope)
    old = scope.read(s.target.id, s.target)
    scope.assign(s.target.id, binary(s.op, old, value(s.value, scope), s, scope), s)


def bind(target: ast.expr, node: Node, scope: Scope) -> None:
    """Assign a value to a target, taking it apart where the target is a tuple."""
    match target:
        case ast.Name(id=name):
            scope.assign(name, node, target)
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            for part, item in zip(targets, _unpack(targets, node, target, scope)):
                bind(part, item, scope)
        case _:
            _refuse_target(target, scope)


def _unpack(targets: list[ast.expr], node: Node, at: ast.expr, scope: Scope) -> list[Node] | tuple[Node, ...]:
    for t in targets:
        if isinstance(t, ast.Starred):
            scope.refuse("a starred target is not supported: it makes a list", t, "use a slice: rest = t[1:]")
    if isinstance(node, Apply) and isinstance(node.fn, Constant) and node.fn.value is REGISTRY["tuple"]:  # noqa: SIM102
        if len(node.args) == len(targets):
            return node.args
    iterator = scope.operator("iter", node, at=at)
    scope.operator("check_length", iterator, Constant(len(targets)), at=at)
    return [scope.operator("iter_get", iterator, Constant(k), at=at) for k in range(len(targets))]


def _refuse_target(target: ast.expr, scope: Scope) -> NoReturn:
    what = {ast.Subscript: "an item", ast.Attribute: "an attribute"}.get(type(target), "this")
    scope.refuse(f"assigning to {what} is not supported", target, "values do not change: make a new one")


@statement(ast.Assert)
def _assert(s: ast.Assert, scope: Scope) -> None:
    message = "" if s.msg is None else _message(s.msg, scope)
    test = condition(s.test, scope)
    scope.primitive("check", test, Constant("AssertionError"), Constant(message), at=s)
    learn(scope, facts(s.test, True), s.test)


@control(ast.Raise)
def _raise(flow: Flow, s: ast.Raise) -> Node | None:
    scope = flow.scope
    if s.cause is not None:
        scope.refuse("`raise ... from` is not supported", s.cause)
    match s.exc:
        case ast.Name() as name:
            message = ""
        case ast.Call(func=ast.Name() as name, args=[], keywords=[]):
            message = ""
        case ast.Call(func=ast.Name() as name, args=[text], keywords=[]):
            message = _message(text, scope)
        case _:
            scope.refuse("this form of `raise` is not supported", s, 'write raise ValueError("what is wrong")')
    if scope.env.find(name.id)[1] is not None:
        scope.refuse(f"`{name.id}` is not a builtin exception class, so it cannot be raised", name)
    kind = scope.function.program.exception(scope.function.root, name.id, scope.span(name))
    scope.primitive("check", Constant(False), Constant(kind), Constant(message), at=s)
    return Constant(UNDEF)


def _message(e: ast.expr, scope: Scope) -> str:
    if isinstance(e, ast.Constant) and type(e.value) is str:
        return e.value
    scope.refuse("the message of an error must be a string constant", e)
