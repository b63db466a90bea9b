"""Box types without their dead fields.

    box %t = (float, (int, float), box %t)        live: the last two leaves
    box %t = `tuple 3`{float, box %t}

A box of which a leaf is dead, or which holds such a box, becomes a new type; its body is a record of the live leaves.
`has_head` asks for the tag of that record then.
"""

from __future__ import annotations

from tapeless.ir.abstract import Box, Cell, Record, Tuple, Type, Union, head, union
from tapeless.ir.builder import Builder
from tapeless.ir.nodes import Node
from tapeless.passes.leaves import assemble, leaves_of, spread, whole


class Boxes:
    """From the types of a program to those without dead fields; `fields` are the live leaves of each box's body."""

    def __init__(self, fields: dict[Box, int]) -> None:
        self.fields = {box: mask for box, mask in fields.items() if mask != whole(box.body)}
        self._new: dict[Type, Type] = {}

    def type(self, t: Type) -> Type:
        """The new type in place of a type."""
        if not self.fields:
            return t
        if t not in self._new:
            match t:
                case Tuple(items=items):
                    self._new[t] = Tuple(tuple(map(self.type, items)))
                case Record(tag=tag, items=items):
                    self._new[t] = Record(tag, tuple(map(self.type, items)))
                case Union(parts=items):
                    self._new[t] = union(list(map(self.type, items)))
                case Cell(content=content, site=site):
                    self._new[t] = Cell(self.type(content), site)
                case Box() if self._changes(t):
                    self._box(t)
                case _:
                    self._new[t] = t
        return self._new[t]

    def _changes(self, box: Box) -> bool:
        """Whether a box has dead fields, or is made of what does."""
        seen: set[Type | None] = set()
        todo: list[Type | None] = [box]
        while todo:
            t = todo.pop()
            if t in self.fields:
                return True
            if t not in seen:
                seen.add(t)
                match t:
                    case Tuple(items=items) | Record(items=items) | Union(parts=items):
                        todo += items
                    case Box(body=body) | Cell(content=body):
                        todo.append(body)
        return False

    def _box(self, box: Box) -> None:
        new = self._new[box] = Box(box.name)
        body = box.body
        assert body is not None
        tag = body.tag if isinstance(body, Record) else head(body)
        new.body = Record(tag, ())  # whose head is final: the types of the fields may be unions with this box
        new.body = Record(tag, tuple(self.type(t) for _, t in leaves_of("", body, self._mask(box))))

    def _mask(self, box: Box) -> int:
        return self.fields.get(box, whole(box.body))

    def head(self, t: Type | None, key: str) -> str:
        """What `has_head` asks a value of a type for, in place of a key."""
        parts = t.parts if isinstance(t, Union) else ()
        part = next((p for p in parts if isinstance(p, Box) and head(p) == key), None)
        return key if part is None else head(self.type(part))

    def box(self, b: Builder, content: Node, old: Box) -> Node:
        """A new box, of a content that has the old type's items."""
        new = self.type(old)
        assert isinstance(new, Box) and old.body is not None
        if new is not old:
            leaves = spread(b, content, self.type(old.body), self._mask(old))
            content = b.apply("record", *leaves, type=new.body)
        return b.apply("box", content, type=new)

    def unbox(self, b: Builder, box: Node, old: Box) -> Node:
        """What a new box holds, with the items of the old type; those that are dead are undef."""
        assert old.body is not None
        content = b.apply("unbox", box)
        if box.type is old:
            return content
        leaves: list[Node] = [b.item(content, i) for i in range(len(content.type.items))]  # type: ignore[union-attr]
        return assemble(b, self.type(old.body), leaves, self._mask(old))
