"""One random program of arrays: `generate("7:123")`. Its calls are texts, as arrays have no literals."""

from __future__ import annotations

import random

from generator.array_expressions import MATRIX, SQUARE, Arr, ListOf, vector
from generator.array_statements import ArrayStatements
from generator.model import FLOAT, INT, Var
from generator.program import Program

HEADER = "import numpy as np\n\n\n"
KINDS = {
    "x": vector(), "y": vector(), "m": MATRIX, "q": SQUARE, "z": Arr("f", ("b",)), "k": vector("n", "i"),
    "u": vector("n", "b"), "s": FLOAT, "j": INT,
}  # fmt: skip
SIGNATURES = ("x s", "x y", "x m", "x q s", "x z j", "x k", "x u s", "x y m z", "x k s j", "x m q")


def generate(seed: str) -> Program:
    """The program of a seed."""
    rng = random.Random(f"arrays {seed}")
    w = ArrayStatements(rng, "_" + "".join(c if c.isalnum() else "_" for c in seed))
    w.functions = []
    params = tuple(rng.choice(SIGNATURES).split())
    smooth = w.chance(0.5)
    for _ in range(w.pick(0, 0, 1, 2)):
        w.helper()
    name = f"main{w.tag}"
    own = [Var(p, KINDS[p], w.frame) for p in params]
    w.indent = 0
    with w.block(f"def {name}({', '.join(params)}):"), w.function(own) as frame:
        w.emit("n = len(x)")
        w.emit("r = len(m)" if "m" in params else "r = 2")
        for p in own:
            if isinstance(p.type, Arr) and (smooth or w.chance(0.5)):
                w.emit(f"{p.name} = {p.name}.copy()")
        w.statements(w.pick(1, 2, 3, 4, 6))
        seen = [v for v in frame.visible if v.type != INT]
        w.emit(f"return {_total(w, seen) if smooth else _several(w, seen)}")
    calls = [_arguments(rng, params, n) for n in (5, 2, 0, 1)]
    source = "\n".join([*w.module, *w.lines]) + "\n"
    return Program(seed, name, source, params, calls, w.features, "float" if smooth else "tuple", header=HEADER)


def _several(w: ArrayStatements, seen: list[Var]) -> str:
    names = [v.name for v in w.rng.sample(seen, min(len(seen), w.pick(1, 3, 6)))]
    return f"({', '.join(names)},)"


def _total(w: ArrayStatements, seen: list[Var]) -> str:
    """A float that depends on everything in scope."""

    def term(v: Var) -> str:
        weight = w.pick("", "0.5 * ", "-0.7 * ")
        if v.type == FLOAT:
            return f"{weight}{v.name}"
        if isinstance(v.type, ListOf):
            return f"{weight}np.sum({v.name}[-1])" if v.type.item != FLOAT else f"{weight}sum({v.name})"
        if v.type.element != "f":  # type: ignore[attr-defined]
            return f"0.1 * np.sum({v.name} * 1.0)"
        return f"{weight}np.sum(np.{w.pick('sin', 'tanh', 'square')}({v.name}))"

    chosen = w.rng.sample(seen, min(len(seen), 8))
    return " + ".join(term(v) for v in chosen)


def _arguments(rng: random.Random, params: tuple[str, ...], n: int) -> tuple[str, ...]:
    r = rng.choice((2, 2, 3, 1))
    sizes = {"n": n, "r": r, "b": rng.choice((1, n))}

    def one(p: str) -> str:
        kind = KINDS[p]
        if kind == FLOAT:
            return repr(round(rng.uniform(-1.5, 1.5), 3))
        if kind == INT:
            return str(rng.randrange(-1, 4))
        shape = tuple(sizes[d] for d in kind.dims)
        count = 1
        for size in shape:
            count *= size
        match kind.element:
            case "f":
                items: list = [round(rng.uniform(-1.5, 1.5), 3) for _ in range(count)]
            case "i":
                items = [rng.randrange(-2, 6) for _ in range(count)]
            case _:
                items = [rng.random() < 0.5 for _ in range(count)]
        kinds = {"f": "float", "i": "np.int64", "b": "bool"}
        return f"np.array({items}, dtype={kinds[kind.element]}).reshape({shape})"

    return tuple(map(one, params))
