"""Operations of value and gradient: by hand, as compiled, and with the rules of derivative arithmetic left out.

    python benchmarks/operation_counts.py

The formulas are those of tests/formulas.py; `tests/test_operation_counts.py` holds the first two columns together.
"""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

import formulas
from counting import applications, operations
from tapeless.driver import Transform
from tapeless.ir.primitive import REGISTRY

ALWAYS = ("-zero", "-one", "-minus-one", "-gneg-gneg")
"""Rules without which a derivative would be mostly additions of zero."""


def counts(by_hand: bool) -> list[int]:
    """The operations of each formula's value and gradient."""
    found = []
    for name, args in formulas.FORMULAS.items():
        if by_hand:
            found.append(operations(applications(getattr(formulas, f"{name}_by_hand"), args)))
        else:
            argnums = tuple(range(len(args)))
            transform = Transform("value_and_grad", argnums, "reverse")
            found.append(operations(applications(getattr(formulas, name), args, transform)))
    return found


def table() -> list[str]:
    """The rows of a Markdown table; the rules are left out from here on in this process."""
    hand, compiled = counts(True), counts(False)
    for primitive in REGISTRY.values():
        if primitive.name.startswith("g"):
            primitive.rules = [r for r in primitive.rules if r.name.endswith(ALWAYS)]
            primitive.candidates.clear()
            primitive.exact = ""
    without = counts(False)
    rows = ["| formula | by hand | compiled | ratio | without rules | ratio |", "| --- | --- | --- | --- | --- | --- |"]
    for name, h, c, w in zip(formulas.FORMULAS, hand, compiled, without):
        rows.append(f"| {name.replace('_', ' ')} | {h} | {c} | {c / h:.2f} | {w} | {w / h:.2f} |")
    return rows


if __name__ == "__main__":
    print("\n".join(table()))
