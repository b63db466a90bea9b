"""Whether values serve for arrays that are written to: `a[k] = v` gives a new value, and only `a` gets it.

That is what NumPy means as long as nothing else that means the same memory is used after the write: neither the array
under another name, nor a view of it, nor the variable that a caller passed. This is a walk over the instances of the
program in its own order that finds such uses; whoever holds a reference that a write made *stale* may drop it, and
nothing else.

    root      what made memory: an application that made an array, a parameter, what was captured, a location
    shape     the roots that a value may reach: a set, or for a tuple or closure one shape for each item
    stale     of a value: those of its roots that were written to since

The memory of an application in a loop is another one in each iteration: what a loop's state brings from earlier ones
is marked with the loop, so it is told from what this iteration made (recency abstraction: Balakrishnan and Reps, 2006).
Variables that a loop hands on to one another (`u, w = w, u`) have roots of their own in it, as long as its back-edge
keeps them apart. Of a function, a summary says which of its parameters' roots it writes and which its result may reach;
two arguments that may be one array are refused where one of them is written.

Roots and shapes are in `memory.py`, the walk over one function in `writes.py`, what it knows in `staleness.py`, what
operators share in `sharing.py`.
"""

from __future__ import annotations

from typing import Any

from tapeless.infer.elaborate import Elaborator
from tapeless.infer.instances import Instance
from tapeless.infer.layout import Fact
from tapeless.infer.memory import FRESH, NOTHING, SHARED, Root, Roots, Shape, flat, joined, leads_to_list, of_type
from tapeless.infer.staleness import Write
from tapeless.infer.writes import Summary, Walk
from tapeless.ir.dataclass import dataclass
from tapeless.ir.diagnostics import InferenceError, Note, Span
from tapeless.ir.nodes import Apply, Node


@dataclass(frozen=True)
class Conflict:
    """A use of what was written to under another name."""

    roots: Roots
    write: Write
    use: Span | None


class Aliases:
    """One program at its fixed point.

    contents    what locations may hold
    origins     where the memory of parameters and of results of calls may come from
    """

    def __init__(self, elaborator: Elaborator) -> None:
        self.elaborator, self.engine, self.layout = elaborator, elaborator.engine, elaborator.layout
        self.summaries: dict[Instance, Summary] = {}
        self.contents: dict[int, Roots] = {}
        self.origins: dict[Fact, Roots] = {}
        self.made: dict[Instance, Roots] = {}
        self.conflicts: dict[Conflict, None] = {}
        self.found = 0  # how often a conflict was found
        self.grown = False

    def located(self, top: Instance, functions: list[Instance], arguments: frozenset[Node]) -> frozenset[Node]:
        """The applications (and `arguments`) whose arrays must be locations, so that writes are what NumPy means.

        `functions` are all of the program. Raises InferenceError where another array from outside is written to.
        """
        self.grown = True
        while self.grown:
            self.grown = False
            for inst in reversed(functions):
                self._function(inst)
        written = self.summaries[top].written
        self._refuse_lists(top)
        marks: set[Node] = {r.base[1] for r in written if isinstance(r.base, tuple) and r.base[0] is top}
        if not marks <= arguments:
            root = next(r for r in written if r.base[1] in marks - arguments)
            raise InferenceError(
                "an array that the function did not make, nor get as an argument, is written to here",
                self.summaries[top].spans.get(root),
                hint="make a copy first: x = x.copy()",
            )
        for found in self.conflicts:
            marks |= (new := self._makers(found.roots) - self.engine.located)
            if not new:
                raise InferenceError(
                    "this array is written to while it has another name that is used afterwards",
                    found.write.span,
                    (Note("the other name, or a view, is used here", found.use),),
                    "make a copy where the second name is given: b = a.copy()",
                )
        return frozenset(marks - self.engine.located)

    def is_list(self, root: Root) -> bool:
        """Whether memory of a parameter, or what was captured, is a list of known length, and not an array in one."""
        return isinstance(root.base, tuple) and leads_to_list(self.layout.fact(root.base), root.path)

    def _refuse_lists(self, top: Instance) -> None:
        """A list from outside keeps its items: arrays among them may be written to."""
        summary = self.summaries[top]
        for root in summary.lists:
            if self.is_list(root):
                raise InferenceError(
                    "a list that the function did not make is changed here",
                    summary.spans.get(root),
                    hint="change a list of your own: xs = list(xs)",
                )

    def _function(self, inst: Instance) -> None:
        walk = Walk(self, inst)
        for fact in self.layout.captures(inst.graph, inst.parent):
            walk.define(fact, of_type(self.layout.fact(fact), Root(fact)))
        for p in inst.graph.params:
            walk.define((inst, p), of_type(self.layout.fact((inst, p)), Root((inst, p))))
        result = walk.graph(inst)
        for site, write in walk.pending.items():
            self.conflict(self.content(site), write, inst.graph.span)
        result = walk.grounded(result)
        written = frozenset(r for r in walk.ground(walk.written) if not walk.owns(r) and not self._is_own(inst, r))
        made = frozenset(r for r in flat(result) if walk.owns(r))
        old = self.summaries.get(inst, Summary())
        result, lists = self._outside(walk, result), old.lists | (walk.ground(walk.lists) & written)
        new = Summary(old.written | written, joined(old.result, result), lists, walk.spans)
        if (new.written, new.result, new.lists) != (old.written, old.result, old.lists):
            self.grown = True
        self.summaries[inst] = new
        self.made[inst] = made

    def _is_own(self, inst: Instance, root: Root) -> bool:
        """Whether memory is a location that a function makes anew in each call, and no other one does."""
        lattice = self.engine.lattice
        if not isinstance(root.base, int) or root.base in lattice.same.values():
            return False
        return lattice.makers[root.base].owner is inst

    def _outside(self, walk: Walk, shape: Shape) -> Shape:
        if isinstance(shape, tuple):
            return tuple(self._outside(walk, s) for s in shape)
        return frozenset(FRESH if walk.owns(r) else r for r in shape)

    def _makers(self, roots: Roots) -> set[Node]:
        """The applications of operators, and the arguments, that memory came from."""
        out: set[Node] = set()
        seen: set[Any] = set()
        todo = list(roots)
        while todo:
            base = todo.pop().base
            if base in seen or isinstance(base, str):  # nothing is known of where SHARED and LOADED were made
                continue
            seen.add(base)
            if isinstance(base, int):
                todo += self.contents.get(base, ())
            elif base in self.origins:
                todo += self.origins[base]
            elif isinstance(base[1], Apply) or base[0].site is None:
                out.add(base[1])
        return out

    def conflict(self, roots: Roots, write: Write, use: Span | None) -> None:
        """A use of what was written to under another name."""
        if roots := roots - {SHARED}:
            self.found += 1
            self.conflicts.setdefault(Conflict(roots, write, use))

    def flows(self, fact: Fact, roots: Roots) -> None:
        """Memory goes into a parameter, or comes out of a call."""
        old = self.origins.get(fact, NOTHING)
        if not roots <= old:
            self.origins[fact] = old | roots
            self.grown = True

    # -- locations --------------------------------------------------------------------------------------------------
    def content(self, site: int) -> Roots:
        """What the content of a location may reach."""
        site = self.engine.lattice.find(site)
        return self.contents.get(site, NOTHING) | {Root(site)}

    def store(self, site: int, roots: Roots) -> None:
        """A value goes into a location."""
        site, roots = self.engine.lattice.find(site), roots - {SHARED}
        if not roots <= self.contents.get(site, NOTHING):
            self.contents[site] = self.contents.get(site, NOTHING) | roots
            self.grown = True

    def with_locations(self, roots: Roots) -> Roots:
        """Roots, with all that shares a location with them."""
        while True:
            more = roots
            for site, content in self.contents.items():
                if Root(site) in more or content & more:
                    more |= content | {Root(site)}
            if more == roots:
                return roots
            roots = more
