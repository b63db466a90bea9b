"""The scalars of NumPy: what arrays have as elements.

Each is computed with as a *machine value*, one of Python's scalars: what is narrower than that is brought back to its
range after every function (`as_f32` rounds, `as_i8` wraps). Products and quotients of floats of 24 bits, rounded once
to 53 and once more to 24, are those that are rounded once (Figueroa 1995), so arithmetic has NumPy's bits. In registers
a scalar is its machine value; only in memory it takes its own room.
"""

from __future__ import annotations

from functools import reduce

from tapeless.ir.dataclass import dataclass


@dataclass(frozen=True)
class Element:
    """One kind of scalar: its name in the IR, its machine value, its name in NumPy, its room in bytes, its sign."""

    kind: str
    machine: str
    name: str
    size: int
    signed: bool = True

    @property
    def short(self) -> str:
        """The name in types of arrays, and of primitives: `f64`."""
        return self.kind.removeprefix("np.")

    @property
    def code(self) -> str:
        """What NumPy calls the type of an element in memory: `f8`."""
        return {"float": "f", "bool": "b"}.get(self.machine, "i" if self.signed else "u") + str(self.size)

    @property
    def narrow(self) -> bool:
        """Whether there are machine values that are none of its values."""
        return self.machine != "bool" and self.size < 8

    @property
    def range(self) -> tuple[int, int]:
        """The least and the greatest of ints."""
        bits = 8 * self.size
        return (-(1 << (bits - 1)), (1 << (bits - 1)) - 1) if self.signed else (0, (1 << bits) - 1)


ELEMENTS = {
    e.kind: e
    for e in (
        Element("np.bool", "bool", "bool_", 1, False),
        Element("np.i8", "int", "int8", 1),
        Element("np.u8", "int", "uint8", 1, False),
        Element("np.i16", "int", "int16", 2),
        Element("np.u16", "int", "uint16", 2, False),
        Element("np.i32", "int", "int32", 4),
        Element("np.u32", "int", "uint32", 4, False),
        Element("np.i64", "int", "int64", 8),
        Element("np.f32", "float", "float32", 4),
        Element("np.f64", "float", "float64", 8),
    )
}
WEAK = {"bool": "np.bool", "int": "np.i64", "float": "np.f64"}
"""What Python's scalars are where they meet none of NumPy's; bools are always NumPy's."""


def promoted(*kinds: str) -> str:
    """The kind in which scalars of NumPy and of Python meet: NEP 50, by which Python's ints and floats are weak."""
    strong = [WEAK["bool"] if k == "bool" else k for k in kinds if k not in ("int", "float")]
    if not strong:
        return WEAK["float" if "float" in kinds else "int"]
    out = reduce(_pair, strong)
    machine = ELEMENTS[out].machine
    if "float" in kinds and machine != "float":
        return WEAK["float"]
    return WEAK["int"] if "int" in kinds and machine == "bool" else out


def _pair(a: str, b: str) -> str:
    x, y = sorted((ELEMENTS[a], ELEMENTS[b]), key=lambda e: (["bool", "int", "float"].index(e.machine), e.size))
    if x.machine == "bool" or x == y:
        return y.kind
    if x.machine != y.machine:
        return "np.f32" if x.size <= 2 and y.size == 4 else "np.f64"
    if x.machine == "float" or x.signed == y.signed:
        return y.kind
    signed, other = (x, y) if x.signed else (y, x)
    if signed.size > other.size:
        return signed.kind
    return f"np.i{16 * other.size}"


def python_name(kind: str) -> str:
    """A kind of scalar as Python's messages name its type: numpy.float64 is np.f64 here."""
    return f"numpy.{ELEMENTS[kind].name}" if kind in ELEMENTS else kind
