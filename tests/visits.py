"""Counting the work of the compiler: how often a node is made, built or evaluated between source text and backend."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any
from unittest.mock import patch

from tapeless import driver, pipeline
from tapeless.backend.kernel import modules
from tapeless.backend.program import Program
from tapeless.backend.wrapper import Wrapper
from tapeless.driver import Transform
from tapeless.infer.engine import Engine
from tapeless.ir.builder import Builder
from tapeless.ir.nodes import Apply, Graph
from tapeless.ir.traverse import all_nodes
from tapeless.signature import key_of


@dataclass
class Work:
    """What compiling a program took: visits of nodes; and how many nodes came in, and went out to the backend."""

    visits: int = 0
    source: int = 0
    final: int = 0

    @property
    def per_node(self) -> float:
        return self.visits / (self.source + self.final)


@contextmanager
def counting(work: Work, *places: tuple[type, str]) -> Iterator[None]:
    """Count the calls of some methods."""
    with ExitStack() as stack:
        for owner, name in places:
            stack.enter_context(patch.object(owner, name, counted(work, getattr(owner, name))))
        yield


def counted(work: Work, method: Callable[..., Any]) -> Callable[..., Any]:
    """A method whose calls are visits."""

    def visit(*args: Any, **keywords: Any) -> Any:
        work.visits += 1
        return method(*args, **keywords)

    return visit


def compiled(fn: Callable[..., Any], args: tuple[Any, ...], transforms: tuple[Transform, ...]) -> tuple[int, Graph]:
    """How many nodes the source of a derivative has, and what the backend gets."""
    program = driver.read(fn)
    signature = tuple(map(key_of, (*program.fetch(fn), *args)))
    root = driver.applied(program, transforms, len(args))
    source = len(all_nodes(root))
    return source, pipeline.lower(pipeline.optimize(pipeline.typed(root, driver.arguments(signature))[0]))


def work(fn: Callable[..., Any], args: tuple[Any, ...], *transforms: Transform) -> Work:
    """The visits that it takes to compile a derivative, and its sizes."""
    found = Work()
    with counting(found, (Apply, "__init__"), (Builder, "apply"), (Engine, "apply")), driver.deep_recursion():
        found.source, lowered = compiled(fn, args, transforms)
    found.final = len(all_nodes(lowered))
    return found


def calls(fn: Callable[..., Any], args: tuple[Any, ...], *transforms: Transform) -> int:
    """How often a function is called, in Python or C, from the source text of a derivative to the text for LLVM."""
    count = 0

    def event(frame: Any, kind: str, argument: Any) -> None:
        nonlocal count
        count += kind in ("call", "c_call")

    with driver.deep_recursion():
        sys.setprofile(event)
        try:
            program = Program(compiled(fn, args, transforms)[1])
            modules(program, Wrapper(program))
        finally:
            sys.setprofile(None)
    return count
