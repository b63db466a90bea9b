"""All measurements of time and memory in one command; writes docs/benchmarks.md and docs/images/order.svg.

    python benchmarks/run.py [--only scalar,recursion,order,call,arrays,indexed,memory,operations] [--out FILE]

With `--only` or `--out` the text goes to that file, or to the terminal, and docs/ stays as it is. gcc is needed; JAX is
measured where it is installed.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import os
import platform
import sys
from pathlib import Path
from types import ModuleType

import arrays
import call
import chart
import indexed
import memory
import operation_counts
import order
import recursion
import scalar
from harness import FLAGS, Native, Program, human, jax_timer, measure, python_timer
from tapeless import jit

DOCS = Path(__file__).parents[1] / "docs"
GROUPS: dict[str, ModuleType] = {"scalar": scalar, "recursion": recursion, "order": order, "call": call}
TABLES: dict[str, ModuleType] = {
    "arrays": arrays,
    "indexed": indexed,
    "memory": memory,
    "operations": operation_counts,
}
MODES = ("auto", "reverse", "forward")
PEERS = ("C", *MODES, "JAX", "value", "CPython")
Times = dict[str, float]


def timed(p: Program, native: Native) -> Times:
    """Seconds of one run by each peer."""
    timers = {"C": native.timer(p, from_python=p in call.PROGRAMS)}
    timers |= {mode: python_timer(p.derivative(mode), p.args) for mode in MODES}
    timers["value"] = python_timer(jit(p.fn), p.args)
    timers["CPython"] = python_timer(p.fn, p.args)
    jax = jax_timer(p)
    if jax is not None:
        timers["JAX"] = jax
    return measure(timers)


def group_table(name: str, found: dict[str, Times]) -> list[str]:
    """One row per program; the gradient's times, their ratio to C, and the value's times."""
    group = GROUPS[name]
    rows = [f"## {name.capitalize()}", "", f"{group.__doc__}", ""]
    rows += [
        "| program | C | auto | reverse | forward | JAX | value | value by CPython | auto / C | reverse / C |",
        "|" + " --- |" * 10,
    ]
    for p in group.PROGRAMS:
        t = found[p.name]
        cells = [human(t.get(peer)) for peer in PEERS]
        cells += [f"{t[mode] / t['C']:.2f}" for mode in ("auto", "reverse")]
        rows.append(f"| {p.title} | {' | '.join(cells)} |")
    return [*rows, ""]


def order_panels(found: dict[str, Times]) -> list[chart.Panel]:
    """Time and size by order, of the loop."""
    from counting import applications, operations
    from tapeless.driver import Transform

    lines: dict[str, list[tuple[float, float]]] = {}
    sizes: dict[str, list[tuple[float, float]]] = {}
    for n in order.ORDERS:
        p = next(q for q in order.PROGRAMS if q.fn is order.loop and q.order == n)
        for peer, label in (("C", "C, Taylor series"), ("forward", "forward"), ("reverse", "reverse"), ("JAX", "JAX")):
            if peer in found[p.name]:
                lines.setdefault(label, []).append((n, found[p.name][peer] * 1e6))
        for mode in ("forward", "reverse"):
            count = operations(applications(p.fn, p.args, *[Transform("grad", 0, mode)] * n))
            sizes.setdefault(mode, []).append((n, count))
    return [
        chart.Panel("One derivative of a loop of 10", "µs", lines),
        chart.Panel("Operations in its code", "", sizes),
    ]


def machine() -> str:
    """What this was measured on."""
    info = Path("/proc/cpuinfo").read_text().splitlines()
    model = next((line.split(":")[1].strip() for line in info if line.startswith("model name")), platform.processor())
    versions = [f"CPython {platform.python_version()}", f"llvmlite {importlib.metadata.version('llvmlite')}"]
    try:
        versions.append(f"JAX {importlib.metadata.version('jax')}")
    except importlib.metadata.PackageNotFoundError:
        versions.append("JAX not installed: its column is empty")
    return f"{datetime.date.today()}, {len(os.sched_getaffinity(0))} cores of {model}, {', '.join(versions)}"


HEAD = """# Benchmarks

`python benchmarks/run.py` makes this page. {machine}.

Times of one value and gradient by all floats (above order 1: of the derivative), each the fastest of several rounds in
which all peers take their turn. Where other work ran beside, differences below a third are noise.

* **C** is derived by hand, in reverse mode (for higher orders by Taylor series), compiled by `gcc {flags}` and
  called in a loop in C (in the group "Call" from Python, by ctypes).
* **auto**, **reverse** and **forward** are the modes of `tl.value_and_grad`. Their times contain the call from Python,
  which is what short programs spend most of their time in: see "Call". Where `auto` goes forward, C in reverse has
  frames to write and it has none: a ratio below 1 says that forward suits the program, not that C was beaten.
* **JAX** compiles for the CPU in float64 and unrolls recursion; empty where it has no form of the program.
* **value** is `tl.jit` of the function itself.
"""


def main() -> None:
    options = argparse.ArgumentParser()
    options.add_argument("--only", default="scalar,recursion,order,call,arrays,indexed,memory,operations")
    options.add_argument("--out", type=Path)
    given = options.parse_args()
    whole = "--only" not in " ".join(sys.argv) and given.out is None
    chosen = given.only.split(",")
    text = [HEAD.format(machine=machine(), flags=" ".join(FLAGS[:3]))]
    for name in (n for n in GROUPS if n in chosen):
        native = Native(GROUPS[name].C)
        found = {}
        for p in GROUPS[name].PROGRAMS:
            found[p.name] = timed(p, native)
            print(p.name, {peer: human(s) for peer, s in found[p.name].items()}, file=sys.stderr)
        text += group_table(name, found)
        if name == "order" and whole:
            (DOCS / "images").mkdir(exist_ok=True)
            (DOCS / "images" / "order.svg").write_text(chart.svg(order_panels(found), "order"))
            text += ["![Time and size by order](images/order.svg)", ""]
    for name, module in TABLES.items():
        if name in chosen:
            about = module.__doc__.splitlines()[0]  # type: ignore[union-attr]
            text += [f"## {name.capitalize()}", "", about, "", *module.table(), ""]
    out = DOCS / "benchmarks.md" if whole else given.out
    if out is None:
        print("\n".join(text))
    else:
        out.write_text("\n".join(text).rstrip() + "\n")


if __name__ == "__main__":
    main()
