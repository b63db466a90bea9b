"""What the result of an operator shares memory with: read off the nodes that it was made into. See `aliases.py`."""

from __future__ import annotations

from collections.abc import Sequence

from tapeless.infer.memory import LOADED, NOTHING, Roots, Shape, flat, gathered, holds_arrays, inside, joined
from tapeless.ir.abstract import Array
from tapeless.ir.builder import is_primitive
from tapeless.ir.lists import is_list
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import Primitive


class Flow:
    """What an application of an operator may reach, from the nodes that it was made into."""

    def __init__(self, operands: Sequence[Node], shapes: Sequence[Shape], fresh: Roots) -> None:
        self.memo: dict[Node, Shape] = {}
        self.fresh, self.all = fresh, flat(tuple(shapes)) | fresh
        self.inside = gathered([inside(s, n.type) for s, n in zip(shapes, operands)])
        todo = list(zip(operands, shapes))
        while todo:
            node, shape = todo.pop()
            self.memo[node] = shape
            if is_list(node.type) and isinstance(shape, tuple) and is_primitive(node, "record"):
                todo += [(a, shape[1]) for a in node.args]  # type: ignore[attr-defined]
            elif isinstance(shape, tuple) and (is_primitive(node, "tuple") or is_primitive(node, "record")):
                todo += zip(node.args, shape)  # type: ignore[attr-defined]
            elif _is_view(node):
                todo.append((node.args[0], shape))  # type: ignore[attr-defined]  # a view of a view may be of this

    def of(self, node: Node) -> Shape:
        """The shape of a typed node."""
        if isinstance(node, Constant) or not holds_arrays(node.type):
            return NOTHING
        if node not in self.memo:
            self.memo[node] = self._made(node)
        return self.memo[node]

    def _made(self, node: Node) -> Shape:
        fn = node.fn.value if isinstance(node, Apply) and isinstance(node.fn, Constant) else None
        if not isinstance(fn, Primitive):
            return (self.all, self.all) if is_list(node.type) else self.all
        if fn.name == "load":
            return (frozenset([LOADED]),) * 2 if is_list(node.type) else frozenset([LOADED])
        if is_list(node.type) and fn.name == "record":
            return self.fresh, self.inside | gathered([flat(self.of(a)) for a in node.args])  # type: ignore[attr-defined]
        args = node.args  # type: ignore[attr-defined]
        match fn.name:
            case "tuple" | "record":
                return tuple(map(self.of, args))
            case "item":
                whole = self.of(args[0])
                if is_list(args[0].type):
                    return flat(whole[1]) if isinstance(whole, tuple) else whole
                return whole[args[1].value] if isinstance(whole, tuple) else whole
            case "select" | "switch":
                sides = [
                    a.value.output if isinstance(a, Constant) and isinstance(a.value, Graph) else a for a in args[1:]
                ]
                return joined(self.of(sides[0]), self.of(sides[1]))
            case "inject" | "project" | "box" | "unbox":
                return flat(self.of(args[0]))
        if fn.buffers == "shares":
            return self.of(args[0])
        return self.fresh if fn.buffers in ("new", "changes") else self.all


def _is_view(node: Node) -> bool:
    fn = node.fn.value if isinstance(node, Apply) and isinstance(node.fn, Constant) else None
    return isinstance(fn, Primitive) and fn.buffers == "shares" and isinstance(node.args[0].type, Array)  # type: ignore[attr-defined]
