"""A graph that is being filled, and what each name means at this point of it.

`Env` maps names to bindings, layer by layer: a branch has a layer over that of the graph around it, a nested function
one over that of its definition. `Scope` is an `Env` and a graph; it makes applications and puts them in order.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any, NoReturn

import tapeless.ir.primitives  # noqa: F401  (fills its table)
from tapeless.frontend.bindings import Bindings, Found
from tapeless.frontend.flow import Liveness
from tapeless.frontend.scope import Names, NameTable
from tapeless.frontend.source import SourceFile
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.diagnostics import InferenceError, InternalError, Span, UnsupportedError
from tapeless.ir.nodes import PLAIN_CALL, UNDEF, Apply, CallShape, Constant, Graph, Node, Parameter
from tapeless.ir.operators import find
from tapeless.ir.primitive import OPERATORS, REGISTRY


@dataclass(frozen=True)
class Location:
    """A variable that is a cell. `assigned` is the cell that says whether it has a value, where that is not certain."""

    cell: Node
    assigned: Node | None


@dataclass(frozen=True)
class Maybe:
    """A variable that has a value on some paths only, those where `assigned` is true."""

    value: Node
    assigned: Node


@dataclass(frozen=True)
class Dead:
    """A variable that nothing reads any more."""


@dataclass
class Forward:
    """The graph of a sibling that is defined further down: visible to nested functions only."""

    graph: Graph


@dataclass
class Narrowed:
    """A variable known to be None, or known not to be, in `graph`; the node is made when it is first read."""

    operator: str
    node: Node
    graph: Graph
    span: Span
    made: Node | None = None

    def force(self) -> Node:
        if self.made is None:
            self.made = Apply(self.graph, Constant(OPERATORS[self.operator]), (self.node,), None, self.span)
        return self.made


@dataclass(frozen=True)
class Held:
    """The receiver of a bound method: an object whose attributes can be used, and nothing else of it."""

    found: Found


Binding = Node | Location | Maybe | Dead | Forward | Narrowed | Held
DEAD = Dead()


class Env:
    """One layer of bindings. `locals` are names that are never looked for further out.

    closed    whether CPython has a function of its own for this layer, to which names further out are free variables
    """

    __slots__ = ("closed", "function", "locals", "outer", "own")

    def __init__(
        self,
        function: Function,
        outer: Env | None,
        locals: frozenset[str] | set[str] = frozenset(),
        closed: bool = False,
    ) -> None:
        self.function, self.outer, self.locals, self.closed = function, outer, locals, closed
        self.own: dict[str, Binding] = {}

    def find(self, name: str) -> tuple[Binding | None, Function | None]:
        """The binding of a name, or None, and the function that it is local to, or None for a name from outside."""
        layer: Env | None = self
        while layer is not None:
            binding = layer.own.get(name)
            if binding is not None:
                return binding, layer.function
            if name in layer.locals:
                return None, layer.function
            layer = layer.outer
        return None, None

    def is_free(self, name: str) -> bool:
        """Whether a variable of this function is further out than a layer that is closed."""
        layer: Env | None = self
        while layer is not None and name not in layer.own and name not in layer.locals:
            if layer.closed:
                return True
            layer = layer.outer
        return False


@dataclass(eq=False)
class Function:
    """The definition that is being compiled: a Python function, or one nested in it."""

    name: str
    qualname: str
    names: Names
    table: NameTable
    file: SourceFile
    program: Bindings
    root: Any  # the top-level function object, for globals and closure: to mypy a field of FunctionType is a method
    owner: ast.FunctionDef | ast.Lambda
    _liveness: Liveness | None = field(default=None)
    _captures: dict[ast.stmt, list[str]] | None = field(default=None)

    @property
    def liveness(self) -> Liveness:
        """What is live where; worked out when the first branch or loop asks."""
        if self._liveness is None:
            assert isinstance(self.owner, ast.FunctionDef)
            self._liveness = Liveness(self.owner.body, lambda d: self.table.of(d).free)
        return self._liveness

    @property
    def captures(self) -> dict[ast.stmt, list[str]]:
        """The variables that become cells where a statement begins: it is the first that captures them."""
        if self._captures is None:
            self._captures = {}
            for name in sorted(self.names.cells) if isinstance(self.owner, ast.FunctionDef) else ():
                at = self.owner.body[self.names.captured[name]]  # type: ignore[index]
                self._captures.setdefault(at, []).append(name)
        return self._captures


class Scope:
    """A graph that is being filled."""

    __slots__ = ("conditional", "env", "function", "graph")

    def __init__(self, graph: Graph, env: Env, function: Function) -> None:
        self.graph, self.env, self.function = graph, env, function
        self.conditional = False  # a part of an expression: names that are bound here are lost

    # -- graphs and applications

    def span(self, at: ast.AST) -> Span:
        """Where a node of the syntax tree stands."""
        return self.function.file.span(at, self.function.qualname)

    def nested(self, kind: str, role: str, at: ast.AST, env: Env | None = None) -> Scope:
        """A new branch or loop inside this graph; it gets a layer of its own unless it takes one over."""
        name = self.function.program.unique(f"{self.function.name}.{role}{getattr(at, 'lineno', 0)}")
        graph = Graph(name, kind, self.graph, self.span(at))
        return Scope(graph, Env(self.function, self.env) if env is None else env, self.function)

    def call(self, fn: Node, args: tuple[Node, ...], at: ast.AST, shape: CallShape = PLAIN_CALL) -> Apply:
        """An application that takes its place in the order of the program."""
        node = Apply(self.graph, fn, args, None, self.span(at), shape)
        self.graph.effects.append(node)
        return node

    def operator(self, name: str, *args: Node, at: ast.AST) -> Apply:
        """The operator `name`, applied."""
        return self.call(self.operator_named(name, at), args, at)

    def operator_named(self, name: str, at: ast.AST) -> Constant:
        """An operator as a value; UnsupportedError where tapeless has none of that name."""
        op = find(name)
        if op is None:
            self.refuse(f"the operation `{name}` is not supported", at)
        return Constant(op)

    def primitive(self, name: str, *args: Node, at: ast.AST) -> Apply:
        """A structural primitive with an effect, applied."""
        return self.call(Constant(REGISTRY[name]), args, at)

    def tuple(self, items: list[Node], at: ast.AST) -> Node:
        """A tuple, which is pure."""
        return Apply(self.graph, Constant(REGISTRY["tuple"]), tuple(items), None, self.span(at))

    def items(self, of: Node, count: int, at: ast.AST) -> list[Node]:
        """The items of a tuple that a branch or loop returned."""
        if isinstance(of, Apply) and isinstance(of.fn, Constant) and of.fn.value is REGISTRY["tuple"]:
            return list(of.args)
        item, span = Constant(REGISTRY["item"]), self.span(at)
        return [Apply(self.graph, item, (of, Constant(k)), None, span) for k in range(count)]

    def switch(self, condition: Node, then: Graph, orelse: Graph, at: ast.AST) -> Apply:
        """Run one of two complete branches. It has an effect if one of them has."""
        args = (condition, Constant(then), Constant(orelse))
        node = Apply(self.graph, Constant(REGISTRY["switch"]), args, None, self.span(at))
        if then.effects or orelse.effects:
            self.graph.effects.append(node)
        return node

    def choose(
        self, condition: Node, then: Callable[[Scope], Node], orelse: Callable[[Scope], Node], at: ast.AST
    ) -> Apply:
        """A switch over two branches that compute one value each."""
        yes, no = self.nested("branch", "then", at), self.nested("branch", "else", at)
        yes.conditional = no.conditional = True
        yes.graph.output = then(yes)
        no.graph.output = orelse(no)
        return self.switch(condition, yes.graph, no.graph, at)

    # -- names

    def read(self, name: str, at: ast.AST) -> Node:
        """The value of a name here."""
        binding, owner = self.env.find(name)
        match binding:
            case Apply() | Parameter():
                return binding
            case Constant():
                return Constant(binding.value, None, self.span(at))
            case Narrowed():
                return binding.force()
            case Location():
                return self._load(name, binding, owner, at)
            case Forward() if owner is not self.function:
                return Constant(binding.graph, None, self.span(at))
            case Held():
                hint = f"use its attributes, as in {name}.x"
                raise UnsupportedError(f"the object `{name}` cannot be used as a value", self.span(at), hint=hint)
            case Maybe():
                self._check_assigned(name, binding.assigned, owner, at)
                if owner is self.function:
                    self.env.own[name] = binding.value
                return binding.value
            case Dead():
                raise InternalError(f"frontend: `{name}` is read, but liveness found it dead", self.span(at))
        if owner is not None:
            raise InferenceError(f"`{name}` is read before it is assigned", self.span(at))
        return self.function.program.outside(self.function.root, name, self.span(at))

    def _load(self, name: str, place: Location, owner: Function | None, at: ast.AST) -> Node:
        if place.assigned is not None:
            self._check_assigned(name, self.primitive("load", place.assigned, at=at), owner, at)
        return self.primitive("load", place.cell, at=at)

    def _check_assigned(self, name: str, assigned: Node, owner: Function | None, at: ast.AST) -> None:
        if owner is self.function and not self.env.is_free(name):
            kind, where = "UnboundLocalError", f"local variable '{name}' where it is not associated with a value"
        else:
            kind = "NameError"
            where = f"free variable '{name}' where it is not associated with a value in enclosing scope"
        self.primitive("check", assigned, Constant(kind), Constant(f"cannot access {where}"), at=at)

    def assign(self, name: str, value: Node, at: ast.AST) -> None:
        """Bind a name, or store to its cell."""
        binding, owner = self.env.find(name)
        if isinstance(binding, Location):
            self.primitive("store", binding.cell, value, at=at)
            if binding.assigned is not None:
                self.primitive("store", binding.assigned, Constant(True), at=at)
        elif name in self.function.names.outside and owner is not self.function:
            self.refuse(f"`{name}` is not a variable of a function that is compiled, so it cannot be assigned", at)
        else:
            self.env.own[name] = value

    def make_cell(self, env: Env, name: str, value: Node, assigned: Node | None, at: ast.AST) -> None:
        """A new location for a variable of a layer; `assigned` says if it has a value, None that reads find one."""
        cell = self.primitive("cell", value, at=at)
        env.own[name] = Location(cell, None if assigned is None else self.primitive("cell", assigned, at=at))

    def make_empty_cell(self, env: Env, names: Names, name: str, at: ast.AST) -> None:
        """A new location without a value, with a flag if it may be read before it gets one."""
        self.make_cell(env, name, Constant(UNDEF), Constant(False) if names.cells[name] else None, at)

    def become_cell(self, name: str, at: ast.AST) -> None:
        """A variable of this function becomes a location, which holds the value that it has here."""
        binding, _ = self.env.find(name)
        if isinstance(binding, Narrowed):
            binding = binding.force()
        if isinstance(binding, Maybe):
            self.make_cell(self.env, name, binding.value, binding.assigned, at)
        elif isinstance(binding, (Apply, Parameter, Constant)):
            self.make_cell(self.env, name, binding, None, at)
        else:
            self.make_empty_cell(self.env, self.function.names, name, at)

    def is_cell(self, name: str) -> bool:
        """Whether a name is a location here."""
        return isinstance(self.env.find(name)[0], Location)

    # -- errors

    def refuse(self, message: str, at: ast.AST, hint: str = "") -> NoReturn:
        """The program uses something that tapeless does not compile."""
        raise UnsupportedError(message, self.span(at), hint=hint)
