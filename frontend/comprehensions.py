"""sum, any, all, min, max, tuple of a generator expression: loops that make no generator.

sum(f(x) for x in t if c)      total = 0; for x in t: if c: total = total + f(x)
any(f(x) for x in t)           found = False; for x in t while not found: found = truth(f(x))
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from tapeless.frontend.conditions import condition, facts, learn
from tapeless.frontend.context import Env, Scope
from tapeless.frontend.expressions import value
from tapeless.frontend.loops import Iteration, iterate
from tapeless.frontend.statements import bind
from tapeless.ir.nodes import UNDEF, Constant, Node

State = list[Node]
Update = Callable[[Scope, State, Node], State]
GoesOn = Callable[[Scope, State], Node]


class _Fold:
    """One generator expression, folded into a state. `goes_on` says, of a state, whether the loop may go on."""

    def __init__(self, e: ast.GeneratorExp, names: list[str], update: Update, goes_on: GoesOn | None = None) -> None:
        self.e, self.names, self.update, self.goes_on = e, names, update, goes_on

    def run(self, scope: Scope, initial: State) -> State:
        e, function = self.e, scope.function
        for node in ast.walk(e):
            if isinstance(node, ast.NamedExpr):
                scope.refuse("`:=` in a generator expression is not supported", node)
        over = iterate(e.generators[0].iter, scope)
        names = function.table.of(e)
        inner = Scope(scope.graph, Env(function, scope.env, names.locals), function)
        for name in sorted(names.cells):
            inner.make_cell(inner.env, name, Constant(UNDEF), names.cells[name], e)
        return self._clause(inner, 0, over, initial)

    def _clause(self, scope: Scope, k: int, over: Iteration, initial: State) -> State:
        """The loop of the k-th `for`."""
        clause = self.e.generators[k]
        if clause.is_async:
            scope.refuse("`async for` is not supported", clause.target)
        at = clause.iter
        head = scope.nested("loop", "loop", at)
        head.graph.finite = True
        state: State = [head.graph.parameter(name) for name in self.names]
        index = head.graph.parameter("i")

        def more(s: Scope) -> Node:
            return s.operator("index_lt", index, over.length, at=at)

        test = (
            more(head)
            if self.goes_on is None
            else head.choose(self.goes_on(head, state), more, lambda _: Constant(False), at)
        )
        step, done = head.nested("branch", "step", at), head.nested("branch", "exit", at)
        bind(clause.target, step.operator("iter_get", over.iterator, index, at=clause.target), step)
        new = self._filtered(step, k, list(clause.ifs), state)
        following = step.operator("index_next", index, at=at)
        step.graph.output = step.call(Constant(head.graph), (*new, following), at)
        done.graph.output = done.tuple(list(head.graph.params), at)
        head.graph.output = head.switch(test, step.graph, done.graph, at)
        result = scope.call(Constant(head.graph), (*initial, Constant(0)), at)
        return scope.items(result, len(initial) + 1, at)[:-1]

    def _filtered(self, scope: Scope, k: int, tests: list[ast.expr], state: State) -> State:
        """The rest of a clause after its `if`s: a clause further in, or the element."""
        if tests:

            def inside(s: Scope) -> Node:
                learn(s, facts(tests[0], True), tests[0])
                return s.tuple(self._filtered(s, k, tests[1:], state), tests[0])

            test = condition(tests[0], scope)
            joined = scope.choose(test, inside, lambda s: s.tuple(state, tests[0]), tests[0])
            return scope.items(joined, len(state), tests[0])
        if k + 1 < len(self.e.generators):
            return self._clause(scope, k + 1, iterate(self.e.generators[k + 1].iter, scope), state)
        return self.update(scope, state, value(self.e.elt, scope))


def _sum(call: ast.Call, e: ast.GeneratorExp, scope: Scope) -> Node:
    rest = [*call.args[1:], *(k.value for k in call.keywords if k.arg == "start")]
    if len(rest) + 1 != len(call.args) + len(call.keywords) or len(rest) > 1:
        scope.refuse("these arguments of `sum` are not supported", call)

    def update(s: Scope, state: State, x: Node) -> State:
        return [s.operator("add", state[0], x, at=e.elt)]

    fold = _Fold(e, ["total"], update)
    return fold.run(scope, [value(rest[0], scope) if rest else Constant(0)])[0]


def _tuple(call: ast.Call, e: ast.GeneratorExp, scope: Scope) -> Node:
    _alone(call, scope)

    def update(s: Scope, state: State, x: Node) -> State:
        return [s.operator("add", state[0], s.tuple([x], e.elt), at=e.elt)]

    return _Fold(e, ["items"], update).run(scope, [scope.tuple([], e)])[0]


def _any_or_all(call: ast.Call, e: ast.GeneratorExp, scope: Scope, is_any: bool) -> Node:
    _alone(call, scope)

    def update(s: Scope, state: State, x: Node) -> State:
        return [s.operator("truth", x, at=e.elt)]

    def goes_on(s: Scope, state: State) -> Node:
        return s.operator("not", state[0], at=e) if is_any else state[0]

    return _Fold(e, ["result"], update, goes_on).run(scope, [Constant(not is_any)])[0]


def _extreme(call: ast.Call, e: ast.GeneratorExp, scope: Scope, name: str) -> Node:
    _alone(call, scope)

    def update(s: Scope, state: State, x: Node) -> State:
        some, best = state
        return [Constant(True), s.choose(some, lambda t: t.operator(name, best, x, at=e.elt), lambda t: x, e.elt)]

    some, best = _Fold(e, ["some", "best"], update).run(scope, [Constant(False), Constant(UNDEF)])
    scope.primitive("check", some, Constant("ValueError"), Constant(_EMPTY[name]), at=call)
    return best


def _alone(call: ast.Call, scope: Scope) -> None:
    if len(call.args) != 1 or call.keywords:
        scope.refuse("further arguments beside a generator expression are not supported", call)


def _empty_message(function: Callable[[tuple[int, ...]], int]) -> str:
    try:
        function(())
    except ValueError as e:
        return str(e)
    raise AssertionError


_EMPTY = {"min": _empty_message(min), "max": _empty_message(max)}  # the wording depends on the version of Python

REDUCTIONS: dict[str, Callable[[ast.Call, ast.GeneratorExp, Scope], Node]] = {
    "sum": _sum,
    "tuple": _tuple,
    "any": lambda call, e, scope: _any_or_all(call, e, scope, True),
    "all": lambda call, e, scope: _any_or_all(call, e, scope, False),
    "min": lambda call, e, scope: _extreme(call, e, scope, "min"),
    "max": lambda call, e, scope: _extreme(call, e, scope, "max"),
}
