"""Recursion unrolled: some levels of the calls within a cycle of functions inlined.

    f      = ... f.1(...) ...      checks the stack
    f.1    = ... f.2(...) ...      always inlined, checks nothing
    f.2    = ... f(...) ...        always inlined, checks nothing

A level of recursion costs a call, a return and a check of the stack, and processors foresee no more than some 16
returns in a row: the others cost more than most bodies. GCC inlines recursive calls for this reason; LLVM does not.
"""

from __future__ import annotations

from collections.abc import Sequence

from tapeless.ir.dataclass import dataclass

# How many levels are inlined at most, and how many lines of LLVM the functions of a cycle may have then, all together.
LEVELS, LINES = 5, 240


@dataclass(frozen=True)
class Definition:
    """A function in LLVM. The first block ends in `check`, which asks whether there is stack left and goes to `go`."""

    name: str
    result: str
    parameters: str
    attributes: str
    body: str
    check: str = ""
    go: str = ""

    def text(self) -> str:
        """The definition as it is."""
        return self._text(self.name, self.attributes, self.body)

    def inlined(self, level: int, calls: dict[str, str]) -> str:
        """The definition for a level that is inlined, with functions to call instead of others."""
        body = self.body.replace(self.check, f"  br label %{self.go}")
        return self._text(below(self.name, level), f"alwaysinline {self.attributes}", renamed(body, calls))

    def _text(self, name: str, attributes: str, body: str) -> str:
        return f"define internal fastcc {self.result} {name}({self.parameters}) {attributes} {{\n{body}\n}}\n"


def unrolled(cycle: Sequence[Definition]) -> list[str]:
    """The definitions of functions that call one another."""
    levels = depth(cycle)
    if levels == 0:
        return [f.text() for f in cycle]
    out = []
    for level in range(levels + 1):
        calls = {f.name: below(f.name, level + 1) if level < levels else f.name for f in cycle}
        for f in cycle:
            if level == 0:
                out.append(f._text(f.name, f.attributes, renamed(f.body, calls)))
            else:
                out.append(f.inlined(level, calls))
    return out


def depth(cycle: Sequence[Definition]) -> int:
    """The number of levels to inline."""
    lines = {f.name: f.body.count("\n") + 1 for f in cycle}
    calls = {f.name: [(g.name, f.body.count(f" {g.name}(")) for g in cycle] for f in cycle}
    size = lines
    for level in range(LEVELS + 1):
        if sum(size.values()) > LINES:
            return max(0, level - 1)
        size = {f: lines[f] + sum(n * size[g] for g, n in calls[f]) for f in lines}
    return LEVELS


def below(name: str, level: int) -> str:
    """The name of a function for a level: `@"f.1"`, `@"f.1~2"`."""
    return f'{name[:-1]}~{level}"'


def renamed(body: str, calls: dict[str, str]) -> str:
    """A body that calls other functions."""
    for name, other in calls.items():
        body = body.replace(f" {name}(", f" {other}(")
    return body
