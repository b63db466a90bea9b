"""What leaves a kernel early, and what it prints: checks, Ctrl-C, memory, traceback lines."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import traceback

import pytest
from build import SUM, kernel
from tapeless.ir.diagnostics import Span

CHECK = """
graph @f(%x: float, %y: float) -> float {
  %ok = fne(%y, 0.0)
  !check(%ok, "ZeroDivisionError", "float division by zero")
  %r = fdiv(%x, %y)
  return %r
}
"""


def test_check_with_line_and_message(tmp_path):
    from build import program, slow
    from tapeless.backend.kernel import compile_kernel

    file = tmp_path / "user.py"
    file.write_text("def f(x, y):\n    z = x\n    return z / y\n\ndef g(x):\n    return f(x, 0)\n")
    root = program(CHECK)
    inlined = Span(str(file), 6, 11, 6, 15, "Model.g")
    root.effects[0].span = Span(str(file), 3, 11, 3, 16, "f", inlined)
    call = compile_kernel(root, "f", slow).call
    assert call(1.0, 4.0) == 0.25
    for _ in range(3):
        with pytest.raises(ZeroDivisionError, match="float division by zero") as caught:
            call(1.0, 0.0)
        frames = traceback.extract_tb(caught.tb)[1:]
        assert [(f.name, f.lineno, f.line) for f in frames] == [("g", 6, "return f(x, 0)"), ("f", 3, "return z / y")]


def test_check_that_always_fails():
    f = kernel("""
graph @f(%x: float) -> float {
  %c = flt(%x, 0.0)
  branch @bad -> never { !check(False, "ValueError", "math domain error") %n: never = never() return %n }
  branch @good -> float { %r: float = sqrt(%x) return %r }
  !%r: float = switch(%c, @bad, @good)
  return %r
}""").call
    assert f(4.0) == 2.0
    with pytest.raises(ValueError, match="math domain error"):
        f(-4.0)


def test_function_that_never_returns():
    f = kernel("""
graph @f(%x: float) -> float {
  %c = flt(%x, 0.0)
  branch @bad -> never { !%n: never = @stop() return %n }
  branch @good -> float { return %x }
  !%r: float = switch(%c, @bad, @good)
  return %r
}
graph @stop() -> never { !check(False, "KeyError", "'k'") %n: never = never() return %n }
""").call
    assert f(4.0) == 4.0
    with pytest.raises(KeyError):
        f(-4.0)


PRINT = """
graph @f(%n: int, %x: <float | none>) -> none {
  loop @L(%i: int) -> none {
    %more = ilt(%i, %n)
    branch @step -> none {
      %t: (int, bool) = tuple(%i, True)
      !print(" ", "\\n", "i", %i, %t, %x)
      %i1 = iadd(%i, 1)
      !%r: none = @L(%i1) return %r
    }
    branch @exit -> none { return None }
    !%r: none = switch(%more, @step, @exit) return %r
  }
  !%r: none = @L(0)
  !print(None, "!", "end")
  %ok = ilt(%n, 3)
  !check(%ok, "ValueError", "three")
  return None
}
"""


def test_print(capsys):
    f = kernel(PRINT).call
    assert f(2, None) is None
    assert capsys.readouterr().out == "i 0 (0, True) None\ni 1 (1, True) None\nend!"
    with pytest.raises(ValueError, match="three"):
        f(1000, 2.5)
    assert capsys.readouterr().out == "".join(f"i {i} ({i}, True) 2.5\n" for i in range(1000)) + "end!"


def test_print_may_call_kernels(capsys, monkeypatch):
    """What writes the output may run kernels itself."""
    f, g = kernel(PRINT).call, kernel(SUM).call
    results = []

    class Writer:
        def write(self, text: str) -> None:
            results.append(g(100))

        def flush(self) -> None:
            pass

    monkeypatch.setattr(sys, "stdout", Writer())
    f(2, 1.0)
    assert set(results) == {4950.0}


def test_print_that_fails(monkeypatch):
    class Writer:
        def write(self, text: str) -> None:
            raise OSError("broken")

    f = kernel(PRINT).call
    monkeypatch.setattr(sys, "stdout", Writer())
    for n in (2, 5):
        with pytest.raises(OSError, match="broken"):
            f(n, 1.0)


SPIN = SUM.replace("ilt(%i, %n)", "ile(0, %i)").replace("iadd(%i, 1)", "iand(%i, 7)")
FIB = """
graph @fib(%n: int) -> int {
  %c = ilt(%n, 2)
  branch @then -> int { return %n }
  branch @else -> int {
    %a = isub(%n, 1) %x: int = @fib(%a) %b = isub(%n, 2) %y: int = @fib(%b) %r = iadd(%x, %y) return %r
  }
  %r: int = switch(%c, @then, @else) return %r
}
"""


@pytest.fixture
def interruptible():
    """Python's own handler, also where the tests run in the background of a shell and ignore SIGINT."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.parametrize("program, argument", [(SPIN, 1), (FIB, 90)], ids=["loop", "recursion"])
def test_interrupt(program, argument, interruptible):
    f = kernel(program).call
    before = signal.getsignal(signal.SIGINT)
    for _ in range(2):
        timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            f(argument)
        timer.join()
    assert signal.getsignal(signal.SIGINT) is before
    assert kernel(SUM).call(10) == 45.0


def test_interrupt_with_a_handler_of_the_user():
    seen = []
    before = signal.signal(signal.SIGINT, lambda *a: seen.append(a[0]))
    try:
        f = kernel(SPIN).call
        threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
        with pytest.raises(KeyboardInterrupt):
            f(1)
        assert seen == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_interrupt_prints_first(capsys, interruptible):
    text = PRINT.replace("ilt(%i, %n)", "ilt(0, 1)")
    f = kernel(text.replace('!print(" ", "\\n", "i", %i, %t, %x)', ""))
    assert f is not None
    spin = kernel(SPIN.replace("  %end:", '  !print(" ", "\\n", "begun")\n  %end:')).call
    threading.Timer(0.1, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        spin(1)
    assert capsys.readouterr().out == "begun\n"


def run_alone(code: str, **environment: str) -> str:
    """The output of a process of its own."""
    here = os.path.dirname(__file__)
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code)],
        env=os.environ | environment | {"PYTHONPATH": here},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert result.returncode == 0, result.stderr[-2000:]
    return result.stdout


def test_memory_error():
    out = run_alone(
        """
        from build import kernel
        from test_kernel import LIST, peak
        f = kernel(LIST).call
        for _ in range(3):
            try:
                f(10**8)
            except MemoryError as error:
                print(error)
            print(f(10**5))
        print(peak() < 600 << 20)
        """,
        TAPELESS_ARENA="256M",
    )
    full = "out of memory for intermediate values (TAPELESS_ARENA sets how much there is)"
    assert out == f"{full}\n4999950000.0\n" * 3 + "True\n"


def test_endless_recursion_stays_small():
    out = run_alone("""
        from build import kernel
        from test_kernel import POWER, peak
        f = kernel(POWER).call
        for _ in range(3):
            try:
                f(1.0, -1)
            except RecursionError as error:
                print(error)
        print(peak() < 1500 << 20)
    """)
    assert out == "maximum recursion depth exceeded\n" * 3 + "True\n"


def test_emission_that_llvm_rejects():
    from tapeless.backend import jit
    from tapeless.ir.diagnostics import InternalError

    with pytest.raises(InternalError, match=r"LLVM rejects what was emitted \(.*\.ll\)"):
        jit.optimize("define void @f() { ret i32 0 }", 2)


@pytest.mark.parametrize("program, argument", [(SUM, 20), (SUM, 200), (SUM, 10**5), (FIB, 3), (FIB, 15)])
def test_interrupt_between_and_in_calls(program, argument):
    """A kernel watches for Ctrl-C from some number of polls on; Python does before, and between calls."""
    f = kernel(program).call
    expected = f(argument)
    for delay in range(20, 60, 2):
        timer = threading.Timer(delay / 1000, os.kill, (os.getpid(), signal.SIGINT))
        with pytest.raises(KeyboardInterrupt):
            timer.start()
            while True:
                assert f(argument) == expected
        timer.join()
    assert f(argument) == expected
