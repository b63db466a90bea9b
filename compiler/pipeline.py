"""The passes in their order, and the stages that they lead to.

    parse   SOURCE graphs from the frontend
    infer   TYPED graphs
    opt     simplified, locations promoted
    grad    derivatives expanded (PLAIN), as AD made them
    lower   simplified again: what the backend gets
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass

from tapeless.ad.expand import expand, has_derivatives
from tapeless.infer.domain import Value
from tapeless.infer.elaborate import Elaborator
from tapeless.infer.statics import infer
from tapeless.ir.nodes import Graph
from tapeless.ir.verify import Stage, verify
from tapeless.passes.promote import promote
from tapeless.passes.simplify import simplify

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
    """Simplify, promote locations, simplify what that uncovers."""
    return checked(simplify(promote(checked(simplify(root), Stage.TYPED))), Stage.TYPED)


def expand_all(root: Graph) -> Graph:
    """Expand all derivatives."""
    return expand(root, optimize) if has_derivatives(root) else root


PASSES = {
    p.name: p
    for p in (
        Pass("simplify", "fold, share, inline, scalarize, drop", Stage.TYPED, Stage.TYPED, simplify),
        Pass("promote", "turn locations into values (SSA)", Stage.TYPED, Stage.TYPED, promote),
        Pass("expand", "replace vjp, pull and jvp by derivative graphs", Stage.TYPED, Stage.PLAIN, expand_all),
        Pass("optimize", "simplify, promote, simplify", Stage.TYPED, Stage.TYPED, optimize),
    )
}

VERIFY = os.environ.get("TAPELESS_VERIFY", "") not in ("", "0")
"""Run the verifier between passes; tests do."""


def checked(root: Graph, stage: Stage) -> Graph:
    """The graph itself, verified where the verifier is on."""
    if VERIFY:
        verify(root, stage)
    return root


def typed(root: Graph, args: list[Value]) -> Graph:
    """Inference and elaboration."""
    engine, top = infer(root, args)
    return checked(Elaborator(engine).program(top), Stage.TYPED)


def lower(root: Graph) -> Graph:
    """From optimized TYPED to what the backend gets."""
    if not has_derivatives(root):
        return root
    plain = checked(expand_all(root), Stage.PLAIN)
    return checked(simplify(checked(simplify(plain), Stage.PLAIN)), Stage.PLAIN)


def stages(root: Graph, args: list[Value]) -> dict[str, Graph]:
    """The program at every stage."""
    out = {"parse": root}
    out["infer"] = typed(root, args)
    out["opt"] = optimize(out["infer"])
    out["grad"] = checked(expand_all(out["opt"]), Stage.PLAIN)
    out["lower"] = lower(out["opt"])
    return out
