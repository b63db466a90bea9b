"""Programs without a backend: the reference interpreter on the graphs of each stage, to compare kernels with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tapeless import driver, pipeline
from tapeless.ad.expand import has_derivatives
from tapeless.ir.interpret import evaluate
from tapeless.ir.nodes import Graph
from tapeless.signature import key_of


def interpreters(fn: Callable[..., Any], args: tuple[Any, ...]) -> dict[str, Callable[..., Any]]:
    """By the name of each stage, the interpreter of the program as it is there; stages with derivatives in them not.

    An oracle for tests: the compiler up to that stage, and no backend.
    """
    program = driver.read(fn)
    values = program.fetch(fn)
    signature = tuple(map(key_of, (*values, *args)))
    with driver.deep_recursion():
        graphs = pipeline.stages(driver.applied(program, (), len(args)), driver.arguments(signature))
    if has_derivatives(graphs["infer"]):
        graphs = {name: g for name, g in graphs.items() if name in ("grad", "lower")}

    def interpreter(graph: Graph) -> Callable[..., Any]:
        return lambda *xs: evaluate(graph, [*values, *xs])

    return {name: interpreter(g) for name, g in graphs.items()}
