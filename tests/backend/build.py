"""Helpers of the backend's tests: a program in text form, compiled."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from tapeless.backend.kernel import Kernel, compile_kernel
from tapeless.ir.nodes import Graph
from tapeless.ir.parser import parse
from tapeless.ir.primitive import REGISTRY


class Slow(Exception):
    """The call went the slow way."""


def slow(*args: Any, **kwargs: Any) -> Any:
    """What a kernel calls for arguments that it does not take."""
    raise Slow(args, kwargs)


def program(text: str) -> Graph:
    """The root of a text in which each graph is a scope, and types that follow from the primitive are left out."""

    def typed(m: re.Match[str]) -> str:
        return f"{m[1]}: {REGISTRY[m[2]].result} = {m[2]}("

    return parse(re.sub(r"(?<!box )(?<!pullback )(%\w+) = (\w+)\(", typed, unique(text)))


def kernel(text: str) -> Kernel:
    """The kernel of the root of a text."""
    return compile_kernel(program(text), "test", slow)


TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[%@]\w+|[{}]|\b(?:graph|loop|branch|type)\b|=|[^"%@{}=]')


def unique(text: str) -> str:
    """The text with names made unique: values by graph, branches and loops by the graph that they stand in."""
    scopes: list[dict[str, str]] = [{}]
    count: Counter[str] = Counter()
    out: list[str] = []
    tokens = [m[0] for m in TOKEN.finditer(text)]
    keyword, braces = "", list[bool]()
    for i, token in enumerate(tokens):
        if token in ("graph", "loop", "branch", "type"):
            keyword = token
        elif token[0] == "@" and keyword in ("graph", "loop", "branch"):
            define(scopes[-1], count, token)
            scopes.append({})
        elif token == "{":
            tag = tokens[i - 1].isalnum()
            braces.append(tag)
            keyword = keyword if tag else ""
        elif token == "}":
            if not braces.pop():
                scopes.pop()
        elif is_parameter(tokens, i, keyword) or is_defined(tokens, i):
            define(scopes[-1], count, token)
        if token[0] in "%@":
            token = next((s[token] for s in reversed(scopes) if token in s), token)
        if token[0] == "@" and keyword in ("graph", "loop", "branch"):
            keyword = keyword if keyword != "branch" else ""
        out.append(token)
    return "".join(out)


def is_parameter(tokens: list[str], i: int, keyword: str) -> bool:
    """Whether a token is a parameter of the graph whose head is being read."""
    return tokens[i][0] == "%" and tokens[i + 1] == ":" and keyword in ("graph", "loop")


def is_defined(tokens: list[str], i: int) -> bool:
    """Whether a token is a value that stands left of `=`: with its type or without."""
    if tokens[i][0] != "%" or "".join(tokens[max(0, i - 9) : i]).endswith(("box ", "pullback ")):
        return False
    if tokens[i + 1] == ":":
        rest = "".join(tokens[i + 1 : i + 200])
        return re.match(r":[^=@!]*?=", rest) is not None and re.match(r":[^=]*\breturn\b", rest) is None
    return re.match(r"\s*=", "".join(tokens[i + 1 : i + 4])) is not None


def define(scope: dict[str, str], count: Counter[str], name: str) -> None:
    """Give a name that is new in a scope a form of its own."""
    count[name] += 1
    scope[name] = name if count[name] == 1 else f"{name}__{count[name]}"


# a loop that counts to n and adds up: the skeleton of several tests
SUM = """
graph @sum(%n: int) -> float {
  loop @L(%i: int, %s: float) -> (int, float) {
    %more = ilt(%i, %n)
    branch @step -> (int, float) {
      %x = i2f(%i)
      %s1 = fadd(%s, %x)
      %i1 = iadd(%i, 1)
      %r: (int, float) = @L(%i1, %s1)
      return %r
    }
    branch @exit -> (int, float) { %r: (int, float) = tuple(%i, %s) return %r }
    %r: (int, float) = switch(%more, @step, @exit)
    return %r
  }
  %end: (int, float) = @L(0, 0.0)
  %s: float = item(%end, 1)
  return %s
}
"""
