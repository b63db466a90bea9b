"""Textual LLVM IR, written line by line: instructions, blocks, phis, loads and stores of records.

`Text` knows the syntax and where it stands (the current block, and whether it is dead: nothing runs there); it knows
no nodes and no types but the leaves of `layout`.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tapeless.backend.layout import MACHINE_LEAVES, Leaves, memory, memory_type
from tapeless.ir.elements import Element

Values = tuple[str, ...]

# metadata of every module: the stack pointer, likely and unlikely branches, context memory apart from arena memory,
# loops that stay as they are
METADATA = """
!0 = !{!"rsp"}
!1 = !{!"branch_weights", i32 4000, i32 1}
!2 = !{!"branch_weights", i32 1, i32 4000}
!3 = !{!"tapeless"}
!4 = !{!"context", !3}
!5 = !{!"arena", !3}
!6 = !{!4, !4, i64 0}
!7 = !{!5, !5, i64 0}
!8 = distinct !{!8, !{!"llvm.loop.vectorize.enable", i1 false}, !{!"llvm.loop.unroll.disable"}}
"""
LIKELY, UNLIKELY = ", !prof !1", ", !prof !2"
CONTEXT_ACCESS, ARENA_ACCESS = ", !tbaa !6", ", !tbaa !7"
PLAIN_LOOP = ", !llvm.loop !8"

LONG = 1_500
"""Lines from which on a function's own loops over elements stay as they are. Most elements are run over in nests, which
are functions apart; to make vectors of the other loops doubles a long function, and the time that LLVM needs for it."""


class Text:
    """The body of one LLVM function that is being written."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.allocas: list[str] = []
        self.cold: list[str] = []
        self.exits: list[str] = []  # after all else: blocks that a cold one may lead to
        self.block = "entry"
        self.dead = False
        self.loops: list[str] = []  # the heads of loops over elements
        self._count = 0

    def name(self) -> str:
        """A new value name."""
        self._count += 1
        return f"%v{self._count}"

    def label(self, hint: str) -> str:
        """A new block name."""
        self._count += 1
        return f"{hint}{self._count}"

    def op(self, instruction: str) -> str:
        """An instruction with a result; its name."""
        result = self.name()
        self.lines.append(f"  {result} = {instruction}")
        return result

    def do(self, instruction: str) -> None:
        """An instruction without a result."""
        self.lines.append(f"  {instruction}")

    def start(self, label: str) -> None:
        """Begin a block."""
        self.lines.append(f"{label}:")
        self.block, self.dead = label, False

    def jump(self, label: str) -> None:
        """Go to a block."""
        self.do(f"br label %{label}")

    def branch(self, condition: str, then: str, orelse: str, weights: str = "") -> None:
        """Go to one of two blocks."""
        self.do(f"br i1 {condition}, label %{then}, label %{orelse}{weights}")

    @contextmanager
    def aside(self, label: str) -> Iterator[None]:
        """Write a block that stands out of the way; it has to end in a jump."""
        lines, block = self.lines, self.block
        self.lines = self.cold
        self.start(label)
        yield
        self.lines, self.block = lines, block

    def stop(self) -> None:
        """What follows is never reached."""
        self.do("unreachable")
        self.dead = True

    def join(self, label: str, incoming: Sequence[tuple[str, Values]], leaves: Leaves) -> Values:
        """Begin a block that others lead to, each with its values; dead if none does."""
        if not incoming:
            self.dead = True
            return ()
        self.start(label)
        if len(incoming) == 1:
            return incoming[0][1]
        values = []
        for i, leaf in enumerate(leaves):
            options = {v[i] for _, v in incoming}
            if len(options) == 1:
                values.append(options.pop())
            else:
                values.append(self.op(f"phi {leaf} " + ", ".join(f"[{v[i]}, %{b}]" for b, v in incoming)))
        return tuple(values)

    def alloca(self, size: int) -> str:
        """Room in the frame of the function."""
        result = self.name()
        self.allocas.append(f"  {result} = alloca [{size} x i8], align 16")
        return result

    def at(self, pointer: str, offset: int) -> str:
        """A pointer some bytes further on."""
        return pointer if offset == 0 else self.op(f"getelementptr i8, ptr {pointer}, i64 {offset}")

    def from_memory(self, e: Element, value: str) -> str:
        """The machine value of a scalar as it stands in memory."""
        small, leaf = memory_type(e), MACHINE_LEAVES[e.machine]
        if leaf == "i1":
            return self.op(f"icmp ne {small} {value}, 0")
        widen = "fpext" if leaf == "double" else "sext" if e.signed else "zext"
        return value if small == leaf else self.op(f"{widen} {small} {value} to {leaf}")

    def to_memory(self, e: Element, value: str) -> str:
        """A machine value as it stands in memory: rounded, or wrapped, to its range."""
        small, leaf = memory_type(e), MACHINE_LEAVES[e.machine]
        narrow = {"i1": "zext", "double": "fptrunc"}.get(leaf, "trunc")
        return value if small == leaf else self.op(f"{narrow} {leaf} {value} to {small}")

    def load(self, leaf: str, pointer: str, offset: int = 0, access: str = "") -> str:
        """One leaf from memory."""
        return self.op(f"load {leaf}, ptr {self.at(pointer, offset)}{access}")

    def store(self, leaf: str, value: str, pointer: str, offset: int = 0, access: str = "") -> None:
        """One leaf to memory."""
        self.do(f"store {leaf} {value}, ptr {self.at(pointer, offset)}{access}")

    def load_all(self, leaves: Leaves, pointer: str, offsets: Sequence[int] | None = None, access: str = "") -> Values:
        """The leaves of a record."""
        where = memory(leaves).offsets if offsets is None else offsets
        return tuple(self.load(leaf, pointer, o, access) for leaf, o in zip(leaves, where, strict=True))

    def store_all(
        self, leaves: Leaves, values: Values, pointer: str, offsets: Sequence[int] | None = None, access: str = ""
    ) -> None:
        """A record from its leaves."""
        where = memory(leaves).offsets if offsets is None else offsets
        for leaf, value, o in zip(leaves, values, where, strict=True):
            self.store(leaf, value, pointer, o, access)

    def call(
        self,
        function: str,
        result: Leaves,
        arguments: Sequence[tuple[str, str]],
        convention: str = "",
        attributes: str = "",
    ) -> Values:
        """A call with (leaf, value) arguments; a result of several leaves is a struct."""
        given = ", ".join(f"{leaf} {value}" for leaf, value in arguments)
        text = f"call {convention}{returned(result)} {function}({given}){attributes}"
        if not result:
            self.do(text)
            return ()
        whole = self.op(text)
        if len(result) == 1:
            return (whole,)
        return tuple(self.op(f"extractvalue {returned(result)} {whole}, {i}") for i in range(len(result)))

    def give(self, leaves: Leaves, values: Values) -> None:
        """Return a value of several leaves."""
        if not leaves:
            self.do("ret void")
            return
        whole = values[0]
        if len(leaves) > 1:
            whole = "undef"
            for i, (leaf, value) in enumerate(zip(leaves, values, strict=True)):
                whole = self.op(f"insertvalue {returned(leaves)} {whole}, {leaf} {value}, {i}")
        self.do(f"ret {returned(leaves)} {whole}")

    def body(self) -> str:
        """All that was written, to stand between the braces of a definition."""
        lines = ["entry:", *self.allocas, *self.lines, *self.cold, *self.exits]
        if len(lines) > LONG and self.loops:
            ends = {f"  br label %{head}" for head in self.loops}
            lines = [line + PLAIN_LOOP if line in ends else line for line in lines]
        return "\n".join(lines)


def returned(leaves: Leaves) -> str:
    """The result type of a function that returns these leaves."""
    if len(leaves) > 1:
        return "{" + ", ".join(leaves) + "}"
    return leaves[0] if leaves else "void"


def number(value: float | int | bool, leaf: str) -> str:
    """A constant in LLVM's syntax."""
    if leaf == "double":
        return f"0x{struct.unpack('<Q', struct.pack('<d', value))[0]:016X}"
    if leaf == "i1":
        return "true" if value else "false"
    return str(int(value))
