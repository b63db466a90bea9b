"""Simple statements: assignment in all its forms, `assert`, `raise`, expressions, `pass`."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, NoReturn

from tapeless.frontend.blocks import STATEMENTS, Flow, control
from tapeless.frontend.conditions import condition, facts, learn
from tapeless.frontend.context import Scope
from tapeless.frontend.expressions import BINARY, value
from tapeless.frontend.flow import written_name
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
    """`x += v`: a number gets another value, an array is written to."""
    match s.target:
        case ast.Name(id=name):
            old = scope.read(name, s.target)
            scope.assign(name, scope.operator("i" + BINARY[type(s.op)], old, value(s.value, scope), at=s), s)
        case ast.Subscript():
            place = Place(s.target, scope)
            whole = old = place.base
            for key in place.keys:
                whole, old = old, scope.operator("getitem", old, key, at=s.target)
            place.write(scope.operator(f"i{BINARY[type(s.op)]}_item", old, value(s.value, scope), whole, at=s), s)
        case _:
            _refuse_target(s.target, scope)


class Place:
    """A target `a` or `a[i][j]`: the value of `a` and those of the keys, each evaluated once.

    To write makes a new value of `a`, which the variable means from then on.
    """

    def __init__(self, target: ast.expr, scope: Scope) -> None:
        self.scope, self.target = scope, target
        chain: list[ast.Subscript] = []
        while isinstance(target, ast.Subscript):
            chain.append(target)
            target = target.value
        self.base = value(target, scope)
        self.keys = [value(t.slice, scope) for t in reversed(chain)]

    def read(self) -> Node:
        """The items, or all of it."""
        old = self.base
        for key in self.keys:
            old = self.scope.operator("getitem", old, key, at=self.target)
        return old

    def fill(self, new: Node, at: ast.AST) -> None:
        """Assign to all elements of the array that the target means."""
        self.keys.append(self.scope.operator("ellipsis", at=at))
        self.write(new, at)

    def write(self, new: Node, at: ast.AST) -> None:
        """Assign to the items, or to the variable what it is afterwards."""
        whole = self.scope.operator("setitem", self.base, new, *self.keys, at=at) if self.keys else new
        name = written_name(self.target)
        if name is None:
            return
        if self.scope.env.find(name)[1] is None:
            self.scope.refuse(f"`{name}` is not a variable of a function that is compiled: it is not written to", at)
        self.scope.assign(name, whole, at)


def bind(target: ast.expr, node: Node, scope: Scope) -> None:
    """Assign a value to a target, taking it apart where the target is a tuple."""
    match target:
        case ast.Name(id=name):
            scope.assign(name, node, target)
        case ast.Tuple(elts=targets) | ast.List(elts=targets):
            for part, item in zip(targets, _unpack(targets, node, target, scope)):
                bind(part, item, scope)
        case ast.Subscript():
            Place(target, scope).write(node, target)
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
    what = "an attribute" if isinstance(target, ast.Attribute) else "this"
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
