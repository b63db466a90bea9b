"""`tapeless.ir.dataclass` against the standard library's: the same definitions, the same behavior."""

import dataclasses
import subprocess
import sys

import pytest
from tapeless.ir import dataclass as ours


def make(library):
    """Classes with every option that we use, by one library."""
    dataclass, field = library.dataclass, library.field

    @dataclass(frozen=True)
    class Point:
        x: int
        y: float = 0.5

    @dataclass(frozen=True)
    class Deep(Point):
        z: tuple = ()
        total: int = field(init=False, repr=False, compare=False, default=0)

        def __post_init__(self):
            object.__setattr__(self, "total", sum(self.z))

    @dataclass(frozen=True)
    class Hashed:
        items: tuple

        def __hash__(self):
            return 7

    @dataclass(frozen=True)
    class Empty:
        head = "none"

    @dataclass
    class Bag:
        name: str
        things: list = field(default_factory=list)
        hidden: int = field(default=3, repr=False)

    @dataclass(eq=False)
    class Thing:
        name: str

    return [Point, Deep, Hashed, Empty, Bag, Thing]


CALLS = [
    (0, (1,), {}), (0, (1, 2.5), {}), (0, (), {"y": 1.0, "x": 2}), (0, (), {}), (0, (1, 2, 3), {}),
    (1, (1,), {}), (1, (1, 2.0, (3, 4)), {}), (1, (1,), {"z": (5,)}), (1, (1,), {"total": 5}),
    (2, ((1, 2),), {}), (3, (), {}), (4, ("a",), {}), (4, ("a", [1]), {}), (4, ("a",), {"hidden": 4}), (5, ("a",), {}),
]  # fmt: skip


def outcome(kind, args, keywords):
    """What making an object gives: how it shows, its fields and hash, or the type of the error."""
    try:
        made = kind(*args, **keywords)
    except TypeError:
        return "TypeError"
    try:
        number = hash(made) if kind.__eq__ is not object.__eq__ else "by identity"
    except TypeError:
        number = "not hashable"
    return repr(made).split(".")[-1], vars(made), number


@pytest.mark.parametrize("index, args, keywords", CALLS, ids=str)
def test_objects_are_as_the_standard_library_makes_them(index, args, keywords):
    mine, standard = (outcome(make(library)[index], args, keywords) for library in (ours, dataclasses))
    assert mine == standard


def test_comparison_is_by_fields_and_within_one_class():
    point, deep, _, empty, bag, thing = make(ours)
    assert point(1) == point(1, 0.5) != point(2)
    assert point(1) != deep(1) and deep(1) != point(1)
    assert empty() == empty() != point(1)
    assert bag("a", [1]) == bag("a", [1]) != bag("a", [2])
    assert thing("a") != thing("a")
    assert {point(1): "found"}[point(1, 0.5)] == "found"


def test_defaults_that_are_made_are_not_shared():
    bag = make(ours)[4]
    bag("a").things.append(1)
    assert bag("b").things == []


def test_fields_are_matched_by_position():
    deep = make(ours)[1]
    match deep(1, 2.0, (3,)):
        case deep(x, y, z):
            assert (x, y, z) == (1, 2.0, (3,))
    assert deep.__match_args__ == ("x", "y", "z")


def test_the_classes_of_the_ir_do_not_load_the_standard_module():
    code = "import sys, tapeless.ir.abstract, tapeless.ir.primitives.arithmetic; print('dataclasses' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"
