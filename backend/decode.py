"""Values in memory as Python objects: results that hold boxes, records or NumPy scalars, and what was printed.

Boxes are followed with a stack of our own, so a linked list of any length comes out; one box that is met twice gives
one object.
"""

from __future__ import annotations

import ctypes
import struct
from collections.abc import Iterator
from typing import Any

from tapeless.backend.layout import POINTER, Layouts, Leaves, is_nullable
from tapeless.ir.abstract import Array, Box, Never, NoneType, Record, Scalar, Str, Tuple, Type, Union, resolve
from tapeless.ir.dataclass import dataclass
from tapeless.ir.diagnostics import InternalError
from tapeless.ir.lists import STATIC, List

NUMPY_TYPES = {"np.f64": "float64", "np.i64": "int64", "np.bool": "bool_"}
Made = dict[tuple[int, Type], Any]
FORMATS = {POINTER: "Q", "double": "d", "i64": "q", "ptr": "Q", "i8": "b", "i1": "?"}


@dataclass(frozen=True)
class RecordValue:
    """A record that came out of a kernel: a closure's tag and what it captured, or an object of the library."""

    tag: str
    items: tuple[Any, ...]


class Decoder:
    """Reads the values of one program, while the arena that they lie in is not released."""

    def __init__(self, layouts: Layouts) -> None:
        self._layouts = layouts
        self._formats: dict[Leaves, struct.Struct] = {}

    def decode(self, t: Type, address: int) -> Any:
        """The object of a value whose leaves lie at an address."""
        todo: list[Any] = []
        values: list[Any] = []
        made: Made = {}
        self._plan(t, self._read(self._layouts.leaves(t), address), todo)
        while todo:
            kind, what, more = todo.pop()
            if kind == "value":
                values.append(what)
            elif kind == "box":
                self._enter(what, more, made, values, todo)
            elif kind == "made":
                made[what] = values[-1]
            else:
                items = tuple(values[len(values) - more :])
                del values[len(values) - more :]
                values.append(_whole(kind, what, items))
        return values[0]

    def _enter(
        self, t: Box, address: int, made: dict[tuple[int, Type], Any], values: list[Any], todo: list[Any]
    ) -> None:
        if (address, t) in made:
            values.append(made[address, t])
            return
        assert t.body is not None
        todo.append(("made", (address, t), None))
        self._plan(t.body, self._read(self._layouts.leaves(t.body), address), todo)

    def _plan(self, t: Type, leaves: tuple[Any, ...], todo: list[Any]) -> None:
        """Put on the stack what makes one value, last first."""
        t = resolve(t)
        match t:
            case Scalar(kind=kind):
                todo.append(("value", scalar(kind, leaves[0]), None))
            case NoneType():
                todo.append(("value", None, None))
            case Str(value=value):
                todo.append(("value", value, None))
            case Tuple(items=items) | Record(items=items):
                if isinstance(t, Tuple):
                    todo.append(("tuple", None, len(items)))
                else:
                    todo.append(("list", t.item, len(items)) if isinstance(t, List) else ("record", t.tag, len(items)))
                end = len(leaves)
                for item in reversed(items):
                    start = end - len(self._layouts.leaves(item))
                    self._plan(item, leaves[start:end], todo)
                    end = start
            case Union(parts=parts) if is_nullable(t):
                index = [isinstance(p, NoneType) for p in parts].index(not leaves[0])
                self._plan(parts[index], leaves if leaves[0] else (), todo)
            case Union(parts=parts):
                places = self._layouts.places(t, leaves[0])
                self._plan(parts[leaves[0]], tuple(leaves[i] for i in places), todo)
            case Array():
                todo.append(("value", array(t, leaves), None))
            case Box():
                todo.append(("box", t, leaves[0]))
            case Never():
                raise InternalError("backend: a kernel that never returns has returned")
            case _:
                raise InternalError(f"backend: a value of type {t} cannot leave a kernel")

    def _read(self, leaves: Leaves, address: int) -> tuple[Any, ...]:
        if not leaves:
            return ()
        if leaves not in self._formats:
            self._formats[leaves] = struct.Struct("@" + "".join(FORMATS[leaf] for leaf in leaves))
        form = self._formats[leaves]
        return form.unpack(ctypes.string_at(address, form.size))


def _whole(kind: str, what: Any, items: tuple[Any, ...]) -> Any:
    """A tuple, list or record from its parts."""
    if kind == "tuple":
        return items
    if kind == "list":
        return _items(what, items[0], iter(items[1:]))
    return list(items) if what == STATIC else RecordValue(what, items)


def _items(t: Type, n: int, buffers: Iterator[Any]) -> list[Any]:
    """The items of a list, from the arrays that they are kept in."""
    match t:
        case Scalar(kind=kind):
            found = next(buffers)[:n]
            return list(found) if kind.startswith("np.") else found.tolist()  # type: ignore[no-any-return]
        case Array():
            return [row.copy() for row in next(buffers)[:n]]
        case Tuple(items=items):
            columns = [_items(i, n, buffers) for i in items]
            return list(zip(*columns)) if columns else [()] * n
    return [t.value if isinstance(t, Str) else None] * n


class Exposed:
    """Memory of an array, in the form that NumPy takes."""

    def __init__(self, interface: dict[str, Any]) -> None:
        self.__array_interface__ = interface


def array(t: Array, leaves: tuple[Any, ...]) -> Any:
    """A new array of NumPy with the elements of a kernel's."""
    import numpy as np

    count = t.rank - t.dims.count("1")
    sizes, strides = iter(leaves[2 : 2 + count]), iter(leaves[2 + count :])
    shape = tuple(next(sizes) if n != "1" else 1 for n in t.dims)
    dtype = np.dtype(NUMPY_TYPES[t.element.kind])
    steps = None if t.packed else tuple(next(strides) if n != "1" else 0 for n in t.dims)
    interface = {"data": (leaves[1], False), "shape": shape, "typestr": dtype.str, "strides": steps, "version": 3}
    return np.array(Exposed(interface))


def scalar(kind: str, value: Any) -> Any:
    """A number as the Python or NumPy object of its type."""
    if not kind.startswith("np."):
        return value
    import numpy as np

    return getattr(np, NUMPY_TYPES[kind])(value)
