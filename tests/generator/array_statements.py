"""Random statements about arrays: writes, second names and views, loops, branches, functions that write, lists."""

from __future__ import annotations

import contextlib

from generator.array_expressions import MATRIX, SIZES, SQUARE, Arr, ArrayExpressions, ListOf, vector
from generator.model import FLOAT, INT, Var

SHAPES = (vector(),) * 5 + (vector("n-1"), vector("n-2"), MATRIX, MATRIX, SQUARE)


class ArrayStatements(ArrayExpressions):
    """Writes statements into the current block."""

    functions: list[tuple[str, list[object], object]]

    @contextlib.contextmanager
    def block(self, header: str, trips: int = 1, empty: str = "pass"):
        known = len(self.functions)
        with super().block(header, trips, empty):
            yield
        del self.functions[known:]

    def statements(self, count: int) -> None:
        for _ in range(count):
            deep = self.indent > 3 or self.trips > 30
            write = self.rng.choices(self.ALL[:8] if deep else self.ALL, self.WEIGHTS[:8] if deep else self.WEIGHTS)[0]
            write(self)

    # -- names

    def assign(self) -> None:
        """A new variable, or another value for an old one."""
        type_ = self.pick(*SHAPES, FLOAT, FLOAT, vector("n", "i"), vector("n", "b"))
        known = self.assignable(type_)
        if known and self.chance(0.35):
            name = self.rng.choice(known).name
            self.emit(f"{name} = {self.of(type_)}")
            return
        name, text = self.fresh("a" if type_ != FLOAT else "s"), self.of(type_)
        if isinstance(type_, Arr) and self.chance(0.4):
            sizes = ", ".join(SIZES[d] for d in type_.dims)
            kind = {"f": "", "i": ", dtype=np.int64", "b": ", dtype=bool"}[type_.element]
            text = self.pick(f"({text}).copy()", f"np.{self.pick('zeros', 'ones')}(({sizes},){kind})")
        self.emit(f"{name} = {text}")
        self.define(name, type_)

    def second_name(self) -> None:
        """A variable that shares memory with another."""
        self.features.add("second name")
        name, type_ = self.fresh("b"), self.pick(*SHAPES)
        match self.rng.randrange(6):
            case 0 | 1:
                text = self.view(type_.dims)
            case 2:
                text = self.named(type_)
            case 3:
                text = f"{self.view(type_.dims)} if {self.condition()} else {self.view(type_.dims)}"
            case 4:
                other = self.fresh("b")
                self.emit(f"{other}, {name} = {self.view(type_.dims)}, {self.view(type_.dims)}")
                self.define(other, type_)
                self.define(name, type_)
                return
            case _:
                pair = self.fresh("t")
                self.emit(f"{pair} = ({self.view(type_.dims)}, {self.view(type_.dims)})")
                text = f"{pair}[{self.pick('0', '1')}]"
        self.emit(f"{name} = {text}")
        self.define(name, type_)

    def swap(self) -> None:
        for type_ in (vector(), MATRIX, SQUARE, vector("n-1")):
            known = self.assignable(type_)
            if len(known) > 1:
                a, b = self.rng.sample(known, 2)
                self.emit(f"{a.name}, {b.name} = {b.name}, {a.name}")
                return
        self.second_name()

    # -- writes

    def write(self) -> None:
        """Part of a variable is assigned, by its own name or in a function that captured it."""
        self.features.add("write")
        types = [t for t in dict.fromkeys(SHAPES) if self.variables(t)]
        type_ = self.pick(*types)
        name = self.named(type_)
        if len(type_.dims) == 2:
            return self.write_matrix(name, type_)
        dim = type_.dims[0]
        step = self.pick("=", "=", "+=", "-=", "*=")
        match self.rng.randrange(10):
            case 0 | 1:
                self.emit(f"{name}[{self.index(dim)}] {step} {self.scalar(2)}")
            case 2:
                self.emit(f"{name}[:] {step} {self.array(type_.dims, 2)}")
            case 3:
                self.emit(f"{name}[{self.mask(type_.dims)}] {step} {self.scalar(1)}")
            case 4 if dim == "n":
                self.emit(
                    f"{name}[{self.integers(0)} % max(n, 1)] {step} {self.pick(self.scalar(1), self.view(('n',)))}"
                )
            case 4 | 5:
                part = self.pick("::2", "1::2", "::-1", "1:", ":-1", ":2", "None, 0", "...", "::r", "1::-n")
                self.emit(f"{name}[{part}] {step} {self.scalar(1)}")
            case 6 | 7 if dim == "n":
                inner, windows = self.pick(("n-1", ("1:", ":-1")), ("n-2", ("1:-1", "2:", ":-2")))
                window = self.pick(*windows)
                self.emit(f"{name}[{window}] {step} {self.array((inner,), 2)}")
            case 8 if dim == "n":
                self.emit(
                    self.pick(
                        f"{name}[:] = {name}[::-1]", f"{name}[1:] {step} {name}[:-1]", f"{name}[:-1] {step} {name}[1:]"
                    )
                )
            case _:
                self.in_place(name, type_)

    def in_place(self, name: str, type_: Arr) -> None:
        own = [v.name for v in self.frame.visible if v.frame is self.frame]
        step = self.pick("+=", "*=", "-=")
        value = self.pick(self.scalar(1), self.array(type_.dims, 1))
        self.emit(f"{name} {step} {value}" if name in own else f"{name}[...] {step} {value}")

    def write_matrix(self, name: str, type_: Arr) -> None:
        step = self.pick("=", "+=", "*=")
        rows, columns = type_.dims
        i, j = self.index(rows), self.index(columns)
        match self.rng.randrange(8):
            case 0:
                self.emit(f"{name}[{i}] {step} {self.array(('n',), 1)}")
            case 1:
                self.emit(f"{name}[{i}, {j}] {step} {self.scalar(1)}")
            case 2:
                self.emit(f"{name}[{i}][{j}] {step} {self.scalar(1)}")
            case 3:
                self.emit(f"{name}[:, {j}] {step} {self.scalar(1)}")
            case 4:
                self.emit(f"{name}[{i}, 1:] {step} {self.array(('n-1',), 1)}")
            case 5:
                self.emit(f"{name}.T[{j}] {step} {self.scalar(1)}")
            case 6:
                row = self.fresh("w")
                with self.block(f"for {row} in {name}:", 3):
                    self.define(row, vector(), fixed=True)
                    self.emit(self.pick(f"{row} *= 0.5", f"{row}[0] = {self.scalar(1)}", f"{row} += {name}[-1]"))
            case _:
                self.in_place(name, type_)

    # -- control flow

    def branch(self) -> None:
        known = len(self.frame.visible)
        with self.block(f"if {self.condition()}:"):
            self.statements(self.pick(1, 2))
            left = self.left_behind(known)
        if self.chance(0.5):
            with self.block("else:"):
                self.statements(self.pick(1, 2))
        self.frame.visible += left

    def left_behind(self, known: int) -> list[Var]:
        """Variables of a block that are read after it, whether or not it runs."""
        return self.frame.visible[known:] if self.chance(0.15) else []

    def rebind(self) -> None:
        """A variable becomes another array, or a view of one, perhaps in one branch only."""
        known = [v for t in SHAPES for v in self.assignable(t)]
        if not known:
            return self.assign()
        var = self.rng.choice(known)
        text = f"{var.name} = {self.view(var.type.dims)}"  # type: ignore[attr-defined]
        if self.chance(0.4):
            with self.block(f"if {self.condition()}:"):
                self.emit(text)
        else:
            self.emit(text)

    def loop(self) -> None:
        i, e, f = (self.fresh(c) for c in "ief")
        v = self.view(("n",))
        header, bound = self.pick(
            (f"for {i} in range({self.pick('2', '3', 'n', 'n', 'r')}):", [(i, INT)]),
            (f"for {i} in range({self.pick('1, n', 'n - 1, -1, -1', '0, n, 2')}):", [(i, INT)]),
            (f"for {e} in {v}:", [(e, FLOAT)]),
            (f"for {i}, {e} in enumerate({v}):", [(i, INT), (e, FLOAT)]),
            (f"for {e}, {f} in zip({v}, {self.view(('n',))}):", [(e, FLOAT), (f, FLOAT)]),
            (f"for {e} in {self.view(('r', 'n'))}:", [(e, vector())]),
        )
        known = len(self.frame.visible)
        with self.block(header, 5):
            for name, type_ in bound:
                self.define(name, type_, fixed=True)
            self.statements(self.pick(1, 1, 2))
            left = self.left_behind(known)
            if self.chance(0.15):
                with self.block(f"if {self.condition()}:"):
                    self.emit(self.pick("break", "continue"))
                self.statements(1)
        self.frame.visible += left

    # -- functions

    def nested_function(self) -> None:
        """A function that reads and writes what it captured, or was given."""
        self.features.add("closure")
        name = self.fresh("g")
        params = [Var(self.fresh("p"), t, self.frame) for t in self.pick((vector(),), (FLOAT,), (vector(), FLOAT), ())]
        result = self.pick(FLOAT, vector(), vector(), None)
        with self.block(f"def {name}({', '.join(p.name for p in params)}):"), self.function(params):
            self.statements(self.pick(1, 2))
            if result is not None:
                self.emit(f"return {self.result(result)}")
        self.functions.append((name, [p.type for p in params], result))
        self.call()

    def result(self, type_: object) -> str:
        if isinstance(type_, Arr) and self.chance(0.6):
            return self.view(type_.dims)
        return self.of(type_, 1)

    def call(self) -> None:
        """A call of a function of the module, or one that is in scope."""
        if not self.functions:
            return self.second_name()
        name, params, result = self.rng.choice(self.functions)
        args = [self.view(p.dims) if isinstance(p, Arr) else self.of(p, 1) for p in params]
        text = f"{name}({', '.join(args)})"
        if result is None:
            self.emit(text)
            return
        var = self.fresh("c")
        self.emit(f"{var} = {text}")
        self.define(var, result)

    def helper(self) -> None:
        """A function of the module."""
        name = self.fresh("h") + self.tag
        types = self.pick((vector(),), (vector(), vector()), (vector(), FLOAT), (MATRIX,), (MATRIX, vector()))
        result = self.pick(FLOAT, vector(), vector(), None)
        with self.toplevel():
            own = [Var(self.fresh("p"), t, self.frame) for t in types]
            with self.block(f"def {name}({', '.join(p.name for p in own)}):"), self.function(own):
                first = own[0]
                self.emit(f"n = {first.name}.shape[-1]")
                self.emit(f"r = {first.name}.shape[0]" if first.type == MATRIX else "r = 2")
                self.statements(self.pick(1, 1, 2))
                if result is not None:
                    self.emit(f"return {self.result(result)}")
        self.functions.append((name, list(types), result))

    # -- lists

    def build_list(self) -> None:
        self.features.add("list")
        name, item = self.fresh("l"), self.pick(FLOAT, vector())
        match self.rng.randrange(3):
            case 0:
                self.emit(f"{name} = [{self.result(item)}, {self.result(item)}]")
            case 1:
                self.emit(f"{name} = [{self.result(item)}]")
                i = self.fresh("i")
                with self.block(f"for {i} in range({self.pick('3', 'n')}):", 4):
                    self.define(i, INT, fixed=True)
                    self.statements(self.pick(0, 1))
                    self.emit(f"{name}.append({self.result(item)})")
            case _:
                i = self.fresh("i")
                one = self.result(item)
                text = f"{one} * ({i} + 0.5)" if self.chance(0.6) else one
                self.emit(f"{name} = [{text} for {i} in range({self.pick('3', 'r', 'n + 1')})]")
        self.define(name, ListOf(item))

    def use_list(self) -> None:
        known = [v for t in (FLOAT, vector()) for v in self.variables(ListOf(t))]
        if not known:
            return self.build_list()
        var = self.rng.choice(known)
        item, name = var.type.item, self.fresh("a")
        match self.rng.randrange(6):
            case 0:
                self.emit(f"{var.name}.append({self.result(item)})")
            case 1:
                self.emit(f"{var.name}[{self.pick('0', '-1')}] = {self.result(item)}")
            case 2 if item != FLOAT:
                self.emit(f"{var.name}[{self.pick('0', '-1')}] {self.pick('+=', '*=')} {self.scalar(1)}")
            case 3 if item != FLOAT:
                self.emit(f"{name} = np.sum(np.stack({var.name}), axis=0)")
                self.define(name, item)
            case 4:
                element = self.fresh("e")
                with self.block(f"for {element} in {var.name}:", 4):
                    self.define(element, item, fixed=True)
                    self.statements(1)
            case _:
                self.emit(f"{name} = {self.pick(f'{var.name}[-1]', f'{var.name}[0]', f'sum({var.name})')}")
                self.define(name, item)

    ALL = (
        assign, second_name, write, write, rebind, swap, call, use_list,
        branch, loop, nested_function, build_list,
    )  # fmt: skip
    WEIGHTS = (6, 5, 6, 4, 1.5, 1, 1.5, 1, 3, 4, 2, 1)
