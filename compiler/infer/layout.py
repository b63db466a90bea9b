"""From abstract values to types: closures become records of what they captured, recursion becomes boxes.

A closure that captures (through anything) a closure of its own name is boxed: only it, the others on the cycle stay
flat. Names are made unique and do not depend on hashing.
"""

from __future__ import annotations

from typing import Any

from tapeless.infer.domain import NEVER as NO_VALUE
from tapeless.infer.domain import Arr, Boxed, Clo, Either, Loc, Never, Non, Num, Oper, Pull, Rec, Text, Tup, Value
from tapeless.infer.engine import Engine
from tapeless.infer.instances import Instance
from tapeless.ir.abstract import (
    NEVER,
    NONE,
    SCALARS,
    Box,
    Cell,
    Pullback,
    Record,
    Str,
    Tuple,
    Type,
    union,
)
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.diagnostics import InferenceError
from tapeless.ir.lists import List, buffers_of
from tapeless.ir.nodes import Graph, Node

Fact = tuple[Instance, Node]


@dataclass
class Pulled:
    """What a pullback type belongs to: the wrapper graph that `vjp` ran, its mask, and where the arguments stand."""

    wrapper: Graph
    mask: str
    positions: list[int]
    arguments: int
    type: Pullback


@dataclass
class Layout:
    """Types of abstract values at the fixed point of one engine."""

    engine: Engine
    members: dict[str, Clo | Oper] = field(default_factory=dict)
    pullbacks: dict[int, Pullback] = field(default_factory=dict)
    _tags: dict[Clo, str] = field(default_factory=dict)
    _types: dict[Any, Type] = field(default_factory=dict)
    _open: dict[Clo, Box | None] = field(default_factory=dict)
    _names: dict[str, int] = field(default_factory=dict)

    def type_of(self, v: Value) -> Type:
        """The type that holds the values of `v`."""
        match v:
            case Num(kind=kind):
                return SCALARS[kind]
            case Arr(type=type):
                return type
            case Non():
                return NONE
            case Text(value=text):
                return Str(text)
            case Never():
                return NEVER
            case Tup(items=items):
                return Tuple(tuple(map(self.type_of, items)))
            case Rec(tag="list[]", items=(item,)):
                return self._list(item)
            case Rec(tag=tag, items=items):
                return Record(tag, tuple(map(self.type_of, items)))
            case Either(parts=ps):
                return union([self.type_of(p) for p in ps])
            case Oper(operator=op):
                self.members[op.name] = v
                return Record(op.name, ())
            case Clo():
                return self._closure(v)
            case Boxed(site=site):
                return self._boxed(site)
            case Loc(site=site):
                return Cell(self.type_of(self.engine.lattice.content(site)), self.engine.lattice.find(site) + 1)
            case Pull(number=n):
                return self.pullback(n)
        raise TypeError(f"no type for {v}")

    def pullback(self, number: int) -> Pullback:
        """The type of the pullback with this number."""
        if number not in self.pullbacks:
            self.pullbacks[number] = Pullback(self.unique("pullback"))
        return self.pullbacks[number]

    def unique(self, name: str) -> str:
        """A name that is not taken."""
        count = self._names.get(name, 0)
        self._names[name] = count + 1
        return name if count == 0 else self.unique(f"{name}.{count}")

    def tag(self, c: Clo) -> str:
        if c not in self._tags:
            self._tags[c] = self.unique(c.graph.name)
            self.members[self._tags[c]] = c
        return self._tags[c]

    def captures(self, graph: Graph, parent: Instance | None) -> list[Fact]:
        """The facts that a closure over `graph`, made in `parent`, carries: in the order of its free variables."""
        if parent is None:
            return []
        return [(parent.enclosing(v.graph), v) for v in self.engine.scopes.captures(graph)]  # type: ignore[attr-defined]

    def fact(self, fact: Fact) -> Type:
        """The type of a node in an instance."""
        return self.type_of(fact[0].values.get(fact[1], NO_VALUE))

    def _list(self, item: Value) -> Type:
        t = self.type_of(item)
        if buffers_of(t) is None:
            raise InferenceError(
                f"a list of {t} must have a length that is known while compiling",
                hint="lists of any length are of numbers, arrays, None, or tuples of these",
            )
        return List(t)

    def _closure(self, c: Clo) -> Type:
        if c in self._types:
            return self._types[c]
        if c in self._open:
            box = self._open[c]
            if box is None:
                box = self._open[c] = Box(self.unique(c.graph.name + ".box"))
                box.body = Record(self.tag(c), ())  # its head is known; its items follow below
            return box
        self._open[c] = None
        body = Record(self.tag(c), tuple(map(self.fact, self.captures(c.graph, c.parent))))
        recursive = self._open.pop(c)
        out: Type = body
        if recursive is not None:
            recursive.body = body
            out = recursive
        self._types[c] = out
        return out

    def _boxed(self, site: int) -> Type:
        site = self.engine.lattice.find(site)
        key = ("box", site)
        if key not in self._types:
            body = self.engine.lattice.bodies[site]
            assert isinstance(body, (Tup, Rec))
            box = Box(self.unique("list"))
            self._types[key] = box
            empty = (NEVER,) * len(body.items)
            box.body = Tuple(empty) if isinstance(body, Tup) else Record(body.tag, empty)
            items = tuple(map(self.type_of, body.items))
            box.body = Tuple(items) if isinstance(body, Tup) else Record(body.tag, items)
        return self._types[key]
