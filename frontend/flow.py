"""How control leaves statements, and which variables are read after them.

    exits(block)        by falling off its end, `return`, `break`, `continue`; `raise` is none of them
    Liveness            for each `if` and loop of a function, the variables whose values may still be read after it

Only live variables are joined after an `if` and carried around a loop: a temporary is never part of a loop's state, nor
do two uses of one name for different things meet.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence

from tapeless.ir.dataclass import dataclass

FALL, RETURN, BREAK, CONTINUE = 1, 2, 4, 8
SIGNALS = {FALL: 0, RETURN: 1, BREAK: 2, CONTINUE: 3}


def exits(block: Sequence[ast.stmt]) -> int:
    """The ways in which control may leave a block: a sum of FALL, RETURN, BREAK, CONTINUE."""
    out = 0
    for s in block:
        one = _statement_exits(s)
        out |= one & ~FALL
        if not one & FALL:
            return out
    return out | FALL


def _statement_exits(s: ast.stmt) -> int:
    kind = type(s)
    if kind is ast.Return:
        return RETURN
    if kind is ast.Break:
        return BREAK
    if kind is ast.Continue:
        return CONTINUE
    if kind is ast.Raise:
        return 0
    if not isinstance(s, (ast.If, ast.While, ast.For)):
        return FALL
    known = getattr(s, "_exits", None)  # a tree does not change: the answer is kept on its node
    if known is None:
        known = s._exits = _compound_exits(s)  # type: ignore[union-attr]
    return known


def _compound_exits(s: ast.If | ast.While | ast.For) -> int:
    body = exits(s.body)
    if isinstance(s, ast.If):
        return body | exits(s.orelse)
    out = body & RETURN
    if body & BREAK:
        out |= FALL
    if not is_endless(s):
        out |= exits(s.orelse)
    return out


def is_endless(s: ast.stmt) -> bool:
    """Whether a loop is `while True`, which only `break` and `return` leave."""
    return isinstance(s, ast.While) and isinstance(s.test, ast.Constant) and bool(s.test.value)


@dataclass
class Live:
    """The variables read after a statement; for a loop also when it ends, from its head on, and if it goes on there."""

    after: set[str]
    exit: set[str]
    head: set[str]
    again: set[str]


@dataclass
class _Targets:
    """What is live where `break` and `continue` lead to."""

    at_break: set[str]
    at_continue: set[str]


class Liveness:
    """Computed backward over one function body. `reads(node)` gives the names that a nested definition takes."""

    def __init__(self, body: Sequence[ast.stmt], reads: Callable[[ast.AST], set[str]]) -> None:
        self._reads = reads
        self._uses: dict[int, tuple[list[str], list[str]]] = {}
        self._at: dict[ast.stmt, Live] = {}
        self._block(body, set(), None)

    def at(self, s: ast.stmt) -> Live:
        """What is live around an `if` or a loop."""
        return self._at[s]

    def _block(self, body: Sequence[ast.stmt], live: set[str], targets: _Targets | None) -> set[str]:
        """What is live before a block; `live` is what is after it, and is changed."""
        for s in reversed(body):
            live = self._statement(s, live, targets)
        return live

    def _statement(self, s: ast.stmt, live: set[str], targets: _Targets | None) -> set[str]:
        match s:
            case ast.If():
                self._at[s] = Live(set(live), set(), set(), set())
                other = self._block(s.orelse, set(live), targets)
                live = self._block(s.body, live, targets) | other
                return self._expression(s.test, live)
            case ast.While() | ast.For():
                return self._loop(s, live, targets)
            case ast.Return() | ast.Raise():
                return self._simple(s, set())
            case ast.Break() if targets:
                return set(targets.at_break)
            case ast.Continue() if targets:
                return set(targets.at_continue)
        return self._simple(s, live)

    def _loop(self, s: ast.While | ast.For, live: set[str], targets: _Targets | None) -> set[str]:
        exit_ = self._block(s.orelse, set(live), targets)
        head = set(self._at[s].head) if s in self._at else set()  # a loop around this one comes here again
        while True:
            head = self._head(s, exit_, head)
            start = self._block(s.body, set(head), _Targets(live, head))
            if isinstance(s, ast.For):
                start -= _stored(s.target)
            new = self._head(s, exit_, head | start)
            if new == head:
                break
            head = new
        again = self._expression(s.test, start) if isinstance(s, ast.While) else start
        self._at[s] = Live(live, live | exit_, head, again)
        return self._expression(s.iter, set(head)) if isinstance(s, ast.For) else set(head)

    def _head(self, s: ast.While | ast.For, exit_: set[str], live: set[str]) -> set[str]:
        live = live | exit_
        return self._expression(s.test, live) if isinstance(s, ast.While) else live

    def _simple(self, s: ast.AST, live: set[str]) -> set[str]:
        reads, stores = self._used(s)
        live.difference_update(stores)
        live.update(reads)
        return live

    _expression = _simple

    def _used(self, s: ast.AST) -> tuple[list[str], list[str]]:
        """The names that a simple statement or an expression reads, and those that it certainly assigns."""
        known = self._uses.get(id(s))
        if known is not None:
            return known
        reads: list[str] = []
        stores: list[str] = []
        stack: list[ast.AST] = [s]
        while stack:
            node = stack.pop()
            if isinstance(node, ast.Name):
                (reads if isinstance(node.ctx, ast.Load) else stores).append(node.id)
            elif isinstance(node, ast.FunctionDef):
                reads += self._reads(node)
                stores.append(node.name)
                stack += [*node.decorator_list, *node.args.defaults, *filter(None, node.args.kw_defaults)]
            elif isinstance(node, ast.Lambda):
                reads += self._reads(node)
                stack += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
            elif isinstance(node, (ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)):
                reads += self._reads(node)
                stack.append(node.generators[0].iter)
            elif isinstance(node, ast.NamedExpr):
                stack.append(node.value)  # it may not be reached, so it ends no life
            else:
                stack += ast.iter_child_nodes(node)
        if isinstance(s, ast.AugAssign):
            reads += [n.id for n in ast.walk(s.target) if isinstance(n, ast.Name)]
        self._uses[id(s)] = reads, stores
        return reads, stores


def _stored(target: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(target) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}


def assigned(statements: Sequence[ast.AST]) -> list[str]:
    """The names that statements bind, in order, without those of nested definitions."""
    return list(dict.fromkeys(name for s in statements for name in _assigned_by(s)))


def _assigned_by(s: ast.AST) -> list[str]:
    """The names that one statement (or target) binds; kept on it, since each statement around it asks again."""
    if isinstance(s, ast.expr):
        return _bound_in([s])
    known: list[str] | None = getattr(s, "assigned", None)
    if known is None:
        out: dict[str, None] = {}
        for _, part in ast.iter_fields(s):
            if isinstance(part, list) and part and isinstance(part[0], ast.stmt):
                out.update(dict.fromkeys(assigned(part)))
            else:
                out.update(dict.fromkeys(_bound_in(part if isinstance(part, list) else [part])))
        known = [s.name] if isinstance(s, ast.FunctionDef) else list(out)
        s.assigned = known  # type: ignore[attr-defined]
    return known


def written_name(target: ast.AST) -> str | None:
    """The variable that a target is, or whose items it means: `a` of `a[i][j]`."""
    while isinstance(target, ast.Subscript):
        target = target.value
    return target.id if isinstance(target, ast.Name) else None


CHANGING = {"append": "list.append", "extend": "list.extend", "pop": "list.pop"}
"""Methods that change a list, by the operator that gives what it is afterwards."""

FILLING = {"sort": "np.ndarray.sort", "fill": "np.ndarray.fill"}
"""Methods that change all of an array, by the operator that gives what is put into it."""

CHANGING_FIRST = ("at", "copyto", "fill_diagonal")
"""Functions of NumPy that change their first argument: `np.add.at(a, i, v)`."""


def changed(call: ast.AST) -> ast.expr | None:
    """What a call changes: `a` of `a.append(x)`, `a[0].sort()`, `np.add.at(a, i, v)`, `np.exp(x, out=a)`."""
    if not isinstance(call, ast.Call) or not isinstance(call.func, ast.Attribute):
        return None
    method, target = call.func.attr, None
    out = next((k.value for k in call.keywords if k.arg == "out"), None)
    if out is not None:
        target = out.elts[0] if isinstance(out, ast.Tuple) and len(out.elts) == 1 else out
    elif method in CHANGING_FIRST:
        is_function = method != "at" or isinstance(call.func.value, ast.Attribute)
        target = call.args[0] if is_function and call.args else None
    elif (method in CHANGING or method in FILLING) and not _is_function(method, call):
        target = call.func.value
    return target if target is not None and written_name(target) is not None else None


def _is_function(method: str, call: ast.Call) -> bool:
    """Whether it is np.append(a, x) or np.sort(a)."""
    return bool(call.args) if method == "sort" else method == "append" and len(call.args) + len(call.keywords) != 1


def _bound_in(expressions: Sequence[object]) -> list[str]:
    """The names that targets and assignment expressions bind, or to whose items they assign."""
    out: dict[str, None] = {}
    stack = [*reversed(expressions)]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Store):
                out[node.id] = None
            continue
        if isinstance(node, ast.Subscript) and isinstance(node.ctx, ast.Store) and (name := written_name(node)):
            out[name] = None
        if isinstance(node, ast.AST) and (target := changed(node)) is not None:
            out[written_name(target)] = None  # type: ignore[index]
        if isinstance(node, ast.AST) and not isinstance(node, OWN_SCOPE):
            stack += reversed([*ast.iter_child_nodes(node)])
    return list(out)


OWN_SCOPE = (ast.Lambda, ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)
