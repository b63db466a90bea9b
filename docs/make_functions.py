"""Writes docs/functions.md, the functions that compiled code may call, from the operators themselves.

python docs/make_functions.py
"""

from __future__ import annotations

import builtins
import functools
import inspect
import re
from pathlib import Path

import numpy as np
from tapeless.ir.operators import find
from tapeless.ir.operators.attributes import ATTRIBUTES, METHODS
from tapeless.ir.primitive import OPERATORS, Operator

PAGE = Path(__file__).with_name("functions.md")
HEAD = """# Functions

What compiled code may call, besides its own functions and those of `tapeless`. The page is made by
`python docs/make_functions.py` from the operators in `ir/operators/`. Arguments in brackets may be left out, those with
`=` may be given by keyword; one of NumPy that is not listed is refused. What else is not as in NumPy stands in
[limitations](limitations.md).
"""
REFUSED = re.compile(r"refuse_arguments\(ops, [^,]+, ([^)]*)\)")


def text() -> str:
    """The page."""
    find("np.sum")  # loads NumPy's library
    parts = [HEAD]
    parts += section("Python", {n: op for op in OPERATORS.values() if (n := builtin_name(op))})
    parts += section("The module `math`", {n: op for n, op in OPERATORS.items() if n.startswith("math.")})
    parts += section("NumPy", {n: op for n, op in OPERATORS.items() if is_numpy(n) and ".linalg." not in n})
    parts += section("The module `numpy.linalg`", {n: op for n, op in OPERATORS.items() if n.startswith("np.linalg.")})
    parts += section("Methods of arrays", {f"x.{n}": OPERATORS[f"np.{n}"] for n in METHODS}, 1)
    attributes = ", ".join(f"`x.{name}`" for name in sorted(ATTRIBUTES))
    parts.append(f"\nAttributes of arrays: {attributes}.\n")
    return "".join(parts)


def builtin_name(op: Operator) -> str:
    """The name under which Python has an operator, if it does."""
    for module, prefix in ((builtins, ""), (functools, "functools.")):
        name = getattr(op.evaluate, "__name__", "")
        if op.evaluate is not None and getattr(module, name, None) is op.evaluate:
            return prefix + name
    return ""


def is_numpy(name: str) -> bool:
    """Whether an operator stands for a function of NumPy, and not only for a method."""
    return name.startswith("np.") and (name.count(".") > 1 or hasattr(np, name.removeprefix("np.")))


def section(title: str, rows: dict[str, Operator], first: int = 0) -> list[str]:
    """A table of functions, in the order of their names; a method has its `first` argument before the point."""
    head = f"\n## {title}\n\n| function | arguments | |\n| --- | --- | --- |\n"
    return [head] + [
        f"| `{name}` | {arguments(op, first)} | {escaped(op.doc.splitlines()[0])} |\n"
        for name, op in sorted(rows.items())
    ]


def arguments(op: Operator, first: int = 0) -> str:
    """The arguments that an operator takes, from the signature of its `expand`."""
    _, *params = inspect.signature(op.expand).parameters.values()
    refused = {a.split("=")[0].strip() for m in REFUSED.finditer(inspect.getsource(op.expand)) for a in m[1].split(",")}
    several = any(p.kind is p.VAR_POSITIONAL for p in params)
    needed, optional = [], []
    for k, p in list(enumerate(params))[first:]:
        if p.name in refused:
            continue
        if p.kind is p.VAR_POSITIONAL:
            needed.append(f"*{p.name}")
            continue
        keyword = (p.name in op.keywords and p.name) if several else k < len(op.keywords) and op.keywords[k]
        (needed if p.default is p.empty else optional).append(f"{keyword}=" if keyword else p.name)
    shown = [*needed, f"[{', '.join(optional)}]"] if optional else needed
    return f"`{', '.join(shown)}`" if shown else ""


def escaped(line: str) -> str:
    """A line as it stands in a table."""
    return line.replace("|", "\\|").replace("*", "\\*").replace("\n", "\\n")


if __name__ == "__main__":
    PAGE.write_text(text())
