"""Blocks of statements: how control leaves them, and where paths join.

A block is compiled under a *tail*, which says what becomes of each way out: the end of a function returns a value; in a
branch that joins again, and in the body of a loop, each way out gives the tuple of the variables that matter after it,
with a signal where there are several ways (0 goes on, 1 return, 2 break, 3 continue) and with the value to return.

    if c: y = 1.0             t = switch(c, @then, @else)       both give (y,); y is item(t, 0) in what follows
    if c: return y            switch(c, @then, @else)           what follows stands in @else
    if c:                     t = switch(c, @then, @else)       (y, signal, value)
        if d: return y        switch(signal == 0, @rest, @leave)
        y = 1.0

A variable that has no value on some of the paths that meet is joined with a flag, which each read tests.

    if c: y = 1.0             t = switch(c, @then, @else)       (1.0, True) and (undef, False)
    z = y                     check(item(t, 1), "UnboundLocalError", ...)

What follows a statement stands once. Branches that continue a block are entered without recursion.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Container, Sequence
from typing import Any, Protocol

from tapeless.frontend.conditions import Fact, condition, facts, learn
from tapeless.frontend.context import DEAD, Dead, Maybe, Narrowed, Scope
from tapeless.frontend.expressions import refuse_iterator, value
from tapeless.frontend.flow import BREAK, CONTINUE, FALL, RETURN, SIGNALS, assigned, exits
from tapeless.ir.nodes import UNDEF, Apply, Constant, Graph, Node, Parameter

Simple = Callable[[Any, Scope], None]
Control = Callable[["Flow", Any], "Node | None"]
STATEMENTS: dict[type[ast.stmt], Simple] = {}
CONTROL: dict[type[ast.stmt], Control] = {}

REFUSED: dict[type[ast.AST], str] = {
    ast.Try: "`try`", ast.With: "`with`", ast.Import: "`import` inside a function",
    ast.ImportFrom: "`import` inside a function", ast.ClassDef: "a class inside a function",
    ast.AsyncFunctionDef: "an async function", ast.AsyncFor: "`async for`", ast.AsyncWith: "`async with`",
    ast.Global: "`global`", ast.Delete: "`del`", ast.Match: "`match`",
}  # fmt: skip
HINTS: dict[type[ast.AST], str] = {
    ast.Import: "import at the top of the file",
    ast.ImportFrom: "import at the top of the file",
    ast.Global: "pass the value in and return the new one; globals can be read",
    ast.Match: "use `if` and `elif`",
}


class Tail(Protocol):
    """What becomes of the ways out of a block."""

    def wants(self, kinds: int) -> Sequence[str]:
        """The variables whose values matter on ways out of these kinds."""

    def emit(self, scope: Scope, kind: int, result: Node | None, at: ast.AST) -> Node:
        """The value of the graph where it ends in this way; `result` is that of a `return`."""


class FunctionTail:
    """The end of a function: the value that it returns."""

    def wants(self, kinds: int) -> Sequence[str]:
        return ()

    def emit(self, scope: Scope, kind: int, result: Node | None, at: ast.AST) -> Node:
        return Constant(None, None, scope.span(at)) if result is None else result


class Join:
    """Paths that meet again: the tuple of `names`, a signal and a value to return where `kinds` needs them, and flags.

    `codes` are the signals. A name is `flagged` if it has no value on some path; which, is known when all paths are
    compiled: `complete` then adds the flags to the tuples that were emitted.
    """

    def __init__(self, names: Sequence[str], kinds: int, codes: dict[int, int]) -> None:
        self.names, self.codes = names, codes
        self.signals = any(codes[k] for k in codes if k & kinds)
        self.returns = bool(kinds & RETURN)
        self.flagged: list[str] = []
        self.used = 0
        self._missing: dict[int, set[str]] = {k: set() for k in codes}
        self._dead: dict[int, set[str]] = {k: set() for k in codes}
        self._ends: list[tuple[Node, int, dict[str, Node]]] = []

    @property
    def width(self) -> int:
        """The length of the tuple."""
        return len(self.names) + self.signals + self.returns + len(self.flagged)

    def wants(self, kinds: int) -> Sequence[str]:
        return self.names if kinds & ~RETURN else ()

    def emit(self, scope: Scope, kind: int, result: Node | None, at: ast.AST) -> Node:
        self.used |= kind
        flags: dict[str, Node] = {}
        items = [Constant(UNDEF) if kind == RETURN else self._current(scope, n, kind, flags) for n in self.names]
        if self.signals:
            items.append(Constant(self.codes[kind]))
        if self.returns:
            items.append(Constant(UNDEF) if result is None else result)
        if not items:
            return Constant(None)
        end = scope.tuple(items, at)
        self._ends.append((end, kind, flags))
        return end

    def _current(self, scope: Scope, name: str, kind: int, flags: dict[str, Node]) -> Node:
        binding, _ = scope.env.find(name)
        if isinstance(binding, Narrowed):
            return binding.force()
        if isinstance(binding, (Apply, Parameter, Constant)):
            return binding
        if isinstance(binding, Dead):
            self._dead[kind].add(name)
            return Constant(UNDEF)
        self._missing[kind].add(name)
        flags[name] = binding.assigned if isinstance(binding, Maybe) else Constant(False)
        return binding.value if isinstance(binding, Maybe) else Constant(UNDEF)

    def complete(self) -> None:
        """Every path is compiled: give each of them the flags that one of them asks for."""
        missing = set[str]().union(*self._missing.values())
        self.flagged += [n for n in self.names if n in missing and n not in self.flagged]
        for end, kind, flags in self._ends:
            assert isinstance(end, Apply)
            certain = UNDEF if kind == RETURN else True
            end.args += tuple(flags.get(n) or Constant(certain) for n in self.flagged)

    def bind(self, scope: Scope, items: list[Node], kinds: Callable[[str], int], fresh: Container[str] = ()) -> None:
        """Give the names their values after the join, each as seen on ways out of some kinds.

        Names in `fresh` may have kept the flag that they came with, whatever the paths say.
        """
        for name, item in zip(self.names, items):
            ways = [k for k in self.codes if k & kinds(name)]
            if any(name in self._dead[k] for k in ways):
                scope.env.own[name] = DEAD
            elif name in fresh or any(name in self._missing[k] for k in ways):
                scope.env.own[name] = Maybe(item, self.flags(items)[name])
            else:
                scope.env.own[name] = item

    def flags(self, items: Sequence[Node]) -> dict[str, Node]:
        """The flags among the items of a tuple, which they end."""
        return dict(zip(self.flagged, items[len(items) - len(self.flagged) :]))

    def result(self, items: Sequence[Node]) -> Node:
        """The value to return among the items of a tuple."""
        return items[-1 - len(self.flagged)]


class Flow:
    """A block that is being compiled: what is left of it, and where."""

    def __init__(self, body: Sequence[ast.stmt], scope: Scope, tail: Tail) -> None:
        self.scope, self.tail = scope, tail
        self.stack = list(reversed(body))
        self._open: list[tuple[Graph, Callable[[], Node]]] = []

    def run(self, at: ast.AST) -> Node:
        """Compile all of it; the value that its graph gives."""
        result: Node | None = None
        while result is None:
            if self.stack:
                at = self.stack.pop()
                result = self._statement(at)
            else:
                result = self.tail.emit(self.scope, FALL, None, at)
        if self.stack:
            self._refuse_generators()
        while self._open:
            graph, finish = self._open.pop()
            graph.output = result
            result = finish()
        return result

    def _statement(self, s: ast.stmt) -> Node | None:
        for name in self.scope.function.captures.get(s, ()):
            self.scope.become_cell(name, s)
        control = CONTROL.get(type(s))
        if control is not None:
            return control(self, s)
        simple = STATEMENTS.get(type(s))
        if simple is None:
            self.scope.refuse(f"{REFUSED.get(type(s), type(s).__name__)} is not supported", s, HINTS.get(type(s), ""))
        simple(s, self.scope)
        return None

    def _refuse_generators(self) -> None:
        """What cannot be reached is dropped, but a `yield` there still changes what the function is."""
        for s in self.stack:
            for node in ast.walk(s):
                if isinstance(node, (ast.Yield, ast.YieldFrom)):
                    value(node, self.scope)

    def enter(self, inner: Scope, finish: Callable[[], Node]) -> None:
        """Go on in a branch that takes over; `finish` gives the value of the graph around it once it is complete."""
        self._open.append((inner.graph, finish))
        self.scope = inner

    # -- branches

    def branch(
        self, test: Node, at: ast.stmt, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt], known: Known
    ) -> Node | None:
        """`if test: body; else: orelse`, and what follows."""
        one, two = exits(body), exits(orelse)
        if one == two == FALL:
            self._join(test, at, body, orelse, known)
            return None
        if not (one | two) & FALL or not self.stack:
            yes, no = self._side("then", at, known.yes), self._side("else", at, known.no)
            yes.graph.output = block(body, yes, self.tail, at)
            no.graph.output = block(orelse, no, self.tail, at)
            return self.scope.switch(test, yes.graph, no.graph, at)
        if one & two & FALL:
            self._join(test, at, body, orelse, known)
            return None
        self._leave_or_go_on(test, at, body, orelse, known, leaves=not one & FALL)
        return None

    def _side(self, role: str, at: ast.AST, known: list[Fact], takes_over: bool = False) -> Scope:
        side = self.scope.nested("branch", role, at, self.scope.env if takes_over else None)
        learn(side, known, at)
        return side

    def _leave_or_go_on(
        self, test: Node, at: ast.stmt, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt], known: Known, leaves: bool
    ) -> None:
        """One side never falls through: what follows stands in the other."""
        outer = self.scope
        away, on = (body, orelse) if leaves else (orelse, body)
        leaving = self._side("then" if leaves else "else", at, known.yes if leaves else known.no)
        leaving.graph.output = block(away, leaving, self.tail, at)
        staying = self._side("else" if leaves else "then", at, known.no if leaves else known.yes, takes_over=True)
        then, other = (leaving, staying) if leaves else (staying, leaving)
        self.stack += reversed(on)
        self.enter(staying, lambda: outer.switch(test, then.graph, other.graph, at))

    def _join(
        self, test: Node, at: ast.stmt, body: Sequence[ast.stmt], orelse: Sequence[ast.stmt], known: Known
    ) -> None:
        scope, kinds = self.scope, exits(body) | exits(orelse)
        changed = [n for n in assigned([*body, *orelse]) if not scope.is_cell(n)]
        live = scope.function.liveness.at(at).after.union(self.tail.wants(kinds & ~FALL))
        join = Join([n for n in changed if n in live], kinds, SIGNALS)
        yes, no = self._side("then", at, known.yes), self._side("else", at, known.no)
        yes.graph.output = block(body, yes, join, at)
        no.graph.output = block(orelse, no, join, at)
        join.complete()
        result = scope.switch(test, yes.graph, no.graph, at)
        items = scope.items(result, join.width, at)
        for name in changed:
            scope.env.own[name] = DEAD
        if kinds == FALL:
            join.bind(scope, items, lambda _: FALL)
            return
        self._dispatch(join, items, kinds, at)

    def _dispatch(self, join: Join, items: list[Node], kinds: int, at: ast.stmt) -> None:
        """After a join with a signal: leave, or go on with what follows."""
        outer, signal = self.scope, items[len(join.names)]
        falls = outer.operator("eq", signal, Constant(SIGNALS[FALL]), at=at)
        leave = outer.nested("branch", "leave", at)
        ways = [k for k in (RETURN, BREAK, CONTINUE) if k & kinds]
        leave.graph.output = self._emit_one(leave, join, items, ways, at)
        rest = outer.nested("branch", "rest", at, outer.env)
        join.bind(rest, items, lambda _: FALL)
        self.enter(rest, lambda: outer.switch(falls, rest.graph, leave.graph, at))

    def _emit_one(self, scope: Scope, join: Join, items: list[Node], kinds: list[int], at: ast.stmt) -> Node:
        kind = kinds[0]

        def emit(s: Scope) -> Node:
            join.bind(s, items, lambda _: kind)
            return self.tail.emit(s, kind, join.result(items) if kind == RETURN else None, at)

        if len(kinds) == 1:
            return emit(scope)
        test = scope.operator("eq", items[len(join.names)], Constant(SIGNALS[kind]), at=at)
        return scope.choose(test, emit, lambda s: self._emit_one(s, join, items, kinds[1:], at), at)


class Known:
    """What the two branches of a condition know about names."""

    __slots__ = ("no", "yes")

    def __init__(self, test: ast.expr | None = None) -> None:
        self.yes = [] if test is None else facts(test, True)
        self.no = [] if test is None else facts(test, False)


def block(body: Sequence[ast.stmt], scope: Scope, tail: Tail, at: ast.AST) -> Node:
    """Compile a block in a scope; the value that its graph gives."""
    return Flow(body, scope, tail).run(at)


def control(kind: type[ast.stmt]) -> Callable[[Control], Control]:
    """A decorator that registers a statement that changes the flow of control."""

    def register(handler: Control) -> Control:
        CONTROL[kind] = handler
        return handler

    return register


@control(ast.If)
def _if(flow: Flow, s: ast.If) -> Node | None:
    return flow.branch(condition(s.test, flow.scope), s, s.body, s.orelse, Known(s.test))


@control(ast.Return)
def _return(flow: Flow, s: ast.Return) -> Node | None:
    result: Node = Constant(None, None, flow.scope.span(s))
    if s.value is not None:
        refuse_iterator(s.value, flow.scope)
        result = value(s.value, flow.scope)
    return flow.tail.emit(flow.scope, RETURN, result, s)


@control(ast.Break)
def _break(flow: Flow, s: ast.Break) -> Node | None:
    return flow.tail.emit(flow.scope, BREAK, None, s)


@control(ast.Continue)
def _continue(flow: Flow, s: ast.Continue) -> Node | None:
    return flow.tail.emit(flow.scope, CONTINUE, None, s)
