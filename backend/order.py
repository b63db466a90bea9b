"""The order in which applications are written: what reads an array comes before what changes it, where it can.

A buffer that is still to be read is copied by an update (`ownership.py`); so of two nodes that nothing else orders, the
one that reads goes first. It is the schedule of the IR with edges from readers to updates added, and from effects to
what stands behind them because they check its indices.
"""

from __future__ import annotations

from tapeless.ir.abstract import Array, Record, Tuple, Type
from tapeless.ir.builder import is_primitive
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive
from tapeless.ir.traverse import Scopes


class Ordered(Scopes):
    """The scopes of a program whose updates come late."""

    def __init__(self) -> None:
        super().__init__()
        self._ordered: dict[Graph, list[Apply]] = {}

    def schedule(self, graph: Graph) -> list[Apply]:
        """The applications of one graph, as `Scopes.schedule`."""
        if graph not in self._ordered:
            order = _taken_apart(super().schedule(graph))
            self._ordered[graph] = self._late(graph, order) if any(_update(n) for n in order) else order
        return self._ordered[graph]

    def _late(self, graph: Graph, order: list[Apply]) -> list[Apply]:
        own = set(order)
        before: dict[Apply, list[Apply]] = {}
        after: dict[Apply, list[Apply]] = {n: [] for n in order}
        for node in order:
            before[node] = [x for x in self.reads(node) if x in own]  # type: ignore[misc]
        for first, second in zip(graph.effects, graph.effects[1:]):
            before[second].append(first)  # type: ignore[index, arg-type]
        effects, effect = set(graph.effects), None
        for node in order:
            if node in effects:
                effect = node
            elif effect is not None and self._guarded(node):
                before[node].append(effect)
        for node, needed in before.items():
            for first in needed:
                after[first].append(node)
        readers: dict[Node, list[Apply]] = {}
        for node in order:
            if not _view(node):
                for x in self.reads(node):
                    readers.setdefault(_base(x), []).append(node)
        for update in filter(_update, order):
            later: set[Apply] = set()
            todo = [update]
            while todo:
                if (node := todo.pop()) not in later:
                    later.add(node)
                    todo += after[node]
            for reader in readers.get(_base(update.args[0]), ()):
                if reader not in later:
                    before[update].append(reader)
                    after[reader].append(update)
        return _sorted(order, before)

    def _guarded(self, node: Apply) -> bool:
        """Whether checks come before an application, or before one of its map."""
        fn = node.fn.value if isinstance(node.fn, Constant) else None
        if not isinstance(fn, Primitive):
            return False
        return fn.guarded or (fn.name == "nest" and any(isinstance(v.type, Array) for v in self.captured(node)))


def _taken_apart(order: list[Apply]) -> list[Apply]:
    """The items of a value with arrays right behind it, so that each of them is the only name of its array then."""
    items: dict[Node, list[Apply]] = {}
    for n in order:
        if is_primitive(n, "item") and _holds_arrays(n.args[0].type):
            items.setdefault(n.args[0], []).append(n)
    if not items:
        return order
    own, out = set(order), []
    for n in order:
        if not (is_primitive(n, "item") and n.args[0] in own and n in items.get(n.args[0], ())):
            out += _with_items(n, items)
    return out


def _holds_arrays(type: Type | None) -> bool:
    return isinstance(type, Array) or (isinstance(type, (Tuple, Record)) and any(map(_holds_arrays, type.items)))


def _with_items(node: Apply, items: dict[Node, list[Apply]]) -> list[Apply]:
    out = [node]
    for n in items.get(node, ()):
        out += _with_items(n, items)
    return out


def _sorted(order: list[Apply], before: dict[Apply, list[Apply]]) -> list[Apply]:
    """A topological order, as close as can be to the one given."""
    out: dict[Apply, None] = {}
    for root in order:
        stack = [root]
        while stack:
            missing = [x for x in before[stack[-1]] if x not in out]
            if missing:
                stack += reversed(missing)
            else:
                out[stack.pop()] = None
    return list(out)


def _buffers(node: Node) -> str:
    fn = node.fn if isinstance(node, Apply) else None
    return fn.value.buffers if isinstance(fn, Constant) and isinstance(fn.value, Primitive) else ""


def _update(node: Node) -> bool:
    return _buffers(node) == "changes"


def _view(node: Node) -> bool:
    return isinstance(node.type, Array) and _buffers(node) == "shares"


def _base(node: Node) -> Node:
    """What an array is a view of."""
    while _view(node) and isinstance(node.args[0].type, Array):  # type: ignore[attr-defined]
        node = node.args[0]  # type: ignore[attr-defined]
    return node
