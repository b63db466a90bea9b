"""One random program: its text, its arguments, and what it contains.

    program = generate("7:123")
    print(program.source)

A seed gives the same program on every machine. Programs terminate, and their values and derivatives stay moderate.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from generator.blocks import REQUIRED, Blocks
from generator.model import BOOL, BOUND, F1, FLOAT, INT, Var

HEADER = "import math\nfrom functools import partial, reduce\n\nimport tapeless as tl\n\n\n"
SIGNATURES = (("x", "n"), ("x", "y"), ("x", "y", "n"), ("x", "y", "flag"), ("x", "flag", "n"))
KINDS = {"x": FLOAT, "y": FLOAT, "n": INT, "flag": BOOL}
GRID = (0.0, 0.5, 1.0, 1.5, -0.5, -1.0, 0.25, 2.0)


@dataclass
class Program:
    """A generated program: the functions of a module (without imports), of which `name` is called."""

    seed: str
    name: str
    source: str
    params: tuple[str, ...]
    calls: list[tuple]
    features: set[str]
    result: str
    notes: dict[str, object] = field(default_factory=dict)
    header: str = HEADER

    @property
    def text(self) -> str:
        return self.header + self.source

    @property
    def inner(self) -> bool:
        """Whether the program takes derivatives itself."""
        return "inner" in self.features


def generate(seed: str) -> Program:
    """The program of a seed."""
    rng = random.Random(f"program {seed}")
    tag = "_" + "".join(c if c.isalnum() else "_" for c in seed)
    w = Blocks(rng, tag)
    w.allow_inner = w.chance(0.08)
    name, params = f"main{tag}", rng.choice(SIGNATURES)
    wanted = [feature for feature in REQUIRED if w.chance(0.68 if feature == "error" else 0.36)] or [
        rng.choice(list(REQUIRED))
    ]
    work = [REQUIRED[feature] for feature in wanted]
    work += [
        rng.choices((Blocks.statement, Blocks.linked_list, Blocks.union), (12, 1, 1))[0]
        for _ in range(rng.randrange(1, 5))
    ]
    rng.shuffle(work)
    for _ in range(w.pick(0, 0, 1)):
        w.helper()
    result = FLOAT if w.chance(0.85) else (FLOAT, FLOAT) if w.chance(0.6) else (FLOAT, INT)
    own = [Var(p, KINDS[p], w.frame, bound=BOUND / 2) for p in params]
    w.indent = 0
    with w.block(f"def {name}({', '.join(params)}):"), w.function(own) as frame:
        frame.returns = result
        for write in work:
            write(w)
        w.emit(f"return {_combined(w, result)}")
    source = "\n".join([*w.module, *w.lines]) + "\n"
    calls = [_arguments(rng, params) for _ in range(8)]
    return Program(seed, name, source, params, calls, w.features, "float" if result == FLOAT else "tuple")


def _combined(w: Blocks, result) -> str:
    """An expression that depends on everything in scope, so that nothing wrong stays unseen."""
    own = [v for v in w.frame.visible if v.type == FLOAT]
    w.rng.shuffle(own)
    weights = ("", " * 0.5", " * 1.3", " * -0.8")
    terms = [v.name + w.rng.choice(weights) for v in own[:9]] or ["0.0"]
    terms += [f"{v.name} * 0.1" for v in w.frame.visible if v.type == INT][:3]
    terms += [f"math.tanh({v.name}(0.7))" for v in w.frame.visible if v.type == F1][-2:]
    terms.append(w.within(2.0))
    total = " + ".join(terms)
    if result == FLOAT:
        return w.pick(total, f"math.sin({total})", f"({total}) * {w.within(2.0)}")
    return f"{w.of_type(result[0])}, {total if result[1] == FLOAT else w.int(2)}"


def _arguments(rng: random.Random, params: tuple[str, ...]) -> tuple:
    def one(p):
        match KINDS[p]:
            case "float":
                return rng.choice(GRID) if rng.random() < 0.3 else round(rng.uniform(-2.0, 2.0), 3)
            case "int":
                return rng.randrange(-1, 6)
        return rng.random() < 0.5

    return tuple(map(one, params))
