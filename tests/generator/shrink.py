"""Makes a failing program smaller, by its syntax tree: `shrink(program, still_fails)`."""

from __future__ import annotations

import ast
import copy
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

from generator.program import Program


def shrink(program: Program, still_fails: Callable[[Program], bool], seconds: float = 40.0) -> Program:
    """The smallest program found in that time for which `still_fails`; tried greedily, large pieces first."""
    end = time.monotonic() + seconds
    improved = True
    while improved and time.monotonic() < end:
        improved = False
        for source in smaller(program.source):
            if time.monotonic() > end:
                break
            candidate = replace(program, source=source)
            if still_fails(candidate):
                program, improved = candidate, True
                break
    return program


def smaller(source: str) -> Iterator[str]:
    """The texts with one statement dropped or opened, or one expression replaced by a part of it."""
    tree = ast.parse(source)
    for number in range(len(list(_places(tree)))):
        for change in ("drop", "open"):
            text = _with_statement(tree, number, change)
            if text and len(text) < len(source):
                yield text
    expressions = sum(isinstance(node, ast.expr) for node in ast.walk(tree))
    for number in range(expressions):
        yield from (text for text in _with_expression(tree, number) if len(text) < len(source))


def _places(tree: ast.AST) -> Iterator[tuple[list[ast.stmt], int]]:
    for node in ast.walk(tree):
        for name in ("body", "orelse"):
            block = getattr(node, name, None)
            if isinstance(block, list):
                yield from ((block, i) for i in range(len(block)))


def _with_statement(tree: ast.AST, number: int, change: str) -> str | None:
    tree = copy.deepcopy(tree)
    block, i = list(_places(tree))[number]
    inside = getattr(block[i], "body", None)
    if change == "open" and not (isinstance(inside, list) and isinstance(block[i], ast.If | ast.For | ast.While)):
        return None
    block[i : i + 1] = inside if change == "open" else []
    if not block:
        block.append(ast.Pass())
    return _text(tree)


def _with_expression(tree: ast.AST, number: int) -> Iterator[str]:
    """The expression of this number replaced by each of its operands."""
    count = len(_parts(list(_expressions(tree))[number]))
    for which in range(count):
        fresh = copy.deepcopy(tree)
        target = list(_expressions(fresh))[number]
        part = _parts(target)[which]
        for parent in ast.walk(fresh):
            for name, value in ast.iter_fields(parent):
                if value is target:
                    setattr(parent, name, part)
                elif isinstance(value, list) and any(v is target for v in value):
                    setattr(parent, name, [part if v is target else v for v in value])
        text = _text(fresh)
        if text:
            yield text


def _expressions(tree: ast.AST) -> Iterator[ast.expr]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.expr))


def _parts(node: ast.expr) -> list[ast.expr]:
    match node:
        case ast.BinOp():
            return [node.left, node.right]
        case ast.UnaryOp():
            return [node.operand]
        case ast.BoolOp():
            return node.values
        case ast.IfExp():
            return [node.body, node.orelse]
        case ast.Call():
            return node.args[:3]
    return []


def _text(tree: ast.AST) -> str | None:
    text = ast.unparse(ast.fix_missing_locations(tree)) + "\n"
    try:
        compile(text, "shrunk", "exec")
    except SyntaxError:
        return None
    return text
