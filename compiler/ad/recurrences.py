"""Recurrences through arrays: y[i] = f(y[i - 1], x...), written in a loop that reads what it wrote before.

The cotangent of y[i] is added to that of y[i - 1] in memory, so iterations wait for each other through it. The partial
derivatives of f are made first, and multiplied by the cotangent last: the chain from one iteration to the next is one
multiplication and one addition (pre-accumulation of local derivatives: Griewank and Walther, *Evaluating Derivatives*,
section 10.2), as in a loop that carries one float (`reverse_loop.py`).
"""

from __future__ import annotations

from tapeless.ir.abstract import FLOAT, Array, Scalar
from tapeless.ir.builder import is_primitive, primitive_of
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import REGISTRY
from tapeless.ir.traverse import Scopes, inputs


def recurrences(nodes: list[Apply], nexts: tuple[Node, ...], scopes: Scopes) -> dict[Apply, list[Apply]]:
    """Of the nodes of a loop, the writes that continue one: each with what computes f, in order."""
    puts = [n for n in nodes if is_primitive(n, "put") and n.args[1] in set(nodes)]
    if not puts:
        return {}
    readers: dict[Node, list[Node | None]] = {n: [None] for n in nexts}
    for node in nodes:
        for a in inputs(node):
            if isinstance(a, Constant) and isinstance(a.value, Graph):
                for v in scopes.captures(a.value):
                    readers.setdefault(v, []).append(None)
            else:
                readers.setdefault(a, []).append(node)
    return {put: cone for put in puts if (cone := _cone(put, nodes, readers))}


def _cone(put: Apply, nodes: list[Apply], readers: dict[Node, list[Node | None]]) -> list[Apply]:
    """What computes the value of a write and nothing else; empty where that reads no element of the same array."""
    own, cone, leaves = set(nodes), set(), set()
    value = put.args[1]
    if readers[value] != [put]:
        return []
    todo = [value]
    while todo:
        node = todo.pop()
        if node in cone:
            continue
        if node is not value and not all(r in cone for r in readers[node]):
            leaves.add(node)  # it may be read by more of the cone: it is asked again then
            continue
        leaves.discard(node)
        if not isinstance(node, Apply) or node not in own or not _smooth(node):
            leaves.add(node)
            continue
        cone.add(node)
        todo += [a for a in node.args if not isinstance(a, Constant)]
    home = _base(put.args[0])
    recurs = any(is_primitive(x, "element") and _base(x.args[0]) is home for x in leaves)  # type: ignore[attr-defined]
    return [n for n in nodes if n in cone] if recurs else []


def _smooth(node: Apply) -> bool:
    """Whether an application is a float with partial derivatives that a cotangent of zero may meet."""
    prim = primitive_of(node)
    is_float = node.type == FLOAT or (isinstance(node.type, Scalar) and prim in _SCALARS)
    return is_float and prim is not None and prim.partials is not None and not prim.singular


_SCALARS = (REGISTRY["to_f64"],)


def _base(array: Node) -> Node:
    """What an array was, before it was changed."""
    while isinstance(array, Apply) and isinstance(array.type, Array):
        prim = primitive_of(array)
        if prim is None or prim.buffers != "changes":
            break
        array = array.args[0]
    return array
