"""What a nest gives to be put into a window is written there, without an array between.

    %1 = nest(@f, 'each', %b)
    %2 = put_window(%a, %1, 1, 1)      =>      %2 = put_nest(%a, @f, 1, 1, %b)

The nest then runs where the array is changed; what it reads must not be this array, of which a copy would be made. A
nest that only copies a view is left out, also where it would be added to a window.
"""

from __future__ import annotations

from tapeless.ir.builder import is_primitive
from tapeless.ir.nests import nest_parts
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import REGISTRY, Primitive
from tapeless.ir.traverse import Scopes, all_nodes, inputs, reachable


def place(root: Graph) -> Graph:
    """The program itself, changed."""
    uses: dict[Node, int] = {}
    puts = []
    for n in all_nodes(root):
        for x in inputs(n):
            uses[x] = uses.get(x, 0) + 1
        if any(is_primitive(n, name) and is_primitive(n.args[1], "nest") for name in ("put_window", "add_window")):
            puts.append(n)
    for g in reachable(root):
        uses[g.output] = uses.get(g.output, 0) + 1
    scopes = Scopes()
    for put in puts:
        array, made, *bounds = put.args
        assert isinstance(made, Apply)
        parts = nest_parts(made)
        if parts.outputs != ("each",) or _origin(array) in map(_origin, (*parts.arrays, *scopes.captures(parts.map))):
            continue
        if parts.results == tuple(parts.map.params):  # it only copies
            put.args = (array, *parts.arrays, *bounds)
        elif is_primitive(put, "put_window") and uses[made] == 1 and made.graph is put.graph:
            put.fn = Constant(REGISTRY["put_nest"])
            put.args = (array, made.args[0], *bounds, *parts.arrays)
    return root


def _origin(node: Node) -> Node:
    """What an array was before changes to it, or what it is a view of."""
    while isinstance(node, Apply) and isinstance(node.fn, Constant) and isinstance(node.fn.value, Primitive):
        if node.fn.value.buffers not in ("shares", "changes"):
            break
        node = node.args[0]
    return node
