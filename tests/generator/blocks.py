"""What every fifth program must contain at least, each in several shapes with random parts.

Loops that depend on data, nested loops with `break`, recursion, functions that escape or are chosen at run time,
errors, variables assigned after capture; and recursive data and unions beside them.
"""

from __future__ import annotations

from generator.model import BOOL, BOUND, F1, F2, FLOAT, INT, VARIABLE, Var
from generator.statements import Statements


class Blocks(Statements):
    """Writes one block for each feature."""

    # -- loops

    def data_loop(self) -> None:
        self.features.add("data loop")
        var = self.ensure_state()
        match self.rng.randrange(4):
            case 0 | 1:
                self.while_loop()
            case 2:
                with self.block(f"for {self.fresh('i')} in range(int(abs({self.within(VARIABLE)}) * 1.5)):", 6):
                    self.statements(self.pick(0, 1))
                    self.reassign(var)
            case _:
                with self.block(f"for {self.index().name} in range(8):", 8):
                    self.statements(self.pick(0, 1))
                    self.reassign(var)
                    with self.block(f"if {self.pick('abs', '')}({var.name}) > {self.pick('0.8', '1.2', '0.3')}:"):
                        self.emit("break")

    def index(self) -> Var:
        return Var(self.fresh("i"), INT, self.frame, fixed=True)

    def nested_loops(self) -> None:
        self.features.add("nested break")
        var = self.ensure_state()
        i, j = self.index(), self.index()
        outer = f"for {i.name} in range({self.pick('3', '4', f'{self.int(1)} % 4 + 1')}):"
        inner = f"for {j.name} in range({self.pick('3', f'{i.name} + 1', f'{self.int(1)} % 4')}):"
        extra = self.assign_new(FLOAT)
        with self.block(outer, 4):
            self.frame.visible.append(i)
            if self.chance(0.5):
                self.assign()
            with self.block(inner, 4):
                self.frame.visible.append(j)
                if self.chance(0.4):
                    with self.block(f"if {self.bool()}:"):
                        self.emit("continue")
                self.reassign(var)
                with self.block(f"if {self.bool()}:"):
                    if self.chance(0.5):
                        self.reassign(extra)
                    out = self.frame.returns is not None and self.chance(0.15)
                    self.emit(f"return {self.of_type(self.frame.returns)}" if out else "break")
                if self.chance(0.4):
                    self.reassign(extra)
            if self.chance(0.4):
                with self.block("else:"):
                    self.reassign(extra)
                    if self.chance(0.3):
                        self.emit("continue")
            if self.chance(0.4):
                with self.block(f"if {self.bool()}:"):
                    self.emit(self.pick("break", "break", "continue"))
            self.reassign(var)

    # -- recursion

    def recursion(self) -> None:
        """A recursive function, of the module or nested, and a call of it."""
        self.features.add("recursion")
        shape = self.pick(
            self.linear, self.linear, self.tail, self.tree, self.mutual, self.pair, self.higher_order, self.maker,
            self.int_base,
        )  # fmt: skip
        if self.chance(0.5):
            with self.toplevel():
                call = shape()
        else:
            call = shape()
        name = self.fresh("v")
        self.emit(f"{name} = {call}")
        self.define(name, FLOAT)

    def recursive(self, stem: str, params: list[Var], write) -> str:
        """A function whose last parameter `k` counts down; `write(name, k)` writes its body."""
        name = f"{self.fresh(stem)}{self.tag if self.indent == 0 else ''}"
        k = self.param("k", INT, fixed=True)
        with self.block(f"def {name}({', '.join(p.name for p in [*params, k])}):"), self.function([*params, k]):
            write(name, k.name)
        return name

    def fuel(self, most: int = 5) -> str:
        self.frame.cost += 30 * self.trips
        return self.pick(str(self.rng.randrange(most + 1)), f"{self.int(1)} % {most + 1}")

    def actual(self) -> str:
        """An argument for a call that may stand in another function than the one being written: a constant or `x`."""
        return self.pick("x", "x", "0.5", "1.5") if self.indent == 0 else self.within(BOUND, 2)

    def count(self, most: int = 5) -> str:
        return (
            self.pick(str(self.rng.randrange(most + 1)), f"int(abs(x) * 2) % {most + 1}")
            if self.indent == 0
            else self.fuel(most)
        )

    def linear(self) -> str:
        z = self.param("z")

        def body(name, k):
            with self.block(f"if {k} <= 0:"):
                self.emit(f"return {self.within(BOUND)}")
            self.statements(self.pick(0, 1, 1))
            inner = f"{name}({self.within(BOUND)}, {k} - {self.pick(1, 1, 2)})"
            result = self.pick(f"math.sin({inner})", f"0.5 * {inner}", f"math.tanh({inner}) * {z.name} * 0.3")
            self.emit(f"return {result} + {self.within(2.0)}")

        return f"math.tanh({self.recursive('rec', [z], body)}({self.actual()}, {self.count()}))"

    def tail(self) -> str:
        z, acc = self.param("z"), self.param("a")

        def body(name, k):
            with self.block(f"if {k} <= 0{self.pick('', f' or {z.name} > 3.0')}:"):
                self.emit(f"return {self.pick(acc.name, f'{acc.name} + {z.name}')}")
            with self.block(f"if {self.bool()}:"):
                self.emit(f"return {name}({self.within(BOUND)}, {acc.name} * 0.5, {k} - 1)")
            self.emit(f"return {name}({self.within(BOUND)}, {self.within(BOUND)}, {k} - 1)")

        return f"math.sin({self.recursive('loop', [z, acc], body)}({self.actual()}, {self.actual()}, {self.count(9)}))"

    def tree(self) -> str:
        z = self.param("z")

        def body(name, k):
            with self.block(f"if {k} < 2:"):
                self.emit(f"return {self.within(BOUND)}{self.pick('', f' + {k}')}")
            a, b = f"{name}({self.within(BOUND, 1)}, {k} - 1)", f"{name}({self.within(BOUND, 1)}, {k} - 2)"
            weighted = f"math.sin({a}) * {self.within(1.0)} + 0.3 * {b}"
            self.emit(f"return {self.pick(weighted, f'math.tanh({a} - {b})')}")

        return f"math.tanh({self.recursive('tree', [z], body)}({self.actual()}, {self.count(5)}))"

    def mutual(self) -> str:
        names = [f"{self.fresh('ping')}{self.tag}", f"{self.fresh('pong')}{self.tag}"]
        start, count = self.actual(), self.count(6)
        for me, other in (names, names[::-1]):
            z, k = self.param("z"), self.param("k", INT, fixed=True)
            with self.block(f"def {me}({z.name}, {k.name}):"), self.function([z, k]):
                with self.block(f"if {k.name} <= 0:"):
                    self.emit(f"return {self.within(BOUND)}")
                call = f"{other}({self.within(BOUND)}, {k.name} - 1)"
                self.emit(f"return {self.pick(call, f'math.sin({call})', f'0.5 * {call} + {z.name} * 0.1')}")
            if self.indent == 0:
                self.emit("")
        return f"math.sin({names[0]}({start}, {count}))"

    def pair(self) -> str:
        z = self.param("z")

        def body(name, k):
            with self.block(f"if {k} <= 0:"):
                self.emit(f"return {self.within(VARIABLE)}, {self.within(VARIABLE)}")
            a, b = self.fresh("v"), self.fresh("v")
            self.emit(f"{a}, {b} = {name}({self.within(BOUND, 1)}, {k} - 1)")
            self.define(a, FLOAT)
            self.define(b, FLOAT)
            self.emit(f"return {self.within(VARIABLE)}, {self.pick(a, self.within(VARIABLE))}")

        return f"sum({self.recursive('pair', [z], body)}({self.actual()}, {self.count()})) * 0.4"

    def higher_order(self) -> str:
        """A function passed down, sometimes wrapped on the way."""
        f, z = self.param("f", F1, cost=10), self.param("z")

        def body(name, k):
            with self.block(f"if {k} <= 0:"):
                self.emit(f"return {f.name}({self.within(BOUND, 1)})")
            step = self.pick(f.name, f.name, f"lambda u: math.sin({f.name}(u)) * {z.name} * 0.3")
            self.emit(f"return {name}({step}, math.sin({f.name}({z.name})), {k} - 1)")

        function = f"({self.lambda_(F1)[0]})" if self.indent else self.pick("math.sin", "math.cos", "lambda u: u * 0.5")
        return f"math.tanh({self.recursive('iterate', [f, z], body)}({function}, {self.actual()}, {self.count(4)}))"

    def maker(self) -> str:
        """A recursive function that returns functions wrapping one another."""
        self.features.add("closure")
        a = self.param("a")

        def body(name, k):
            with self.block(f"if {k} <= 0:"):
                self.emit(f"return {self.lambda_(F1)[0]}")
            g = self.fresh("f")
            self.emit(f"{g} = {name}({self.within(BOUND, 1)}, {k} - 1)")
            self.define(g, F1, cost=10)
            self.emit(f"return lambda u: math.sin({g}(u{self.pick('', f' + {k}')})) * {self.within(2.0, 1)}")

        return f"math.tanh({self.recursive('make', [a], body)}({self.actual()}, {self.count(3)})({self.actual()}))"

    def int_base(self) -> str:
        self.features.add("joined")
        z = self.param("z")

        def body(name, k):
            self.emit(
                f"return {self.pick(0, 1, 2)} if {k} <= 0 else {self.within(1.0)} * {name}({z.name} * 0.5, {k} - 1)"
            )

        return f"({self.recursive('power', [z], body)}({self.actual()}, {self.count()}) + 0.0) * 0.5"

    # -- functions that escape or are chosen

    def closure(self) -> None:
        self.features.add("closure")
        self.pick(self.factory, self.table, self.compose, self.chosen, self.counter, self.numeral)()

    def result(self, call: str) -> None:
        """A new variable that holds the value of a call."""
        name = self.fresh("v")
        self.emit(f"{name} = math.tanh({call})")
        self.define(name, FLOAT)

    def factory(self) -> None:
        name, outer = self.fresh("make"), self.frame
        a, k = self.param("a"), self.param("k", INT, fixed=True)
        with self.block(f"def {name}({a.name}, {k.name}):"), self.function([a, k]):
            self.statements(self.pick(0, 1))
            with self.block(f"if {self.bool()}:"):
                self.emit(f"return {self.function_value(F1, 1)[0]}")
            if self.chance(0.5):
                inner = self.nested_function()
                while inner.type != F1:
                    inner = self.nested_function()
                self.emit(f"return {inner.name}")
            else:
                self.emit(f"return {self.lambda_(F1)[0]}")
        f, g = self.fresh("f"), self.fresh("f")
        self.emit(f"{f} = {name}({self.within(BOUND)}, {self.int(1)})")
        self.emit(f"{g} = {name}({self.within(BOUND, 1)}, {self.pick(0, 1, 3)})")
        for made in (f, g):
            Var(made, F1, outer)
            self.define(made, F1, cost=12)
        self.result(f"{f}({self.within(BOUND)}) - {g}({f}({self.within(BOUND, 1)}) * 0.3)")

    def table(self) -> None:
        """Functions in a tuple, one of them chosen in a loop or by a test."""
        t, var = self.fresh("t"), self.ensure_state()
        self.emit(
            f"{t} = ({self.function_value(F1)[0]}, {self.function_value(F1)[0]}, {self.pick('math.sin', 'math.atan')})"
        )
        chosen = f"({t}[0] if {{0}} else {t}[1] if {{1}} else {t}[2])"
        match self.rng.randrange(3):
            case 0:
                self.result(f"{chosen.format(self.bool(), self.bool())}({self.within(BOUND)})")
            case 1:
                i = self.index()
                with self.block(f"for {i.name} in range({self.int(1)} % 5):", 5):
                    self.frame.visible.append(i)
                    self.emit(f"{var.name} = math.sin({chosen.format(f'{i.name} % 3 == 0', self.bool())}({var.name}))")
                    self.wrote(var)
            case _:
                f = self.fresh("f")
                with self.block(f"for {f} in {t}:"):
                    self.emit(f"{var.name} = math.tanh({f}({var.name})) + {self.within(1.0)}")
                    self.wrote(var)

    def compose(self) -> None:
        name, f = self.fresh("compose"), self.fresh("f")
        self.emit(f"{name} = lambda p, q: lambda u: p(q(u))")
        self.emit(f"{f} = {self.function_value(F1, 1)[0]}")
        i = self.index()
        with self.block(f"for {i.name} in range({self.int(1)} % 4):", 4):
            self.frame.visible.append(i)
            step = f"({self.lambda_(F1)[0]})"
            self.emit(f"{f} = {self.pick(f'{name}({step}, {f})', f'{name}({f}, {step})', f'{name}(math.sin, {f})')}")
        self.define(f, F1, cost=40)
        self.result(f"{f}({self.within(BOUND)})")

    def chosen(self) -> None:
        f = self.fresh("f")
        with self.block(f"if {self.bool()}:"):
            self.emit(f"{f} = {self.function_value(F1)[0]}")
        with self.block("else:"):
            if self.chance(0.5):
                z = self.param("z")
                with self.block(f"def {f}({z.name}):"), self.function([z]):
                    self.statements(1)
                    self.emit(f"return {self.within(BOUND)}")
            else:
                self.emit(f"{f} = {self.lambda_(F1)[0]}")
        self.define(f, F1, cost=12)
        self.result(f"{f}({self.within(BOUND)}) * {f}({self.within(BOUND, 1)})")

    def counter(self) -> None:
        """A function with a state of its own, returned by another."""
        self.features.add("late")
        name, state, bump = self.fresh("counter"), self.fresh("s"), self.fresh("bump")
        a, z = self.param("a"), self.param("z")
        with self.block(f"def {name}({a.name}):"), self.function([a]):
            self.emit(f"{state} = {self.within(VARIABLE)}")
            held = self.define(state, FLOAT)
            with self.block(f"def {bump}({z.name}):"), self.function([z]):
                self.emit(f"nonlocal {state}")
                self.emit(f"{state} = {self.pick('0.5', '-0.7')} * {state} + {self.within(1.0)}")
                self.emit(f"return {self.pick(self.read(held), self.within(BOUND))}")
            self.emit(f"return {bump}")
        p, q = self.fresh("b"), self.fresh("b")
        self.emit(f"{p}, {q} = {name}({self.within(BOUND)}), {name}({self.within(BOUND, 1)})")
        self.result(f"{p}({self.within(BOUND, 1)}) + {q}(0.5) * {p}({self.within(BOUND, 1)})")

    def numeral(self) -> None:
        """Church numerals, by a loop."""
        n, succ = self.fresh("n"), self.fresh("succ")
        self.emit(f"{succ} = lambda m: lambda f: lambda u: f(m(f)(u))")
        self.emit(f"{n} = lambda f: lambda u: u")
        with self.block(f"for {self.fresh('i')} in range({self.int(1)} % 4):", 4):
            self.emit(f"{n} = {succ}({n})")
        self.result(f"{n}({self.lambda_(F1)[0]})({self.within(BOUND)})")

    # -- errors

    def error(self) -> None:
        """A failure, in the open, in a loop, in a branch, in a function that is called, or in a recursion."""
        self.may_fail = True
        match self.rng.randrange(6):
            case 0 | 1:
                self.fail()
            case 2:
                i, var = self.index(), self.ensure_state()
                with self.block(f"for {i.name} in range({self.int(1)} % 5):", 5):
                    self.frame.visible.append(i)
                    self.fail()
                    self.reassign(var)
            case 3:
                with self.block(f"if {self.bool()}:"):
                    self.fail()
            case _:
                name, z = self.fresh("check"), self.param("z")
                with self.block(f"def {name}({z.name}):"), self.function([z]):
                    self.fail()
                    self.emit(f"return {self.within(BOUND)}")
                if self.chance(0.5):
                    self.emit(f"{name}({self.within(BOUND)})")
                else:
                    self.result(f"{name}({self.within(BOUND)})")

    # -- captured variables that change

    def late(self) -> None:
        self.features.add("late")
        k, g, z = self.fresh("c"), self.fresh("g"), self.param("z")
        self.emit(f"{k} = {self.within(VARIABLE)}")
        var = self.define(k, FLOAT)
        body = f"{self.pick(f'{z.name} * {k}', f'math.sin({z.name}) + {k}', f'{k} - {z.name} * {k}')}"
        if self.chance(0.5):
            self.emit(f"{g} = lambda {z.name}: math.sin({body})")
        else:
            with self.block(f"def {g}({z.name}):"):
                self.emit(f"return math.tanh({body})")
        var.captured = True
        self.define(g, F1)
        match self.rng.randrange(5):
            case 0:
                self.reassign(var)
                self.result(f"{g}({self.within(BOUND)})")
            case 1:
                i = self.index()
                with self.block(f"for {i.name} in range({self.pick('3', f'{self.int(1)} % 5')}):", 5):
                    self.frame.visible.append(i)
                    self.emit(f"{k} = {g}({k}) * 0.7 + {self.within(1.0)}")
                self.result(f"{g}({self.within(BOUND)})")
            case 2:
                with self.block(f"if {self.bool()}:"):
                    self.reassign(var)
                self.result(f"{g}({self.within(BOUND)}) + {k}")
            case 3:
                add = self.fresh("add")
                with self.block(f"def {add}({z.name}):"):
                    self.emit(f"nonlocal {k}")
                    if self.chance(0.3):
                        with self.block(f"if {z.name} < 0.3:"):
                            self.emit(f"return {k} * 0.5")
                    self.emit(f"{k} = 0.5 * {k} + math.sin({z.name})")
                    self.emit(f"return {k}")
                i, state = self.index(), self.ensure_state()
                with self.block(f"for {i.name} in range({self.int(1)} % 4):", 4):
                    self.frame.visible.append(i)
                    self.emit(f"{state.name} = math.tanh({add}({self.within(BOUND)})) + {g}({i.name} * 0.5)")
                    self.wrote(state)
                self.result(f"{g}({k}) + {k} * 0.3")
            case _:
                fs, i = self.fresh("fs"), self.fresh("i")
                self.emit(f"{fs} = tuple(lambda u{self.pick('', f', {i}={i}')}: u * {k} + {i} for {i} in range(3))")
                self.reassign(var)
                self.result(f"{fs}[0]({self.within(BOUND)}) - {fs}[2]({self.within(BOUND, 1)})")

    # -- data

    def linked_list(self) -> None:
        cells, i, var = self.fresh("cell"), self.index(), self.assign_new(FLOAT)
        self.emit(f"{cells} = None")
        with self.block(f"for {i.name} in range({self.int(1)} % 5):", 5):
            self.frame.visible.append(i)
            self.emit(f"{cells} = ({self.within(VARIABLE)}, {cells})")
        with self.block(f"while {cells} is not None:", 5):
            self.emit(f"{var.name} = math.sin({var.name} * {self.within(2.0, 1)} + {cells}[0])")
            if self.chance(0.3):
                with self.block(f"if {self.bool()}:"):
                    self.emit("break")
            self.emit(f"{cells} = {cells}[1]")

    def union(self) -> None:
        flag, u = self.fresh("q"), self.fresh("u")
        self.emit(f"{flag} = {self.bool()}")
        self.define(flag, BOOL, fixed=True)
        self.emit(f"{u} = ({self.within(VARIABLE)}, {self.within(VARIABLE)}) if {flag} else {self.within(VARIABLE)}")
        self.statements(self.pick(0, 1))
        self.result(f"{u}[0] * {u}[1] if {flag} else {u} * 1.0")

    def helper(self) -> None:
        """A function of the module, which later functions call."""
        with self.toplevel():
            kind = self.pick(F1, F2)
            params = [self.param("z") for _ in range(kind.arity)]
            name = f"{self.fresh('h')}{self.tag}"
            with self.block(f"def {name}({', '.join(p.name for p in params)}):"), self.function(params) as frame:
                frame.returns = FLOAT
                self.statements(self.pick(0, 1, 2))
                self.emit(f"return {self.within(BOUND)}")
        self.globals.append(Var(name, kind, self.frame, cost=frame.cost + 3))


REQUIRED = {
    "data loop": Blocks.data_loop,
    "nested break": Blocks.nested_loops,
    "recursion": Blocks.recursion,
    "closure": Blocks.closure,
    "error": Blocks.error,
    "late": Blocks.late,
}
