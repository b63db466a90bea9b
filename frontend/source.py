"""From a Python function object to its syntax tree, and from a node of that tree to a span.

Each file is read and parsed once. A function is found in its file's tree by its first line and its name; lambdas that
share a line are told apart by the columns of their instructions.

    f = from_source("def f(x): return x * x")     # a function whose source is not in a file
    located = locate(f)                           # its tree, and the file that it stands in
"""

from __future__ import annotations

import ast
import itertools
import linecache
from types import CodeType, FunctionType

from tapeless.ir.dataclass import dataclass, field
from tapeless.ir.diagnostics import Span, UnsupportedError, UsageError

Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda

NO_SOURCE_HINT = "write the function to a file, or make it with tl.from_source(text)"


@dataclass
class SourceFile:
    """The parsed text of one file."""

    name: str
    lines: list[str]
    definitions: dict[int, list[Definition]] = field(default_factory=dict)  # by first line, decorators included
    ascii: bool = True

    def span(self, node: ast.AST, function: str = "") -> Span:
        """Where a node stands; columns count characters."""
        line: int = getattr(node, "lineno", 1)
        column: int = getattr(node, "col_offset", 0)
        end_line: int = getattr(node, "end_lineno", line)
        end: int = getattr(node, "end_col_offset", column)
        if not self.ascii:
            column, end = self._characters(line, column), self._characters(end_line, end)
        return Span(self.name, line, column, end_line, end, function)

    def _characters(self, line: int, byte: int) -> int:
        text = self.lines[line - 1]
        return byte if text.isascii() else len(text.encode()[:byte].decode(errors="ignore"))


@dataclass(frozen=True)
class Located:
    """The definition of a function in its file."""

    node: ast.FunctionDef | ast.Lambda
    file: SourceFile


_FILES: dict[str, tuple[list[str], SourceFile]] = {}
_COUNTER = itertools.count(1)


def source_file(name: str, module_globals: dict[str, object] | None = None) -> SourceFile | None:
    """The parsed file, or None where its text is not to be had. A file that changed is read again."""
    linecache.checkcache(name)
    lines = linecache.getlines(name, module_globals)
    if not lines:
        return None
    known = _FILES.get(name)
    if known is None or (known[0] is not lines and known[0] != lines):
        _FILES[name] = known = (lines, _parse(name, lines))
    return known[1]


def _parse(name: str, lines: list[str]) -> SourceFile:
    text = "".join(lines)
    try:
        tree = ast.parse(text)
    except SyntaxError as e:
        raise UnsupportedError(f"{name} can no longer be parsed: {e.msg}", Span(name, e.lineno or 1)) from None
    file = SourceFile(name, lines, ascii=text.isascii())
    for node in ast.walk(tree):
        if isinstance(node, ast.While) and not node.orelse:
            _test_inside(node)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
            decorators = getattr(node, "decorator_list", ())
            line = min([node.lineno, *(d.lineno for d in decorators)])
            file.definitions.setdefault(line, []).append(node)
    return file


def _test_inside(loop: ast.While) -> None:
    """Make `while (y := f(x)) > 0: ...` into `while True: if not ...: break ...`: the name keeps its last value."""
    if not any(isinstance(node, ast.NamedExpr) for node in ast.walk(loop.test)):
        return
    test = loop.test
    negated = ast.copy_location(ast.UnaryOp(ast.copy_location(ast.Not(), test), test), test)
    leave = ast.copy_location(ast.If(negated, [ast.copy_location(ast.Break(), test)], []), test)
    loop.test = ast.copy_location(ast.Constant(True), test)
    loop.body.insert(0, leave)


def locate(fn: FunctionType) -> Located:
    """The definition of a function; UnsupportedError where there is no source."""
    code = fn.__code__
    file = source_file(code.co_filename, fn.__globals__)
    here = Span(code.co_filename, code.co_firstlineno, function=code.co_qualname)
    if file is None:
        raise UnsupportedError(
            f"the source of `{fn.__qualname__}` is not available ({code.co_filename})", None, hint=NO_SOURCE_HINT
        )
    found = [d for d in file.definitions.get(code.co_firstlineno, ()) if _matches(d, code)]
    if len(found) > 1:
        found = _by_columns(found, code, file)
    if len(found) != 1:
        what = "has several candidates" if found else "is not where it was when the module was imported"
        raise UnsupportedError(f"the source of `{fn.__qualname__}` {what}", here, hint=NO_SOURCE_HINT)
    node = found[0]
    if isinstance(node, ast.AsyncFunctionDef):
        raise UnsupportedError(f"`{node.name}` is an async function", file.span(node))
    return Located(node, file)


def _matches(node: Definition, code: CodeType) -> bool:
    """Whether the code object may have been compiled from this definition."""
    name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
    a = node.args
    names = [x.arg for x in (*a.posonlyargs, *a.args, *a.kwonlyargs, *filter(None, (a.vararg, a.kwarg)))]
    last = max((line for _, _, line in code.co_lines() if line), default=node.lineno)
    ends = node.end_lineno or node.lineno
    return name == code.co_name and list(code.co_varnames[: len(names)]) == names and last <= ends


def _by_columns(candidates: list[Definition], code: CodeType, file: SourceFile) -> list[Definition]:
    """Those lambdas whose body covers exactly the code's instructions."""
    places = [p for p in code.co_positions() if None not in p and (p[0], p[2]) != (p[1], p[3])]
    if not places:
        return candidates
    start = min((line, column) for line, _, column, _ in places)
    end = max((line, column) for _, line, _, column in places)

    def extent(node: Definition) -> tuple[tuple[int, int], tuple[int, int]]:
        body = node.body if isinstance(node, ast.Lambda) else node
        return (body.lineno, body.col_offset), (body.end_lineno or 0, body.end_col_offset or 0)

    return [c for c in candidates if extent(c) == (start, end)]


def from_source(text: str, name: str | None = None, filename: str = "<string>") -> FunctionType:
    """The function `name` (or the last one) that `text` defines, with its source known to compiler and tracebacks.

    `text` is a module, or one lambda expression.
    """
    if filename == "<string>":
        filename = f"<string {next(_COUNTER)}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace: dict[str, object] = {"__name__": "__tapeless_source__"}
    tree = ast.parse(text, filename)
    match tree.body:
        case [ast.Expr(value=ast.Lambda())] if name is None:
            found = eval(compile(text, filename, "eval"), namespace)
        case body:
            exec(compile(text, filename, "exec"), namespace)
            defined = [s.name for s in body if isinstance(s, ast.FunctionDef)]
            if name is None and not defined:
                raise UsageError("the text defines no function")
            found = namespace.get(name or defined[-1])
    if not callable(found):
        raise UsageError(f"the text defines no function `{name}`")
    return found  # type: ignore[return-value]
