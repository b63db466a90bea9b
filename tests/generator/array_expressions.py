"""Random expressions of arrays, of a wanted element type and shape, from the variables in scope.

A dimension is a name: `n` and `r` are run-time sizes, `n-1` and `n-2` what windows leave of n, `b` is 1 or n. Values
stay moderate: what multiplies is small, what repeats goes through `tanh`.
"""

from __future__ import annotations

from dataclasses import dataclass

from generator.model import FLOAT, INT, Var, Writer


@dataclass(frozen=True)
class Arr:
    """The type of arrays: `f`, `i` or `b` elements (`s`: single precision), and the names of the dimensions."""

    element: str
    dims: tuple[str, ...]


@dataclass(frozen=True)
class ListOf:
    """The type of lists that are not empty."""

    item: object


def vector(dim: str = "n", element: str = "f") -> Arr:
    return Arr(element, (dim,))


MATRIX, SQUARE = Arr("f", ("r", "n")), Arr("f", ("n", "n"))
WINDOWS = {"n-1": ("1:", ":-1"), "n-2": ("1:-1", "2:", ":-2")}
SIZES = {"n": "n", "r": "r", "n-1": "max(n - 1, 0)", "n-2": "max(n - 2, 0)", "b": "1"}


class ArrayExpressions(Writer):
    """Writes expressions."""

    # -- scalars

    def scalar(self, depth: int = 1) -> str:
        """A float, Python's or NumPy's."""
        known = [v.name for v in self.variables(FLOAT)]
        if depth <= 0 or self.chance(0.3):
            return self.pick(*known, "0.5", "-0.25", "1.5")
        dims = self.pick(("n",), ("n",), ("n-1",), ("r", "n"))
        match self.rng.randrange(9):
            case 0:
                return f"np.{self.pick('sum', 'mean', 'sum')}({self.array(dims, depth - 1)})"
            case 1:
                return f"np.{self.pick('max', 'min')}({self.array(dims, depth - 1)})"
            case 2 | 3:
                return f"{self.named(vector())}[{self.index()}]"
            case 4:
                return f"{self.named(MATRIX)}[{self.row_index()}, {self.index()}]"
            case 5:
                return f"({self.scalar(depth - 1)} {self.pick('+', '-', '*')} {self.scalar(depth - 1)})"
            case 6:
                return f"np.{self.pick('sin', 'tanh', 'cos')}({self.scalar(depth - 1)})"
            case 7:
                lists = self.variables(ListOf(FLOAT))
                return f"{self.pick(*lists).name}[{self.pick('0', '-1')}]" if lists else self.scalar(depth - 1)
        return f"({self.array(('n',), depth - 1)} @ {self.array(('n',), depth - 1)})"

    def index(self, dim: str = "n") -> str:
        """An index that is in range where there is one, mostly."""
        loops = [v.name for v in self.variables(INT)]
        size = SIZES[dim]
        choices = ["0", "-1", *(f"{i} % max({size}, 1)" for i in loops), *(f"-1 - {i} % max({size}, 1)" for i in loops)]
        return self.pick(*choices, *([f"{self.pick(*loops)}"] if loops and self.chance(0.15) else []))

    def row_index(self) -> str:
        return self.index("r")

    def condition(self) -> str:
        ints = [v.name for v in self.variables(INT)]
        if ints and self.chance(0.4):
            return f"{self.pick(*ints)} {self.pick('% 2 == 0', '> 1', '== 0')}"
        return f"{self.scalar(1)} {self.pick('<', '>')} {self.scalar(0)}"

    # -- arrays

    def named(self, type_: Arr) -> str:
        """The name of a variable of this type, or a new array in its place."""
        known = self.variables(type_)
        if known:
            return self.read(self.rng.choice(known))
        sizes = ", ".join(SIZES[d] for d in type_.dims)
        if type_.element == "i":
            return f"np.arange({sizes})"
        return f"np.full(({sizes},), {self.pick('0.5', '0.25', '-1.5')})"

    def view(self, dims: tuple[str, ...]) -> str:
        """Part of a variable, sharing memory with it."""
        match dims:
            case ("n",):
                name = self.named(vector())
                options = [name, f"{name}[::-1]", f"{name}[:]", f"{name}[...]", f"{name}[:, None][:, 0]", f"{name}.T"]
                for m in self.variables(MATRIX):
                    options += [f"{m.name}[{self.row_index()}]", f"{m.name}.T[:, {self.row_index()}]"]
                for q in self.variables(SQUARE):
                    options += [f"{q.name}[:, {self.index()}]", f"{q.name}[{self.index()}]"]
                for items in self.variables(ListOf(vector())):
                    options += [f"{items.name}[{self.pick('0', '-1')}]"] * 2
                return self.pick(*options)
            case ("n-1" | "n-2" as dim,):
                known = self.variables(vector(dim))
                if known and self.chance(0.4):
                    return self.named(vector(dim))
                window = self.pick(*WINDOWS[dim])
                return f"{self.view(('n',)) if self.chance(0.3) else self.named(vector())}[{window}]"
            case ("n", "n"):
                name = self.named(SQUARE)
                return self.pick(name, f"{name}.T", f"{name}[::-1]", f"{name}[:, ::-1]", f"np.transpose({name})")
            case ("n", "r"):
                return f"{self.named(MATRIX)}.T"
            case ("r", "n"):
                name = self.named(MATRIX)
                return self.pick(name, f"{name}[::-1]", f"{name}[:, ::-1]", f"{name}[:]", f"{name}.T.T")
        return self.named(Arr("f", dims))

    def array(self, dims: tuple[str, ...], depth: int) -> str:
        """An array of floats; what is smooth more often than not."""
        if depth <= 0 or self.chance(0.2):
            return self.view(dims)
        if self.chance(0.35):
            special = self.special(dims, depth - 1)
            if special:
                return special
        a = self.array(dims, depth - 1)
        match self.rng.randrange(10):
            case 0 | 1:
                return f"({a} {self.pick('+', '-', '*')} {self.array(dims, depth - 1)})"
            case 2:
                return f"({a} {self.pick('+', '*', '-')} {self.scalar(depth - 1)})"
            case 3:
                return f"{self.pick('0.5', '-0.3', '2.0')} * {a}"
            case 4 | 5:
                return f"np.{self.pick('tanh', 'sin', 'cos', 'arctan', 'square', 'abs')}({a})"
            case 6:
                return f"np.{self.pick('maximum', 'minimum')}({a}, {self.pick(self.scalar(0), self.view(dims))})"
            case 7:
                return f"np.where({self.mask(dims)}, {a}, {self.pick(self.scalar(0), self.view(dims))})"
            case 8:
                return f"np.clip({a}, -0.8, {self.pick('0.8', '1.1')})"
        return f"{a} / (1.5 + {self.view(dims)} ** 2)"

    def special(self, dims: tuple[str, ...], depth: int) -> str:
        """What only makes arrays of such a shape."""
        match dims:
            case ("n",):
                v, m, q = (self.array(d, depth) for d in (("n",), ("r", "n"), ("n", "n")))
                options = [
                    f"np.cumsum({v})", f"{v}[{self.named(vector('n', 'i'))} % max(n, 1)]", f"np.sort({v})",
                    f"np.sum({m}, axis=0)", f"np.mean({q}, axis={self.pick(0, 1, -1)})", f"({q} @ {v})", f"({v} @ {q})",
                    f"np.array([{self.pick('e * 0.5', 'np.sin(e)', 'e')} for e in {v}])" if "for e in" not in v else v,
                    f"np.concatenate([{self.array(('n-1',), 0)}, {v}[:1]])", f"np.roll({v}, 1)", f"({v}).copy()",
                    f"({self.named(Arr('f', ('b',)))} + {v})", f"np.zeros_like({v})",
                    f"{self.named(vector('n', 'i'))} * 0.25",
                    f"{v}[np.argsort({self.view(('n',))})]", f"np.reshape({v}, (-1,))",
                ]  # fmt: skip
                return self.pick(*options)
            case ("n-1",):
                return self.pick(f"np.diff({self.array(('n',), depth)})", f"{self.array(('n',), depth)}[1:]")
            case ("r", "n"):
                v, m = self.array(("n",), depth), self.array(dims, depth)
                return self.pick(
                    f"({m} + {v})", f"({m} * {self.named(Arr('f', ('b',)))})", f"({m} @ {self.array(('n', 'n'), 0)})",
                    f"({m} - np.mean({m}, axis=1, keepdims=True))", f"np.stack([{v}] * 2)[:1] + {m}", f"{m}.copy()",
                    f"np.sum({m}, axis=1)[:, None] * {v}",
                )  # fmt: skip
            case ("n", "n"):
                v, w = self.array(("n",), depth), self.array(("n",), 0)
                return self.pick(
                    f"np.outer({v}, {w})", f"{v}[:, None] * {w}", f"({v}[:, None] + {w}[None])", f"np.eye(n) * {v}",
                    f"({self.array(('n', 'r'), 0)} @ {self.array(('r', 'n'), 0)})",
                )  # fmt: skip
        return ""

    def mask(self, dims: tuple[str, ...]) -> str:
        if dims == ("n",) and self.variables(vector("n", "b")) and self.chance(0.4):
            return self.pick("", "~") + self.named(vector("n", "b"))
        test = f"{self.view(dims)} {self.pick('>', '<')} {self.scalar(0)}"
        return f"({test}) & ({self.view(dims)} < 0.7)" if self.chance(0.2) else test

    def integers(self, depth: int = 1) -> str:
        """An array of ints of size n."""
        k = self.named(vector("n", "i"))
        if depth <= 0:
            return self.pick(k, k, f"{k}[::-1]", "np.arange(n)")
        other = self.integers(depth - 1)
        return self.pick(
            f"({k} + {other})", f"{other} * 2", f"{other} % 3", f"{k} // 2", f"np.cumsum({other})", f"np.abs({other})",
            f"np.where({self.mask(('n',))}, {k}, {other})", f"np.argsort({self.view(('n',))})", f"{k}[::-1] - {other}",
            f"({self.mask(('n',))}).astype(np.int64)", f"np.maximum({k}, {self.pick('0', '1')})",
        )  # fmt: skip

    def of(self, type_: object, depth: int = 2) -> str:
        """An expression of a type."""
        if type_ == FLOAT:
            return self.scalar(depth)
        assert isinstance(type_, Arr)
        if type_.element == "i":
            return self.integers(depth - 1)
        if type_.element == "b":
            return self.mask(type_.dims)
        return self.array(type_.dims, depth)

    def loop_variable(self, stem: str, type_: object) -> Var:
        return Var(self.fresh(stem), type_, self.frame, fixed=True)
