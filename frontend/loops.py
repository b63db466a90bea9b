"""`while` and `for`: a graph of their own over the variables that they change.

    while c: body        loop L(x, ...):  switch(c, @step, @exit);  step: body, L(x', ...);  exit: (x, ...)
    for t in it: body    L(x, ..., i):    switch(index_lt(i, n), @step, @exit);  step: t = iter_get(it, i), body, ...

The state holds the variables that are assigned in the loop and live at its head or after it, and the flags of those
that may have no value; what does not change is a free variable. `break` and `return` set a signal that is tested first,
so that the loop ends; what follows the loop tests it again.
"""

from __future__ import annotations

import ast

from tapeless.frontend.blocks import Flow, Join, Known, block, control
from tapeless.frontend.conditions import condition, facts, learn
from tapeless.frontend.context import DEAD, Maybe, Narrowed, Scope
from tapeless.frontend.expressions import value
from tapeless.frontend.flow import BREAK, CONTINUE, FALL, RETURN, SIGNALS, assigned, exits, is_endless
from tapeless.frontend.statements import bind
from tapeless.ir.dataclass import dataclass
from tapeless.ir.nodes import UNDEF, Apply, Constant, Node, Parameter

CODES = {FALL: 0, CONTINUE: 0, BREAK: SIGNALS[BREAK], RETURN: SIGNALS[RETURN]}


@dataclass
class Iteration:
    """What a `for` loop runs over: its iterator, its length, the index in the loop's state."""

    iterator: Node
    length: Node
    index: Node | None = None


@dataclass
class LoopState:
    """The variables in a loop's state, with their values before it; and those that it changes otherwise."""

    names: list[str]
    initial: list[Node]
    flags: dict[str, Node]  # of `names`: those that may have no value before, with what says so
    early: set[str]  # those that an iteration may read, or leave as they are, before it assigns them
    at_break: set[str]  # of `names`: read only where `break` leads to
    dropped: list[str]  # not in the state: nothing reads them


@control(ast.While)
def _while(flow: Flow, s: ast.While) -> Node | None:
    return _loop(flow, s, None, is_endless(s))


@control(ast.For)
def _for(flow: Flow, s: ast.For) -> Node | None:
    runs = is_nonempty(s.iter, flow.scope)
    return _loop(flow, s, iterate(s.iter, flow.scope), runs)


def iterate(e: ast.expr, scope: Scope) -> Iteration:
    """Evaluate what a loop runs over."""
    iterator = scope.operator("iter", value(e, scope), at=e)
    return Iteration(iterator, scope.operator("iter_len", iterator, at=e))


def is_nonempty(e: ast.expr, scope: Scope) -> bool:
    """Whether a loop over this expression certainly runs: a tuple of some items, a range of literals."""
    match e:
        case ast.Tuple(elts=elts):
            return bool(elts)
        case ast.Call(func=ast.Name(id="range"), args=args, keywords=[]) if 0 < len(args) <= 3:
            try:
                numbers = [ast.literal_eval(a) for a in args]
                return _is_builtin("range", scope) and len(range(*numbers)) > 0
            except (ValueError, TypeError):
                return False
        case ast.Call(func=ast.Name(id="enumerate" | "reversed" as name), args=[inner, *_]):
            return _is_builtin(name, scope) and is_nonempty(inner, scope)
    return False


def _is_builtin(name: str, scope: Scope) -> bool:
    function = scope.function
    return scope.env.find(name)[1] is None and function.program.is_builtin(function.root, name)


def _loop(flow: Flow, s: ast.While | ast.For, over: Iteration | None, runs: bool) -> Node | None:
    scope, kinds = flow.scope, exits(s.body)
    state = _state(s, scope, runs)
    join = Join(state.names, kinds & ~CONTINUE | FALL, CODES)
    head = scope.nested("loop", "loop", s)
    head.graph.finite = over is not None
    initial = list(state.initial)
    for name in state.names:
        head.graph.parameter(name, None, head.span(s))
    if over is not None:
        over.index = head.graph.parameter("i")
        initial.append(Constant(0))
    signal = head.graph.parameter("signal") if join.signals else None
    initial += [Constant(0)] if join.signals else []
    if join.returns:
        head.graph.parameter("result")
        initial.append(Constant(UNDEF))
    join.flagged += [n for n in state.flags if n in state.early or (not runs and n not in state.at_break)]
    _enter(head, state, join)

    test = _test(head, s, over, signal)
    step, done = head.nested("branch", "step", s), head.nested("branch", "exit", s)
    _step(step, head, s, over, join)
    initial += [state.flags.get(n) or Constant(True) for n in join.flagged]
    done.graph.output = done.tuple(list(head.graph.params), s)
    head.graph.output = head.switch(test, step.graph, done.graph, s)

    result = scope.call(Constant(head.graph), tuple(initial), s)
    after = scope.items(result, len(initial), s)
    _rebind(scope, s, state, join, after, runs)
    return _go_on(flow, s, kinds, after, join, over is not None)


def _state(s: ast.While | ast.For, scope: Scope, runs: bool) -> LoopState:
    live = scope.function.liveness.at(s)
    state = LoopState([], [], {}, live.again, live.exit - live.head, [])
    first = [s.target] if isinstance(s, ast.For) else [s.test]
    for name in assigned([*first, *s.body]):
        if scope.is_cell(name):
            continue
        binding, _ = scope.env.find(name)
        if isinstance(binding, Narrowed):
            binding = binding.force()
        if name not in live.head and name not in live.exit:
            state.dropped.append(name)
            continue
        state.names.append(name)
        if isinstance(binding, (Apply, Parameter, Constant)):
            state.initial.append(binding)
        else:
            state.initial.append(binding.value if isinstance(binding, Maybe) else Constant(UNDEF))
            state.flags[name] = binding.assigned if isinstance(binding, Maybe) else Constant(False)
    return state


def _enter(head: Scope, state: LoopState, join: Join) -> None:
    """Bind the names at the loop's head, and add the parameters of flags."""
    flags = {name: head.graph.parameter(f"{name}.assigned") for name in join.flagged}
    for name, param in zip(state.names, head.graph.params):
        head.env.own[name] = param if name not in state.flags else Maybe(param, flags[name]) if name in flags else DEAD
    for name in state.dropped:
        head.env.own[name] = DEAD


def _test(head: Scope, s: ast.While | ast.For, over: Iteration | None, signal: Node | None) -> Node:
    """Whether the loop goes on: no signal was set, and its condition holds."""

    def own(scope: Scope) -> Node:
        if isinstance(s, ast.While):
            return condition(s.test, scope)
        assert over is not None and over.index is not None
        return scope.operator("index_lt", over.index, over.length, at=s.iter)

    if signal is None:
        head.conditional = True  # the names that a condition binds are no part of the state
        return own(head)
    quiet = head.operator("eq", signal, Constant(0), at=s)
    return quiet if is_endless(s) else head.choose(quiet, own, lambda _: Constant(False), s)


def _step(step: Scope, head: Scope, s: ast.While | ast.For, over: Iteration | None, join: Join) -> None:
    """One iteration, and the next; the flags that it asks for become parameters too."""
    graph, index = step.graph, None
    if isinstance(s, ast.While):
        learn(step, facts(s.test, True), s.test)
    else:
        assert over is not None and over.index is not None
        index = over.index
        bind(s.target, step.operator("iter_get", over.iterator, index, at=s.target), step)
    node = block(s.body, step, join, s)
    known = len(join.flagged)
    join.complete()
    for name in join.flagged[known:]:
        head.graph.parameter(f"{name}.assigned")
    inner = Scope(graph, step.env, step.function)
    args: list[Node] = list(head.graph.params)  # where the end of the body is never reached
    if join.used:
        items = inner.items(node, join.width, s)
        following = [inner.operator("index_next", index, at=s)] if index is not None else []
        args = [*items[: len(join.names)], *following, *items[len(join.names) :]]
    inner.graph.output = inner.call(Constant(head.graph), tuple(args), s)


def _rebind(scope: Scope, s: ast.While | ast.For, state: LoopState, join: Join, after: list[Node], runs: bool) -> None:
    """What the names mean after the loop."""
    kinds = BREAK if is_endless(s) else FALL | CONTINUE | BREAK
    untouched = () if runs else state.flags.keys() - state.at_break
    join.bind(scope, after, lambda name: kinds & BREAK if name in state.at_break else kinds, untouched)
    for name in state.dropped:
        scope.env.own[name] = DEAD


def _go_on(flow: Flow, s: ast.While | ast.For, kinds: int, after: list[Node], join: Join, indexed: bool) -> Node | None:
    """What follows the loop: its `else`, the rest of the block, or the `return` inside it."""
    signal = after[len(join.names) + indexed] if join.signals else None
    ends = not is_endless(s) or bool(kinds & BREAK)
    if kinds & RETURN:
        if not ends:
            return flow.tail.emit(flow.scope, RETURN, join.result(after), s)
        assert signal is not None
        outer = flow.scope
        returned = outer.operator("eq", signal, Constant(SIGNALS[RETURN]), at=s)
        leave = outer.nested("branch", "return", s)
        leave.graph.output = flow.tail.emit(leave, RETURN, join.result(after), s)
        rest = outer.nested("branch", "rest", s, outer.env)
        flow.enter(rest, lambda: outer.switch(returned, leave.graph, rest.graph, s))
    if not ends:
        return Constant(UNDEF)
    if isinstance(s, ast.While) and not kinds & BREAK:
        learn(flow.scope, facts(s.test, False), s.test)
    if s.orelse and not is_endless(s):
        if not kinds & BREAK:
            flow.stack += reversed(s.orelse)
            return None
        assert signal is not None
        return flow.branch(flow.scope.operator("eq", signal, Constant(0), at=s), s, s.orelse, [], Known())
    return None
