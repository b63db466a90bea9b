"""Merge nests over the same elements into one.

    %1 = nest(@f, 'each', %a, %b)
    %2 = nest(@g, 'each;sum:1', %a, %1)      =>      %3 = nest(@fg, 'each;each;sum:1', %a, %b)

What a nest reads of another one is then a value in a register, what two of them compute is computed once, and of the
arrays between them only those exist that something else reads. Sums of cotangents, `add_arrays`, merge with the nests
that make their terms.

Nests merge where they certainly run over the same sizes (`_Spaces`), between the same two effects, and on one *level*:
the number of times that a path to a nest has left the nests it may merge with. A path between two nests of one level
consists of nests of that level, so merging them makes no circle. (Fusion of weighted loops as partitioning: Kennedy and
McKinley, *Maximizing Loop Parallelism and Improving Data Locality via Loop Fusion and Distribution*, 1993.)
"""

from __future__ import annotations

from tapeless.ir.abstract import Array, broadcast_dims
from tapeless.ir.builder import Builder, is_primitive, undef
from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.nests import is_flat, nest_parts
from tapeless.ir.nodes import Apply, Graph, Node
from tapeless.ir.scalars import machine_value, numpy_scalar
from tapeless.ir.traverse import Scopes, all_nodes, reachable
from tapeless.passes.callgraph import call_graph
from tapeless.passes.liveness import Liveness
from tapeless.passes.simplify import Env, Rebuild, element_of, outputs_of


def count_nests(root: Graph) -> int:
    """How many nests a program has."""
    return sum(is_primitive(n, "nest") for n in all_nodes(root))


def merge(root: Graph) -> Graph:
    """An equivalent program in which nests over the same elements are one; no derivative will be taken of it."""
    scopes = Scopes()
    return Merge(root, scopes, call_graph(root, scopes), Liveness(root)).program()


@dataclass(eq=False)
class Member:
    """A nest, or a sum of arrays, that may merge with others.

    flat    it runs over packed arrays, element by element
    place   what is the same of all that may merge: space, dimensions, the number of effects before, flat
    """

    node: Apply
    arrays: tuple[Node, ...]
    outputs: tuple[str, ...]
    dims: str
    flat: bool
    place: tuple[object, ...] = ()
    level: int = 0


@dataclass(eq=False)
class Group:
    """Nests that become one, in their order; `reads` is what they read of others."""

    members: list[Member]
    reads: list[Node] = field(default_factory=list)


class Merge(Rebuild):
    """A rebuild that emits merged nests."""

    def __init__(self, *program: object) -> None:
        super().__init__(*program)  # type: ignore[arg-type]
        self.last = True
        self.users: dict[Node, list[Apply | None]] = {}  # None: a graph returns it
        for n in all_nodes(self.root):
            for a in n.args:
                self.users.setdefault(a, []).append(n)
        for g in reachable(self.root):
            self.users.setdefault(g.output, []).append(None)

    def nodes(self, b: Builder, scopes: Scopes, nodes: list[Apply], env: Env) -> None:
        members = {n: m for n in nodes if (m := member_of(n))} if scopes is self.scopes else {}
        if len(members) < 2 or not any(is_primitive(n, "nest") for n in members):
            super().nodes(b, scopes, nodes, env)
            return
        done: set[Group] = set()
        groups, order = Grouping(nodes, members, scopes, self.users).run()
        for node in order:
            group = groups.get(node)
            if group is None:
                super().nodes(b, scopes, [node], env)
            elif group not in done:
                done.add(group)
                self.group(b, group, env)

    def group(self, b: Builder, group: Group, env: Env) -> None:
        """Emit some nests as one."""
        first = group.members[0].node
        b.span = first.span or b.span
        inner = b.nested("map", "map")
        inner.loop_outer = b
        arrays: list[Node] = []
        values: dict[Node, list[Node]] = {}
        for m in group.members:
            elements = [self.element(b, inner, a, values, arrays, env) for a in m.arrays]
            values[m.node] = self.results(inner, m, elements, env)
        own = {m.node for m in group.members}
        kept = [(m, k) for m in group.members for k in range(len(m.outputs)) if self.is_read(m, k, own)]
        made = outputs_of(b, inner, [values[m.node][k] for m, k in kept], [m.outputs[k] for m, k in kept], arrays)
        found = dict(zip(kept, made))
        for m in group.members:
            names = [m.node] if len(m.outputs) == 1 else self.users[m.node]
            env.update((n, found.get((m, source_of(n)[1])) or undef(n.type)) for n in names)  # type: ignore[union-attr, arg-type, misc]

    def element(
        self, b: Builder, inner: Builder, a: Node, values: dict[Node, list[Node]], arrays: list[Node], env: Env
    ) -> Node:
        """An element of an operand: what another nest of the group has for it, or that of an array."""
        source, k = source_of(a)
        return values[source][k] if source in values else element_of(inner, self.get(b, self.scopes, env, a), arrays)

    def results(self, inner: Builder, m: Member, elements: list[Node], env: Env) -> list[Node]:
        """What a member computes of an element of each operand."""
        if is_primitive(m.node, "add_arrays"):
            total = inner.apply("fadd", *(machine_value(inner, x) for x in elements))
            return [numpy_scalar(inner, total, m.node.type.element)]  # type: ignore[union-attr]
        parts = nest_parts(m.node)
        env.update(zip(parts.map.params, elements))
        self.nodes(inner, self.scopes, self.scopes.schedule(parts.map), env)
        return [self.get(inner, self.scopes, env, r) for r in parts.results]

    def is_read(self, m: Member, k: int, own: set[Apply]) -> bool:
        """Whether something outside the group reads an output."""
        return any(u is None or u not in own for u in outside_of(m, k, self.users))


def member_of(node: Apply) -> Member | None:
    """A nest or a sum of arrays."""
    if is_primitive(node, "add_arrays"):
        assert isinstance(node.type, Array)
        return Member(node, node.args, ("each",), node.type.dims, True)
    if not is_primitive(node, "nest"):
        return None
    parts = nest_parts(node)
    types = [a.type for a in parts.arrays]
    return Member(node, parts.arrays, parts.outputs, parts.dims, is_flat(parts, types))  # type: ignore[arg-type]


def source_of(array: Node) -> tuple[Node, int]:
    """What makes an array, and as which of its outputs."""
    if is_primitive(array, "item"):
        return array.args[0], array.args[1].value  # type: ignore[attr-defined]
    return array, 0


def outside_of(m: Member, k: int, users: dict[Node, list[Apply | None]]) -> list[Apply | None]:
    """What reads the k-th output of a nest."""
    if len(m.outputs) == 1:
        return users.get(m.node, [])
    items = [u for u in users.get(m.node, []) if u is not None and u.args[1].value == k]  # type: ignore[attr-defined]
    return [r for u in items for r in users.get(u, [])]


class Grouping:
    """Which of the applications of a graph become one nest, and an order in which all can be emitted.

    A nest with several outputs takes part if each use of it picks one of them (`item`).
    """

    def __init__(
        self,
        nodes: list[Apply],
        members: dict[Apply, Member],
        scopes: Scopes,
        users: dict[Node, list[Apply | None]],
    ) -> None:
        self.order, self.scopes, self.users = nodes, scopes, users
        self.members: dict[Node, Member] = {n: m for n, m in members.items() if len(m.outputs) == 1 or self._picked(n)}
        self.own = set(nodes)

    def _picked(self, node: Apply) -> bool:
        return all(u is not None and is_primitive(u, "item") for u in self.users.get(node, ()))

    def run(self) -> tuple[dict[Apply, Group], list[Apply]]:
        """The groups by their members, and the order."""
        self._place()
        self._levels()
        self._sink()
        groups: dict[Apply, Group] = {}
        for members in self._components():
            group = Group(members)
            nodes = {m.node for m in members}
            group.reads = [x for m in members for x in self.scopes.reads(m.node) if source_of(x)[0] not in nodes]
            groups.update((n, group) for n in nodes)
        return groups, self._sorted(groups) if groups else self.order

    def _place(self) -> None:
        spaces = _Spaces()
        for m in self.members.values():
            spaces.add(m)
        effects = set(self.order[0].graph.effects)
        before = 0
        for node in self.order:
            before += node in effects
            if node in self.members:
                m = self.members[node]
                m.place = (spaces.find(m.node), m.dims, before, m.flat)

    def _hands_on(self, array: Node, node: Node) -> bool:
        """Whether a nest reads of an array, made by another one, the element that it is at, and nothing else."""
        (source, k), m = source_of(array), self.members.get(node)
        made = self.members.get(source)
        if m is None or made is None or made.place != m.place or made.outputs[k] != "each":
            return False
        return array in m.arrays and array.type.dims == m.dims and array not in self.scopes.captured(m.node)  # type: ignore[union-attr]

    def _levels(self) -> None:
        levels: dict[Node, int] = {}
        for node in self.order:
            level = 0
            for x in self.scopes.reads(node):
                if x in self.own:
                    source = source_of(x)[0]
                    is_made = source in self.members and not is_primitive(node, "item")
                    level = max(level, levels[x] + (is_made and not self._hands_on(x, node)))
            levels[node] = level
            if node in self.members:
                self.members[node].level = level

    def _sink(self) -> None:
        """Let a nest wait for those that read it, where only they do."""
        for node in reversed(self.order):
            m = self.members.get(node)
            if m is None:
                continue
            reads: list[tuple[Node, Apply | None]] = [(node, u) for u in self.users.get(node, ())]
            if len(m.outputs) > 1:
                reads = [(i, u) for _, i in reads for u in self.users.get(i, ())]  # type: ignore[misc, arg-type]
            if reads and all(u is not None and self._hands_on(a, u) for a, u in reads):
                m.level = min(self.members[u].level for _, u in reads)  # type: ignore[index]

    def _components(self) -> list[list[Member]]:
        """Those of one place and level that share what they read, or of which one reads the other."""
        joined: dict[object, object] = {}

        def find(x: object) -> object:
            while joined.get(x, x) is not x:
                x = joined[x]
            return x

        for m in self.members.values():
            for a in m.arrays:
                source = source_of(a)[0]
                made = self.members.get(source)
                if made is not None and made.level == m.level and self._hands_on(a, m.node):
                    joined[find(m)] = find(made)
                elif is_primitive(m.node, "nest"):
                    joined[find(m)] = find((m.place, m.level, a))
        found: dict[object, list[Member]] = {}
        for m in self.members.values():
            found.setdefault(find(m), []).append(m)
        return [ms for ms in found.values() if len(ms) > 1 and any(is_primitive(m.node, "nest") for m in ms)]

    def _sorted(self, groups: dict[Apply, Group]) -> list[Apply]:
        """The order, with what a group reads before its first member."""
        out: dict[Apply, None] = {}
        for root in self.order:
            stack = [root]
            while stack:
                group = groups.get(stack[-1])
                reads = group.reads if group else self.scopes.reads(stack[-1])
                missing = [x for x in reads if x in self.own and x not in out]
                if missing:
                    stack += reversed(missing)  # type: ignore[arg-type]
                else:
                    out.update(dict.fromkeys([m.node for m in group.members] if group else [stack[-1]]))
                    stack.pop()
        return list(out)


class _Spaces:
    """Classes of arrays that certainly have the same sizes: those that a nest runs over without broadcasting them."""

    def __init__(self) -> None:
        self._up: dict[Node, Node] = {}

    def find(self, a: Node) -> Node:
        """What stands for the class of an array."""
        while self._up.get(a, a) is not a:
            a = self._up[a]
        return a

    def add(self, m: Member) -> None:
        """A member: its operands that have its dimensions have its sizes, as have its outputs `each`."""
        for a in m.arrays:
            if self._spans(a, m):
                self._up[self.find(a if not self._whole(a) else source_of(a)[0])] = self.find(m.node)

    def _whole(self, a: Node) -> bool:
        """Whether an array is an output of a nest that has an element of it for each of its own."""
        source, k = source_of(a)
        return is_primitive(source, "nest") and nest_parts(source).outputs[k] == "each"  # type: ignore[arg-type]

    def _spans(self, a: Node, m: Member) -> bool:
        assert isinstance(a.type, Array)
        if is_primitive(m.node, "add_arrays"):
            return True
        others = [x.type.dims.rjust(len(m.dims), "1") for x in m.arrays if x is not a]  # type: ignore[union-attr]
        return a.type.dims == m.dims == broadcast_dims([x.type for x in m.arrays]) and all(  # type: ignore[misc]
            d != "?" or all(o[axis] == "1" for o in others) for axis, d in enumerate(m.dims)
        )
