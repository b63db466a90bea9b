"""The text form of the IR: complete, stable, and read back by `tapeless.ir.parser`.

In: the root of a program, at any stage. Out: its text. Golden tests, dumps and documentation are in this form.

    graph @power(%x: float, %n: int) -> float {
      %0: bool = ieq(%n, 0)
      branch @then -> float { return 1.0 }
      branch @else -> float {
        %1: int = isub(%n, 1)
        %2: float = @power(%x, %1)
        %3: float = fmul(%x, %2)
        return %3
      }
      %4: float = switch(%0, @then, @else)
      return %4
    }

* The first graph is the root (else a line `root @name` comes first). A nested graph stands inside its parent, before
  the first line that mentions it. `loop` and `branch` are graphs of these kinds; `finite` and `total` stand before.
* `!` marks an effect. An effect whose value is unused and of type none has no name.
* `fadd` is a primitive, `py.add` an operator, `@f` a graph, `%x` a value. Names are made unique by numbers
  (`@then.1`), those of graphs in the whole text, those of values in each outermost graph. What is not a plain word
  stands in backquotes.
* A constant has the type of its value where its graph says `-> type`, and none where it does not; another type is
  written behind it: `1.0: np.f64`, `undef: float`, and `?` for none.
* Calls are written as in Python: `%f(%x, *%rest, key=%y)`; so are the parameters that a function of stage SOURCE has:
  `graph @f(%x, %y = 1.0, *%rest, %key)`.
* Boxes and pullback types are declared at the top: `type %list = box (float, <none | box %list>)`.
* With spans, each line ends in `; file:line:column-line:column in function from caller's span`, columns counted from
  one as in messages; the spans of constants of the line follow, each with the position of the constant.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from tapeless.ir.abstract import (
    BOOL,
    FLOAT,
    INT,
    NEVER,
    NONE,
    Box,
    Cell,
    Pullback,
    Record,
    Str,
    Tuple,
    Type,
    Union,
    quoted,
    symbol,
)  # fmt: skip
from tapeless.ir.clone import program, used_nodes
from tapeless.ir.diagnostics import InternalError, Span
from tapeless.ir.nodes import UNDEF, Apply, Constant, Graph, Node
from tapeless.ir.primitive import Operator, Primitive
from tapeless.ir.traverse import Scopes, inputs

KEYWORDS = {"function": "graph", "branch": "branch", "loop": "loop", "map": "map"}
OPERATOR_PREFIX = "py."
RESERVED = frozenset({"True", "False", "None", "undef", "inf", "nan"})


def show(root: Graph, spans: bool = False) -> str:
    """The text of a program."""
    return _Printer(root, spans).text()


def literal_type(value: Any) -> Type | None:
    """The type that a constant of this value has unless it says otherwise; graphs and functions have none."""
    match value:
        case bool():
            return BOOL
        case int():
            return INT
        case float():
            return FLOAT
        case None:
            return NONE
        case str():
            return Str(value)
    return NEVER if value is UNDEF else None


def word(name: str) -> str:
    """A name, in backquotes where it is not a plain word."""
    if name not in RESERVED and symbol(name) == name:
        return name
    return "`" + name.replace("\\", "\\\\").replace("`", "\\`").replace("\n", "\\n") + "`"


class _Names:
    """Makes names unique: the second `x` is `x.1`."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def fresh(self, name: str) -> str:
        unique = name
        while unique in self._taken:
            self._next[name] = self._next.get(name, 0) + 1
            unique = f"{name}.{self._next[name]}"
        self._taken.add(unique)
        return unique


class _Types:
    """The text of types, with a name for each box and pullback type met."""

    def __init__(self) -> None:
        self._names = _Names()
        self._named: dict[Box | Pullback, str] = {}
        self._memo: dict[Type, str] = {}

    def text(self, t: Type) -> str:
        if t not in self._memo:
            self._memo[t] = self._text(t)
        return self._memo[t]

    def _text(self, t: Type) -> str:
        match t:
            case Tuple(items=items):
                return "(" + ", ".join(map(self.text, items)) + (",)" if len(items) == 1 else ")")
            case Record(tag=tag, items=items):
                return word(tag) + "{" + ", ".join(map(self.text, items)) + "}"
            case Union(parts=parts):
                return "<" + " | ".join(map(self.text, parts)) + ">"
            case Cell(content=content, site=site):
                return f"cell({self.text(content)}, {site})" if site else f"cell({self.text(content)})"
            case Box() | Pullback():
                if t not in self._named:
                    self._named[t] = word(self._names.fresh(t.name))
                return f"{_kind(t)} %{self._named[t]}"
        return str(t)

    def declarations(self) -> Iterator[str]:
        """A line for each named type met so far or in these lines."""
        done: set[Type] = set()
        while len(done) < len(self._named):
            for t, name in list(self._named.items()):
                if t not in done:
                    done.add(t)
                    content = t.body if isinstance(t, Box) else t.residual
                    yield f"type %{name} = {_kind(t)}" + (f" {self.text(content)}" if content is not None else "")


def _kind(t: Box | Pullback) -> str:
    return "box" if isinstance(t, Box) else "pullback"


_OPEN, _LINE, _CLOSE = range(3)


class _Printer:
    def __init__(self, root: Graph, spans: bool) -> None:
        self.root, self.spans = root, spans
        self.graphs = program(root)
        self.types = _Types()
        self.scopes = Scopes()
        self.effects = {e for g in self.graphs for e in g.effects}
        self.used: set[Node] = set()
        for n in used_nodes(self.graphs):
            self.used.update(inputs(n))
        for g in self.graphs:
            self.used.update((g.output, *g.defaults.values()))
        self.graph_names: dict[Graph, str] = {}
        self.value_names: dict[Node, str] = {}

    def text(self) -> str:
        events = list(self._events())
        self._name(events)
        body = list(self._lines(events))
        head = list(self.types.declarations())
        first = next(g for g in self.graphs if g.parent is None)
        if first is not self.root:
            head.append(f"root @{self.graph_names[self.root]}")
        return "\n".join([*head, *([""] if head else []), *body]) + "\n"

    def _events(self) -> Iterator[tuple[int, Any, int]]:
        """What to print, in order: graphs that open and close, applications; each with its depth."""
        nested: dict[Graph | None, list[Graph]] = {}
        for g in self.graphs:
            nested.setdefault(g.parent, []).append(g)
        placed: set[Graph] = set()
        for top in nested.get(None, []):
            yield _OPEN, top, 0
            stack = [(top, self._body(top, nested))]
            while stack:
                graph, body = stack[-1]
                thing = next(body, None)
                if thing is None:
                    stack.pop()
                    yield _CLOSE, graph, len(stack)
                elif isinstance(thing, Apply):
                    yield _LINE, thing, len(stack)
                elif thing not in placed:
                    placed.add(thing)
                    yield _OPEN, thing, len(stack)
                    stack.append((thing, self._body(thing, nested)))

    def _body(self, graph: Graph, nested: dict[Graph | None, list[Graph]]) -> Iterator[Apply | Graph]:
        """The applications of a graph, nested graphs before their first mention (and, if there is none, at the end)."""
        for node in self.scopes.schedule(graph):
            for n in inputs(node):
                if isinstance(n, Constant) and isinstance(n.value, Graph) and n.value.parent is graph:
                    yield n.value
            yield node
        yield from nested.get(graph, [])

    def _name(self, events: list[tuple[int, Any, int]]) -> None:
        graph_names, value_names, number = _Names(), _Names(), 0
        for what, thing, depth in events:
            if what == _OPEN:
                self.graph_names[thing] = word(graph_names.fresh(thing.name))
                if depth == 0:
                    value_names, number = _Names(), 0
                for p in thing.params:
                    self.value_names[p] = word(value_names.fresh(p.name))
            elif what == _LINE and not self._nameless(thing):
                self.value_names[thing] = str(number)
                number += 1

    def _nameless(self, node: Apply) -> bool:
        return node not in self.used and node.type == (NONE if _is_typed(node.graph) else None)

    def _lines(self, events: list[tuple[int, Any, int]]) -> Iterator[str]:
        line = ""
        for i, (what, thing, depth) in enumerate(events):
            indent = "  " * depth
            if what == _OPEN:
                if depth == 0 and i > 0:
                    yield ""
                *first, last = self._header(thing)
                yield from (indent + f for f in first)
                line = indent + last
                if events[i + 1][0] == _CLOSE and depth > 0 and not self.spans:
                    continue  # a nested graph that only returns takes one line
                yield line
                line = ""
            elif what == _LINE:
                yield indent + self._line(thing)
            else:
                result = f"return {self._operand(thing.output, _is_typed(thing))}"
                if line:
                    yield f"{line} {result} }}"
                    line = ""
                else:
                    spans = self._comment(None, (thing.output,))
                    yield from (f"{indent}  {result}{spans}", indent + "}")

    def _header(self, g: Graph) -> list[str]:
        flags = ("finite " if g.finite else "") + ("total " if g.total else "")
        start = f"{flags}{KEYWORDS[g.kind]} @{self.graph_names[g]}"
        end = (f" -> {self.types.text(g.output.type)}" if g.output.type is not None else "") + " {"
        params = self._params(g)
        span = self._comment(g.span, ())
        if any(comment for _, comment in params):
            commas = [","] * (len(params) - 1) + [""]
            lines = [f"  {p}{comma}{comment}" for (p, comment), comma in zip(params, commas)]
            return [f"{start}({span}", *lines, f"){end}"]
        if g.kind == "branch" and not params:
            return [f"{start}{end}{span}"]
        return [f"{start}({', '.join(p for p, _ in params)}){end}{span}"]

    def _params(self, g: Graph) -> list[tuple[str, str]]:
        """Each parameter with its comment; a bare star before keyword-only ones as in Python."""
        positional = len(g.params) - g.keyword_only
        out = []
        for i, p in enumerate(g.params):
            if i == positional and not g.variadic:
                out.append(("*", ""))
            text = ("*" if g.variadic and i == positional - 1 else "") + f"%{self.value_names[p]}"
            if p.type is not None:
                text += f": {self.types.text(p.type)}"
            default = g.defaults.get(i)
            if default is not None:
                text += f" = {self._operand(default, _is_typed(g))}"
            out.append((text, self._comment(p.span, (default,) if default is not None else ())))
        return out

    def _line(self, node: Apply) -> str:
        typed = _is_typed(node.graph)
        args = [self._operand(a, typed) for a in node.args]
        for i in node.shape.starred:
            args[i] = f"*{args[i]}"
        first = len(args) - len(node.shape.keywords)
        for i, keyword in enumerate(node.shape.keywords, first):
            args[i] = f"{word(keyword)}={args[i]}"
        target = ""
        if node in self.value_names:
            type_ = f": {self.types.text(node.type)}" if node.type is not None else ""
            target = f"%{self.value_names[node]}{type_} = "
        mark = "! " if node in self.effects else ""
        return (
            f"{mark}{target}{self._operand(node.fn, typed)}({', '.join(args)}){self._comment(node.span, inputs(node))}"
        )

    def _operand(self, node: Node, typed: bool) -> str:
        if not isinstance(node, Constant):
            return f"%{self.value_names[node]}"
        text = self._literal(node.value)
        if node.type == (literal_type(node.value) if typed else None):
            return text
        return f"{text}: {'?' if node.type is None else self.types.text(node.type)}"

    def _literal(self, value: Any) -> str:
        match value:
            case None | bool() | int():
                return repr(value)
            case float():
                return "-nan" if math.isnan(value) and math.copysign(1, value) < 0 else repr(value)
            case str():
                return quoted(value)
            case Graph():
                return f"@{self.graph_names[value]}"
            case Primitive(name=name):
                return word(name)
            case Operator(name=name):
                return word(OPERATOR_PREFIX + name)
        if value is UNDEF:
            return "undef"
        raise InternalError(f"show: a constant of the IR cannot be {value!r}")

    def _comment(self, span: Span | None, operands: tuple[Node, ...]) -> str:
        """The span of a line and of the constants in it, by position, as a trailing comment."""
        if not self.spans:
            return ""
        entries = [span_text(span)] if span else []
        entries += [f"{i} {span_text(n.span)}" for i, n in enumerate(operands) if isinstance(n, Constant) and n.span]
        return "  ; " + ", ".join(entries) if entries else ""


def _is_typed(graph: Graph) -> bool:
    return graph.output.type is not None


def span_text(span: Span) -> str:
    """A span in full, as it stands in comments."""
    out: list[str] = []
    at: Span | None = span
    while at is not None:
        text = f"{_plain(at.file)}:{at.line}:{at.column + 1}"
        if (at.end_line, at.end_column) != (0, 0):
            text += f"-{at.end_line}:{at.end_column + 1}"
        out.append(text + (f" in {_plain(at.function)}" if at.function else ""))
        at = at.caller
    return " from ".join(out)


def _plain(text: str) -> str:
    """A file or function name, quoted where it could be mistaken."""
    return text if text and not any(c in ' ,:;"\\' or not c.isprintable() for c in text) else quoted(text)
