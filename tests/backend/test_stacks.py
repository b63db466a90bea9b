"""Boxes that lie on a stack: which ones do, how much memory they take, that what they hold comes back."""

from __future__ import annotations

import math

import pytest
from build import kernel, program
from tapeless.backend.layout import packed
from tapeless.backend.program import Program
from test_failures import run_alone
from test_kernel import LIST

# pushes {bool, float, link} n times, then takes the frames off; @work allocates, and releases what it allocated
FRAMES = """
type %p = box (float, float)
type %frame = box frame{bool, float, <none | box %frame>}
graph @f(%n: int) -> float {
  loop @push(%i: int, %s: float, %q: <none | box %frame>) -> (int, float, <none | box %frame>) {
    %more = ilt(%i, %n)
    branch @step -> (int, float, <none | box %frame>) {
      %x = i2f(%i) %w: float = @work(%x) %bit = iand(%i, 1) %odd = ieq(%bit, 1)
      %s1 = fadd(%s, %w) %i1 = iadd(%i, 1)
      %record: frame{bool, float, <none | box %frame>} = record(%odd, %w, %q)
      %b: box %frame = box(%record)
      %next: <none | box %frame> = inject(%b)
      %r: (int, float, <none | box %frame>) = @push(%i1, %s1, %next) return %r
    }
    branch @exit -> (int, float, <none | box %frame>) {
      %r: (int, float, <none | box %frame>) = tuple(%i, %s, %q) return %r
    }
    %r: (int, float, <none | box %frame>) = switch(%more, @step, @exit) return %r
  }
  %empty: <none | box %frame> = inject(None)
  %end: (int, float, <none | box %frame>) = @push(0, 0.0, %empty)
  %top: <none | box %frame> = item(%end, 2)
  %s: float = item(%end, 1)
  %odd: float = @pop(%top)
  %r = fsub(%s, %odd)
  return %r
}
graph @pop(%top: <none | box %frame>) -> float {
  loop @unwind(%q: <none | box %frame>, %t: float) -> float {
    %end = has_head(%q, "none") %more = not_(%end)
    %b: box %frame = project(%q)
    %v: frame{bool, float, <none | box %frame>} = unbox(%b)
    branch @step -> float {
      %odd: bool = item(%v, 0) %w: float = item(%v, 1) %rest: <none | box %frame> = item(%v, 2)
      %o = b2f(%odd) %h = fmul(%o, %w) %t1 = fadd(%t, %h)
      %r: float = @unwind(%rest, %t1) return %r
    }
    branch @exit -> float { return %t }
    %r: float = switch(%more, @step, @exit) return %r
  }
  %r: float = @unwind(%top, 0.0)
  return %r
}
graph @work(%x: float) -> float {
  %c = flt(%x, 0.0)
  branch @a -> box %p { %u: (float, float) = tuple(%x, 1.0) %b: box %p = box(%u) return %b }
  branch @b -> box %p { %u: (float, float) = tuple(1.0, %x) %b: box %p = box(%u) return %b }
  %b: box %p = switch(%c, @a, @b)
  %v: (float, float) = unbox(%b) %y: float = item(%v, 0) %z: float = item(%v, 1)
  %r = fmul(%y, %z)
  return %r
}
"""


def sines(x: float, n: int) -> float:
    """What a gradient keeps of an iteration is one float."""
    for _ in range(n):
        x = math.sin(x)
    return x


def links(text: str) -> dict[str, int]:
    return {box.name: link for box, link in Program(program(text)).stacks.links.items()}


def test_frames_of_a_loop_are_a_stack():
    assert links(FRAMES) == {"frame": 2}
    assert links(LIST) == {"list": 1}


@pytest.mark.parametrize("work", ["%w: float = @work(%x)", "%w = fadd(%x, 0.0)"], ids=["shared", "alone"])
def test_what_is_pushed_comes_back(work):
    text = FRAMES.replace("%w: float = @work(%x)", work)
    f = kernel(text).call
    assert links(text) == {"frame": 2}
    for n in (0, 1, 2, 7, 1000, 10**6):
        assert f(n) == float(sum(range(0, n, 2)))


def test_the_arena_grows_in_the_middle():
    """The first 64 MiB are mapped in; 9 bytes a frame."""
    n = 2 * 10**7
    assert kernel(FRAMES).call(n) == float(sum(range(0, n, 2)))


def test_frames_have_no_padding():
    assert packed(("i1", "double")).offsets == (0, 1)
    assert packed(("i1", "double")).size == 9
    assert packed(()).size == 1


@pytest.mark.parametrize(("arena", "fits"), [(10_000_000, True), (8_900_000, False)])
def test_nine_bytes_a_frame(arena, fits):
    code = """
        from build import kernel
        from test_stacks import FRAMES
        try:
            print(kernel(FRAMES).call(10**6))
        except MemoryError:
            print("full")
    """
    out = run_alone(code, TAPELESS_ARENA=str(arena))
    assert out == (f"{float(sum(range(0, 10**6, 2)))}\n" if fits else "full\n")


def test_eight_bytes_an_iteration_of_a_gradient():
    code = """
        from tapeless import grad
        from test_stacks import sines
        print(grad(sines)(0.0, 10**6))
    """
    assert run_alone(code, TAPELESS_ARENA="8100000") == "1.0\n"


def changed(*pairs: tuple[str, str]) -> str:
    text = FRAMES
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    return text


RESULT = FRAMES[: FRAMES.index("  %s: float = item(%end, 1)")] + "  return %top\n}\n"

NOT_STACKS = {
    "pushed in a branch": changed(
        (
            "%b: box %frame = box(%record)\n",
            "branch @then -> box %frame { %b: box %frame = box(%record) return %b }\n"
            "branch @else -> box %frame { %b: box %frame = box(%record) return %b }\n"
            "%b: box %frame = switch(%odd, @then, @else)\n",
        )
    ),
    "the link is another stack": changed(
        ("= record(%odd, %w, %q)", "= record(%odd, %w, None: <none | box %frame>)")
    ),
    "something else is kept": changed(
        ("type %frame = box frame{bool, float, <none", "type %frame = box frame{bool, box %p, <none"),
        ("frame{bool, float, <none | box %frame>} =", "frame{bool, box %p, <none | box %frame>} ="),
        ("%record:", "%u: (float, float) = tuple(%w, 2.0) %kept: box %p = box(%u) %record:"),
        ("record(%odd, %w, %q)", "record(%odd, %kept, %q)"),
        ("%w: float = item(%v, 1)", "%k: box %p = item(%v, 1) %l: (float, float) = unbox(%k) %w: float = item(%l, 0)"),
    ),
    "a frame of its own": changed(
        ("%empty: <none | box %frame> = inject(None)", "%r0: frame{bool, float, <none | box %frame>} = "
         "record(False, 0.0, None: <none | box %frame>) %b0: box %frame = box(%r0) "
         "%empty: <none | box %frame> = inject(%b0)"),
    ),
    "pushed twice": changed(
        ("@push(%i1, %s1, %next)", "@push(%i1, %s1, %twice)"),
        ("%next: <none | box %frame> = inject(%b)", "%next: <none | box %frame> = inject(%b)"
         " %record2: frame{bool, float, <none | box %frame>} = record(%odd, 0.0, %next)"
         " %b2: box %frame = box(%record2) %twice: <none | box %frame> = inject(%b2)"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_STACKS)
def test_what_is_no_stack(name):
    text = NOT_STACKS[name]
    assert links(text) == {}
    f = kernel(text).call
    assert f(0) == 0.0
    assert f(1) == 0.0


def test_what_python_sees_is_no_stack():
    text = RESULT.replace("-> float {", "-> <none | box %frame> {", 1)
    text += FRAMES[FRAMES.index("graph @work") :]
    assert links(text) == {}
    assert kernel(text).call(2).items == (True, 1.0, kernel(text).call(1))
