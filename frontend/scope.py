"""What each name in a function is: local, captured, free; and which captured variables must be cells.

Computed once per definition, from the syntax tree alone, for a function and all that are nested in it. Python binds
late: a nested function sees a captured variable's value at the time of the call. Where a variable is never assigned
after it was captured, that is its value at the time of capture, and the nested graph refers to that node directly.
Otherwise the variable is a *cell*. To write to its items (`k[i] = x`) changes what a variable means like an assignment:

    k = 1.0                      x, y: plain                   for i in range(3):
    g = lambda z: z * k          k: assigned after capture         fs = lambda: i        i: both in one loop
    k = x

A name that is bound once, by `def` or `name = lambda`, is *direct*: it stands for its graph, also in itself and in
siblings that are defined before it, so recursion needs no cell.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable

from tapeless.frontend.flow import FALL, changed, exits, written_name
from tapeless.ir.dataclass import dataclass, field

Place = tuple[tuple[int, int], ...]  # (block, index in it), from the outermost block in; the last is the statement
Comprehension = ast.GeneratorExp | ast.ListComp | ast.SetComp | ast.DictComp
CHANGES = ("store", "write")
COMPREHENSIONS = (ast.GeneratorExp, ast.ListComp, ast.SetComp, ast.DictComp)
Owner = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda | Comprehension


@dataclass
class Event:
    """Something that happens to a name: `load`, `store`, `write` to items, or `capture` by a nested definition."""

    kind: str
    order: int
    place: Place
    loops: tuple[int, ...]
    node: ast.AST
    statement: ast.stmt | None


@dataclass
class Names:
    """The names of one function, lambda or comprehension.

    `cells` maps each variable that needs a cell to whether it may be read before it is assigned; `free` are the names
    that the definition takes from outside, through what is nested in it; `stores` those that it assigns there.
    """

    owner: Owner
    parameters: list[str] = field(default_factory=list)
    locals: set[str] = field(default_factory=set)
    outside: set[str] = field(default_factory=set)  # declared nonlocal or global
    free: set[str] = field(default_factory=set)
    stores: set[str] = field(default_factory=set)
    cells: dict[str, bool] = field(default_factory=dict)
    captured: dict[str, int] = field(default_factory=dict)  # of cells: the first statement of the body that captures it
    direct: set[str] = field(default_factory=set)
    events: dict[str, list[Event]] = field(default_factory=dict)


class NameTable:
    """The names of a top-level function and of all definitions nested in it."""

    def __init__(self, owner: Owner) -> None:
        self._names: dict[ast.AST, Names] = {}
        _Visitor(owner, self._names).run()

    def of(self, owner: ast.AST) -> Names:
        """The names of one definition."""
        return self._names[owner]


class _Visitor:
    """Walks one definition, nested ones first where it meets them."""

    def __init__(self, owner: Owner, table: dict[ast.AST, Names]) -> None:
        self.table = table
        self.names = table[owner] = Names(owner)
        self.order = 0
        self.blocks = 0
        self.place: Place = ()
        self.loops: tuple[int, ...] = ()
        self.statement: ast.stmt | None = None

    def run(self) -> Names:
        owner, names = self.names.owner, self.names
        if isinstance(owner, COMPREHENSIONS):
            self._comprehension(owner)
        else:
            a = owner.args
            names.parameters = [x.arg for x in (*a.posonlyargs, *a.args, *filter(None, [a.vararg]), *a.kwonlyargs)]
            names.locals.update(names.parameters)
            if isinstance(owner, ast.Lambda):
                self.place = ((0, 0),)
                self._expression(owner.body)
            else:
                self._declarations(owner.body)
                self._block(owner.body)
        self._classify()
        return names

    def _comprehension(self, owner: Comprehension) -> None:
        """The clauses of a comprehension are nested loops; its first iterable belongs to the function around it."""
        for k, clause in enumerate(owner.generators):
            if k:
                self._expression(clause.iter)
            self.place = (*self.place, (k + 1, -1))
            self.loops = (*self.loops, k + 1)
            self._target(clause.target)
            self.place = (*self.place[:-1], (k + 1, 0))
            for test in clause.ifs:
                self._expression(test)
        self._expressions([owner.key, owner.value] if isinstance(owner, ast.DictComp) else [owner.elt])

    def _declarations(self, body: list[ast.stmt]) -> None:
        stack: list[ast.AST] = list(body)
        while stack:
            node = stack.pop()
            if isinstance(node, (ast.Nonlocal, ast.Global)):
                self.names.outside.update(node.names)
            elif not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                stack += [c for c in ast.iter_child_nodes(node) if isinstance(c, (ast.stmt, ast.ExceptHandler))]

    # -- statements

    def _block(self, body: Iterable[ast.stmt]) -> None:
        self.blocks += 1
        number, outer = self.blocks, self.place
        for index, statement in enumerate(body):
            self.place = (*outer, (number, index))
            self.statement = statement
            self._statement(statement)
        self.place = outer

    def _statement(self, s: ast.stmt) -> None:
        match s:
            case ast.Assign():
                self._expression(s.value)
                for t in s.targets:
                    self._target(t)
            case ast.AugAssign():
                self._target(s.target, kind="load")
                self._expression(s.value)
                self._target(s.target)
            case ast.AnnAssign():
                if s.value is not None:
                    self._expression(s.value)
                if isinstance(s.target, ast.Name):
                    self._declare(s.target.id)
                if s.value is not None:
                    self._target(s.target)
            case ast.If():
                self._expression(s.test)
                self._block(s.body)
                self._block(s.orelse)
            case ast.While():
                self._loop(s, None)
            case ast.For():
                self._expression(s.iter)
                self._loop(s, s.target)
            case ast.FunctionDef():
                a = s.args
                self._expressions([*s.decorator_list, *a.defaults, *filter(None, a.kw_defaults)])
                self._nested(s)
                self._event("store", s.name, s)
            case _:
                self._other(s)

    def _other(self, s: ast.AST) -> None:
        """A simple statement, or one that is refused later."""
        for child in ast.iter_child_nodes(s):
            if isinstance(child, ast.expr):
                self._expression(child)
            elif isinstance(child, ast.stmt):
                self._statement(child)

    def _loop(self, s: ast.For | ast.While, target: ast.expr | None) -> None:
        outer_loops, outer = self.loops, self.place
        self.blocks += 1
        self.loops = (*outer_loops, self.blocks)
        if target is not None:
            self.place = (*outer, (self.blocks + 1, -1))
            self._target(target)
            self.place = outer
        if isinstance(s, ast.While):
            self._expression(s.test)
        self._block(s.body)
        self.loops = outer_loops
        self.statement = s
        self._block(s.orelse)

    def _target(self, target: ast.expr, kind: str = "store") -> None:
        match target:
            case ast.Name(id=name):
                self._event(kind, name, target)
            case ast.Tuple(elts=elts) | ast.List(elts=elts):
                for e in elts:
                    self._target(e, kind)
            case ast.Starred(value=value):
                self._target(value, kind)
            case _:
                self._expression(target)
                written = written_name(target)
                if written is not None and kind == "store":
                    self._event("write", written, target)

    # -- expressions

    def _expressions(self, es: Iterable[ast.AST]) -> None:
        for e in es:
            self._expression(e)

    def _expression(self, e: ast.AST) -> None:
        stack: list[ast.AST] = [e]
        while stack:
            node = stack.pop()
            kind = type(node)
            if kind is ast.Name:
                self._event("load", node.id, node)  # type: ignore[attr-defined]
            elif kind is ast.Constant:
                continue
            elif isinstance(node, ast.Lambda):
                stack += [*node.args.defaults, *filter(None, node.args.kw_defaults)]
                self._nested(node)
            elif isinstance(node, COMPREHENSIONS):
                stack.append(node.generators[0].iter)
                self._nested(node)
            elif isinstance(node, ast.NamedExpr):
                self._expression(node.value)
                self._event("store", node.target.id, node)
            elif isinstance(node, ast.Call) and (target := changed(node)) is not None:
                self._expressions([node.func, *node.args, *(k.value for k in node.keywords)])
                self._event("write", written_name(target), node)  # type: ignore[arg-type]
            else:
                stack += reversed([*ast.iter_child_nodes(node)])

    def _nested(self, owner: Owner) -> None:
        inner = _Visitor(owner, self.table).run()
        for name in sorted(inner.free):
            self._event("capture", name, owner)
        mine = self.names
        for name in inner.stores:
            if name in mine.outside:
                mine.stores.add(name)

    def _declare(self, name: str) -> None:
        if name not in self.names.outside:
            self.names.locals.add(name)

    def _event(self, kind: str, name: str, node: ast.AST) -> None:
        self.order += 1
        if kind == "store":
            self._declare(name)
        event = Event(kind, self.order, self.place, self.loops, node, self.statement)
        self.names.events.setdefault(name, []).append(event)

    # -- what follows from the events

    def _classify(self) -> None:
        names = self.names
        names.direct = self._direct_names()
        for name, events in names.events.items():
            if name not in names.locals:
                names.free.add(name)
                if any(e.kind in CHANGES for e in events) or self._stored_inside(name, events):
                    names.stores.add(name)
                continue
            captures = [e for e in events if e.kind == "capture"]
            if not captures:
                continue
            stores = [e for e in events if e.kind == "store"]
            if name in names.direct:
                continue
            changes = [e for e in events if e.kind in CHANGES]
            if self._stored_inside(name, events) or any(_later(s, c) for s in changes for c in captures):
                names.cells[name] = name not in names.parameters and not _always_assigned(events, stores)
                names.captured[name] = min(c.place[0][1] for c in captures) if captures[0].place else 0

    def _stored_inside(self, name: str, events: list[Event]) -> bool:
        return any(e.kind == "capture" and name in self.table[e.node].stores for e in events)

    def _direct_names(self) -> set[str]:
        """Names that stand for one graph: bound once, to a definition that none can run or pass on before.

        An early sibling that is no direct name itself is a value at once, so what it captures early is none either.
        """
        found: dict[str, set[str]] = {}
        for name in self.names.locals:
            early = self._early_siblings(name)
            if early is not None:
                found[name] = early
        while doomed := [name for name, early in found.items() if not early <= found.keys()]:
            for name in doomed:
                del found[name]
        return set(found)

    def _early_siblings(self, name: str) -> set[str] | None:
        """The names of the definitions that capture `name` before it is bound; None where it is not direct."""
        events = self.names.events.get(name, [])
        stores = [e for e in events if e.kind == "store"]
        definition = _definition(stores[0]) if len(stores) == 1 else None
        if definition is None or name in self.names.parameters or self._stored_inside(name, events):
            return None
        if stores[0].loops and (definition.args.defaults or any(definition.args.kw_defaults)):
            return None
        early: set[str] = set()
        for e in events:
            if e.kind == "capture" and e.order < stores[0].order and e.node is not definition:
                sibling = None if e.statement is None else _defined_name(e.statement)
                if sibling is None or sibling[1] is not e.node or not self._idle_between(e, stores[0]):
                    return None
                early.add(sibling[0])
        return early

    def _idle_between(self, capture: Event, store: Event) -> bool:
        """Whether a definition and a later one of its block have nothing between them that may use a definition."""
        if capture.place[:-1] != store.place[:-1] or capture.place[-1][0] != store.place[-1][0]:
            return False
        assert capture.statement is not None
        body = _body_containing(self.names.owner, capture.statement)
        between = body[capture.place[-1][1] : store.place[-1][1]]
        if any(exits([s]) != FALL for s in between):
            return False
        definitions = [d[1] for d in map(_defined_name, (*between, body[store.place[-1][1]])) if d is not None]
        for events in self.names.events.values():
            if not any(e.kind == "store" and _definition(e) for e in events):
                continue
            if any(capture.order < e.order < store.order and _uses_otherwise(e, definitions) for e in events):
                return False
        return True


def _uses_otherwise(e: Event, definitions: list[ast.FunctionDef | ast.Lambda]) -> bool:
    """Whether an event makes a value of a name, or is its capture by anything but one of these definitions."""
    return e.kind == "load" or (e.kind == "capture" and not any(e.node is d for d in definitions))


def _definition(store: Event) -> ast.FunctionDef | ast.Lambda | None:
    """The definition that a store binds a name to, for `def` without decorators and `name = lambda`."""
    found = None if store.statement is None else _defined_name(store.statement)
    if found is None or store.node not in (found[1], getattr(store.statement, "targets", [None])[0]):
        return None
    return found[1]


def _defined_name(s: ast.stmt) -> tuple[str, ast.FunctionDef | ast.Lambda] | None:
    """The name that a statement binds to a definition, and the definition."""
    match s:
        case ast.FunctionDef(decorator_list=[], name=name):
            return name, s
        case ast.Assign(targets=[ast.Name(id=name)], value=ast.Lambda() as value):
            return name, value
    return None


def _later(store: Event, capture: Event) -> bool:
    """Whether a store may happen after a capture."""
    return store.order > capture.order or bool(set(store.loops) & set(capture.loops))


def _always_assigned(events: list[Event], stores: list[Event]) -> bool:
    """Whether each load and capture comes after a store that certainly happened."""
    sure = [s.place for s in stores if not isinstance(s.node, ast.NamedExpr)]
    return all(e.kind == "store" or any(_dominates(p, e.place) for p in sure) for e in events)


def _dominates(store: Place, other: Place) -> bool:
    depth = len(store) - 1
    if len(other) <= depth or store[:depth] != other[:depth]:
        return False
    (block, index), (other_block, other_index) = store[depth], other[depth]
    return block == other_block and index < other_index


def _body_containing(owner: Owner, statement: ast.stmt) -> list[ast.stmt]:
    """The block of a function that a statement stands in."""
    stack: list[ast.AST] = [owner]
    while stack:
        node = stack.pop()
        for _, value in ast.iter_fields(node):
            if isinstance(value, list) and value and isinstance(value[0], ast.stmt):
                if any(s is statement for s in value):
                    return value
                stack += [s for s in value if not isinstance(s, (ast.FunctionDef, ast.ClassDef))]
    raise LookupError("the statement does not stand in this function")
