"""Checks one generated program of arrays: compiled code against NumPy, its gradient against differences.

What a call gives is compared, with its exceptions, and what it leaves in its arguments.
"""

from __future__ import annotations

import importlib.util
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
from checking import Verdict
from generator.array_program import HEADER
from generator.program import Program

REFUSALS = ("UnsupportedError", "InferenceError", "DifferentiationError")
DEFECTS = (NameError, AttributeError, SyntaxError, RecursionError)  # of the generator, where NumPy raises them
UNBOUND = "where it is not associated with a value"
ERRORS = (ArithmeticError, ValueError, TypeError, MemoryError, LookupError, NameError)


class ArrayBatch:
    """Programs in one module."""

    count = 0

    def __init__(self, programs: list[Program], folder: Path) -> None:
        ArrayBatch.count += 1
        path = folder / f"arrays{ArrayBatch.count}.py"
        path.write_text(HEADER + "\n\n".join(p.source for p in programs))
        spec = importlib.util.spec_from_file_location(f"fuzz_arrays{ArrayBatch.count}", path)
        self.module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
        sys.modules[spec.name] = self.module  # type: ignore[union-attr]
        spec.loader.exec_module(self.module)  # type: ignore[union-attr]


class ArrayChecker:
    """Checks programs by the compiler; `cpython` in its place tries the machinery out."""

    def __init__(self, engine: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tapeless-fuzz-"))
        self.native = engine == "native"
        warnings.simplefilter("ignore")

    def batch(self, programs: list[Program]) -> ArrayBatch:
        return ArrayBatch(programs, self.folder)

    def check(self, program: Program, batch: ArrayBatch) -> Verdict:
        """Run one program every way; the first difference is the verdict."""
        plain = getattr(batch.module, program.name)
        verdict = Verdict(program.seed, features=sorted(program.features))
        calls = [made(texts) for texts in program.calls]
        outcomes = [outcome(plain, args) for args in calls]
        defect = next((o for o in outcomes if isinstance(o, DEFECTS) and UNBOUND not in str(o)), None)
        if defect is not None:
            verdict.kind, verdict.problem = "generator", repr(defect)
            return verdict
        verdict.raised = any(isinstance(o, Exception) for o in outcomes)
        if not self.native:
            return verdict
        verdict.kind, verdict.problem = self.compared(plain, program, calls, outcomes)
        if not verdict.kind and program.result == "float":
            self.differentiated(plain, program, verdict)
        return verdict

    def compared(self, plain, program, calls, outcomes) -> tuple[str, str]:
        import tapeless as tl

        native = tl.jit(plain)
        small = sum(map(ord, program.seed)) % 3 == 0
        for texts, left, want in list(zip(program.calls, calls, outcomes))[: 4 if small else 3]:
            args = made(texts)
            got = outcome(native, args)
            kind = refusal(got)
            if kind:
                return kind, str(got)
            problem = difference(got, want)
            if not problem and not isinstance(want, Exception):
                left_over = difference(tuple(args), tuple(left))
                problem = left_over and f"arguments: {left_over}"
            if problem and not ill_conditioned(plain, texts, want):
                return "value", f"({', '.join(texts)}): {problem}"
        return "", ""

    def differentiated(self, plain, program: Program, verdict: Verdict) -> None:
        import tapeless as tl

        args = made(program.calls[0])
        by = tuple(i for i, a in enumerate(args) if is_smooth(a))
        want = [differences(plain, program.calls[0], k) for k in by]
        got = outcome(tl.grad(plain, by), args)
        kind = refusal(got)
        if isinstance(want[0], Exception) or (not kind and overflows(plain, program.calls[0])):
            return
        if kind:
            verdict.kind, verdict.problem = kind, str(got)
            return
        if isinstance(got, Exception):
            verdict.kind, verdict.problem = "gradient", repr(got)
            return
        for k, g, w in zip(by, got, want):
            sure = np.isfinite(w)
            verdict.derivatives += int(np.any(sure))
            scale = 1.0 + np.max(np.abs(w), initial=0.0, where=sure)
            if not np.allclose(np.asarray(g)[sure], w[sure], rtol=2e-5, atol=2e-6 * scale):
                verdict.kind = "gradient"
                verdict.problem = f"({', '.join(program.calls[0])}) by {k}: {g!r} instead of {w!r}"
                return


def made(texts) -> list:
    """The arguments that texts describe."""
    return [eval(t, {"np": np}) for t in texts]


def outcome(f, args):
    """What a call gives, or the exception that it raises."""
    try:
        return f(*args)
    except Exception as error:
        return error


def is_smooth(a) -> bool:
    """Whether there is a derivative by an argument."""
    return isinstance(a, float) or (isinstance(a, np.ndarray) and a.dtype == np.float64)


def refusal(got) -> str:
    """The kind of verdict of what the compiler did not compile."""
    if not isinstance(got, Exception) or (isinstance(got, ERRORS) and "tapeless" not in type(got).__module__):
        return ""
    return "internal" if type(got).__name__ == "InternalError" else "refused"


def difference(got, want) -> str:
    """How two results differ; a NumPy scalar may be the equal Python number."""
    if isinstance(got, Exception) or isinstance(want, Exception):
        alike = isinstance(got, Exception) and isinstance(want, type(got))
        return "" if alike else f"{got!r} instead of {want!r}"
    if isinstance(want, (tuple, list)):
        if type(got) is not type(want) or len(got) != len(want):
            return f"{got!r} instead of {want!r}"
        return next((problem for g, w in zip(got, want) if (problem := difference(g, w))), "")
    if isinstance(want, np.ndarray):
        if not isinstance(got, np.ndarray) or (got.shape, got.dtype) != (want.shape, want.dtype):
            return f"{got!r} instead of {want!r}"
    elif isinstance(want, (float, np.floating)):
        if not isinstance(got, (float, np.floating)):
            return f"{got!r} instead of {want!r}"
    elif type(got) is not type(want):
        return f"{got!r} instead of {want!r}"
    if want is None or np.allclose(got, want, rtol=1e-8, atol=1e-9, equal_nan=True):
        return ""
    return f"{got!r} instead of {want!r}"


def ill_conditioned(plain, texts, want) -> bool:
    """Whether moving the arguments by a hair changes the result: then rounding decides."""
    for factor in (1 + 3e-14, 1 - 3e-14):
        args = [a * factor if is_smooth(a) else a for a in made(texts)]
        if difference(outcome(plain, args), want):
            return True
    return False


def differences(f, texts, k):
    """The derivative by argument k where step sizes agree and digits are left, else nan; or an exception."""

    def slope(h):
        out = np.zeros(np.shape(made(texts)[k]))
        for index in np.ndindex(out.shape):
            sides = []
            for step in (h, -h):
                args = made(texts)
                if isinstance(args[k], float):
                    args[k] += step
                else:
                    args[k][index] += step
                sides.append(f(*args))
            out[index] = (sides[0] - sides[1]) / (2 * h)
        return out

    try:
        most = abs(f(*made(texts)))
        coarse, middle, fine = slope(1e-4), slope(1e-5), slope(3e-6)
    except Exception as error:
        return error
    scale = 1.0 + np.abs(fine)
    lost = 1e-16 * most / 3e-6  # digits of a large value hide what changes it little
    agree = lost < 1e-5 * scale
    agree &= (np.abs(coarse - fine) < 1e-5 * scale) & (np.abs(middle - fine) < 1e-5 * scale) & (np.abs(fine) < 1e5)
    return np.where(agree, fine, np.nan)


def overflows(plain, texts) -> bool:
    """Whether a value on the way is too large for a float: its derivative may be inf * 0, whatever the result's is."""
    with np.errstate(over="raise"):
        try:
            plain(*made(texts))
        except FloatingPointError:
            return True
    return False
