"""Joins, recursive tuples and locations: the part of the domain that needs the engine's tables.

A tuple whose items contain (through tuples and unions) a tuple made at the same site is recursive: it becomes
`Boxed(site)`, and its items flow into the site's table, where every inner tuple of the site is replaced by the name.
Boxes and locations that meet are unified (union-find). Source of the method: notes on inference, sections 1 and 2.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless.infer.domain import (
    DYNAMIC,
    LISTS,
    NEVER,
    Arr,
    Boxed,
    Either,
    Loc,
    Never,
    Num,
    Rec,
    Tup,
    Value,
    either,
    parts,
    same_constant,
    stored,
)
from tapeless.infer.instances import Instance
from tapeless.ir.abstract import Array, join, joined_kind
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.primitive import UNKNOWN


@dataclass
class Lattice:
    """Tables of named values; `changed` is called with a site whose content grew."""

    changed: Callable[[int], None]
    bodies: dict[int, Value] = field(default_factory=dict)
    contents: dict[int, Value] = field(default_factory=dict)
    same: dict[int, int] = field(default_factory=dict)
    numbers: dict[Any, int] = field(default_factory=dict)
    makers: list[Instance] = field(default_factory=list)
    places: list[Any] = field(default_factory=list)
    pending: list[tuple[int, Value]] = field(default_factory=list)
    filling: bool = False

    def site(self, inst: Instance, key: Any) -> int:
        """The number of a creation site: a place in the program, in one function instance."""
        number = self.numbers.get((inst, key))
        if number is None:
            number = self.numbers[inst, key] = len(self.makers)
            self.makers.append(inst)
            self.places.append(key)
        return number

    def find(self, site: int) -> int:
        while site in self.same:
            site = self.same[site]
        return site

    # -- join -----------------------------------------------------------------------------------------------------
    def join(self, a: Value, b: Value) -> Value:
        """The least value that covers both."""
        if a is b or isinstance(b, Never):
            return a
        if isinstance(a, Never) or (a == b and not isinstance(a, (Tup, Rec, Either))):
            return b
        found = {p.head: p for p in parts(a)}
        for p in parts(b):
            key = p.head
            found[key] = self._join_part(found[key], p) if key in found else p
        joined = either(found)
        return a if joined == a and _sites(joined) == _sites(a) else joined

    def _join_part(self, a: Value, b: Value) -> Value:
        match a, b:
            case Num(), Num():
                return _join_numbers(a, b)
            case Tup(items=x, sites=s), Tup(items=y, sites=t):
                return self._sited(Tup(tuple(map(self.join, x, y)), s | t))
            case Rec(tag=tag, items=x), Rec(tag=other, items=y) if tag in LISTS and (tag != other or len(x) != len(y)):
                item: Value = NEVER
                for v in (*x, *y):
                    item = self.join(item, stored(v))
                return Rec(DYNAMIC, (item,))
            case Rec(tag=tag, items=x, sites=s), Rec(items=y, sites=t):
                return self._sited(Rec(tag, tuple(map(self.join, x, y)), s | t))
            case Boxed(site=s), Boxed(site=t):
                return self._unify(s, t, a.head)
            case ((Tup() | Rec()) as flat, Boxed(site=s)) | (Boxed(site=s), (Tup() | Rec()) as flat):
                self.fill(self.find(s), flat)
                return Boxed(self.find(s), a.head)
            case Loc(site=s), Loc(site=t):
                return self._merge_locations(s, t)
            case Arr(type=x), Arr(type=y):
                joined = join(x, y)
                assert isinstance(joined, Array)
                return Arr(joined)
        return a

    def _sited(self, v: Tup | Rec) -> Value:
        """A tuple, or its box where one of its sites is a box already."""
        for s in v.sites:
            if self.find(s) in self.bodies and self.bodies[self.find(s)].head == v.head:
                self.fill(self.find(s), v)
                return Boxed(self.find(s), v.head)
        return v

    def make(self, v: Tup | Rec) -> Value:
        """A new tuple or record of one site: boxed if its items contain one of this site."""
        (site,) = v.sites
        if self.find(site) in self.bodies or any(self.contains(i, site) for i in v.items):
            if self.find(site) not in self.bodies:
                self.bodies[self.find(site)] = _with_items(v, (NEVER,) * len(v.items))
            self.fill(self.find(site), v)
            return Boxed(self.find(site), v.head)
        return v

    # -- boxes ----------------------------------------------------------------------------------------------------
    def items(self, v: Value) -> tuple[Value, ...]:
        """The items of a tuple, record or box."""
        body = self.bodies[self.find(v.site)] if isinstance(v, Boxed) else v
        assert isinstance(body, (Tup, Rec)), f"{v} has no items"
        return body.items

    def contains(self, v: Value, site: int) -> bool:
        """Whether a value contains a tuple or record of this site, through tuples and unions."""
        match v:
            case Tup(items=items, sites=s) | Rec(items=items, sites=s):
                return site in s or any(self.contains(i, site) for i in items)
            case Either(parts=ps):
                return any(self.contains(p, site) for p in ps)
            case Boxed(site=s):
                return self.find(s) == self.find(site)
        return False

    def fill(self, site: int, v: Tup | Rec) -> None:
        """Let the items of a flat tuple flow into a box; a box that fills itself waits its turn."""
        self.pending.append((site, v))
        if self.filling:
            return
        self.filling = True
        while self.pending:
            site, new = self.pending.pop()
            site = self.find(site)
            old = self.bodies[site]
            assert isinstance(old, (Tup, Rec)) and isinstance(new, (Tup, Rec))
            boxed = [self.join(self._named(x, site), self._named(y, site)) for x, y in zip(old.items, new.items)]
            site = self.find(site)
            joined = _with_items(old, tuple(boxed))
            if joined != self.bodies[site]:
                self.bodies[site] = joined
                self.changed(site)
        self.filling = False

    def _named(self, v: Value, site: int) -> Value:
        """`v`, with the tuples that were made at `site` replaced by its box (their items flow into it)."""
        match v:
            case Tup(items=items, sites=s) | Rec(items=items, sites=s):
                inner = _with_items(v, tuple(self._named(i, site) for i in items))
                if site in s and v.head == self.bodies[self.find(site)].head:
                    self.fill(self.find(site), inner)
                    return Boxed(self.find(site), v.head)
                return inner
            case Either(parts=ps):
                out: Value = NEVER
                for p in ps:
                    out = self.join(out, self._named(p, site))
                return out
        return v

    def _unify(self, s: int, t: int, head: str) -> Value:
        s, t = self.find(s), self.find(t)
        if s != t:
            body = self.bodies.pop(t)
            self.same[t] = s
            self.changed(t)
            assert isinstance(body, (Tup, Rec))
            self.fill(s, body)
        return Boxed(self.find(s), head)

    # -- locations ------------------------------------------------------------------------------------------------
    def store(self, site: int, v: Value) -> None:
        """The content of a location grows."""
        site = self.find(site)
        old = self.contents.get(site, NEVER)
        new = self.join(old, v)
        if new != old:
            self.contents[site] = new
            self.changed(site)

    def content(self, site: int) -> Value:
        return self.contents.get(self.find(site), NEVER)

    def _merge_locations(self, s: int, t: int) -> Value:
        s, t = self.find(s), self.find(t)
        if s != t:
            content = self.contents.pop(t, NEVER)
            self.same[t] = s
            self.changed(t)
            self.store(s, content)
        return Loc(s)


def _join_numbers(a: Num, b: Num) -> Num:
    if a.kind == b.kind:
        return Num(a.kind, a.const if same_constant(a.const, b.const) else UNKNOWN, a.mixed or b.mixed)
    return Num(joined_kind(a.kind, b.kind), UNKNOWN, True)


def _with_items(v: Value, items: tuple[Value, ...]) -> Tup | Rec:
    if isinstance(v, Tup):
        return Tup(items, v.sites)
    assert isinstance(v, Rec)
    return Rec(v.tag, items, v.sites)


def _sites(v: Value) -> Any:
    match v:
        case Tup(items=items, sites=s) | Rec(items=items, sites=s):
            return (s, tuple(map(_sites, items)))
        case Either(parts=ps):
            return tuple(map(_sites, ps))
    return None
