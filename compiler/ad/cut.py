"""The cheapest values to keep: a minimum vertex cut between what a forward pass has and what its backward pass needs.

A value that the backward pass needs is kept, or computed again from values that are. The values are vertices, with
their size in bytes as capacity; a cut separates those that cannot be computed again from those that are wanted.

Source: Moses and Churavy (2020), section 6; the flow is found by Dinic's algorithm.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tapeless.ir.nodes import Node

LARGE = 3000
"""With more vertices than this, all that is wanted is kept: the time stays linear."""

INFINITE = 1 << 60


def minimum_cut(
    wanted: Iterable[Node], inputs: Callable[[Node], list[Node] | None], size: Callable[[Node], int]
) -> set[Node]:
    """The nodes to keep. `inputs` gives what a node is computed again from, None where it cannot be."""
    targets = list(wanted)
    edges = _reachable(targets, inputs)
    kept = {n for n in targets if edges[n] is None}
    _drop_free(edges, kept)
    left = [n for n in targets if n in edges and n not in kept]
    if not left:
        return kept
    if len(edges) > LARGE:
        return kept | set(left)
    return kept | _flow_cut(left, edges, kept, size)


def _reachable(targets: list[Node], inputs: Callable[[Node], list[Node] | None]) -> dict[Node, list[Node] | None]:
    edges: dict[Node, list[Node] | None] = {}
    todo = list(targets)
    while todo:
        n = todo.pop()
        if n not in edges:
            edges[n] = found = inputs(n)
            todo += found or ()
    return edges


def _drop_free(edges: dict[Node, list[Node] | None], kept: set[Node]) -> None:
    """Remove what can be computed from nothing, or from what is kept anyway."""
    users: dict[Node, list[Node]] = {}
    missing: dict[Node, int] = {}
    for n, found in edges.items():
        missing[n] = len(found) if found is not None else -1
        for a in found or ():
            users.setdefault(a, []).append(n)
    todo = [n for n, count in missing.items() if count == 0] + list(kept)
    while todo:
        n = todo.pop()
        if n not in kept:
            del edges[n]
        for user in users.get(n, ()):
            missing[user] -= 1
            if missing[user] == 0:
                todo.append(user)


def _flow_cut(
    targets: list[Node], edges: dict[Node, list[Node] | None], kept: set[Node], size: Callable[[Node], int]
) -> set[Node]:
    nodes = [n for n in edges if n not in kept]
    number = {n: i for i, n in enumerate(nodes)}
    network = _Network(2 * len(nodes) + 2)
    source, sink = 2 * len(nodes), 2 * len(nodes) + 1
    for n, i in number.items():
        network.edge(2 * i, 2 * i + 1, size(n))
        found = edges[n]
        if found is None:
            network.edge(source, 2 * i, INFINITE)
        for a in found or ():
            if a in number:
                network.edge(2 * number[a] + 1, 2 * i, INFINITE)
    for n in targets:
        network.edge(2 * number[n] + 1, sink, INFINITE)
    network.saturate(source, sink)
    behind = network.reaching(sink)  # of the minimum cuts the one that leaves least to be computed again
    return {n for n, i in number.items() if 2 * i + 1 in behind and 2 * i not in behind}


class _Network:
    """A flow network: edges 2k and 2k+1 are each other's reverse."""

    def __init__(self, count: int) -> None:
        self.out: list[list[int]] = [[] for _ in range(count)]
        self.to: list[int] = []
        self.room: list[int] = []

    def edge(self, a: int, b: int, capacity: int) -> None:
        self.out[a].append(len(self.to))
        self.out[b].append(len(self.to) + 1)
        self.to += (b, a)
        self.room += (capacity, 0)

    def saturate(self, source: int, sink: int) -> None:
        """Send as much as possible."""
        while True:
            level = self._levels(source)
            if sink not in level:
                return
            tried = [0] * len(self.out)
            while self._augment(source, sink, level, tried):
                pass

    def _levels(self, source: int) -> dict[int, int]:
        level = {source: 0}
        queue = [source]
        for v in queue:
            for e in self.out[v]:
                if self.room[e] and self.to[e] not in level:
                    level[self.to[e]] = level[v] + 1
                    queue.append(self.to[e])
        return level

    def _augment(self, source: int, sink: int, level: dict[int, int], tried: list[int]) -> bool:
        """One path from source to sink along rising levels."""
        path: list[int] = []
        v = source
        while v != sink:
            while tried[v] < len(self.out[v]):
                e = self.out[v][tried[v]]
                if self.room[e] and level.get(self.to[e]) == level[v] + 1:
                    break
                tried[v] += 1
            else:
                if not path:
                    return False
                e = path.pop()
                v = self.to[e ^ 1]
                tried[v] += 1
                continue
            path.append(e)
            v = self.to[e]
        amount = min(self.room[e] for e in path)
        for e in path:
            self.room[e] -= amount
            self.room[e ^ 1] += amount
        return True

    def reaching(self, sink: int) -> set[int]:
        """The vertices from which more could reach the sink."""
        found = {sink}
        todo = [sink]
        while todo:
            v = todo.pop()
            for e in self.out[v]:
                if self.room[e ^ 1] and self.to[e] not in found:
                    found.add(self.to[e])
                    todo.append(self.to[e])
        return found
