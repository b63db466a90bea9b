"""A Python function as a program of SOURCE graphs.

p = load(f)
p.root      encloses all graphs; its parameters are the data that the functions captured, read at every call
p.entry     the node of f
p.inputs    where the values of root's parameters are found now
p.guards    what the graphs rely on beside data
"""

from __future__ import annotations

from typing import Any

from tapeless.frontend import calls, functions  # noqa: F401  (calls registers its expressions)
from tapeless.frontend.bindings import Bindings, Found
from tapeless.frontend.paths import Guard, Input, Path
from tapeless.ir.dataclass import dataclass
from tapeless.ir.nodes import Apply, Graph, Node


@dataclass
class Program:
    """See the module's docstring."""

    root: Graph
    entry: Node
    inputs: list[Input]
    guards: list[Guard]
    known: frozenset[Path]

    def applied(self, count: int) -> Graph:
        """The root, made to call the entry with `count` further parameters. It changes the root: once only."""
        root = self.root
        params = tuple(root.parameter(f"arg{k}") for k in range(count))
        call = Apply(root, self.entry, params)
        root.effects.append(call)
        root.output = call
        return root

    def fetch(self, function: Any = None) -> list[Any]:
        """The values of the root's parameters now."""
        return [i.fetch(function) for i in self.inputs]


def load(fn: Any, known: frozenset[Path] = frozenset()) -> Program:
    """The program that a Python function, or an object that tapeless made of one, stands for.

    Data at the paths in `known` are constants of it, with guards, and no inputs.
    """
    bindings = Bindings(fn, known)
    entry = bindings.node(Found(fn, ()), None)
    functions.compile_all(bindings)
    return Program(bindings.root, entry, bindings.inputs, bindings.guards, known)
