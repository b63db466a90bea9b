"""Compiled code under valgrind: no read or write outside of an array, none of a buffer that was freed.

    python tests/memcheck.py --programs 100
    python tests/memcheck.py --only stencil --plant bound

Checked are the programs of `SUITES` and generated ones of arrays, and the gradients of all. Compiling under valgrind
takes half a minute for each program, so this process compiles (and runs nothing), writes the object code and the
arguments of each call to a file, and a process under valgrind loads and calls it (see `memcheck_setup`).

Buffers are not pooled (TAPELESS_POOLS=0), so valgrind knows the end of each, and 24 bytes before the first element are
made a red zone. What counts is an invalid access with a frame in code that no file holds: ours. It does not see frames
in the arena, nor values that were never set, which vector code reads and drops. Exit status 0 when nothing was found.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import ctypes
import importlib
import io
import os
import pickle
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from xml.etree import ElementTree

import numpy as np
from memcheck_setup import PLANTS, prepare

SUITES = ("array_programs", "writing_programs", "list_programs", "buffer_programs")
ENVIRONMENT = {
    "TAPELESS_POOLS": "0", "TAPELESS_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONMALLOC": "malloc",
}  # fmt: skip
VALGRIND = (
    "valgrind", "--tool=memcheck", "--smc-check=all-non-file", "--undef-value-errors=no", "--show-leak-kinds=none",
    "--errors-for-leak-kinds=none", "--error-limit=no", "--redzone-size=256", "--num-callers=8", "--xml=yes",
)  # fmt: skip
BATCH = 30  # calls in one process under valgrind

# -- compile ----------------------------------------------------------------------------------------------------------


class Pickler(pickle.Pickler):
    """Keeps what kernels look at: NumPy's own dtype objects, and that an array has gaps."""

    def reducer_override(self, obj: Any) -> Any:
        if isinstance(obj, np.dtype):
            return np.dtype, (obj.char,)
        if isinstance(obj, np.ndarray) and not obj.flags.c_contiguous:
            return spread, (np.ascontiguousarray(obj),)
        return NotImplemented


def spread(a: np.ndarray) -> np.ndarray:
    """The same array with gaps."""
    out = np.empty((*a.shape, 2), a.dtype)[..., 0]
    out[...] = a
    return out


def packed(value: Any) -> bytes:
    """A value, to be loaded in another process."""
    file = io.BytesIO()
    Pickler(file).dump(value)
    return file.getvalue()


class Recorded(Exception):
    """Instead of a call: it was written down."""


class Recorder:
    """Compiles programs; `records` has what is needed to load and call each kernel elsewhere."""

    def __init__(self) -> None:
        from tapeless.backend import jit, kernel

        self.label, self.records, self.refused = "", [], collections.Counter()
        right = jit.load

        def load(images, name, exports, imports, text):
            self.images = images
            return right(images, name, exports, imports, text)

        recorder = self

        class Owner(kernel.Owner):
            """A kernel whose calls are written down."""

            def __init__(self, program, wrapper, library, name, slow) -> None:
                super().__init__(program, wrapper, library, name, slow)
                self.record = recorder.record(program, wrapper, name)

            def builtin(self):
                def call(*args):
                    recorder.records.append((recorder.label, self.record, packed(args)))
                    raise Recorded

                return call

        jit.load, kernel.Owner = load, Owner

    def record(self, program, wrapper, name) -> bytes:
        """A kernel without its graph."""
        sites = [type(s)(s.exception, s.message, None) for s in program.sites]
        names = ("lowers", "symbols", "parallel", "thin", "vectors", "blas", "prints")
        p = {n: getattr(program, n) for n in names} | {"sites": sites, "links": dict(program.layouts.links)}
        w = {n: getattr(wrapper, n) for n in ("objects", "result", "symbols", "makes_arrays")}
        return packed((name, self.images, p, w))

    def take(self, label: str, function, args) -> None:
        """Compile a function for arguments, and write the call down."""
        self.label = label
        try:
            function(*args)
        except Recorded:
            pass
        except Exception as error:
            self.refused[f"{type(error).__name__}: {error}".splitlines()[0]] += 1


def programs(options):
    """Each program to check: a label, the function, its arguments, and by which of them it is differentiated.

    Those of the suites and generated ones take turns, so that a short run has some of each.
    """
    sources = [*map(of_suite, SUITES), generated(options)]
    while sources:
        for source in list(sources):
            try:
                yield next(source)
            except StopIteration:
                sources.remove(source)


def of_suite(name: str):
    """The programs of a module of tests."""
    from array_checking import is_smooth

    suite = importlib.import_module(name)
    for f, args in suite.DERIVATIVES:
        yield f"{name}.{f.__name__}", f, args, tuple(i for i, a in enumerate(args) if is_smooth(a))
    for f, args in suite.PRIMALS + getattr(suite, "ARGUMENTS", []):
        yield f"{name}.{f.__name__}", f, args, ()


def generated(options):
    """Generated programs, each with three sizes of arguments."""
    from array_checking import ArrayBatch, is_smooth, made
    from generator.array_program import generate

    folder = Path(tempfile.mkdtemp(prefix="tapeless-memcheck-"))
    for i in range(options.programs):
        program = generate(f"{options.seed}:{i}")
        f = getattr(ArrayBatch([program], folder).module, program.name)
        for k, texts in enumerate(program.calls[:3]):
            args = tuple(made(texts))
            smooth = program.result == "float" and not k
            by = tuple(i for i, a in enumerate(args) if is_smooth(a)) if smooth else ()
            yield f"{program.seed} {texts}", f, args, by


def compiled(options):
    """Records of kernels with their calls, a batch at a time, and how many programs they are of."""
    import tapeless as tl

    prepare()
    if options.plant:
        PLANTS[options.plant]()
    recorder = Recorder()
    end = time.monotonic() + 60 * options.minutes
    for label, f, args, by in programs(options):
        if options.only and not any(word in label for word in options.only):
            continue
        if time.monotonic() > end:
            print(f"no time for {label} and those after it")
            break
        recorder.take(label, tl.jit(f), args)
        if by:
            recorder.take(f"gradient of {label}", tl.grad(f, by), args)
        if len(recorder.records) >= BATCH:
            yield recorder.records
            recorder.records = []
    yield recorder.records
    for message, count in recorder.refused.most_common():
        print(f"not compiled, {count} times: {message}")


# -- run under valgrind -----------------------------------------------------------------------------------------------


def run(path: str) -> None:
    """Load the kernels of a file and call them."""
    from tapeless.backend import jit, kernel, runtime
    from tapeless.backend.layout import Layouts

    prepare()
    note = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(runtime.runtime()["tl_note"])

    def slow(*args, **named):
        raise TypeError("a call of other types than were compiled for")

    with open(path, "rb") as file:
        records = pickle.load(file)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what programs print
    calls: dict[bytes, Any] = {}
    for label, record, args in records:
        note(label.replace("%", "%%").encode())
        if record not in calls:
            name, images, p, w = pickle.loads(record)
            program, wrapper = SimpleNamespace(**p, layouts=Layouts(p["links"])), SimpleNamespace(**w)
            library = jit.load(images, name, kernel.EXPORTS, kernel.imports(program, wrapper), "")
            calls[record] = kernel.Owner(program, wrapper, library, name, slow).builtin()
        with contextlib.suppress(ArithmeticError, ValueError, LookupError):
            calls[record](*pickle.loads(args))
    print(f"called {len(records)}", file=sys.stderr, flush=True)


class Watched:
    """A process under valgrind that runs a batch."""

    def __init__(self, folder: str, records: list) -> None:
        handle, self.path = tempfile.mkstemp(dir=folder)
        with os.fdopen(handle, "wb") as file:
            pickle.dump(records, file)
        self.count, self.begin = len(records), time.monotonic()
        report = f"--xml-file={self.path}.xml"
        command = [*VALGRIND, report, sys.executable, str(Path(__file__).resolve()), "--run", self.path]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def failures(self) -> list[str]:
        """What valgrind found, when it has ended."""
        _, errors = self.process.communicate()
        text = Path(f"{self.path}.xml").read_text(errors="replace")
        text = text if text.rstrip().endswith("</valgrindoutput>") else text + "</valgrindoutput>"
        found, label = [], "before the first program"
        for part in ElementTree.fromstring(text):
            if part.tag == "clientmsg":
                label = part.findtext("text", "").strip()
            elif part.tag == "error" and (what := described(part)):
                found.append(f"{label}: {what}")
        if self.process.returncode or f"called {self.count}" not in errors:
            found.append(f"{label}: exit status {self.process.returncode}: {errors[-1500:]}")
        print(f"{self.count} calls after {time.monotonic() - self.begin:.0f} s under valgrind", flush=True)
        return found


def described(error: ElementTree.Element) -> str:
    """An invalid access by our code, else nothing: a frame without a file is in code that was made at run time."""
    if error.findtext("kind", "").startswith("Leak"):
        return ""
    stacks = error.findall("stack")
    frames = stacks[0].findall("frame") if stacks else []
    if all(frame.find("obj") is not None for frame in frames):
        return ""
    where = " < ".join(frame.findtext("fn") or frame.findtext("ip", "") for frame in frames[:3])
    return f"{error.findtext('what')}. {error.findtext('auxwhat', '')} ({where})"


def check(options) -> int:
    """Compile, run under valgrind at the same time, report."""
    begin, running, failures, names, kernels, calls = time.monotonic(), [], [], set(), set(), 0

    def finish() -> None:
        for failure in running[0].failures():
            failures.append(failure)
            print(f"FAIL {failure}", flush=True)
        running.pop(0)

    with tempfile.TemporaryDirectory(prefix="tapeless-memcheck-") as folder:
        os.environ["TAPELESS_CACHE"] = folder
        try:
            for records in compiled(options):
                if not records:
                    continue
                names |= {label.removeprefix("gradient of ").split(" ")[0] for label, _, _ in records}
                kernels |= {hash(record) for _, record, _ in records}
                calls += len(records)
                if len(running) == options.jobs:
                    finish()
                running.append(Watched(folder, records))
            while running:
                finish()
        finally:  # also where this process is told to end
            for watched in running:
                watched.process.kill()
    print(f"{len(names)} programs, {len(kernels)} kernels, {calls} calls, {time.monotonic() - begin:.0f} s")
    print(f"{len(failures)} invalid accesses or crashes")
    return 1 if failures or not calls else 0


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--programs", type=int, default=50, help="how many generated programs of arrays, beside the suites")
    p.add_argument("--seed", default="memcheck", help="they are made from SEED:0, SEED:1, ...")
    p.add_argument("--only", action="append", help="programs with this in their label; may be given again")
    p.add_argument("--minutes", type=float, default=30.0, help="compile no more after this time")
    p.add_argument("--jobs", type=int, default=1, help="processes under valgrind")
    p.add_argument("--plant", choices=tuple(PLANTS), help="a defect that must be found")
    p.add_argument("--run", help=argparse.SUPPRESS)
    options = p.parse_args()
    os.environ.update(ENVIRONMENT)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if options.run:
        run(options.run)
        return 0
    return check(options)


if __name__ == "__main__":
    sys.exit(main())
