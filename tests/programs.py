"""The corpus: small programs that every engine runs, by folder `corpus/`.

`PROGRAMS` lists them: the plain function, its twin in a module whose `math`, builtins and `tl` work on dual numbers
(`oracles.load`), and its trials.
"""

from __future__ import annotations

import functools
import importlib
from dataclasses import dataclass
from pathlib import Path

import oracles
from corpus.registry import Trial

MODULES = ("expressions", "control", "recursion", "functions", "data", "effects", "derivatives", "refusals")


@dataclass(frozen=True)
class Program:
    """One function of the corpus with one trial of it."""

    name: str
    function: object
    twin: object
    trial: Trial

    def __str__(self) -> str:
        return self.name


@functools.cache
def collect() -> tuple[Program, ...]:
    """All trials of all programs, in the order of the files."""
    found = []
    for name in MODULES:
        module = importlib.import_module(f"corpus.{name}")
        path = Path(module.__file__)
        twins = oracles.load(path.read_text(), str(path), f"corpus_on_duals_{name}")
        for key, f in vars(module).items():
            for i, trial in enumerate(getattr(f, "trials", ())):
                found.append(Program(f"{name}.{key}-{i}", f, getattr(twins, key), trial))
    return tuple(found)


PROGRAMS = collect()
