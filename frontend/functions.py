"""Functions: parameters, defaults, cells, bodies; nested definitions, lambdas, and the functions that a program names.

A nested definition is compiled where it stands: names that it takes from outside are the nodes that they mean there, or
the cells of variables that change later.
"""

from __future__ import annotations

import ast
from typing import Any

from tapeless.frontend.bindings import Bindings, Found, Pending
from tapeless.frontend.blocks import FunctionTail, block
from tapeless.frontend.comprehensions import taken_from
from tapeless.frontend.context import Env, Forward, Function, Held, Scope
from tapeless.frontend.expressions import expression, refuse_iterator, value
from tapeless.frontend.paths import Step
from tapeless.frontend.scope import NameTable
from tapeless.frontend.statements import bind, statement
from tapeless.ir.diagnostics import UnsupportedError
from tapeless.ir.nodes import Constant, Graph, Node

Definition = ast.FunctionDef | ast.Lambda


def compile_pending(program: Bindings, job: Pending) -> None:
    """Fill the graph of a function that the program names."""
    fn: Any = job.function  # to mypy a field of FunctionType is a method
    graph, node, file = job.graph, job.located.node, job.located.file
    table = NameTable(node)
    function = Function(graph.name, fn.__qualname__, table.of(node), table, file, program, fn, node)
    scope = Scope(graph, Env(function, None, function.names.locals), function)
    defaults = fn.__defaults__ or ()
    bound = job.receiver is not None
    first = fn.__code__.co_argcount - len(defaults) - bound
    positions = {a.arg: k - bound for k, a in enumerate(_parameters(node.args))}
    for k in range(len(defaults)):
        at = node.args.defaults[k] if k < len(node.args.defaults) else node
        graph.defaults[first + k] = program.default(fn, Step("default", k), scope.span(at))
    for name in fn.__kwdefaults__ or ():
        graph.defaults[positions[name]] = program.default(fn, Step("keyword", name), scope.span(node))
    _fill(node, scope, job.receiver)


def _parameters(a: ast.arguments) -> list[ast.arg]:
    return [*a.args, *([a.vararg] if a.vararg else []), *a.kwonlyargs]


def _fill(node: Definition, scope: Scope, receiver: Found | None = None) -> None:
    """The parameters, cells and body of a definition; the first parameter of a bound method is its receiver."""
    graph, names, a = scope.graph, scope.function.names, node.args
    if a.posonlyargs:
        scope.refuse("positional-only parameters (`/`) are not supported", a.posonlyargs[0])
    if a.kwarg:
        scope.refuse(f"`**{a.kwarg.arg}` is not supported", a.kwarg, "name the keyword parameters")
    graph.variadic, graph.keyword_only = a.vararg is not None, len(a.kwonlyargs)
    parameters = _parameters(a)
    if receiver is not None:
        scope.env.own[parameters.pop(0).arg] = Held(receiver)
    for arg in parameters:
        scope.env.own[arg.arg] = graph.parameter(arg.arg, None, scope.span(arg))
    if isinstance(node, ast.Lambda):
        for name in sorted(names.cells):
            scope.become_cell(name, node)
        refuse_iterator(node.body, scope)
        graph.output = value(node.body, scope)
    else:
        graph.output = block(node.body, scope, FunctionTail(), node)


def _define(node: Definition, scope: Scope, name: str, graph: Graph | None = None, early: str = "") -> Constant:
    """The graph of a nested definition, as a value. With `early`, that name stands for it also inside."""
    outer = scope.function
    if graph is None:
        graph = Graph(outer.program.unique(f"{outer.name}.{name}"), "function", scope.graph, scope.span(node))
    _defaults(node, graph, scope)
    result = Constant(graph, None, scope.span(node))
    if early:
        scope.env.own[early] = result
    qualname = f"{outer.qualname}.<locals>.{'<lambda>' if isinstance(node, ast.Lambda) else name}"
    table = outer.table
    function = Function(graph.name, qualname, table.of(node), table, outer.file, outer.program, outer.root, node)
    _fill(node, Scope(graph, Env(function, scope.env, function.names.locals), function))
    return result


def _defaults(node: Definition, graph: Graph, scope: Scope) -> None:
    """Defaults are evaluated where the function is made."""
    a = node.args
    first = len(a.args) - len(a.defaults)
    for k, e in enumerate(a.defaults):
        graph.defaults[first + k] = value(e, scope)
    first = len(a.args) + (a.vararg is not None)
    for k, default in enumerate(a.kw_defaults):
        if default is not None:
            graph.defaults[first + k] = value(default, scope)


@expression(ast.Lambda)
def _lambda(e: ast.Lambda, scope: Scope) -> Node:
    return _define(e, scope, f"lambda{e.lineno}")


@statement(ast.FunctionDef)
def _nested(s: ast.FunctionDef, scope: Scope) -> None:
    decorators = [value(d, scope) for d in s.decorator_list]
    if s.name in scope.function.names.direct:
        _define_direct(s, s.name, scope)
        return
    node: Node = _define(s, scope, s.name)
    for d, at in zip(reversed(decorators), reversed(s.decorator_list)):
        node = scope.call(d, (node,), at)
    scope.assign(s.name, node, s)


def _define_direct(node: Definition, name: str, scope: Scope) -> None:
    """A name that always stands for one graph, also in itself and in siblings above."""
    names, own = scope.function.names, scope.env.own
    known = scope.env.find(name)[0]
    for other in sorted(names.direct & scope.function.table.of(node).free):
        if other != name and scope.env.find(other)[0] is None:
            graph = Graph(scope.function.program.unique(f"{scope.function.name}.{other}"), "function", scope.graph)
            own[other] = Forward(graph)
    forward = known.graph if isinstance(known, Forward) else None
    if forward is not None:
        forward.span = scope.span(node)
    _define(node, scope, name, forward, early=name)


@statement(ast.Assign)
def _assign(s: ast.Assign, scope: Scope) -> None:
    match s:
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as definition):
            if name in scope.function.names.direct:
                _define_direct(definition, name, scope)
                return
    unpacked = s.targets[0] if len(s.targets) == 1 and isinstance(s.targets[0], ast.Tuple | ast.List) else None
    if unpacked and isinstance(s.value, ast.GeneratorExp):
        node = taken_from(s.value, len(unpacked.elts), scope)
    else:
        if not (unpacked and isinstance(s.value, ast.Call)):
            refuse_iterator(s.value, scope)
        node = value(s.value, scope)
    for target in s.targets:
        bind(target, node, scope)


def compile_all(program: Bindings) -> None:
    """Fill the graphs of all functions that the program names, and of those that these name."""
    while program.pending:
        job: Any = program.pending.popleft()
        try:
            compile_pending(program, job)
        except RecursionError:
            where = job.located.file.span(job.located.node, job.function.__qualname__)
            raise UnsupportedError(f"`{job.graph.name}` is nested too deeply", where) from None
