"""From a function and the types of its arguments to a kernel.

A `Transform` is what is applied to the function (grad, jvp, ...); `compile_program` runs the pipeline for one
signature, `text` shows the program at a stage on the way. Nothing here is cached: the kernels stand in `table`.
"""

from __future__ import annotations

import linecache
import sys
from collections.abc import Callable
from contextlib import contextmanager
from typing import Any

from tapeless import pipeline
from tapeless.backend.kernel import Kernel, compile_kernel
from tapeless.defects import naming
from tapeless.frontend import Program, load
from tapeless.frontend.paths import Path
from tapeless.infer.domain import Value
from tapeless.ir.collector import paused
from tapeless.ir.dataclass import dataclass
from tapeless.ir.diagnostics import UsageError
from tapeless.ir.nodes import Apply, Constant, Graph, Node
from tapeless.ir.primitive import OPERATORS
from tapeless.ir.primitives.structure import item, make_tuple
from tapeless.signature import Key, abstract, key_of


@dataclass(frozen=True)
class Transform:
    """One transform of a function: gradients with argnums and mode, taylor with its order, jvp, vjp."""

    name: str
    argnums: int | tuple[int, ...] | None = None
    mode: str = "auto"
    order: int | None = None


@contextmanager
def deep_recursion() -> Any:
    """Compiling recurses along nested branches and calls of the user's program; its nodes live until its end."""
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(max(limit, 50_000))
    try:
        with paused():
            yield
    finally:
        sys.setrecursionlimit(limit)


def read(fn: Callable[..., Any], known: frozenset[Path] = frozenset()) -> Program:
    """The SOURCE graphs of a Python function, of which captured data at some paths are constants."""
    with deep_recursion(), naming("frontend", lambda: _source(fn)):
        return load(fn, known)


def _source(fn: Callable[..., Any]) -> str:
    """The text of a function, as comments of the IR's text form, for a report."""
    code = getattr(fn, "__code__", None)
    if code is None:
        return f"# {fn!r}\n"
    last = max((line for _, _, line in code.co_lines() if line), default=code.co_firstlineno)
    lines = linecache.getlines(code.co_filename)[code.co_firstlineno - 1 : last]
    return "".join(f"# {line.rstrip()}\n" for line in (f"{code.co_filename}:{code.co_firstlineno}", *lines))


def applied(program: Program, transforms: tuple[Transform, ...], count: int) -> Graph:
    """The program's root, calling the transformed entry on `count` fresh parameters."""
    root = program.root
    hidden = len(program.inputs)
    del root.params[hidden:]
    root.effects.clear()
    f = program.entry
    span = f.value.span if isinstance(f, Constant) and isinstance(f.value, Graph) else None

    def apply(fn: Node, *args: Node) -> Node:
        node = Apply(root, fn, args, None, span)
        root.effects.append(node)
        return node

    args: list[Node] = [root.parameter(f"x{i}") for i in range(count)]
    for t in transforms:
        if t.name in ("grad", "value_and_grad"):
            numbers = t.argnums if isinstance(t.argnums, tuple) else (t.argnums,)
            consts = [Constant(n) for n in numbers]
            argnums: Node = (
                Apply(root, Constant(make_tuple), tuple(consts), None, span)
                if isinstance(t.argnums, tuple)
                else consts[0]
            )
            f = apply(Constant(OPERATORS[t.name]), f, argnums, Constant(t.mode))
        elif t.name == "taylor":
            f = apply(Constant(OPERATORS["taylor"]), f, Constant(t.order), Constant(t.argnums))
        elif t.name == "jvp":
            half = count // 2
            pair = [Apply(root, Constant(make_tuple), tuple(a), None, span) for a in (args[:half], args[half:])]
            root.output = apply(Constant(OPERATORS["jvp"]), f, *pair)
            return root
        elif t.name == "vjp":
            both = apply(Constant(OPERATORS["vjp"]), f, *args[:-1])
            pullback = Apply(root, Constant(item), (both, Constant(1)), None, span)
            root.output = apply(pullback, args[-1])
            return root
    root.output = apply(f, *args)
    return root


def arguments(keys: tuple[Key, ...]) -> list[Value]:
    """The abstract values of hidden and visible arguments."""
    return [abstract(k) for k in keys]


def compile_program(
    program: Program,
    transforms: tuple[Transform, ...],
    signature: tuple[Key, ...],
    visible: tuple[Key, ...],
    name: str,
    slow: Callable[..., Any],
) -> Kernel:
    """The kernel of one specialisation; `signature` has the types of hidden and visible arguments."""
    with deep_recursion():
        root = applied(program, transforms, len(visible))
        typed, written = pipeline.typed(root, arguments(signature), len(program.inputs))
        graph = pipeline.lower(pipeline.optimize(typed))
        with naming("backend", graph):
            kernel = compile_kernel(graph, name, slow)
    if written:
        kernel.call = Writing(kernel.call, signature, written, slow, len(program.inputs))
    return kernel


@dataclass(frozen=True)
class Writing:
    """The call of a kernel that writes to arguments: it gives what they are afterwards behind its result."""

    kernel: Callable[..., Any]
    signature: tuple[Key, ...]
    written: tuple[int, ...]
    slow: Callable[..., Any]
    hidden: int

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        """The result; UsageError where an argument that is written to shares memory with another."""
        if keywords or len(args) != len(self.signature) or tuple(map(key_of, args)) != self.signature:
            return self.slow(*args[self.hidden :], **keywords)
        self.refuse_shared(args)
        result, *contents = self.kernel(*args)
        for i, changed in zip(self.written, contents):
            for old, new in zip(arrays_of(args[i]), arrays_of(changed)):
                if old.flags.writeable:
                    old[...] = new
                elif old.tobytes() != new.tobytes():
                    raise ValueError("assignment destination is read-only")
        return result

    def refuse_shared(self, args: tuple[Any, ...]) -> None:
        """What is written to has one name."""
        from numpy import may_share_memory

        found = [(i, a) for i, arg in enumerate(args) for a in arrays_of(arg)]
        for k, (i, a) in enumerate(found):
            for j, other in found[:k] + found[k + 1 :] if i in self.written else ():
                if may_share_memory(a, other):
                    both = (
                        f"arguments {i - self.hidden} and {j - self.hidden}"
                        if i != j
                        else f"items of argument {i - self.hidden}"
                    )
                    raise UsageError(f"{both} share memory, and one is written to", hint="pass a copy of one of them")


def arrays_of(value: Any) -> list[Any]:
    """The arrays of an argument: it, or those in its tuples and lists."""
    if isinstance(value, (tuple, list)):
        return [a for v in value for a in arrays_of(v)]
    return [value] if value.__class__.__name__ == "ndarray" else []


def text(program: Program, transforms: tuple[Transform, ...], signature: tuple[Key, ...], stage: str) -> str:
    """The program at a stage of the pipeline, in the text form of the IR; it goes no further than that stage."""
    from tapeless.ir.printer import show

    with deep_recursion():
        root = applied(program, transforms, len(signature) - len(program.inputs))
        graph = next(g for name, g in pipeline.steps(root, arguments(signature)) if name == stage)
        with naming("printer", lambda: ""):
            return show(graph)
