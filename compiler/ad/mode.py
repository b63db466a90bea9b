"""Which way a gradient is taken: the cost model of `mode="auto"`.

Reverse mode costs a small multiple of the primal however many inputs there are, but what runs many times (a loop, a
recursion) writes what its backward pass needs to memory and reads it back. Forward mode keeps everything in registers
and costs a multiple of the primal that grows with the number of floats it is by, which vector units share. So

    forward   where loops or recursion are differentiated, by at most MANY floats
    reverse   else

Griewank and Walther (2008), chapter 3, bound the costs; hand-written C of both modes in `benchmarks/` is the measure.
"""

from __future__ import annotations

from tapeless.ir.abstract import Array, Record, Tuple, Type, is_real
from tapeless.ir.nodes import Graph
from tapeless.ir.traverse import Scopes, all_nodes, mentioned, reachable

MANY = 4
"""By more floats than this, loops and recursion are differentiated in reverse."""


def choose(g: Graph, mask: str, wanted: str, scopes: Scopes) -> str:
    """The mode of the gradient of a graph by the parameters that have a 1 in the mask."""
    if wanted != "auto":
        return wanted
    few = directions(g, mask) <= MANY and not has_arrays(g)
    return "forward" if few and repeats(g, scopes) else "reverse"


def directions(g: Graph, mask: str) -> int:
    """How many floats a gradient is by."""
    return sum(_floats(p.type) for p, bit in zip(g.params, mask) if bit == "1")


def _floats(type: Type | None) -> int:
    if isinstance(type, (Tuple, Record)):
        return sum(map(_floats, type.items))
    if isinstance(type, Array):
        return MANY + 1
    return 1 if is_real(type) else 0


def has_arrays(g: Graph) -> bool:
    """Whether a program computes with arrays, which forward mode and Taylor series do not go through."""
    return any(isinstance(n.type, Array) for h in reachable(g) for n in h.params) or any(
        isinstance(n.type, Array) for n in all_nodes(g)
    )


def repeats(g: Graph, scopes: Scopes) -> bool:
    """Whether a program has a loop or a recursion: a graph that is mentioned, also indirectly, by itself."""
    todo: list[tuple[Graph, bool]] = [(g, True)]
    open_: set[Graph] = set()
    done: set[Graph] = set()
    while todo:
        h, enter = todo.pop()
        if not enter:
            open_.discard(h)
            done.add(h)
        elif h in open_:
            return True
        elif h not in done:
            open_.add(h)
            todo.append((h, False))
            todo += [(n, True) for n in mentioned(h, scopes)]
    return False
