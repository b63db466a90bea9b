"""The entry to inference, and constants that decide types, which are found by failing.

Inference first runs with all numeric parameters generalised. Where a failure needs a constant (a tuple index) or is a
type that grows without end, the slice back from the index, or from the tests that control the way to the failure, names
parameters; if all that it consists of was entered with constants, these parameters are marked static (instances are
keyed on their constants, loops over them unroll) and inference starts again. Marks only grow, so this ends. Where the
slice ends at numbers from outside, the error tells which, and `table.py` reads the program again with these as
constants.
"""

from __future__ import annotations

from tapeless.infer.domain import DYNAMIC, Arr, Never, Num, Rec, Value, has_unknown
from tapeless.infer.engine import Engine
from tapeless.infer.instances import Failure, Instance, Site
from tapeless.infer.references import is_reference
from tapeless.ir.diagnostics import DifferentiationError, InferenceError, Note, TapelessError
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter
from tapeless.ir.primitive import REGISTRY, UNKNOWN, Operator, Primitive
from tapeless.ir.traverse import Scopes

Marks = frozenset[tuple[Graph, int]]
FROM_OUTSIDE = "what the compiled function is called with is known only when it runs: fix it, as in `lambda x: f(x, 1)`"


def infer(root: Graph, args: list[Value], located: frozenset[Node] = frozenset()) -> tuple[Engine, Instance]:
    """Run to a fixed point without failures; raises InferenceError or DifferentiationError at the user's line.

    `located` are the applications and arguments whose arrays are locations (`aliases.py`).
    """
    scopes = Scopes()
    static: Marks = frozenset()
    while True:
        engine = Engine(scopes, static, located)
        top = engine.run(root, args)
        failures = [(i, n, f) for i in live(engine, top) for n, f in i.failures.items()]
        if not failures:
            return engine, top
        new = set[tuple[Graph, int]]()
        for inst, node, failure in failures:
            if failure.kind in ("static", "growth"):
                new |= _demand(engine, inst, node, failure)
        if new <= static:
            raise _error(failures, frozenset(engine.undecided))
        static |= new


def live(engine: Engine, top: Instance) -> list[Instance]:
    """The instances that the program can reach at the fixed point, with their branches and loops."""
    by_owner: dict[Instance, list[Instance]] = {}
    for (inst, _node, _path), targets in engine.targets.items():
        by_owner.setdefault(inst.owner, []).extend(targets.values())
    found: dict[Instance, None] = {}
    todo = [top]
    while todo:
        inst = todo.pop()
        if inst in found:
            continue
        found[inst] = None
        todo += [*inst.branches.values(), *inst.loops.values()]
        if inst.owner is inst:
            todo += by_owner.get(inst, [])
    return list(found)


def _demand(engine: Engine, inst: Instance, node: Node, failure: Failure) -> set[tuple[Graph, int]]:
    """The parameters whose constants would decide."""
    out: set[tuple[Graph, int]] = set()

    def back(at: Instance, n: Node) -> None:
        marks: set[tuple[Graph, int]] = set()
        if _decidable(engine, at, n, marks, set()):
            out.update(marks)

    for origin in failure.origins:
        back(inst, origin)
    if failure.kind == "growth" or (failure.origins and not out):
        at: Instance | None = inst
        seen: set[Instance] = set()
        while at is not None and at not in seen:
            seen.add(at)
            for test_inst, test in _controlling(at):
                back(test_inst, test)
            at = at.parent if at.owner is not at else (at.site[0] if at.site else None)
    return out


def _controlling(inst: Instance) -> list[tuple[Instance, Node]]:
    """The conditions that decide whether an instance runs (for a loop: whether it goes on)."""
    out: list[tuple[Instance, Node]] = []
    if inst.graph.kind == "loop":
        output = inst.graph.output
        if isinstance(output, Apply):
            out.append((inst, output.args[0]))
    if inst.graph.kind == "branch" and inst.parent is not None:
        parent = inst.parent
        for node in parent.values:
            if isinstance(node, Apply) and _is_switch(node) and any(_mentions(a, inst.graph) for a in node.args[1:]):
                out.append((parent, node.args[0]))
    return out


def _is_switch(node: Apply) -> bool:
    return isinstance(node.fn, Constant) and isinstance(node.fn.value, Primitive) and node.fn.value.name == "switch"


def _mentions(node: Node, graph: Graph) -> bool:
    return isinstance(node, Constant) and node.value is graph


def _decidable(engine: Engine, inst: Instance, node: Node, marks: set[tuple[Graph, int]], seen: set[Node]) -> bool:
    """Whether a node would be known if the parameters gathered in `marks` were keyed on their constants."""
    if isinstance(node, Constant):
        return True
    inst = inst.enclosing(node.graph)  # type: ignore[attr-defined]
    value = inst.values.get(node)
    if value is None or (isinstance(value, Num) and value.kind == "float") or _has_sizes(value):
        return False
    if (isinstance(value, Num) and value.const is not UNKNOWN) or node in seen:
        return True
    seen.add(node)
    if isinstance(node, Apply):
        if _is_switch(node):
            branches = [a.value for a in node.args[1:] if isinstance(a, Constant)]
            return _decidable(engine, inst, node.args[0], marks, seen) and all(
                b not in inst.branches or _decidable(engine, inst.branches[b], b.output, marks, seen) for b in branches
            )
        nodes = [a for a in node.args if not isinstance(a, Constant)]
        return all(_decidable(engine, inst, a, marks, seen) for a in nodes)
    assert isinstance(node, Parameter)
    unknown = has_unknown(value)
    if unknown or inst.graph.kind == "loop":
        position = inst.graph.params.index(node)
        if unknown:
            marks.add((inst.graph, position))
            if not has_unknown(inst.entry[position]):
                return True
        if inst.site is None:
            engine.undecided.add(node.name)
            return False
        given = _given(inst, inst.site, position)
        return given is not None and all(_decidable(engine, given[0], n, marks, seen) for n in given[1])
    return not isinstance(value, Never)


def _given(inst: Instance, site: Site, position: int) -> tuple[Instance, tuple[Node, ...]] | None:
    """What a call gives for a parameter, seen from an instance: an argument, all that are packed, or the default."""
    graph, (caller, call, path) = inst.graph, site
    args = _arguments(call)
    if args is None or not {step for step in path if type(step) is str} <= {"primal", "jvp", "vjp"}:
        return None
    positional, fixed = len(args) - len(call.shape.keywords), len(graph.params) - graph.keyword_only
    if graph.variadic and position == fixed - 1:
        return caller, args[position:positional]
    if position < min(positional, fixed):
        return caller, (args[position],)
    name = graph.params[position].name
    if name in call.shape.keywords:
        return caller, (args[positional + call.shape.keywords.index(name)],)
    default = graph.defaults.get(position)
    return None if default is None else (inst.parent or caller, (default,))


def _arguments(call: Apply) -> tuple[Node, ...] | None:
    """What a call gives to the function that it is of; None where that is not written there."""
    if call.shape.starred:
        return None
    if not isinstance(call.fn, Constant) or not isinstance(call.fn.value, Operator):
        return call.args
    match call.fn.value.name, call.args:
        case "vjp", (_, *args):
            return tuple(args)
        case "jvp", (_, Apply(fn=Constant(value=primitive), args=args), _) if primitive is REGISTRY["tuple"]:
            return args
    return None


def _has_sizes(value: Value) -> bool:
    """Whether numbers that are read from a value are its sizes or elements, which no constants decide."""
    return isinstance(value, Arr) or (isinstance(value, Rec) and (value.tag == DYNAMIC or is_reference(value.tag)))


def _error(failures: list[tuple[Instance, Node, Failure]], undecided: frozenset[str]) -> TapelessError:
    """The failure to report: growth causes the others; else the first one."""
    order = {"growth": 0, "static": 1, "derivative": 2, "type": 3}
    inst, _, f = min(failures, key=lambda x: order[x[2].kind])
    notes = []
    call = inst.owner.site
    if call is not None and call[0].owner.site is not None and call[1].span is not None:
        notes.append(Note(f"in {inst.owner.graph.name}, called here", call[1].span))
    if f.kind == "derivative":
        return DifferentiationError(f.message, f.span, tuple(notes), f.hint)
    hint = FROM_OUTSIDE if f.kind == "static" and undecided else f.hint
    error = InferenceError(f.message, f.span, tuple(notes), hint)
    error.undecided = undecided
    return error
