"""Ordinary statements: assignments, branches, loops, nested functions, prints, early returns."""

from __future__ import annotations

from generator.expressions import Expressions
from generator.model import BOOL, BOUND, F1, F2, FLOAT, INT, MAYBE, NUMBER, VARIABLE, Fn, Var

TYPES = (FLOAT,) * 8 + (INT, INT, BOOL, MAYBE, (FLOAT, FLOAT), (FLOAT, INT), F1, F1, F2)
ERRORS = ("ValueError", "RuntimeError", "ZeroDivisionError", "OverflowError", "ArithmeticError")


class Statements(Expressions):
    """Writes statements into the current block."""

    may_fail = False  # whether random statements may raise

    def statements(self, count: int) -> None:
        for _ in range(count):
            self.statement()

    def statement(self) -> None:
        deep = self.indent > 4 or self.trips > 40
        write = self.rng.choices(self.SIMPLE if deep else self.ALL, self.SIMPLE_WEIGHTS if deep else self.ALL_WEIGHTS)[
            0
        ]
        write(self)

    # -- assignments

    def assign(self) -> None:
        known = self.assignable(FLOAT)
        if known and self.chance(0.45):
            self.reassign(self.rng.choice(known))
        else:
            self.assign_new(self.rng.choice(TYPES))

    def assign_new(self, type_: object = FLOAT) -> Var:
        if isinstance(type_, Fn):
            text, cost = self.function_value(type_)
            name = self.fresh("f")
            self.emit(f"{name} = {text}")
            return self.define(name, type_, cost=cost)
        text, name = self.of_type(type_, 3), self.fresh("v")
        hint = ": float" if type_ == FLOAT and self.chance(0.05) else ""
        self.emit(f"{name}{hint} = {text}")
        return self.define(name, type_)

    def reassign(self, var: Var) -> None:
        name = var.name
        if var.type == FLOAT and self.chance(0.4):
            step = self.within(1.0, 2)
            self.emit(
                self.pick(f"{name} *= {step}", f"{name} = 0.5 * {name} + {step}", f"{name} -= 0.4 * {name} + {step}")
            )
        else:
            self.emit(f"{name} = {self.of_type(var.type, 2)}")
        self.wrote(var)

    def unpack(self) -> None:
        a, b = self.fresh("v"), self.fresh("v")
        match self.rng.randrange(4):
            case 0:
                self.emit(f"{a}, {b} = {self.within(VARIABLE)}, {self.within(VARIABLE)}")
            case 1:
                self.emit(f"{a} = {b} = {self.within(VARIABLE)}")
            case 2:
                self.emit(f"({a}, _), {b} = ({self.within(VARIABLE)}, {self.int(1)}), {self.within(VARIABLE)}")
            case _:
                self.emit(f"{a}, _, {b} = ({self.within(VARIABLE)}, None, {self.within(VARIABLE)})")
        self.define(a, FLOAT)
        self.define(b, FLOAT)

    def swap(self) -> None:
        known = self.assignable(FLOAT)
        if len(known) < 2:
            return self.unpack()
        a, b = self.rng.sample(known, 2)
        self.emit(f"{a.name}, {b.name} = {b.name}, {self.within(VARIABLE)}")
        self.wrote(a)
        self.wrote(b)

    # -- branches

    def branch(self) -> None:
        name = self.fresh("v") if self.chance(0.5) else None
        type_ = self.pick(FLOAT, FLOAT, FLOAT, F1, MAYBE, NUMBER, (FLOAT, FLOAT))
        ways = self.pick(2, 2, 3)
        cost = 3
        for i in range(ways):
            header = "else:" if i == ways - 1 else f"{'if' if i == 0 else 'elif'} {self.bool()}:"
            with self.block(header):
                self.statements(self.pick(0, 1, 1, 2))
                if name and isinstance(type_, Fn):
                    text, more = self.function_value(type_, 1)
                    cost = max(cost, more)
                    self.emit(f"{name} = {text}")
                elif name:
                    value = str(i) if type_ == NUMBER and self.chance(0.5) else self.of_type(type_, 2)
                    self.emit(f"{name} = {value}")
        if name:
            if type_ == NUMBER:
                self.features.add("joined")
            if isinstance(type_, Fn):
                self.features.add("closure")
            self.define(name, type_, cost=cost)

    def lone_if(self) -> None:
        with self.block(f"if {self.bool()}:"):
            self.statements(self.pick(1, 2))
            known = self.assignable(FLOAT)
            if known:
                self.reassign(self.rng.choice(known))

    def early_return(self) -> None:
        if self.frame.returns is None or self.indent > 5:
            return self.assign()
        with self.block(f"if {self.bool()} and {self.bool()}:"):
            self.emit(f"return {self.of_type(self.frame.returns)}")

    def integer_meets_float(self) -> None:
        name = self.fresh("v")
        self.features.add("joined")
        if self.chance(0.5):
            self.emit(f"{name} = {self.rng.randrange(3)}")
            with self.block(f"for {self.fresh('i')} in range({self.int(1)} % 4):", 4):
                self.emit(f"{name} = {self.pick('0.5', '-0.3')} * {name} + {self.within(1.0)}")
        else:
            self.emit(f"{name} = {self.rng.randrange(3)} if {self.bool()} else {self.within(VARIABLE)}")
        self.define(name, NUMBER)

    # -- loops

    def loop_header(self) -> tuple[str, list[tuple[str, object]], int]:
        """(header, the variables that it binds, how often it runs at most)."""
        i, v = self.fresh("i"), self.fresh("w")
        k = self.pick(2, 3, 4)
        items = ", ".join(self.within(VARIABLE, 1) for _ in range(k))
        one, two = [(i, INT)], [(i, INT), (v, FLOAT)]
        match self.rng.randrange(9):
            case 0 | 1:
                return f"for {i} in range({k}):", one, k
            case 2:
                return f"for {i} in range({self.int(1)} % 5):", one, 5
            case 3:
                return f"for {i} in range({self.int(1)} % 3, 6, {self.pick(1, 2)}):", one, 6
            case 4:
                return f"for {i} in {self.pick('reversed(range(4))', 'range(4, 0, -1)')}:", one, 4
            case 5:
                return f"for {v} in ({items}):", [(v, FLOAT)], k
            case 6:
                return f"for {i}, {v} in enumerate(({items})):", two, k
            case 7:
                return f"for {i}, {v} in zip(range({self.int(1)} % 5), ({items})):", two, k
        return f"for {i}, {v} in zip(({', '.join(map(str, range(k)))}), reversed(({items}))):", two, k

    def loop(self) -> None:
        header, bound, trips = self.loop_header()
        self.ensure_state()
        with self.block(header, trips):
            for name, type_ in bound:
                self.define(name, type_, fixed=True)
            self.statements(self.pick(1, 1, 2))
            if self.chance(0.2):
                with self.block(f"if {self.bool()}:"):
                    self.emit(self.pick("continue", "continue", "break"))
            self.reassign(self.rng.choice(self.assignable(FLOAT)))
        if self.chance(0.15):
            with self.block("else:"):
                self.reassign(self.rng.choice(self.assignable(FLOAT)))

    def ensure_state(self) -> Var:
        """A float variable that a loop can change."""
        known = self.assignable(FLOAT)
        return self.rng.choice(known) if known else self.assign_new(FLOAT)

    def while_loop(self) -> None:
        """A loop whose number of rounds depends on floats, bounded by fuel."""
        var, fuel = self.ensure_state(), self.fresh("k")
        self.features.add("while")
        self.emit(f"{fuel} = 0")
        limit, w = self.rng.randrange(4, 9), var.name
        condition = self.pick(f"abs({w}) > 0.2", f"{w} < 1.5", f"{w} * {w} > {self.within(1.0, 1)}", self.bool())
        shape = self.rng.randrange(3)
        header = f"while {condition} and {fuel} < {limit}:" if shape else "while True:"
        with self.block(header, limit):
            if not shape:
                with self.block(f"if not ({condition}) or {fuel} >= {limit}:"):
                    self.emit("break")
            self.define(fuel, INT, fixed=True)
            self.emit(f"{fuel} += 1")
            self.statements(self.pick(0, 1, 2))
            self.emit(f"{w} = {self.pick('0.6', '0.7', '-0.5')} * {w} + {self.within(1.0)}")
            self.wrote(var)
        if shape == 1 and self.chance(0.3):
            with self.block("else:"):
                self.reassign(var)

    # -- functions

    def nested_function(self) -> Var:
        """def with defaults and keyword arguments; it becomes a variable of its kind."""
        kind = self.pick(F1, F1, F2)
        name = self.fresh("g")
        params = [self.param("z") for _ in range(kind.arity)]
        signature = [p.name for p in params]
        extra = self.param("o")
        if self.chance(0.3):
            signature.append(f"{self.pick('*, ', '')}{extra.name}={self.within(BOUND, 1)}")
            params.append(extra)
        outer = self.frame
        with self.block(f"def {name}({', '.join(signature)}):"), self.function(params) as frame:
            frame.returns = FLOAT
            self.statements(self.pick(0, 1, 1, 2))
            self.emit(f"return {self.within(BOUND, 2)}")
        return self.define(name, kind, cost=frame.cost + 3, fixed=outer is not self.frame)

    def print(self) -> None:
        if self.trips > 12:
            return self.assign()
        found = self.variables(FLOAT) + self.variables(INT) + self.variables(BOOL)
        if found and not self.allow_inner:
            self.features.add("print")
            self.emit(f'print("p{self.messages}", {self.read(self.rng.choice(found))})')

    def maybe_fail(self) -> None:
        """Something that raises for some arguments."""
        if not self.may_fail:
            return self.assign()
        self.fail()

    def fail(self) -> None:
        """An error that depends on values: explicit, by arithmetic, or by `math`; its value may be unused."""
        name, (a, _), i = self.fresh("e"), self.float(1), self.int(1)
        c = self.pick("0.5", "1.0", "0.0", "1.25", "-0.5")
        match self.rng.randrange(8):
            case 0 | 1:
                bound = self.pick("< 0.9", "> -0.9", "< 0.1", "> 0.1")
                other = f" or {self.bool()}" if self.chance(0.5) else ""
                self.emit(f"assert {a} {bound}{other}, {self.message()}")
            case 2 | 3:
                with self.block(f"if {self.bool()}{f' and {self.bool()}' if self.chance(0.4) else ''}:"):
                    self.emit(f"raise {self.pick(*ERRORS)}({self.message()})")
                return
            case 4:
                self.emit(f"{name} = {self.within(3.0, 1)} / float({i})")
            case 5:
                self.emit(f"{name} = float({self.rng.randrange(1, 9)} {self.pick('//', '%')} ({i}))")
            case 6:
                self.emit(f"{name} = math.sqrt({c} + {a})")
            case 7:
                self.emit(f"{name} = math.log({self.pick('abs', '')}({a} - {c}))")
        if self.chance(0.5) and self.lines[-1].lstrip().startswith(name):
            safe = self.fresh("v")
            self.emit(f"{safe} = math.tanh({name} * 0.3)")
            self.define(safe, FLOAT)

    ALL = (
        assign, unpack, swap, branch, lone_if, early_return, integer_meets_float, loop, while_loop, nested_function,
        print, maybe_fail,
    )  # fmt: skip
    ALL_WEIGHTS = (14, 3, 2, 4, 3, 1.5, 1.2, 3, 1, 2, 0.5, 2)
    SIMPLE = (assign, unpack, swap, maybe_fail)
    SIMPLE_WEIGHTS = (10, 2, 2, 1.5)
