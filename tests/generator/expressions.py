"""Expressions of each type. Float expressions are pairs (text, bound of the magnitude)."""

from __future__ import annotations

from generator.model import BOOL, BOUND, F0, F1, F2, FLOAT, INT, MAYBE, NUMBER, SMALL, VARIABLE, Fn, Var, Writer

CONSTANTS = ("0.5", "1.5", "0.25", "2.0", "-0.75", "1.1", "0.3", "3.0", "1.0", "-2.0", "0.0")
TOTAL = ("math.sin", "math.cos", "math.tanh", "math.atan", "math.erf")


class Expressions(Writer):
    """Writes expressions; `depth` bounds their size."""

    # -- floats

    def float(self, depth: int = 2) -> tuple[str, float]:
        if depth <= 0 or self.chance(0.12):
            return self.float_leaf()
        return self.rng.choices(self.FLOATS, self.WEIGHTS)[0](self, depth - 1)

    def within(self, bound: float, depth: int = 2) -> str:
        """A float expression of a magnitude of at most `bound` (which is at least 1)."""
        text, size = self.float(depth)
        return text if size <= bound else self.squash(text, bound)

    def squash(self, text: str, bound: float) -> str:
        options = [f"math.sin({text})", f"math.tanh({text})", f"max(-1.0, min(1.0, {text}))"]
        if bound >= 1.6:
            options += [
                f"math.atan({text})",
                f"({text} / (1.0 + abs({text})))" if len(text) < 25 else f"math.cos({text})",
            ]
        if bound >= 3.0:
            options += [f"({text} % 2.5)", f"(2.0 * math.sin({text}))"]
        return self.rng.choice(options)

    def float_leaf(self) -> tuple[str, float]:
        found = self.variables(FLOAT)
        if found and self.chance(0.85):
            var = found[min(int(self.rng.expovariate(0.35)), len(found) - 1)]
            return self.read(var), var.bound
        others = self.variables(NUMBER)
        if others and self.chance(0.5):
            return f"({self.read(others[0])} + 0.0)", VARIABLE
        pairs = [v for v in self.variables((FLOAT, FLOAT)) + self.variables((FLOAT, INT))]
        if pairs and self.chance(0.6):
            return f"{self.read(self.rng.choice(pairs))}[0]", VARIABLE
        text = self.rng.choice(CONSTANTS)
        return text, abs(float(text))

    def _sum(self, depth):
        (a, p), (b, q) = self.float(depth), self.float(depth)
        return f"({a} {self.pick('+', '-')} {b})", p + q

    def _product(self, depth):
        (a, p), (b, q) = self.float(depth), self.float(depth)
        if p * q > 60.0:
            return f"({self.squash(a, 1.0)} * {b})", q
        return f"({a} * {b})", p * q

    def _quotient(self, depth):
        (a, p), b = self.float(depth), self.within(3.0, depth)
        return f"({a} / ({self.pick('1.5', '2.0', '0.75')} + {b} ** 2))", 2 * p

    def _unary(self, depth):
        a = self.within(BOUND, depth)
        name = self.pick(*TOTAL, *TOTAL, "exp", "sqrt", "log", "asinh", "neg", "abs", "expm1", "log1p", "asin", "cbrt")
        match name:
            case "exp" | "expm1":
                return f"math.{name}(math.sin({a}))", 3.0
            case "sqrt":
                return f"math.sqrt(1.0 + {a} * {a})", 9.0
            case "log" | "log1p":
                return f"math.{name}(1.0 + {a} * {a})", 5.0
            case "asinh":
                return f"math.asinh({a})", 3.0
            case "asin":
                return f"math.asin(0.9 * math.sin({a}))", 1.6
            case "cbrt":
                return f"math.cbrt(9.5 + {a})", 3.0
            case "neg":
                return f"(-{a})", BOUND
            case "abs":
                return f"{self.pick('abs', 'math.fabs')}({a})", BOUND
        return f"{name}({a})", 1.6

    def _power(self, depth):
        a = self.within(2.0, depth)
        if self.chance(0.6):
            return f"({a}) ** {self.pick(2, 3, 2.0)}", 8.0
        return f"(1.5 + math.cos({a})) ** ({self.within(2.0, depth)})", 8.0

    def _extremum(self, depth):
        (a, p), (b, q) = self.float(depth), self.float(depth)
        return f"{self.pick('max', 'min')}({a}, {b})", max(p, q)

    def _conditional(self, depth):
        (a, p), (b, q) = self.float(depth), self.float(depth)
        return f"({a} if {self.bool(1)} else {b})", max(p, q)

    def _remainder(self, depth):
        a, m = self.within(30.0, depth), self.pick("1.7", "2.5", "0.8")
        return self.pick((f"({a}) % {m}", 2.5), (f"math.fmod({a}, {m})", 2.5), (f"(({a}) // {m}) * 0.1", 4.0))

    def _from_int(self, depth):
        i, (a, p) = self.int(depth), self.float(depth)
        if p > 6.0:
            a, p = self.squash(a, 1.0), 1.0
        return self.pick(
            (f"({i} * {a})", SMALL * 2 * p), (f"({a} + {i})", p + 2 * SMALL), (f"float({i})", 2.0 * SMALL),
            (f"({i} / 4)", SMALL / 2), (f"({self.bool(1)}) * {a}", p),
        )  # fmt: skip

    def _call(self, depth):
        found = [v for k in (F0, F1, F2, F1) for v in self.variables(k) if v.cost * self.trips <= 400]
        if not found:
            return self._unary(depth)
        var = self.rng.choice(found)
        self.frame.cost += var.cost * self.trips
        args = ", ".join(self.within(BOUND, depth) for _ in range(var.type.arity))
        return f"{self.read(var)}({args})", BOUND

    def _applied_lambda(self, depth):
        text, _ = self.lambda_(F1, depth)
        return f"({text})({self.within(BOUND, depth)})", BOUND

    def _aggregate(self, depth):
        items = [self.within(3.0, depth) for _ in range(self.pick(2, 3))]
        inside = ", ".join(items)
        lam = f"lambda a, b: {self.pick('a * 0.5 - b', 'math.sin(a) + b', 'a * b * 0.3')}"
        return self.pick(
            (f"sum(({inside}))", 9.0), (f"max(({inside}))", 3.0), (f"reduce({lam}, ({inside}), 0.5)", 20.0)
        )

    def _comprehension(self, depth):
        i = self.fresh("i")
        with self.function([Var(i, INT, self.frame, fixed=True)], in_lambda=True):
            body = self.within(3.0, depth)
        if ":=" in body:
            return self.float_leaf()
        return f"sum({body} for {i} in range({self.pick(2, 3)}))", 9.0

    def _or(self, depth):
        (a, p), (b, q) = self.float(depth), self.float(depth)
        return f"({a} {self.pick('or', 'and')} {b})", max(p, q)

    def _maybe(self, depth):
        found = self.variables(MAYBE)
        if not found:
            return self._sum(depth)
        m, (b, q) = self.read(self.rng.choice(found)), self.float(depth)
        return self.pick(f"({b} if {m} is None else {m})", f"({m} if {m} is not None else {b})"), max(VARIABLE, q)

    def _gradient(self, depth):
        if "inner" not in self.features and not self.allow_inner:
            return self._unary(depth)
        self.features.add("inner")
        function, cost = self.lambda_(F1, 2) if self.chance(0.7) else self.function_value(F1, 1)
        self.frame.cost += 3 * cost * self.trips
        return f"math.tanh(tl.grad({function})({self.within(3.0, depth)}))", 1.0

    allow_inner = False
    FLOATS = (
        _sum, _product, _quotient, _unary, _power, _extremum, _conditional, _remainder, _from_int, _call,
        _applied_lambda, _aggregate, _comprehension, _or, _maybe, _gradient,
    )  # fmt: skip
    WEIGHTS = (10, 10, 4, 10, 3, 2, 4, 1.5, 5, 9, 1, 2, 1, 0.7, 3, 1)

    # -- ints and bools

    def int(self, depth: int = 1) -> str:
        """An int expression of a magnitude of at most twice SMALL."""
        found = self.variables(INT)
        if depth <= 0 or self.chance(0.35):
            return self.read(self.rng.choice(found)) if found and self.chance(0.8) else str(self.rng.randrange(-2, 6))
        a, b, k = self.int(depth - 1), self.int(depth - 1), self.rng.randrange(2, 6)
        return self.pick(
            f"({a} + {b}) % {k + 3}", f"({a} - {b}) % {k + 3}", f"({a} * {b}) % 7", f"({a} // {k})", f"({a} % {k})",
            f"min({a}, {b})", f"max({a}, {k})", f"({a} & {b})", f"({a} ^ {k}) % 9", f"({a} | {k}) % 9",
            f"int({self.within(BOUND, 1)})", f"round({self.within(BOUND, 1)})", f"math.floor({self.within(BOUND, 1)})",
            f"({a} if {self.bool(0)} else {b})", f"divmod({a}, {k})[1]", f"(({a}) % 3) ** 2", f"int({self.bool(0)})",
            f"(({a}) % 4 << 1)", f"({a} >> 1)", f"len(({a}, {b}))", f"abs({a})", f"(-{a}) // {k}",
        )  # fmt: skip

    def bool(self, depth: int = 1) -> str:
        found = self.variables(BOOL)
        if found and self.chance(0.15):
            return self.read(self.rng.choice(found))
        if depth > 0 and self.chance(0.25):
            a, b = self.bool(depth - 1), self.bool(depth - 1)
            return self.pick(f"({a} and {b})", f"({a} or {b})", f"(not {a})")
        maybe = self.variables(MAYBE)
        if maybe and self.chance(0.2):
            return f"({self.read(maybe[0])} is {self.pick('None', 'not None')})"
        a = self.float(depth)[0]
        for _ in range(3):  # a comparison of constants decides nothing
            a = self.float(depth)[0] if a in CONSTANTS else a
        b, i = self.float(0)[0], self.int(0)
        options = [f"({a} > {b})", f"({a} <= {self.rng.choice(CONSTANTS)})", f"(-1.0 < {a} < 1.5)", f"({a} >= {i})"]
        if self.variables(INT):
            n, j = self.read(self.rng.choice(self.variables(INT))), self.int(0)
            options += [f"({n} == {j})", f"({n} % 2 == 0)", f"({n} < {j})", f"({n} != {j})"]
            options += [f"(({n}, {a}) < ({j}, {b}))", f"({a} != {b})"]
        return self.rng.choice(options)

    # -- functions and tuples

    def lambda_(self, kind: Fn, depth: int = 2) -> tuple[str, int]:
        """A lambda of this kind, and its cost."""
        params = [self.param("z") for _ in range(kind.arity)]
        with self.function(params, in_lambda=True) as frame:
            body = self.within(BOUND, depth)
        return f"lambda {', '.join(p.name for p in params)}: {body}".replace("lambda :", "lambda:"), frame.cost + 1

    def function_value(self, kind: Fn, depth: int = 2) -> tuple[str, int]:
        """An expression whose value is a function of this kind, and its cost."""
        found = [v for v in self.variables(kind) if v.cost * self.trips <= 200]
        if found and self.chance(0.5):
            var = self.rng.choice(found)
            return self.read(var), var.cost
        if kind == F1 and self.chance(0.3):
            return self.pick(*TOTAL), 1
        pairs = [v for v in self.variables(F2) if v.cost * self.trips <= 200]
        if kind == F1 and pairs and self.chance(0.3):
            var = self.rng.choice(pairs)
            return f"partial({self.read(var)}, {self.within(BOUND, 1)})", var.cost
        if depth > 0 and self.chance(0.25):
            (f, p), (g, q) = self.function_value(kind, depth - 1), self.function_value(kind, depth - 1)
            self.features.add("closure")
            return f"({self.wrapped(f)} if {self.bool(1)} else {self.wrapped(g)})", max(p, q)
        text, cost = self.lambda_(kind, depth)
        return f"({text})", cost

    @staticmethod
    def wrapped(text: str) -> str:
        return f"({text})" if text.startswith("lambda") else text

    def of_type(self, type_: object, depth: int = 2) -> str:
        """An expression of any type, within the bounds of a variable."""
        if isinstance(type_, tuple):
            found = self.variables(type_)
            if found and self.chance(0.2):
                return self.read(self.rng.choice(found))
            return f"({', '.join(self.of_type(t, depth - 1) for t in type_)})"
        if isinstance(type_, Fn):
            return self.function_value(type_, depth)[0]
        match type_:
            case "float":
                return self.within(VARIABLE, depth)
            case "int":
                return f"({self.int(depth)}) % {SMALL}"
            case "bool":
                return self.bool(depth)
            case "maybe":
                return self.pick(
                    f"({self.within(VARIABLE, depth)} if {self.bool(1)} else None)", self.within(VARIABLE, depth)
                )
        return self.pick(str(self.rng.randrange(3)), self.within(VARIABLE, depth))
