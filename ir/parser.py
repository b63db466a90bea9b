"""Reads the text form of the IR, which `tapeless.ir.printer` describes.

In: text. Out: the root graph, such that `show(parse(text)) == text` for text that `show` made. In text written by hand
values may have any names, `#` begins a comment, and what a name means may stand after its use.

lark's LALR parser makes nested tuples, `(rule, part, ...)` with None for a part left out; `_Builder` makes graphs of
them, without recursion over graphs. Text that cannot be read is a `UsageError` with its line and column.
"""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, NoReturn

import lark
from tapeless.ir import operators, primitives
from tapeless.ir.abstract import NEVER, NONE, SCALARS, Box, Cell, Pullback, Record, Str, Tuple, Type, Union, array_type
from tapeless.ir.diagnostics import Note, Span, UsageError
from tapeless.ir.nodes import UNDEF, Apply, CallShape, Constant, Graph, Node
from tapeless.ir.primitive import REGISTRY
from tapeless.ir.printer import KEYWORDS, OPERATOR_PREFIX, literal_type

TABLES = (primitives, operators)  # importing them has filled the registries
_PLAIN_TYPES = {"none": NONE, "never": NEVER, **SCALARS}
_WORDS = {"True": True, "False": False, "None": None, "undef": UNDEF}
_KINDS = {keyword: kind for kind, keyword in KEYWORDS.items()}
Tree = Any  # a tuple or a lark.Token
Spans = dict[
    int, Span
]  # what a comment says: the span of the line under -1, those of its constants under their position


def parse(text: str, file: str = "<ir>") -> Graph:
    """The root graph of a program in text form; `file` names the text in errors."""
    try:
        tree = _grammar().parse(text)
        return _Builder(_comments(text)).program(tree)
    except lark.exceptions.UnexpectedInput as error:
        token = getattr(error, "token", None)
        found = text[error.pos_in_stream :][:1] if token is None else str(token)
        line, column = (error.line, error.column) if found else (text.count("\n") + 1, 1)
        message = f"unexpected {found!r} in the text form" if found else "the text form ends too early"
    except _Wrong as error:
        message, token = error.args
        line, column = token.line, token.column
    _fail(message, text, Span(file, line, column - 1))


def _fail(message: str, text: str, span: Span) -> NoReturn:
    shown = text.split("\n")[span.line - 1].strip()
    raise UsageError(message, span, (Note(f"in the line: {shown}"),) if shown else ())


class _Wrong(Exception):
    """A message and the token that it is about."""


def _need(condition: bool, message: str, token: lark.Token) -> None:
    if not condition:
        raise _Wrong(message, token)


class _Tuples(lark.Transformer):  # type: ignore[type-arg]
    """Trees as tuples, made while parsing."""

    def __default__(self, data: Any, children: list[Any], meta: Any) -> Any:
        if data.startswith("_"):  # a repetition, which lark puts into the rule around it
            return lark.Tree(data, children)
        return (str(data), *children)


@functools.cache
def _grammar() -> lark.Lark:
    text = Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8")
    return lark.Lark(text, parser="lalr", transformer=_Tuples(), maybe_placeholders=True)


class _Builder:
    """Declares all types and graphs with what they own, then fills in what refers to them."""

    def __init__(self, comments: dict[int, Spans]) -> None:
        self.comments = comments
        self.named: dict[str, Box | Pullback] = {}
        self.types: dict[Tree, Type] = {}
        self.graphs: dict[str, Graph] = {}
        self.values: dict[str, Node] = {}
        self.owned: list[tuple[Graph, Tree]] = []
        self.applies: list[tuple[Apply, Tree]] = []

    def program(self, tree: Tree) -> Graph:
        _, (_, *declarations), root, *graphs = tree
        self._declare_types(declarations)
        todo = []
        for top in graphs:  # value names mean one thing inside an outermost graph
            self.values, self.owned, self.applies = {}, [], []
            self._declare(top)
            todo.append((self.values, self.owned, self.applies))
        for self.values, owned, applies in todo:
            for graph, inner in owned:
                self._connect_graph(graph, inner)
            for node, statement in applies:
                self._connect_apply(node, statement)
        return self._graph(root[1] if root else graphs[0][3])

    def _declare_types(self, declarations: list[Tree]) -> None:
        for _, name, kind, _ in declarations:
            _need(_bare(name) not in self.named, f"{name} is declared twice", name)
            self.named[_bare(name)] = (Box if kind == "box" else Pullback)(_bare(name))
        for _, name, _, content in declarations:
            named = self.named[_bare(name)]
            type_ = self._type(content) if content else None
            if isinstance(named, Box):
                _need(type_ is None or isinstance(type_, (Tuple, Record)), "a box holds a tuple or a record", name)
                named.body = type_  # type: ignore[assignment]
            else:
                named.residual = type_

    def _declare(self, top: Tree) -> None:
        """Make an outermost graph and all nested in it, with parameters, and with applications of nothing so far."""
        todo: list[tuple[Tree, Graph | None]] = [(top, None)]
        while todo:
            tree, parent = todo.pop()
            _, (_, *flags), kind, name, parameters, result, (_, *statements, _) = tree
            graph = Graph(_bare(name), _KINDS[kind], parent, self._comment(kind).get(-1))
            graph.finite, graph.total = "finite" in flags, "total" in flags
            _need(graph.name not in self.graphs, f"{name} is defined twice", name)
            self.graphs[graph.name] = graph
            self.owned.append((graph, tree))
            self._declare_parameters(graph, parameters[1:] if parameters else (), kind.line)
            for statement in statements:
                if statement[0] == "graph":
                    todo.append((statement, graph))
                else:
                    self._declare_apply(graph, statement, result is not None)

    def _declare_parameters(self, graph: Graph, trees: tuple[Tree, ...], line: int) -> None:
        """Parameters in the line of the graph's name have no spans: a comment there is about the graph."""
        for position, (rule, *rest) in enumerate(trees):
            if rule == "bare_star" or rest[0]:
                graph.variadic = rule != "bare_star"
                graph.keyword_only = len(trees) - position - 1
            if rule != "bare_star":
                _, name, annotation, _ = rest
                span = self._comment(name).get(-1) if name.line != line else None
                self._define(name, graph.parameter(_bare(name), self._annotated(annotation), span))

    def _declare_apply(self, graph: Graph, statement: Tree, typed: bool) -> None:
        node = Apply(graph, graph.output, ())
        if statement[0] == "named":
            _, bang, name, annotation, _, _ = statement
            node.type, node.span = self._annotated(annotation), self._comment(name).get(-1)
            self._define(name, node)
        else:
            bang = statement[1]
            node.type, node.span = NONE if typed else None, self._comment(bang).get(-1)
        if bang:
            graph.effects.append(node)
        self.applies.append((node, (typed, *statement[-2:], self._comment(statement[2 if bang is None else 1]))))

    def _define(self, name: lark.Token, node: Node) -> None:
        _need(str(name) not in self.values, f"{name} is defined twice", name)
        self.values[str(name)] = node

    def _connect_graph(self, graph: Graph, tree: Tree) -> None:
        _, _, _, name, parameters, result, (_, *_, output) = tree
        typed = result is not None
        named = [p for p in (parameters or ())[1:] if p[0] != "bare_star"]
        for i, (_, _, token, _, default) in enumerate(named):
            if default is not None:
                graph.defaults[i] = self._operand(default, typed, self._comment(token), 0)
        graph.output = self._operand(output, typed, self._comment(_token(output)), 0)
        if typed and graph.output.type != self._type(result):
            raise _Wrong(f"{name} returns {graph.output.type}, which is not what its head says", name)

    def _connect_apply(self, node: Apply, statement: Tree) -> None:
        typed, fn, (_, *arguments), spans = statement
        node.fn = self._operand(fn, typed, spans, 0)
        starred: list[int] = []
        keywords: list[str] = []
        args: list[Node] = []
        for i, argument in enumerate(arguments):
            if argument[0] == "starred":
                starred.append(i)
            elif argument[0] == "keyword":
                keywords.append(_bare(argument[1]))
            marked = argument[0] in ("starred", "keyword")
            args.append(self._operand(argument[-1] if marked else argument, typed, spans, i + 1))
            wrong = keywords and argument[0] != "keyword"
            _need(not wrong, "a positional argument after keyword arguments", _token(argument))
        node.args = tuple(args)
        if starred or keywords:
            node.shape = CallShape(tuple(keywords), tuple(starred))

    def _operand(self, tree: Tree, typed: bool, spans: Spans, position: int) -> Node:
        if isinstance(tree, lark.Token):
            _need(str(tree) in self.values, f"{tree} is not defined", tree)
            return self.values[str(tree)]
        _, token, annotation = tree
        value = self._literal(token)
        type_ = self._annotated(annotation) if annotation else literal_type(value) if typed else None
        return Constant(value, type_, spans.get(position))

    def _literal(self, token: lark.Token) -> Any:
        match token.type:
            case "INT":
                return int(token)
            case "FLOAT":
                return float(token)
            case "STRING":
                return _unescape(token[1:-1])
            case "WORD":
                return _WORDS[token]
            case "GRAPH":
                return self._graph(token)
        return _function(token)

    def _graph(self, token: lark.Token) -> Graph:
        _need(_bare(token) in self.graphs, f"there is no graph {token}", token)
        return self.graphs[_bare(token)]

    def _annotated(self, tree: Tree) -> Type | None:
        return None if tree is None or tree == ("no_type",) else self._type(tree)

    def _type(self, tree: Tree) -> Type:
        if tree not in self.types:
            self.types[tree] = self._make_type(*tree)
        return self.types[tree]

    def _make_type(self, rule: str, *rest: Tree) -> Type:
        match rule:
            case "plain":
                _need(rest[0] in _PLAIN_TYPES, f"there is no type {rest[0]}", rest[0])
                return _PLAIN_TYPES[rest[0]]
            case "text":
                return Str(_unescape(rest[0][1:-1]))
            case "array":
                _need(f"np.{rest[0].split('[')[0]}" in SCALARS, f"there is no type {rest[0]}", rest[0])
                return array_type(str(rest[0]))
            case "tuple":
                return Tuple(tuple(map(self._type, rest)))
            case "record":
                return Record(_bare(rest[0][:-1]), tuple(map(self._type, rest[1:])))
            case "union":
                return Union(tuple(map(self._type, rest)))
            case "cell":
                return Cell(self._type(rest[0]), int(rest[1]) if len(rest) > 1 and rest[1] is not None else 0)
        kind, name = rest
        named = self.named.get(_bare(name))
        _need(isinstance(named, Box if kind == "box" else Pullback), f"{kind} {name} is not declared", name)
        assert named is not None
        return named

    def _comment(self, token: lark.Token) -> Spans:
        return self.comments.get(token.line or 0, {})


def _function(token: lark.Token) -> Any:
    name = _bare(token)
    if name in REGISTRY:
        return REGISTRY[name]
    operator = operators.find(name.removeprefix(OPERATOR_PREFIX))
    if operator is not None and name.startswith(OPERATOR_PREFIX):
        return operator
    hint = f"; the operator is written {OPERATOR_PREFIX}{name}" if operator is not None else ""
    raise _Wrong(f"there is no primitive {name}{hint}", token)


def _bare(name: str) -> str:
    """A name without its sigil and backquotes."""
    name = name.lstrip("%@") if name[0] in "%@" else name
    return _unescape(name[1:-1]) if name.startswith("`") else name


def _token(tree: Tree) -> lark.Token:
    """The first token of a tree that has one."""
    while not isinstance(tree, lark.Token):
        tree = tree[1]
    return tree


def _unescape(text: str) -> str:
    return re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], text)


_PLAIN = r'(?:"(?:[^"\\]|\\.)*"|[^\s,:;"\\]+)'
_PLACE = re.compile(rf"({_PLAIN}):(\d+):(\d+)(?:-(\d+):(\d+))?(?: in ({_PLAIN}))?( from )?")
_BEFORE_COMMENT = re.compile(r"""(?:[^"`;#]|"(?:[^"\\]|\\.)*"|`(?:[^`\\]|\\.)*`)*;\s*""")
_POSITION = re.compile(r"(\d+) ")


def _comments(text: str) -> dict[int, Spans]:
    """The spans in trailing comments, by line. A comment that holds none is nothing."""
    if ";" not in text:
        return {}
    found = {}
    for number, line in enumerate(text.split("\n"), 1):
        start = _BEFORE_COMMENT.match(line) if ";" in line else None
        if start:
            found[number] = _entries(line, start.end())
    return found


def _entries(line: str, at: int) -> Spans:
    spans: Spans = {}
    while True:
        numbered = _POSITION.match(line, at)
        places = []
        more = _PLACE.match(line, numbered.end() if numbered else at)
        while more:
            places.append(more)
            more = _PLACE.match(line, more.end()) if more[7] else None
        if not places:
            return spans
        spans[int(numbered[1]) if numbered else -1] = _span(places)
        at = places[-1].end()
        if not line.startswith(", ", at):
            return spans
        at += 2


def _span(places: list[re.Match[str]]) -> Span:
    span = None
    for m in reversed(places):
        end = (int(m[4]), int(m[5]) - 1) if m[4] else (0, 0)
        span = Span(_text(m[1]), int(m[2]), int(m[3]) - 1, *end, _text(m[6] or ""), span)
    assert span is not None
    return span


def _text(plain: str) -> str:
    return _unescape(plain[1:-1]) if plain.startswith('"') else plain
