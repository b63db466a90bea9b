"""Which instance a call goes to, and when two of them merge, so that inference ends.

A function is specialised on the types of its arguments (without constants, except those of parameters that are marked
static, and without creation sites). An endless chain of ever larger types is cut in two ways:

- growth through the result (compose in a loop): a call site that gets back what an earlier call of it made stays in
  that instance (`before`);
- growth through the call (an accumulator): along the chain of first callers, an instance of the same graph whose
  argument types are embedded in the new ones takes the call (the whistle); so does one whose arguments are the same but
  for locations that were made at the same places.

Source of the method: notes on inference, section 2; homeomorphic embedding as in supercompilation.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapeless.infer.domain import Boxed, Clo, Either, Loc, Num, Rec, Tup, Value, constants, general, without_sites
from tapeless.infer.instances import Instance, Site
from tapeless.ir.nodes import Graph

if TYPE_CHECKING:
    from tapeless.infer.engine import Engine

REVISITS = 8
"""After how many different specialisations one call site stays with the last one."""


class Contexts:
    """The table of function instances."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.table: dict[Any, Instance] = {}
        self.revisits: dict[Any, int] = {}

    def find(
        self, graph: Graph, parent: Instance | None, args: list[Value], site: Site, before: Instance | None
    ) -> Instance:
        """The instance for a call; new, known, or one that the call merges with."""
        static = self.engine.static
        args = [a if (graph, i) in static else general(a) for i, a in enumerate(args)]
        fixed = tuple(constants(a) for i, a in enumerate(args) if (graph, i) in static)
        key = (graph, parent, tuple(map(without_sites, args)), fixed)
        inst = self.table.get(key)
        if inst is None:
            inst = self._revisited(before, fixed, args, site) or self._whistle(graph, parent, args, fixed, site)
            if inst is None:
                inst = self.engine.new_instance(graph, parent, None, list(args), site)
                inst.static = fixed
            self.table[key] = inst
        self._widen(inst, args)
        return inst

    def _widen(self, inst: Instance, args: list[Value]) -> None:
        join = self.engine.lattice.join
        for i, a in enumerate(args):
            new = join(inst.args[i], a)
            if new is not inst.args[i]:
                changed = new != inst.args[i]
                inst.args[i] = new
                if changed and inst.visited:
                    self.engine.work[inst] = None

    def _revisited(self, before: Instance | None, fixed: Any, args: list[Value], site: Site) -> Instance | None:
        if before is None or before.static != fixed:
            return None
        self.revisits[site] = self.revisits.get(site, 0) + 1
        made: dict[Instance, None] = {}
        for a in args:
            self._makers(a, made)
        return before if before in made or self.revisits[site] > REVISITS else None

    def _makers(self, a: Value, out: dict[Instance, None]) -> None:
        """The function instances that made the closures and tuples in a value, and the first callers of these."""

        def add(inst: Instance | None) -> None:
            while inst is not None and inst.owner not in out:
                out[inst.owner] = None
                inst = inst.owner.site[0] if inst.owner.site else None

        stack = [a]
        while stack:
            match stack.pop():
                case Tup(items=items, sites=sites) | Rec(items=items, sites=sites):
                    stack += items
                    for s in sites:
                        add(self.engine.lattice.makers[s])
                case Either(parts=ps):
                    stack += ps
                case Clo(parent=parent):
                    add(parent)
                case Boxed(site=s):
                    add(self.engine.lattice.makers[s])

    def _whistle(
        self, graph: Graph, parent: Instance | None, args: list[Value], fixed: Any, site: Site
    ) -> Instance | None:
        shapes: list[tuple[set[Any], int]] | None = None
        at: Site | None = site
        while at is not None:
            inst = at[0].owner
            if inst.graph is graph and inst.parent is parent and inst.static == fixed and args:
                shapes = shapes or [self.shape(a) for a in args]
                olds = [self.shape(a) for a in inst.args]
                embedded = all(o[0] <= n[0] and o[1] <= n[1] for o, n in zip(olds, shapes))
                if embedded and (any(o[1] < n[1] for o, n in zip(olds, shapes)) or self._again(inst.args, args)):
                    return inst
            at = inst.site
        return None

    def _again(self, olds: list[Value], news: list[Value]) -> bool:
        """Whether values differ in locations that a function made at one place, called by itself: `L` in

        def sort(a):
            L = a[: len(a) // 2].copy()
            sort(L)
        """
        lattice = self.engine.lattice

        def place(site: int) -> Any:
            return lattice.places[site], lattice.makers[site].graph

        pairs = list(zip(*([lattice.find(s) for a in args for s in _locations(a)] for args in (olds, news))))
        return any(a != b for a, b in pairs) and all(a == b or place(a) == place(b) for a, b in pairs)

    def shape(self, a: Value) -> tuple[set[Any], int]:
        """The labels in a value (finite in number over the whole program) and its size, each closure counted once."""
        labels: set[Any] = set()
        seen: set[Clo] = set()
        size, stack = 0, [a]
        while stack:
            v = stack.pop()
            size += 1
            match v:
                case Num(kind=kind):
                    labels.add(kind)
                case Tup(items=items):
                    labels.add("tuple")
                    stack += items
                case Rec(tag=tag, items=items):
                    labels.add(tag)
                    stack += items
                case Boxed():
                    labels |= {"tuple", "box"}
                case Either(parts=ps):
                    stack += ps
                    size -= 1
                case Clo(graph=graph, parent=parent):
                    labels.add(graph)
                    if v in seen:
                        size -= 1
                        continue
                    seen.add(v)
                    for free in self.engine.scopes.captures(graph):
                        if parent is not None:
                            found = parent.enclosing(free.graph).values.get(free)  # type: ignore[attr-defined]
                            if found is not None:
                                stack.append(found)
                case Loc():
                    labels.add("cell")
                case _:
                    labels.add(v.head)
        return labels, size


def _locations(a: Value) -> list[int]:
    """The locations in a value, in order."""
    out: list[int] = []
    stack = [a]
    while stack:
        match stack.pop():
            case Tup(items=items) | Rec(items=items):
                stack += items
            case Either(parts=ps):
                stack += ps
            case Loc(site=site):
                out.append(site)
    return out
