"""How values lie in registers and in memory: type -> leaves (LLVM types of one scalar each), leaves -> record.

    float, np.f64, np.f32          double
    int, np.i64, np.i32, ...       i64
    bool, np.bool                  i1
    none, a string, never          nothing
    tuple, record                  the leaves of the items, one after another
    union                          i8, the index of the part; then slots, which the parts share by leaf type
    union of none and one box      ptr, null for none
    array                          ptr addrspace(1) twice, owner and data; for each dimension that is not 1 an i64, its
                                   size; if strided, for each another one, its stride in bytes
    box, cell                      ptr
    stack (a box, see `stacks`)    ptr, ptr: behind the last frame, and to the first one

The j-th leaf of LLVM type t of a part lies in the j-th slot of type t of every union that has the part.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate

from tapeless.ir.abstract import (
    Array,
    Box,
    Cell,
    Never,
    NoneType,
    Record,
    Scalar,
    Str,
    Tuple,
    Type,
    Union,
    head,
    resolve,
)
from tapeless.ir.dataclass import dataclass
from tapeless.ir.diagnostics import InternalError
from tapeless.ir.elements import ELEMENTS, Element

MACHINE_LEAVES = {"bool": "i1", "int": "i64", "float": "double"}
SCALAR_LEAVES = MACHINE_LEAVES | {e.kind: MACHINE_LEAVES[e.machine] for e in ELEMENTS.values()}
POINTER = "ptr addrspace(1)"
"""The leaf of the owner and of the data of an array; `ptr` points into the arena."""
SIZES = {POINTER: 8, "double": 8, "i64": 8, "ptr": 8, "i8": 1, "i1": 1}
ZEROS = {POINTER: "null", "double": "0.0", "i64": "0", "ptr": "null", "i8": "0", "i1": "false"}

Leaves = tuple[str, ...]


def memory_type(e: Element) -> str:
    """The LLVM type of an element of an array, or of a scalar of NumPy, in memory."""
    return {4: "float", 8: "double"}[e.size] if e.machine == "float" else f"i{8 * e.size}"


@dataclass(frozen=True)
class Memory:
    """Where the leaves of a record lie: their offsets in bytes, and the size."""

    offsets: tuple[int, ...]
    size: int


def packed(leaves: Leaves) -> Memory:
    """Leaves in order, with no room between or behind them; a size of at least 1."""
    ends = list(accumulate(SIZES[leaf] for leaf in leaves))
    return Memory((0, *ends[:-1]) if ends else (), max(1, *ends, 0))


def memory(leaves: Leaves) -> Memory:
    """Leaves in order, each at its natural alignment; the size is a multiple of 8 and at least 8."""
    offsets, end = [], 0
    for leaf in leaves:
        size = SIZES[leaf]
        end = -(-end // size) * size
        offsets.append(end)
        end += size
    return Memory(tuple(offsets), max(8, -(-end // 8) * 8))


class Layouts:
    """The layouts of the types of one program; each is computed once. `links` are its stacks, and where links lie."""

    def __init__(self, links: Mapping[Box, int] | None = None) -> None:
        self.links: Mapping[Box, int] = links or {}
        self._leaves: dict[Type, Leaves] = {}
        self._places: dict[Type, tuple[tuple[int, ...], ...]] = {}
        self._ends: dict[Type, list[int]] = {}

    def leaves(self, t: Type) -> Leaves:
        """The leaves of a type."""
        found = self._leaves.get(t)
        if found is None:
            found = self._leaves[t] = self._flatten(resolve(t))
        return found

    def item(self, t: Tuple | Record, index: int) -> tuple[int, int]:
        """Where the leaves of an item begin and end among those of its tuple."""
        ends = self._ends.get(t)
        if ends is None:
            ends = self._ends[t] = [0, *accumulate(len(self.leaves(i)) for i in t.items)]
        return ends[index], ends[index + 1]

    def body(self, t: Type) -> Leaves:
        """The leaves of what a box or a cell points to."""
        t = resolve(t)
        match t:
            case Box(body=body) if body is not None:
                return self.leaves(body)
            case Cell(content=content):
                return self.leaves(content)
        raise InternalError(f"backend: {t} is no pointer")

    def frame(self, stack: Box) -> tuple[int, int]:
        """Where the leaves of the link begin and end among those of a frame of a stack."""
        assert isinstance(stack.body, (Tuple, Record))
        return self.item(stack.body, self.links[stack])

    def places(self, t: Union, index: int) -> tuple[int, ...]:
        """For each leaf of a part of a tagged union, its position among the leaves of the union."""
        if t not in self._places:
            self._lay_out(t)
        return self._places[t][index]

    def has_pointer(self, t: Type) -> bool:
        """Whether values of this type may point into the arena."""
        return "ptr" in self.leaves(t)

    def _flatten(self, t: Type) -> Leaves:
        match t:
            case Scalar(kind=kind):
                return (SCALAR_LEAVES[kind],)
            case Array(dims=dims, packed=is_packed):
                return (POINTER, POINTER, *["i64"] * ((len(dims) - dims.count("1")) * (1 if is_packed else 2)))
            case NoneType() | Str() | Never():
                return ()
            case Tuple(items=items) | Record(items=items):
                return tuple(leaf for i in items for leaf in self.leaves(i))
            case Box() if t in self.links:
                return ("ptr", "ptr")
            case Box() | Cell():
                return ("ptr",)
            case Union():
                return self.leaves(box_part(t)) if is_nullable(t) else self._lay_out(t)
        raise InternalError(f"backend: no layout for {t}")

    def _lay_out(self, t: Union) -> Leaves:
        slots: list[str] = ["i8"]
        found: dict[tuple[str, int], int] = {}
        places: list[tuple[int, ...]] = []
        for part in t.parts:
            seen: dict[str, int] = {}
            mine = []
            for leaf in self.leaves(part):
                key = (leaf, seen.get(leaf, 0))
                seen[leaf] = key[1] + 1
                if key not in found:
                    found[key] = len(slots)
                    slots.append(leaf)
                mine.append(found[key])
            places.append(tuple(mine))
        self._places[t] = tuple(places)
        return tuple(slots)


def is_nullable(t: Type) -> bool:
    """Whether a type is the union of none and one box, which is a pointer that may be null, or a stack, maybe empty."""
    if not isinstance(t, Union) or len(t.parts) != 2:
        return False
    kinds = [type(resolve(p)) for p in t.parts]
    return NoneType in kinds and Box in kinds


def box_part(t: Union) -> Type:
    """The box of a nullable pointer."""
    return next(p for p in t.parts if isinstance(resolve(p), Box))


def part_index(t: Union, part: Type) -> int:
    """The position of a part, given itself or a type of its head."""
    if part in t.parts:
        return t.parts.index(part)
    heads = [head(p) for p in t.parts]
    key = head(part)
    if key not in heads:
        raise InternalError(f"backend: {part} is no part of {t}")
    return heads.index(key)
