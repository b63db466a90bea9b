"""The invariants of the IR, stage by stage.

In: the root of a program and the stage that it should be at. Out: nothing, or an `InternalError` that names the
invariant that broke and the node or graph where it did. The tables of ARCHITECTURE.md say what the stages are; the
types of applications of primitives are in `tapeless.ir.typecheck`.

Linear in the size of the program, and without recursion over nodes or graphs.
"""

from __future__ import annotations

from typing import NoReturn

from tapeless.ir.abstract import Str, Type
from tapeless.ir.clone import used_nodes
from tapeless.ir.diagnostics import InternalError, Span
from tapeless.ir.nodes import UNDEF, Apply, Constant, Graph, Node, Parameter, graph_of
from tapeless.ir.primitive import Operator, Primitive
from tapeless.ir.primitives.structure import DERIVATIVES
from tapeless.ir.printer import literal_type
from tapeless.ir.stage import Stage
from tapeless.ir.traverse import Scopes, inputs, reachable
from tapeless.ir.typecheck import ABSTRACT_SCALARS, Types, Wrong


def verify(root: Graph, stage: Stage) -> None:
    """Check every invariant of a stage; InternalError at the first that does not hold."""
    _Verifier(root, stage).run()


class _Verifier:
    def __init__(self, root: Graph, stage: Stage) -> None:
        self.stage = stage
        self.graphs = reachable(root)
        self.known = set(self.graphs)
        self.scopes = Scopes()
        self.types = Types()
        self.spans: dict[Graph, tuple[int, int]] = {}  # of each graph, an interval inside that of its parent
        self.homes: dict[Graph, Graph] = {}  # the function around each graph

    def run(self) -> None:
        self.nesting()
        for g in self.graphs:
            self.graph(g)
        self.inputs()
        for g in self.graphs:  # the order of evaluation makes sense only when every scope does
            nodes = self.schedule(g)
            self.effects(g, nodes)
            if g.kind == "loop":
                self.loop(g)
            for node in nodes:
                self.mentions(node)
            if self.stage >= Stage.TYPED:
                self.typed(g, nodes)

    def fail(self, invariant: str, detail: str, span: Span | None = None) -> NoReturn:
        raise InternalError(f"verify: {invariant} at stage {self.stage.name}: {detail}", span)

    # -- scope ----------------------------------------------------------------------------------------------------
    def nesting(self) -> None:
        """Parents exist and enclose; number the graphs so that `encloses` takes constant time."""
        nested: dict[Graph | None, list[Graph]] = {}
        for g in self.graphs:
            if g.kind not in ("function", "branch", "loop", "map"):
                self.fail("kind", f"{g} is a {g.kind!r}")
            if g.parent is not None and g.parent not in self.known:
                self.fail("scope", f"{g} is nested in {g.parent}, which the program does not mention", g.span)
            nested.setdefault(g.parent, []).append(g)
        stack = [(g, False) for g in nested.get(None, [])]
        clock = 0
        while stack:
            g, leaving = stack.pop()
            clock += 1
            if leaving:
                self.spans[g] = (self.spans[g][0], clock)
                continue
            self.spans[g] = (clock, clock)
            self.homes[g] = g if g.kind == "function" or g.parent is None else self.homes[g.parent]
            stack.append((g, True))
            stack += [(h, False) for h in nested.get(g, [])]
        for g in self.graphs:
            if g not in self.spans:
                self.fail("scope", f"{g} is nested in itself", g.span)

    def encloses(self, outer: Graph, inner: Graph) -> bool:
        return self.spans[outer][0] <= self.spans[inner][0] <= self.spans[outer][1]

    def graph(self, g: Graph) -> None:
        """What one graph says about itself."""
        if g.kind == "branch" and g.params:
            self.fail("branch", f"{g} is a branch and has parameters", g.span)
        if self.stage >= Stage.TYPED and g.kind == "function" and g.parent is not None:
            self.fail("closed", f"the function {g} is nested in {g.parent}", g.span)
        for p in g.params:
            if p.graph is not g:
                self.fail("scope", f"{g} has the parameter {p} of {p.graph}", p.span)
        for i, node in g.defaults.items():
            if not 0 <= i < len(g.params):
                self.fail("defaults", f"{g} has a default for parameter {i} of {len(g.params)}", g.span)
            self.visible(node, g.parent, f"a default of {g}")
        self.visible(g.output, g, f"the output of {g}")
        for e in g.effects:
            if e.graph is not g:
                self.fail("effects", f"{g} lists `{_shown(e)}`, which {e.graph} owns", e.span)

    def inputs(self) -> None:
        """The scope of all that applications use, wherever they are used themselves."""
        for node in used_nodes(self.graphs):
            for n in inputs(node):
                assert isinstance(node, Apply)
                self.visible(n, node.graph, f"an input of `{_shown(node)}`, an application in {node.graph},")

    def visible(self, node: Node, user: Graph | None, what: str) -> None:
        """The owner of a node that is used encloses the user, and so does the parent of a graph that is mentioned."""
        owner = graph_of(node)
        if isinstance(node, Constant) and isinstance(node.value, Graph):
            owner = node.value.parent
        if owner is None:
            return
        if owner not in self.known or user not in self.known or not self.encloses(owner, user):
            self.fail("scope", f"{what} is `{_shown(node)}` of {owner}, which does not enclose it", node.span)
        if self.stage >= Stage.TYPED and self.homes[owner] is not self.homes[user]:
            self.fail("closed", f"{what} is a free variable of the function {self.homes[user]}", node.span)
        if isinstance(node, Parameter) and not any(p is node for p in owner.params):
            self.fail("scope", f"{what} is {node}, which is no longer a parameter of {owner}", node.span)

    # -- order and effects ----------------------------------------------------------------------------------------
    def schedule(self, g: Graph) -> list[Apply]:
        """The order of evaluation, in which inputs come first and effects come in their order."""
        nodes = self.scopes.schedule(g)
        place: dict[Node, int] = {node: i for i, node in enumerate(nodes)}
        for i, node in enumerate(nodes):
            for n in inputs(node):
                needed = [n]
                if isinstance(n, Constant) and isinstance(n.value, Graph):
                    is_closure = n.value.kind == "function"
                    needed = [] if is_closure else self.scopes.captures(n.value)
                for m in needed:
                    if place.get(m, -1) >= i:
                        self.fail("schedule", f"`{_shown(node)}` in {g} needs `{_shown(m)}`, which needs it", node.span)
        last = -1
        for e in g.effects:
            if place[e] == last:
                self.fail("effects", f"{g} lists `{_shown(e)}` twice", e.span)
            if place[e] < last:
                again = g.effects.count(e) > 1
                broken = "effects" if again else "schedule"
                text = "is listed twice" if again else "is needed by an effect before it"
                self.fail(broken, f"`{_shown(e)}` {text} in {g}", e.span)
            last = place[e]
        return nodes

    def effects(self, g: Graph, nodes: list[Apply]) -> None:
        listed = set(g.effects)
        for node in nodes:
            must, may = self.effectful(node)
            if must and node not in listed:
                self.fail("effects", f"`{_shown(node)}` has an effect, which {g} does not list", node.span)
            if node in listed and not may:
                self.fail("effects", f"{g} lists `{_shown(node)}`, which has no effect", node.span)

    def effectful(self, node: Apply) -> tuple[bool, bool]:
        """Whether an application must stand in the effects of its graph, and whether it may."""
        fn = node.fn.value if isinstance(node.fn, Constant) else None
        match fn:
            case Primitive(name="switch"):
                has = any(g.effects for g in map(_graph, node.args[1:]) if g is not None)
                return has, has
            case Primitive(name=name) if name in DERIVATIVES:
                return False, True
            case Primitive(effect=effect):
                return effect, effect
            case Operator():
                return False, True
            case Graph(total=True):
                return False, bool(fn.effects)
            case Graph():
                is_call = self.stage == Stage.SOURCE and fn.kind == "function"
                return is_call or bool(fn.effects), is_call or bool(fn.effects) or not fn.finite
        return True, True

    # -- form -----------------------------------------------------------------------------------------------------
    def mentions(self, node: Apply) -> None:
        """Branches are arguments of `switch`, loops are called, nothing else is done with them."""
        fn = node.fn.value if isinstance(node.fn, Constant) else None
        is_switch = isinstance(fn, Primitive) and fn.name == "switch"
        if is_switch and (len(node.args) != 3 or any(_graph(a) is None for a in node.args[1:])):
            self.fail("switch", f"`{_shown(node)}` is not a choice of two branches", node.span)
        if self.stage >= Stage.TYPED:
            self.callee(node)
        for i, n in enumerate(inputs(node)):
            g = _graph(n)
            if g is None:
                continue
            if (g.kind == "branch") != (is_switch and i >= 2):
                self.fail("branch", f"`{_shown(node)}` uses {g}, a {g.kind}, wrongly", node.span)
            place = {"nest": 1, "put_nest": 2}.get(fn.name) if isinstance(fn, Primitive) else None
            if (g.kind == "map") != (i == place):
                self.fail("nest", f"`{_shown(node)}` uses {g}, a {g.kind}, wrongly", node.span)
            if g.kind == "loop" and i != 0:
                self.fail("loop", f"`{_shown(node)}` uses the loop {g} without calling it", node.span)
            derived = isinstance(fn, Primitive) and fn.name in DERIVATIVES and i == 1
            if self.stage >= Stage.TYPED and g.kind == "function" and i != 0 and not derived:
                self.fail("closed", f"`{_shown(node)}` uses the function {g} as a value", node.span)
            if g.kind == "loop" and self.encloses(g, node.graph) and not _is_step_of(g, node):
                self.fail("loop", f"{g} calls itself other than at the end of its step", node.span)

    def callee(self, node: Apply) -> None:
        fn = node.fn.value if isinstance(node.fn, Constant) else None
        if not isinstance(fn, (Primitive, Graph)):
            self.fail("call", f"`{_shown(node)}` applies neither a primitive nor a graph", node.span)
        if node.shape.keywords or node.shape.starred:
            self.fail("call", f"`{_shown(node)}` has keyword or starred arguments", node.span)
        if self.stage >= Stage.PLAIN and isinstance(fn, Primitive) and fn.name in DERIVATIVES:
            self.fail("derivatives", f"`{_shown(node)}` is left", node.span)

    def loop(self, g: Graph) -> None:
        """The output is switch(c, @step, @exit); step's output is the next call, exit's is the tuple of the state."""
        out = g.output
        if not isinstance(out, Apply) or out.graph is not g or not _applies(out, "switch"):
            self.fail("loop", f"the output of {g} is not its own switch", g.span)
        branches = [_graph(a) for a in out.args[1:]]
        if len(branches) != 2 or any(b is None or b.kind != "branch" or b.parent is not g for b in branches):
            self.fail("loop", f"{g} does not choose between two branches of its own", g.span)
        step, leave = branches
        assert step is not None and leave is not None
        if not _is_step_of(g, step.output):
            self.fail("loop", f"the step {step} of {g} does not end in the next iteration", g.span)
        if len(step.output.args) != len(g.params):  # type: ignore[attr-defined]
            self.fail("loop", f"the step {step} of {g} gives another number of values than the state has", g.span)
        end = leave.output
        if not (isinstance(end, Apply) and end.graph is leave and _applies(end, "tuple")):
            self.fail("loop", f"the exit {leave} of {g} does not end in the tuple of its state", g.span)
        if len(end.args) != len(g.params) or any(a is not p for a, p in zip(end.args, g.params)):
            self.fail("loop", f"the exit {leave} of {g} does not give the state as it is", g.span)
        for owner, last in ((g, out), (step, step.output)):
            if last in owner.effects and owner.effects[-1] is not last:
                self.fail("loop", f"{owner} has an effect after the choice or iteration that it ends in", g.span)

    # -- types ----------------------------------------------------------------------------------------------------
    def typed(self, g: Graph, nodes: list[Apply]) -> None:
        for node in (*g.params, g.output, *nodes):
            self.has_type(node, g)
        for node in nodes:
            for a in node.args:
                if _graph(a) is None:
                    self.has_type(a, g)
            try:
                self.types.apply(node)
            except Wrong as wrong:
                self.fail("types", f"`{_shown(node)}` in {g}: {wrong}", node.span)

    def has_type(self, node: Node, g: Graph) -> None:
        """A node has a type; a constant is one of its values."""
        t: Type | None = node.type
        if t is None:
            self.fail("types", f"`{_shown(node)}` in {g} has no type", node.span)
        if self.stage >= Stage.PLAIN and (pullback := self.types.unresolved(t)):
            self.fail("types", f"`{_shown(node)}` in {g} has {pullback}, which nothing has filled in", node.span)
        if isinstance(node, Constant) and node.value is not UNDEF:
            own = literal_type(node.value)
            if own is None or (t != own and (isinstance(own, Str) or ABSTRACT_SCALARS.get(t) != own)):
                self.fail("types", f"the constant {node} in {g} is no {t}", node.span)


def _shown(node: Node) -> str:
    """A node in one line, without what its inputs are made of."""
    if not isinstance(node, Apply):
        return repr(node)
    fn, *args = ["(...)" if isinstance(n, Apply) else repr(n) for n in inputs(node)]
    return f"{fn}({', '.join(args)})"


def _graph(node: Node) -> Graph | None:
    return node.value if isinstance(node, Constant) and isinstance(node.value, Graph) else None


def _applies(node: Apply, name: str) -> bool:
    """Whether a node applies the primitive or, before TYPED, the operator of this name."""
    return isinstance(node.fn, Constant) and getattr(node.fn.value, "name", None) == name and _graph(node.fn) is None


def _is_step_of(loop: Graph, node: Node) -> bool:
    """Whether a node is the call at the end of the loop's step."""
    if not isinstance(node, Apply) or _graph(node.fn) is not loop:
        return False
    switch = loop.output
    step = _graph(switch.args[1]) if isinstance(switch, Apply) and len(switch.args) == 3 else None
    return step is not None and step is node.graph and step.output is node
