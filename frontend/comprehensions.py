"""sum, any, all, min, max, tuple, list of a generator expression, and list comprehensions: loops, without generators.

sum(f(x) for x in t if c)      total = 0; for x in t: if c: total = total + f(x)
any(f(x) for x in t)           found = False; for x in t while not found: found = truth(f(x))
[f(x) for x in t]              items = []; for x in t: items.append(f(x))

The same loops run over an iterable whose length is known at run time only: `sum(t)`.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable

from tapeless.frontend.conditions import condition, facts, learn
from tapeless.frontend.context import Env, Scope
from tapeless.frontend.expressions import expression, value
from tapeless.frontend.loops import Iteration, iterate
from tapeless.frontend.statements import bind
from tapeless.ir.dataclass import dataclass
from tapeless.ir.nodes import UNDEF, Constant, Node

State = list[Node]


@dataclass(frozen=True)
class Reduction:
    """What becomes of items, one after another: a state that starts as `initial`, and `result` makes a value of.

    `goes_on` says, of a state, whether the loop may go on.
    """

    names: list[str]
    initial: State
    update: Callable[[Scope, State, Node], State]
    result: Callable[[State], Node]
    goes_on: Callable[[Scope, State], Node] | None = None


class _Loop:
    """A loop over an iterable, with the state of a reduction: `step` is where an iteration is compiled."""

    def __init__(self, scope: Scope, r: Reduction, over: Iteration, at: ast.expr) -> None:
        self.scope, self.at = scope, at
        head = self.head = scope.nested("loop", "loop", at)
        head.graph.finite = True
        self.state: State = [head.graph.parameter(name) for name in r.names]
        index = self.index = head.graph.parameter("i")

        def more(s: Scope) -> Node:
            return s.operator("index_lt", index, over.length, at=at)

        goes_on = r.goes_on
        self.test = (
            more(head)
            if goes_on is None
            else head.choose(goes_on(head, self.state), more, lambda _: Constant(False), at)
        )
        self.step, self.done = head.nested("branch", "step", at), head.nested("branch", "exit", at)

    def close(self, new: State, initial: State) -> State:
        """End the iteration with a new state; the state after the loop."""
        head, step, at = self.head, self.step, self.at
        following = step.operator("index_next", self.index, at=at)
        step.graph.output = step.call(Constant(head.graph), (*new, following), at)
        self.done.graph.output = self.done.tuple(list(head.graph.params), at)
        head.graph.output = head.switch(self.test, step.graph, self.done.graph, at)
        result = self.scope.call(Constant(head.graph), (*initial, Constant(0)), at)
        return self.scope.items(result, len(initial) + 1, at)[:-1]


class _Clauses:
    """The clauses of a generator expression or comprehension, and its element, under a reduction."""

    def __init__(self, e: ast.GeneratorExp | ast.ListComp, reduction: Reduction) -> None:
        self.e, self.reduction = e, reduction

    def run(self, scope: Scope) -> Node:
        """The result."""
        e, function = self.e, scope.function
        for node in ast.walk(e):
            if isinstance(node, ast.NamedExpr):
                scope.refuse("`:=` in a generator expression is not supported", node)
        over = iterate(e.generators[0].iter, scope)
        names = function.table.of(e)
        closed = isinstance(e, ast.GeneratorExp) or sys.version_info < (3, 12)  # PEP 709
        inner = Scope(scope.graph, Env(function, scope.env, names.locals, closed), function)
        for name in sorted(names.cells):
            inner.make_empty_cell(inner.env, names, name, e)
        return self.reduction.result(self._clause(inner, 0, over, self.reduction.initial))

    def _clause(self, scope: Scope, k: int, over: Iteration, initial: State) -> State:
        """The loop of the k-th `for`."""
        clause = self.e.generators[k]
        if clause.is_async:
            scope.refuse("`async for` is not supported", clause.target)
        loop = _Loop(scope, self.reduction, over, clause.iter)
        bind(clause.target, loop.step.operator("iter_get", over.iterator, loop.index, at=clause.target), loop.step)
        return loop.close(self._filtered(loop.step, k, list(clause.ifs), loop.state), initial)

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
        return self.reduction.update(scope, state, value(self.e.elt, scope))


# -- reductions -------------------------------------------------------------------------------------------------------
def _first(state: State) -> Node:
    return state[0]


def _sum(call: ast.Call, scope: Scope) -> Reduction:
    rest = [*call.args[1:], *(k.value for k in call.keywords if k.arg == "start")]
    if len(rest) + 1 != len(call.args) + len(call.keywords) or len(rest) > 1:
        scope.refuse("these arguments of `sum` are not supported", call)

    def update(s: Scope, state: State, x: Node) -> State:
        return [s.operator("add", state[0], x, at=call)]

    return Reduction(["total"], [value(rest[0], scope) if rest else Constant(0)], update, _first)


def _tuple(call: ast.Call, scope: Scope) -> Reduction:
    _alone(call, scope)

    def update(s: Scope, state: State, x: Node) -> State:
        return [s.operator("add", state[0], s.tuple([x], call), at=call)]

    return Reduction(["items"], [scope.tuple([], call)], update, _first)


def _list(call: ast.Call, scope: Scope) -> Reduction:
    _alone(call, scope)
    return _appended(call, scope)


def _appended(at: ast.expr, scope: Scope, most: int | None = None) -> Reduction:
    """All elements, or as many as it takes to see that there are more than `most`."""

    def goes_on(s: Scope, state: State) -> Node:
        return s.operator("le", s.operator("len", state[0], at=at), Constant(most), at=at)

    def update(s: Scope, state: State, x: Node) -> State:
        return [s.operator("list.append", state[0], x, at=at)]

    items = scope.operator("list_display", at=at)
    return Reduction(["items"], [items], update, _first, None if most is None else goes_on)


def _any_or_all(call: ast.Call, scope: Scope, is_any: bool) -> Reduction:
    _alone(call, scope)

    def update(s: Scope, state: State, x: Node) -> State:
        return [s.operator("truth", x, at=call)]

    def goes_on(s: Scope, state: State) -> Node:
        return s.operator("not", state[0], at=call) if is_any else state[0]

    return Reduction(["result"], [Constant(not is_any)], update, _first, goes_on)


def _extreme(call: ast.Call, scope: Scope, name: str) -> Reduction:
    _alone(call, scope)

    def update(s: Scope, state: State, x: Node) -> State:
        some, best = state
        return [Constant(True), s.choose(some, lambda t: t.operator(name, best, x, at=call), lambda t: x, call)]

    def result(state: State) -> Node:
        some, best = state
        scope.primitive("check", some, Constant("ValueError"), Constant(_EMPTY[name]), at=call)
        return best

    return Reduction(["some", "best"], [Constant(False), Constant(UNDEF)], update, result)


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

REDUCTIONS: dict[str, Callable[[ast.Call, Scope], Reduction]] = {
    "sum": _sum,
    "tuple": _tuple,
    "list": _list,
    "any": lambda call, scope: _any_or_all(call, scope, True),
    "all": lambda call, scope: _any_or_all(call, scope, False),
    "min": lambda call, scope: _extreme(call, scope, "min"),
    "max": lambda call, scope: _extreme(call, scope, "max"),
}


def over_generator(name: str, call: ast.Call, e: ast.GeneratorExp, scope: Scope) -> Node:
    """`name(e)` of a generator expression."""
    return _Clauses(e, REDUCTIONS[name](call, scope)).run(scope)


def over_items(name: str, call: ast.Call, iterable: Node, known: Callable[[Scope], Node], scope: Scope) -> Node:
    """`name(iterable)`: `known` where the number of items is known while compiling, else a loop."""

    def loop(s: Scope) -> Node:
        iterator = s.operator("iter", iterable, at=call)
        over = Iteration(iterator, s.operator("iter_len", iterator, at=call))
        reduction = REDUCTIONS[name](call, s)
        loop = _Loop(s, reduction, over, call)
        item = loop.step.operator("iter_get", iterator, loop.index, at=call)
        new = reduction.update(loop.step, loop.state, item)
        return reduction.result(loop.close(new, reduction.initial))

    return scope.choose(scope.operator("is_open", iterable, at=call), loop, known, call)


@expression(ast.ListComp)
def _comprehension(e: ast.ListComp, scope: Scope) -> Node:
    return _Clauses(e, _appended(e, scope)).run(scope)


def taken_from(e: ast.GeneratorExp, count: int, scope: Scope) -> Node:
    """What a generator expression gives when it is unpacked: a list of at most one item more than is wanted."""
    return _Clauses(e, _appended(e, scope, count)).run(scope)
