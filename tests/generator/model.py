"""What the generator knows while it writes a program: types, variables in scope, the text so far.

Every float expression comes with a bound of its magnitude and every variable keeps the bound that it was made with, so
that loops and recursion cannot run away and derivatives stay well-conditioned.
"""

from __future__ import annotations

import contextlib
import random
from dataclasses import dataclass, field

FLOAT, INT, BOOL = "float", "int", "bool"
MAYBE = "maybe"  # None or a float
NUMBER = "number"  # int and float met: CPython may have an int where compiled code has the equal float


@dataclass(frozen=True)
class Fn:
    """The type of functions of so many floats to a float."""

    arity: int


F0, F1, F2 = Fn(0), Fn(1), Fn(2)
BOUND = 8.0  # of what functions take and give
VARIABLE = 4.0  # of float variables
SMALL = 9  # of int variables


@dataclass(eq=False)
class Var:
    """A variable in scope. Types are the constants above, `Fn`, or tuples of types."""

    name: str
    type: object
    frame: Frame
    bound: float = VARIABLE
    fixed: bool = False  # never assigned again: loop indices, fuel, functions that recur
    captured: bool = False
    cost: int = 3


@dataclass(eq=False)
class Frame:
    """A function that is being written."""

    parent: Frame | None = None
    visible: list[Var] = field(default_factory=list)
    cost: int = 1
    returns: object = None  # the type that an early return must have; None where there is none
    in_lambda: bool = False


class Writer:
    """The text so far, the names given, the frame and the random numbers."""

    def __init__(self, rng: random.Random, tag: str) -> None:
        self.rng, self.tag = rng, tag
        self.module: list[str] = []  # finished top-level functions
        self.lines: list[str] = []
        self.indent = 1
        self.names = 0
        self.messages = 0
        self.trips = 1  # how often the current place runs, at most
        self.frame = Frame()
        self.features: set[str] = set()
        self.globals: list[Var] = []
        self.frames = 0

    # -- text

    def emit(self, line: str) -> None:
        self.lines.append("    " * self.indent + line)

    def fresh(self, stem: str) -> str:
        self.names += 1
        return f"{stem}{self.names}"

    def message(self) -> str:
        self.messages += 1
        return f'"e:{self.messages}"'

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def pick(self, *options):
        return self.rng.choice(options)

    # -- scopes

    @contextlib.contextmanager
    def block(self, header: str, trips: int = 1, empty: str = "pass"):
        """The lines under a header; what they define is out of scope after it."""
        self.emit(header)
        self.indent += 1
        self.trips *= trips
        start, known = len(self.lines), len(self.frame.visible)
        yield
        if len(self.lines) == start:
            self.emit(empty)
        del self.frame.visible[known:]
        self.trips //= trips
        self.indent -= 1

    @contextlib.contextmanager
    def function(self, params: list[Var], in_lambda: bool = False):
        """The body of a nested function or lambda with these parameters."""
        outer, trips = self.frame, self.trips
        self.frame = Frame(outer, list(params), in_lambda=in_lambda)
        self.trips = 1
        for p in params:
            p.frame = self.frame
        yield self.frame
        self.frame, self.trips = outer, trips

    @contextlib.contextmanager
    def toplevel(self):
        """Write a function of the module, whatever is being written now."""
        keep = self.lines, self.indent, self.trips, self.frame
        self.lines, self.indent, self.trips, self.frame = [], 0, 1, Frame()
        yield
        self.module += [*self.lines, "", ""]
        self.lines, self.indent, self.trips, self.frame = keep

    # -- variables

    def define(self, name: str, type_: object, **kw) -> Var:
        """A variable of the current frame that has just been assigned."""
        var = Var(name, type_, self.frame, **kw)
        self.frame.visible.append(var)
        return var

    def param(self, stem: str, type_: object = FLOAT, **kw) -> Var:
        return Var(self.fresh(stem), type_, self.frame, **({"bound": BOUND} | kw))

    def variables(self, type_: object) -> list[Var]:
        """The variables of a type that can be read here, the inner ones first."""
        found, frame = [], self.frame
        while frame is not None:
            found += [v for v in frame.visible if v.type == type_]
            frame = frame.parent
        return found + [v for v in self.globals if v.type == type_]

    def assignable(self, type_: object) -> list[Var]:
        """The variables of a type that may be assigned here."""
        return [v for v in self.frame.visible if v.type == type_ and v.frame is self.frame and not v.fixed]

    def read(self, var: Var) -> str:
        """The name of a variable, noting whether it is captured."""
        if var.frame is not self.frame and var not in self.globals:
            var.captured = True
        return var.name

    def wrote(self, var: Var) -> None:
        """Note an assignment."""
        if var.captured:
            self.features.add("late")
