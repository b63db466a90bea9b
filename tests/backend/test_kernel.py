"""Kernels from programs in text form: arithmetic, branches, loops, recursion, data."""

from __future__ import annotations

import math
import sys
import threading

import pytest
from build import SUM, Slow, kernel


def test_arithmetic():
    f = kernel("graph @f(%x: float, %n: int) -> float { %y = sin(%x) %m = i2f(%n) %r = fmul(%y, %m) return %r }").call
    assert f(0.5, 3) == math.sin(0.5) * 3
    with pytest.raises(Slow):
        f(0.5, 3.0)
    with pytest.raises(Slow):
        f(0.5)
    with pytest.raises(Slow):
        f(0.5, n=3)
    with pytest.raises(Slow):
        f(0.5, 2**63)
    assert f(1.0, -(2**63)) == math.sin(1.0) * -(2**63)


BRANCH = """
graph @f(%c: bool, %x: float) -> (float, int) {
  branch @then -> (float, int) { %y = fadd(%x, 1.0) %r: (float, int) = tuple(%y, 1) return %r }
  branch @else -> (float, int) {
    %d = flt(%x, 0.0)
    branch @neg -> float { %y = fneg(%x) return %y }
    branch @pos -> float { return %x }
    %z: float = switch(%d, @neg, @pos)
    %r: (float, int) = tuple(%z, 2) return %r
  }
  %r: (float, int) = switch(%c, @then, @else)
  return %r
}
"""


def test_branches():
    f = kernel(BRANCH).call
    assert f(True, 2.0) == (3.0, 1)
    assert f(False, -2.0) == (2.0, 2)
    assert f(False, 2.0) == (2.0, 2)


def test_deep_nesting_of_branches():
    depth = 3000
    text = ["graph @f(%n: int) -> int {"]
    for i in range(depth):
        text.append(f"%c{i} = ieq(%n, {i}) branch @t{i} -> int {{ return {i * 2} }} branch @e{i} -> int {{")
    text.append("return -1 }")
    for i in reversed(range(depth)):
        text.append(f"%r{i}: int = switch(%c{i}, @t{i}, @e{i}) return %r{i} }}")
    f = kernel("\n".join(text)).call
    assert f(2999) == 5998 and f(0) == 0 and f(5000) == -1


def test_loop():
    k = kernel(SUM)
    assert k.call(10**7) == float(sum(range(10**7)))
    assert k.call(0) == 0.0
    assert "define" in k.optimized_ir and "tl_call" in k.asm


NESTED = """
graph @f(%n: int) -> int {
  loop @L(%i: int, %s: int) -> int {
    %more = ilt(%i, %n)
    branch @step -> int {
      loop @M(%j: int, %t: int) -> (int, int) {
        %go = ilt(%j, %i)
        branch @stepm -> (int, int) {
          %p = imul(%j, %i) %t1 = iadd(%t, %p) %j1 = iadd(%j, 1)
          %r: (int, int) = @M(%j1, %t1) return %r
        }
        branch @exitm -> (int, int) { %r: (int, int) = tuple(%j, %t) return %r }
        %r: (int, int) = switch(%go, @stepm, @exitm) return %r
      }
      %m: (int, int) = @M(0, %s) %s1: int = item(%m, 1) %i1 = iadd(%i, 1)
      %r: int = @L(%i1, %s1) return %r
    }
    branch @exit -> int { return %s }
    %r: int = switch(%more, @step, @exit) return %r
  }
  %r: int = @L(0, 0) return %r
}
"""


def test_nested_loops():
    assert kernel(NESTED).call(20) == sum(i * j for i in range(20) for j in range(i))


POWER = """
graph @power(%x: float, %n: int) -> float {
  %c = ieq(%n, 0)
  branch @then -> float { return 1.0 }
  branch @else -> float { %m = isub(%n, 1) %p: float = @power(%x, %m) %r = fsub(%x, %p) return %r }
  %r: float = switch(%c, @then, @else)
  return %r
}
"""


def test_recursion():
    f = kernel(POWER).call
    x = 1.0
    for _ in range(10**6):
        x = 1.5 - x
    before = resident()
    assert f(1.5, 10**6) == x
    with pytest.raises(RecursionError, match="maximum recursion depth exceeded"):
        f(1.5, -1)
    assert f(1.5, 10**6) == x
    assert resident() - before < 32 << 20  # what a deep recursion used of the stack is given back, but for 16 MiB


def resident() -> int:
    """Bytes of memory in use now."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096


def peak() -> int:
    """Bytes of memory in use at most."""
    with open("/proc/self/status") as file:
        return next(int(line.split()[1]) << 10 for line in file if line.startswith("VmHWM"))


EVEN = """
graph @even(%n: int) -> bool {
  %c = ieq(%n, 0)
  branch @then -> bool { return True }
  branch @else -> bool { %m = isub(%n, 1) %r: bool = @odd(%m) return %r }
  %r: bool = switch(%c, @then, @else) return %r
}
graph @odd(%n: int) -> bool {
  %c = ieq(%n, 0)
  branch @then -> bool { return False }
  branch @else -> bool { %m = isub(%n, 1) %r: bool = @even(%m) return %r }
  %r: bool = switch(%c, @then, @else) return %r
}
"""


def test_mutual_recursion():
    f = kernel(EVEN).call
    assert f(100001) is False and f(100000) is True


def test_many_results_and_arguments():
    """A result of many leaves is returned through memory, which LLVM arranges."""
    n = 24
    types = ", ".join(["float"] * n)
    params = ", ".join(f"%x{i}: float" for i in range(n))
    rotated = ", ".join(f"%x{(i + 1) % n}" for i in range(n))
    items = " ".join(f"%y{i}: float = item(%r, {i})" for i in range(n))
    f = kernel(f"""
graph @f(%n: int, {params}) -> ({types}) {{
  %c = ieq(%n, 0)
  branch @then -> ({types}) {{ %r: ({types}) = tuple({", ".join(f"%x{i}" for i in range(n))}) return %r }}
  branch @else -> ({types}) {{
    %m = isub(%n, 1)
    %r: ({types}) = @f(%m, {rotated})
    {items}
    %s = fadd(%y0, 1.0)
    %q: ({types}) = tuple(%s, {", ".join(f"%y{i}" for i in range(1, n))})
    return %q
  }}
  %r: ({types}) = switch(%c, @then, @else) return %r
}}""").call
    xs = [float(i) for i in range(n)]
    assert f(5, *xs) == (10.0, *xs[6:], *xs[:5])


UNION = """
graph @f(%u: <float | none | "s" | (float, int)>) -> <float | none | (int, bool)> {
  %t = has_head(%u, "tuple 2")
  branch @pair -> <float | none | (int, bool)> {
    %p: (float, int) = project(%u)
    %n: int = item(%p, 1)
    %q: (int, bool) = tuple(%n, True)
    %r: <float | none | (int, bool)> = inject(%q)
    return %r
  }
  branch @rest -> <float | none | (int, bool)> {
    %small: <float | none | "s"> = project(%u)
    %isn = has_head(%small, "number")
    branch @num -> <float | none | (int, bool)> {
      %x: float = project(%small) %y = fmul(%x, 2.0)
      %r: <float | none | (int, bool)> = inject(%y) return %r
    }
    branch @none -> <float | none | (int, bool)> { %r: <float | none | (int, bool)> = inject(None) return %r }
    %r: <float | none | (int, bool)> = switch(%isn, @num, @none) return %r
  }
  %r: <float | none | (int, bool)> = switch(%t, @pair, @rest) return %r
}
"""


def test_unions():
    f = kernel(UNION).call
    assert f(2.5) == 5.0
    assert f(None) is None
    assert f("s") is None
    assert f("".join(["s"])) is None
    assert f((1.0, 7)) == (7, True)
    for wrong in ("t", 1, (1.0, 2.0), (1.0,), [1.0, 2]):
        with pytest.raises(Slow):
            f(wrong)


LIST = """
type %list = box (float, <none | box %list>)
graph @f(%n: int) -> float {
  loop @build(%i: int, %l: <none | box %list>) -> <none | box %list> {
    %more = ilt(%i, %n)
    branch @step -> <none | box %list> {
      %x = i2f(%i)
      %pair: (float, <none | box %list>) = tuple(%x, %l)
      %b: box %list = box(%pair)
      %u: <none | box %list> = inject(%b)
      %i1 = iadd(%i, 1)
      %r: <none | box %list> = @build(%i1, %u) return %r
    }
    branch @exit -> <none | box %list> { return %l }
    %r: <none | box %list> = switch(%more, @step, @exit) return %r
  }
  %l: <none | box %list> = @build(0, None: <none | box %list>)
  loop @add(%p: <none | box %list>, %s: float) -> float {
    %end = has_head(%p, "none")
    %q: box %list = project(%p)
    %pair: (float, <none | box %list>) = unbox(%q)
    branch @stop -> float { return %s }
    branch @again -> float {
      %x: float = item(%pair, 0) %s1 = fadd(%s, %x) %next: <none | box %list> = item(%pair, 1)
      %r: float = @add(%next, %s1) return %r
    }
    %r: float = switch(%end, @stop, @again) return %r
  }
  %r: float = @add(%l, 0.0)
  return %r
}
"""


def test_linked_list():
    f = kernel(LIST).call
    assert f(10**6) == float(sum(range(10**6)))
    assert f(0) == 0.0


def test_linked_list_as_a_result():
    text = LIST.replace("(%n: int) -> float {", "(%n: int) -> <none | box %list> {", 1)
    text = text[: text.index("  loop @add")] + "return %l }"
    f = kernel(text).call
    assert f(0) is None
    assert f(2) == (1.0, (0.0, None))
    node, count = f(200_000), 0
    while node is not None:
        node, count = node[1], count + 1
    assert count == 200_000


RELEASE = """
type %p = box (float, float)
graph @f(%n: int) -> float {
  loop @L(%i: int, %s: float) -> float {
    %more = ilt(%i, %n)
    branch @step -> float {
      %x = i2f(%i) %t: (float, float) = tuple(%x, %s)
      %odd = iand(%i, 1) %c = ieq(%odd, 1)
      branch @a -> box %p { %b: box %p = box(%t) return %b }
      branch @b -> box %p { %u: (float, float) = tuple(%s, %x) %b: box %p = box(%u) return %b }
      %box: box %p = switch(%c, @a, @b)
      %v: (float, float) = unbox(%box)
      %y: float = item(%v, 0) %z: float = item(%v, 1)
      %h = fmul(%y, 0.5) %s1 = fadd(%h, %z)
      %i1 = iadd(%i, 1)
      %r: float = @L(%i1, %s1) return %r
    }
    branch @exit -> float { return %s }
    %r: float = switch(%more, @step, @exit) return %r
  }
  %r: float = @L(0, 0.0) return %r
}
"""


def test_arena_is_released_in_loops():
    f = kernel(RELEASE).call
    s = 0.0
    for i in range(1000):
        s = float(i) * 0.5 + s if i % 2 else s * 0.5 + float(i)
    assert f(1000) == s
    before = resident()
    f(10**7)
    assert resident() - before < 8 << 20


CELL = """
graph @f(%n: int) -> int {
  !%c: cell(int) = cell(0)
  loop @L(%i: int) -> (int,) {
    %more = ilt(%i, %n)
    branch @step -> (int,) {
      !%v: int = load(%c)
      %w = iadd(%v, %i)
      !store(%c, %w)
      %i1 = iadd(%i, 1)
      !%r: (int,) = @L(%i1) return %r
    }
    branch @exit -> (int,) { %r: (int,) = tuple(%i) return %r }
    !%r: (int,) = switch(%more, @step, @exit) return %r
  }
  !%d: (int,) = @L(0)
  !%r: int = load(%c)
  return %r
}
"""


def test_cells():
    k = kernel(CELL)
    assert k.call(1000) == sum(range(1000))
    assert "tl_grow" not in k.llvm_ir


def test_escaping_cells():
    f = kernel("""
graph @f(%n: int) -> int {
  !%c: cell(int) = cell(%n)
  %e: (cell(int), int) = tuple(%c, 1)
  !%x: int = @bump(%e)
  !%y: int = @bump(%e)
  !%r: int = load(%c)
  %s = imul(%r, 100) %t = iadd(%s, %x)
  return %t
}
graph @bump(%e: (cell(int), int)) -> int {
  %c: cell(int) = item(%e, 0) %k: int = item(%e, 1)
  !%v: int = load(%c) %w = iadd(%v, %k)
  !store(%c, %w)
  return %v
}""").call
    assert f(5) == 705


def test_undefined_values():
    f = kernel("""
graph @f(%c: bool) -> (bool, float) {
  branch @then -> (bool, float) { %r: (bool, float) = tuple(True, 2.0) return %r }
  branch @else -> (bool, float) { %r: (bool, float) = tuple(False, undef: float) return %r }
  %r: (bool, float) = switch(%c, @then, @else) return %r
}""").call
    assert f(True) == (True, 2.0)
    assert f(False)[0] is False


def test_results_of_all_kinds():
    f = kernel("""
graph @f(%x: float, %n: int, %b: bool, %t: (float, (int, none)))
-> ((float, int), bool, none, "text", (float, (int, none))) {
  %a: (float, int) = tuple(%x, %n)
  %r: ((float, int), bool, none, "text", (float, (int, none))) = tuple(%a, %b, None, "text", %t)
  return %r
}""").call
    t = (2.0, (3, None))
    assert f(1.5, -7, True, t) == ((1.5, -7), True, None, "text", t)
    base = [sys.getrefcount(o) for o in (None, True, t)]
    blocks = sys.getallocatedblocks()
    for _ in range(10**5):
        f(1.5, -7, True, t)
    assert all(abs(sys.getrefcount(o) - b) < 10 for o, b in zip((None, True, t), base))
    assert sys.getallocatedblocks() - blocks < 200


def test_numpy_scalars():
    np = pytest.importorskip("numpy")
    f = kernel("""
graph @f(%x: np.f64, %n: np.i64, %b: np.bool) -> (np.f64, np.i64, np.bool) {
  %r: (np.f64, np.i64, np.bool) = tuple(%x, %n, %b) return %r
}""").call
    out = f(np.float64(1.5), np.int64(7), np.bool_(True))
    assert out == (1.5, 7, True)
    assert [type(o) for o in out] == [np.float64, np.int64, np.bool_]
    with pytest.raises(Slow):
        f(1.5, np.int64(7), np.bool_(True))


def test_threads():
    """Each thread has a context; the interpreter lock is free while a kernel loops."""
    f, g = kernel(POWER).call, kernel(LIST).call
    out: list[object] = []

    def work() -> None:
        for _ in range(5):
            out.append((f(2.0, 10**5), g(10**5)))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(out) == 30 and len(set(out)) == 1


def test_kernels_are_unloaded():
    import gc
    import weakref

    k = kernel(SUM)
    owner = weakref.ref(k.call.__self__)
    call = k.call
    del k
    assert call(10) == 45.0
    del call
    gc.collect()
    assert owner() is None


def test_cost_of_a_call(capsys):
    import timeit

    f = kernel("graph @f(%x: float) -> float { %r = fadd(%x, %x) return %r }").call
    g = kernel(SUM).call
    h = kernel('graph @h(%x: float) -> float { %c = flt(0.0, %x) !check(%c, "ValueError", "no") return %x }').call
    with capsys.disabled():
        for name, fn, arg in (("straight", f, 2.0), ("checked", h, 2.0), ("loop", g, 1), ("math.fabs", math.fabs, 2.0)):
            best = min(timeit.repeat("fn(arg)", globals={"fn": fn, "arg": arg}, number=20000, repeat=20))
            print(f"  {name}: {best / 20000 * 1e9:.0f} ns a call")
