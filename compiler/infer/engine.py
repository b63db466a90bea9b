"""The fixed point: abstract interpretation of the whole program from the types of the arguments.

A function instance is analysed as a whole, nodes in the order of evaluation; branches that can run and loops (to their
own fixed point) are parts of it. A call asks for the callee's instance (`contexts`), analyses it if it is new, and
reads its result, NEVER as long as nothing is known. Who read a fact that grows is analysed again. What stands after a
node without value is not reached.
"""

from __future__ import annotations

from typing import Any

from tapeless.infer import calls
from tapeless.infer.contexts import Contexts
from tapeless.infer.domain import LISTS, NEVER, Arr, Clo, Loc, Never, Num, Oper, Rec, Tup, Value, constant, constants
from tapeless.infer.instances import Failure, Instance
from tapeless.infer.lattice import Lattice
from tapeless.infer.references import LIST, reference_tag
from tapeless.infer.typeops import TypeOps
from tapeless.ir.abstract import Array
from tapeless.ir.diagnostics import InferenceError
from tapeless.ir.nodes import UNDEF, Apply, Constant, Graph, Node
from tapeless.ir.primitive import UNKNOWN, Operator, Primitive
from tapeless.ir.traverse import Scopes

LIMIT = 1000
"""How many instances a program may need."""


class Engine:
    """One run of inference with fixed marks.

    static    (graph, position) of parameters keyed on their constant
    located   applications whose new arrays are locations, as they are changed under several names; and arguments
    views     applications that copy where NumPy gives a view: of which location, if of one, and whether it is writable
    """

    def __init__(
        self, scopes: Scopes, static: frozenset[tuple[Graph, int]], located: frozenset[Node] = frozenset()
    ) -> None:
        self.scopes, self.static, self.located = scopes, static, located
        self.lattice = Lattice(self.content_changed)
        self.content_readers: dict[int, dict[Instance, None]] = {}
        self.contexts = Contexts(self)
        self.targets: dict[Any, dict[str, Instance]] = {}
        self.pulls: list[tuple[Any, Value]] = []
        self.pull_numbers: dict[Any, int] = {}
        self.instances: list[Instance] = []
        self.work: dict[Instance, None] = {}
        self.current: list[Instance] = []
        self.visits = 0
        self.writes = False  # whether the program writes to arrays
        self.undecided: set[str] = set()  # parameters of the program that a failure wants to know
        self.memo: dict[Any, Value] = {}
        self.views: dict[tuple[Instance, Node], set[tuple[int | None, bool]]] = {}

    # -- running --------------------------------------------------------------------------------------------------
    def run(self, root: Graph, args: list[Value]) -> Instance:
        """Analyse the program from its root; returns the root's instance."""
        top = self.new_instance(root, None, None, args, None)
        self.current.append(top)
        top.args = [self.located_argument(top, p, a) if p in self.located else a for p, a in zip(root.params, args)]
        self.current.pop()
        self.work[top] = None
        while self.work:
            inst = self.work.popitem()[0]
            self.analyse(inst)
        return top

    def new_instance(
        self, graph: Graph, parent: Instance | None, owner: Instance | None, args: list[Value], site: Any
    ) -> Instance:
        inst = Instance(len(self.instances) + 1, graph, parent, owner, args, site)
        self.instances.append(inst)
        if len(self.instances) > LIMIT * 20:
            raise InferenceError(
                f"more than {LIMIT} specialisations are needed", graph.span, hint=self.describe_chain(inst)
            )
        return inst

    def describe_chain(self, inst: Instance) -> str:
        names: list[str] = []
        while inst.site is not None and len(names) < 5:
            names.append(inst.graph.name)
            inst = inst.site[0].owner
        return "the calls go on as " + " < ".join(names)

    def analyse(self, inst: Instance) -> None:
        """Compute a function instance anew; wake its readers if its result grew."""
        if inst.busy:
            self.work[inst] = None
            return
        self.work.pop(inst, None)
        inst.busy = inst.visited = True
        self.current.append(inst)
        result = self.lattice.join(inst.result, self.interpret(inst))
        self.current.pop()
        inst.busy = False
        if result != inst.result:
            inst.result = result
            self.wake(inst, None)

    def wake(self, inst: Instance, fact: Node | None) -> None:
        for reader in inst.readers.get(fact, ()):
            self.work[reader] = None

    def content_changed(self, site: int) -> None:
        for reader in self.content_readers.get(site, ()):
            self.work[reader] = None

    def read_content(self, site: int) -> None:
        """The instance that is being analysed depends on a box or location."""
        self.content_readers.setdefault(site, {})[self.current[-1]] = None
        self.content_readers.setdefault(self.lattice.find(site), {})[self.current[-1]] = None

    # -- one graph ------------------------------------------------------------------------------------------------
    def interpret(self, inst: Instance) -> Value:
        """Evaluate the nodes of a graph in order; its output's value, NEVER if it cannot get there."""
        graph = inst.graph
        effects = set(graph.effects)
        for p, a in zip(graph.params, inst.args):
            self.set(inst, p, a)
        for node in self.scopes.schedule(graph):
            self.visits += 1
            value = self.apply(inst, node)
            self.set(inst, node, value)
            if isinstance(value, Never) and node in effects:
                return NEVER
        return self.value(inst, graph.output)

    def set(self, inst: Instance, node: Node, value: Value) -> None:
        old = inst.values.get(node)
        if old is None:
            inst.values[node] = value
            changed = not isinstance(value, Never)
        else:
            new = self.lattice.join(old, value)
            changed = new != old
            inst.values[node] = new
        if changed and node in inst.readers:
            self.wake(inst, node)

    def value(self, inst: Instance, node: Node) -> Value:
        """What is known of a node, seen from an instance; a fact of another function is a dependency."""
        if isinstance(node, Constant):
            return self.constant(inst, node.value)
        found = inst.enclosing(node.graph)  # type: ignore[attr-defined]
        if found.owner is not self.current[-1]:
            found.readers.setdefault(node, {})[self.current[-1]] = None
        return found.values.get(node, NEVER)

    def constant(self, inst: Instance, value: Any) -> Value:
        match value:
            case Graph():
                return self.closure(inst, value)
            case Operator():
                return Oper(value)
            case Primitive():
                raise AssertionError(f"primitive {value} used as a value")
        return NEVER if value is UNDEF else constant(value)

    def closure(self, inst: Instance, graph: Graph) -> Value:
        owners = {v.graph for v in self.scopes.captures(graph)}  # type: ignore[attr-defined]
        parent: Instance | None = inst
        while parent is not None and parent.graph not in owners:
            parent = parent.parent
        return Clo(graph, parent)

    # -- one application ------------------------------------------------------------------------------------------
    def apply(self, inst: Instance, node: Apply) -> Value:
        inst.failures.pop(node, None)
        fn = node.fn
        if isinstance(fn, Constant):
            if isinstance(fn.value, Primitive):
                return getattr(self, "_" + fn.value.name)(inst, node)
            if isinstance(fn.value, Graph) and fn.value.kind == "loop":
                return self.loop(inst, node, fn.value, [self.value(inst, a) for a in node.args])
        f = self.value(inst, fn)
        args = [self.value(inst, a) for a in node.args]
        if isinstance(f, Never) or any(isinstance(a, Never) for a in args):
            return NEVER
        if isinstance(f, Oper) and isinstance(fn, Constant):
            value = TypeOps(self, inst, node).operate_call(f.operator, args, node.shape)
        else:
            value = calls.call(self, f, args, node.shape, (inst, node, ()))
        return self.located_array(inst, node, value) if node in self.located else value

    def located_array(self, inst: Instance, node: Any, value: Value) -> Value:
        """A new array or list (or an argument) that is changed under several names: a reference to a location."""
        if isinstance(value, Rec) and value.tag in LISTS:
            return self.reference(inst, node, value, LIST)
        if not isinstance(value, Arr):
            return value
        whole = Arr(Array(value.type.element, value.type.dims.replace("n", "?")))  # so that more of them may meet
        return self.reference(inst, node, whole, reference_tag(whole.type))

    def located_argument(self, inst: Instance, node: Node, value: Value, path: tuple[int, ...] = ()) -> Value:
        """An argument that is written to: each array in it is a reference to a location of its own."""
        match value:
            case Tup(items=items):
                return Tup(tuple(self.located_argument(inst, node, v, (*path, k)) for k, v in enumerate(items)))
            case Rec(tag=tag, items=items):
                items = tuple(self.located_argument(inst, node, v, (*path, k)) for k, v in enumerate(items))
                return Rec(tag, items)
        return self.located_array(inst, (node, *path), value)

    def reference(self, inst: Instance, node: Any, content: Value, tag: str) -> Value:
        """A reference to a location that holds something; `node` says where it was made."""
        site = self.lattice.site(inst, ("reference", node))
        self.read_content(site)
        self.lattice.store(site, content)
        return Rec(tag, (Loc(self.lattice.find(site)),), frozenset([site]))

    def ops(self, site: Any) -> TypeOps:
        """Operators as they run at a call site."""
        return TypeOps(self, site[0], site[1], site[2])

    def failure(self, kind: str, message: str, site: Any, hint: str = "") -> Failure:
        return Failure(kind, message, site[1].span, (), hint)

    def fail(
        self, inst: Instance, node: Apply, kind: str, message: str, origins: tuple[Node, ...] = (), hint: str = ""
    ) -> Value:
        inst.failures[node] = Failure(kind, message, node.span, origins, hint)
        return NEVER

    def _switch(self, inst: Instance, node: Apply) -> Value:
        condition, *branches = node.args
        c = self.value(inst, condition)
        if isinstance(c, Never):
            return NEVER
        out: Value = NEVER
        for taken, branch in zip((True, False), branches):
            if not (isinstance(c, Num) and c.const is not UNKNOWN and bool(c.const) != taken):
                assert isinstance(branch, Constant)
                out = self.lattice.join(out, self.branch(inst, branch.value))
        return out

    def branch(self, inst: Instance, graph: Graph) -> Value:
        if graph not in inst.branches:
            inst.branches[graph] = self.new_instance(graph, inst, inst.owner, [], None)
        return self.interpret(inst.branches[graph])

    def _tuple(self, inst: Instance, node: Apply) -> Value:
        return TypeOps(self, inst, node).tuple([self.value(inst, a) for a in node.args])

    def _item(self, inst: Instance, node: Apply) -> Value:
        t, k = (self.value(inst, a) for a in node.args)
        if isinstance(t, Never):
            return NEVER
        assert isinstance(k, Num)
        return TypeOps(self, inst, node).items(t)[k.const]

    def _check(self, inst: Instance, node: Apply) -> Value:
        ok = self.value(inst, node.args[0])
        if isinstance(ok, Never) or (isinstance(ok, Num) and ok.const is False):
            return NEVER
        return constant(None)

    def _cell(self, inst: Instance, node: Apply) -> Value:
        site = self.lattice.site(inst, node)
        self.read_content(site)
        self.lattice.store(site, self.value(inst, node.args[0]))
        return Loc(self.lattice.find(site))

    def _load(self, inst: Instance, node: Apply) -> Value:
        where = self.value(inst, node.args[0])
        if isinstance(where, Never):
            return NEVER
        assert isinstance(where, Loc)
        self.read_content(where.site)
        return self.lattice.content(where.site)

    def _store(self, inst: Instance, node: Apply) -> Value:
        where, new = (self.value(inst, a) for a in node.args)
        if isinstance(where, Never):
            return NEVER
        assert isinstance(where, Loc)
        if isinstance(new, Never) and not (isinstance(node.args[1], Constant)):
            return NEVER
        self.read_content(where.site)
        self.lattice.store(where.site, new)
        return constant(None)

    # -- loops ----------------------------------------------------------------------------------------------------
    def loop(self, inst: Instance, node: Apply, graph: Graph, args: list[Value]) -> Value:
        """A call of a loop graph: the entry, or from inside it the next iteration."""
        marks = [i for i in range(len(args)) if (graph, i) in self.static]
        static = tuple(constants(args[i]) for i in marks)
        outer: Instance | None = inst
        while outer is not None and outer.graph is not graph:
            outer = outer.parent
        if outer is not None and outer.static == static:
            self._join_args(outer, args)
            outer.looped = True
            return NEVER  # the back-edge: what the loop gives, it gives at its exit
        home = outer.parent if outer is not None else inst
        assert home is not None
        key = (node, static)
        if key not in inst.loops:
            inst.loops[key] = self.new_instance(graph, home, inst.owner, args, None)
            inst.loops[key].static = static
            inst.loops[key].site = (inst, node, ())
        head = inst.loops[key]
        self._join_args(head, args)
        while True:
            head.grown = False
            result = self.interpret(head)
            if not head.grown:
                return result

    def _join_args(self, inst: Instance, args: list[Value]) -> None:
        for i, a in enumerate(args):
            new = self.lattice.join(inst.args[i], a)
            if new != inst.args[i]:
                inst.args[i], inst.grown = new, True
