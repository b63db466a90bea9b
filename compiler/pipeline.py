"""The passes in their order, and the stages that they lead to.

parse   SOURCE graphs from the frontend
infer   TYPED graphs
opt     simplified, locations promoted
grad    derivatives expanded (PLAIN), as AD made them
lower   simplified again: what the backend gets
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator

from tapeless.ad.expand import expand, has_derivatives
from tapeless.defects import naming
from tapeless.infer.domain import Value
from tapeless.infer.elaborate import Elaborator
from tapeless.infer.statics import infer
from tapeless.ir.abstract import Box, Pullback, Record, Tuple, Type, Union
from tapeless.ir.dataclass import dataclass
from tapeless.ir.diagnostics import InferenceError
from tapeless.ir.lists import List
from tapeless.ir.nodes import Constant, Graph, Node
from tapeless.ir.stage import Stage
from tapeless.ir.traverse import all_nodes
from tapeless.passes.carry import carry
from tapeless.passes.merge import count_nests, merge
from tapeless.passes.placing import place
from tapeless.passes.promote import has_locations, promote
from tapeless.passes.simplify import finish, simplify

STAGES = ("parse", "infer", "opt", "grad", "lower")


@dataclass(frozen=True)
class Pass:
    """A function from a program to a program; `needs` and `gives` are the stages of the verifier."""

    name: str
    doc: str
    needs: Stage
    gives: Stage
    run: Callable[[Graph], Graph]


def optimize(root: Graph) -> Graph:
    """Promote locations, simplify; where locations are left, inlining may have made them traceable: once more."""
    root = run("simplify", run("promote", root))
    return run("simplify", run("promote", root)) if has_locations(root) else root


def expand_all(root: Graph) -> Graph:
    """Expand all derivatives."""
    return expand(root, optimize) if has_derivatives(root) else root


PASSES = {
    p.name: p
    for p in (
        Pass("simplify", "fold, share, inline, scalarize, drop", Stage.TYPED, Stage.TYPED, simplify),
        Pass(
            "finish",
            "simplify for the last time: invariants leave loops and recursions",
            Stage.PLAIN,
            Stage.PLAIN,
            finish,
        ),
        Pass("carry", "what the next iteration reads of an array is a variable", Stage.PLAIN, Stage.PLAIN, carry),
        Pass("merge", "nests over the same elements become one", Stage.PLAIN, Stage.PLAIN, merge),
        Pass("place", "what a nest gives to a window is written there", Stage.PLAIN, Stage.PLAIN, place),
        Pass("promote", "turn locations into values (SSA)", Stage.TYPED, Stage.TYPED, promote),
        Pass("expand", "replace vjp, pull, jvp and taylor by derivative graphs", Stage.TYPED, Stage.PLAIN, expand_all),
        Pass("optimize", "promote, simplify; twice where locations are left", Stage.TYPED, Stage.TYPED, optimize),
    )
}

VERIFY = os.environ.get("TAPELESS_VERIFY", "") not in ("", "0")
"""Run the verifier between passes; tests do."""


def run(name: str, root: Graph, gives: Stage | None = None) -> Graph:
    """One pass; a defect in it, or in what it gives, is an InternalError that names it and keeps its input."""
    p = PASSES[name]
    with naming(name, root):
        return checked(p.run(root), p.gives if gives is None else gives)


def checked(root: Graph, stage: Stage) -> Graph:
    """The graph itself, verified where the verifier is on."""
    if VERIFY:
        from tapeless.ir.verify import verify

        verify(root, stage)
    return root


def typed(root: Graph, args: list[Value], outside: int = 0) -> tuple[Graph, tuple[int, ...]]:
    """Inference and elaboration; and which arguments the program writes to: what they are after it follows its result.

    The first `outside` parameters are no arguments, but what functions captured.
    """
    arguments = frozenset(root.params[outside:])
    located: frozenset[Node] = frozenset()
    while True:
        with naming("infer", root):
            engine, top = infer(root, args, located)
        with naming("elaborate", root):
            elaborator = Elaborator(engine)
            graph = checked(elaborator.program(top), Stage.TYPED)
        if not engine.writes:
            break
        from tapeless.infer.aliases import Aliases

        with naming("aliases", root):
            more = Aliases(elaborator).located(top, list(elaborator.graphs), arguments)
        if not more:
            break
        located |= more
    refuse_result(graph.output.type, root)
    return graph, tuple(i for i, p in enumerate(root.params) if p in located)


def refuse_result(type: Type | None, root: Graph) -> None:
    """Functions, ranges and iterators live inside compiled code only: a result that contains one is refused."""
    seen: set[Type | None] = set()
    todo = [type]
    while todo:
        t = todo.pop()
        if t in seen:
            continue
        seen.add(t)
        match t:
            case List(item=item):
                todo.append(item)
            case Record(tag="list", items=items):
                todo += items
            case Record(tag=tag):
                known = tag if tag in ("range", "enumerate", "zip", "reversed") else "function"
                span = root.effects[-1].span if root.effects else None
                hint = "return numbers, arrays, None, strings, and tuples and lists of them"
                raise InferenceError(f"a {known} cannot be returned from compiled code", span, hint=hint)
            case Pullback():
                hint = "call it there, or use tl.vjp from outside"
                raise InferenceError("a pullback cannot be returned from compiled code", hint=hint)
            case Tuple(items=items) | Union(parts=items):
                todo += items
            case Box(body=Tuple(items=items)):
                todo += items


def lower(root: Graph) -> Graph:
    """From optimized TYPED to what the backend gets."""
    return _finished(run("expand", root), has_derivatives(root))


def _finished(plain: Graph, is_raw: bool) -> Graph:
    """A program without derivatives, simplified where they were just expanded, and for the last time if it repeats."""
    out = run("simplify", plain, Stage.PLAIN) if is_raw else plain
    if has_repetition(out):
        out = run("carry", run("finish", out))
    count = count_nests(out)
    out = run("merge", out) if count > 1 else out
    return run("place", out) if count else out


def has_repetition(root: Graph) -> bool:
    """Whether a program has a loop or a function that calls itself."""
    return any(isinstance(n.fn, Constant) and isinstance(n.fn.value, Graph) for n in all_nodes(root))


def steps(root: Graph, args: list[Value]) -> Iterator[tuple[str, Graph]]:
    """The stages one after another; each is made when it is asked for."""
    yield "parse", root
    typed_root, _ = typed(root, args)
    yield "infer", typed_root
    optimized = optimize(typed_root)
    yield "opt", optimized
    plain = run("expand", optimized)
    yield "grad", plain
    yield "lower", _finished(plain, has_derivatives(optimized))


def stages(root: Graph, args: list[Value]) -> dict[str, Graph]:
    """The program at every stage."""
    return dict(steps(root, args))
