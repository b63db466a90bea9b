"""Counting operations: the arithmetic that is left of a function, or of its derivative, when the backend gets it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from tapeless import driver, pipeline
from tapeless.driver import Transform
from tapeless.ir.abstract import FLOAT
from tapeless.ir.builder import primitive_of
from tapeless.ir.traverse import all_nodes
from tapeless.signature import key_of


def applications(fn: Callable[..., Any], args: tuple[Any, ...], *transforms: Transform) -> Counter[str]:
    """How often each primitive that gives a float or is no arithmetic is applied at stage `lower`; calls as `call`.

    Conditions and checks, which a derivative shares with its function, do not count.
    """
    program = driver.read(fn)
    signature = tuple(map(key_of, (*program.fetch(fn), *args)))
    with driver.deep_recursion():
        root = driver.applied(program, transforms, len(args))
        lowered = pipeline.stages(root, driver.arguments(signature))["lower"]
    found: Counter[str] = Counter()
    for node in all_nodes(lowered):
        primitive = primitive_of(node)
        if primitive is None:
            found["call"] += 1
        elif primitive.name in STRUCTURE or node.type == FLOAT:
            found[primitive.name] += 1
    return found


STRUCTURE = ("tuple", "item", "record", "box", "unbox", "inject", "project", "switch")


def operations(found: Counter[str]) -> int:
    """The number of arithmetic operations; a function of the C library is one, like an addition."""
    return sum(n for name, n in found.items() if name not in (*STRUCTURE, "call"))
