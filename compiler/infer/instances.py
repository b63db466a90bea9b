"""Instances: one specialisation of one graph, and the tables that belong to it."""

from __future__ import annotations

from typing import Any

from tapeless.infer.domain import NEVER, Value
from tapeless.ir.dataclass import dataclass
from tapeless.ir.diagnostics import Span
from tapeless.ir.nodes import Apply, Graph, Node

Site = tuple["Instance", Apply, tuple[Any, ...]]
"""A call: the instance and node where it stands, and a path that tells apart several calls of one node."""


@dataclass(frozen=True)
class Failure:
    """Why a node has no value. kind: `type`, `static` (a constant was needed) or `growth` (a type that never ends).

    origins    of a `static` failure: the nodes that the constant may come from
    """

    kind: str
    message: str
    span: Span | None
    origins: tuple[Node, ...] = ()
    hint: str = ""


class Instance:
    """A graph, specialised. A function's identity is its name: its argument types may still grow.

    owner    the function instance that a branch or loop is analysed as a part of (itself for a function)
    site     for a function: the call that first asked for it
    entry    the arguments that it was first called with; of the program, those that Python gives
    """

    __slots__ = (
        "args",
        "branches",
        "busy",
        "entry",
        "failures",
        "graph",
        "grown",
        "looped",
        "loops",
        "number",
        "owner",
        "parent",
        "readers",
        "result",
        "site",
        "static",
        "values",
        "visited",
    )  # fmt: skip

    def __init__(
        self,
        number: int,
        graph: Graph,
        parent: Instance | None,
        owner: Instance | None,
        args: list[Value],
        site: Site | None,
    ) -> None:
        self.number, self.graph, self.parent, self.args, self.site = number, graph, parent, args, site
        self.owner: Instance = owner or self
        self.entry = tuple(args)
        self.result: Value = NEVER
        self.values: dict[Node, Value] = {}
        self.failures: dict[Node, Failure] = {}
        self.readers: dict[Node | None, dict[Instance, None]] = {}
        self.branches: dict[Graph, Instance] = {}
        self.loops: dict[tuple[Apply, tuple[Any, ...]], Instance] = {}
        self.static: tuple[Any, ...] = ()
        self.busy = self.grown = self.visited = self.looped = False

    def __repr__(self) -> str:
        return f"{self.graph}^{self.number}"

    def enclosing(self, graph: Graph) -> Instance:
        """The instance of `graph` that encloses this one."""
        inst: Instance | None = self
        while inst is not None and inst.graph is not graph:
            inst = inst.parent
        assert inst is not None, f"{graph} does not enclose {self}"
        return inst
