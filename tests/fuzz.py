"""`make fuzz`: random programs, compiled and differentiated, against CPython and exact derivatives.

    python tests/fuzz.py --programs 2000 --jobs 2 --seed 1 --minutes 20
    python tests/fuzz.py --kind arrays --programs 500

Programs of arrays are compared with NumPy and with central differences; what the compiler refuses is counted apart.

Each worker process checks programs in batches. A crash or a hang ends the worker, not the run, and counts for the
program it was at. Failing programs are written to a folder, whole and shrunk. Exit status 0 when all pass.
"""

from __future__ import annotations

import argparse
import collections
import json
import os
import resource
import select
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import asdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from generator import array_program
from generator.program import Program, generate
from generator.shrink import shrink

FEATURES = ("data loop", "nested break", "recursion", "closure", "raised", "late")
BATCH = 25
GENERATORS = {"scalars": generate, "arrays": array_program.generate}
SOUND = ("", "rejected", "limitation")  # kinds of verdict that are no failure
REFUSED = 0.2  # of the programs of arrays: what the compiler may refuse
RECYCLE = 250  # programs after which a worker is replaced
MEMORY = 12 << 30  # address space of a worker


# ---------------------------------------------------------------- the worker


def worker(options) -> None:
    """Checks the programs that come as lines on stdin; answers with one line before and one after each."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what programs print goes nowhere, or to `Printed`
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    sys.setrecursionlimit(20_000)
    import array_checking
    import checking
    from tapeless.backend import runtime

    runtime.PATIENCE = 3  # programs end before a kernel counts as running long
    if options.plant:
        import planted

        planted.plant(options.plant)
    make = GENERATORS[options.kind]
    checker: checking.Checker | array_checking.ArrayChecker
    if options.kind == "arrays":
        checker = array_checking.ArrayChecker(options.engine)
    else:
        checker = checking.Checker(checking.compiler(options.engine, options.stages), options.lines)
    for line in sys.stdin:
        programs = [_restored(item) if isinstance(item, dict) else make(item) for item in json.loads(line)]
        try:
            batch = checker.batch(programs)
        except Exception as e:  # a shrunk program that does not even load
            batch, reason = None, f"{type(e).__name__}: {e}"
        for program in programs:
            channel.write(json.dumps({"begin": program.seed}) + "\n")
            if batch is None:
                verdict = checking.Verdict(program.seed, "generator", reason)
            else:
                try:
                    verdict = checker.check(program, batch)
                except Exception as e:
                    verdict = checking.Verdict(program.seed, "checker", f"{type(e).__name__}: {e}")
            channel.write(json.dumps(asdict(verdict)) + "\n")
        channel.write(json.dumps({"idle": True}) + "\n")


def _restored(item: dict) -> Program:
    tupled = {"params": tuple(item["params"]), "calls": [tuple(c) for c in item["calls"]]}
    return Program(**(item | tupled | {"features": set(item["features"])}))


def _as_item(program: Program) -> dict:
    return asdict(program) | {"features": sorted(program.features)}


# ---------------------------------------------------------------- the master


class Worker:
    """One worker process; `check` runs a batch and survives its death."""

    def __init__(self, options) -> None:
        self.options = options
        self.process: subprocess.Popen | None = None
        self.done = 0

    def start(self) -> None:
        command = [sys.executable, __file__, "--worker", "--engine", self.options.engine, "--kind", self.options.kind]
        command += ["--plant", self.options.plant] if self.options.plant else []
        command += [flag for flag in ("--stages", "--lines") if getattr(self.options, flag[2:])]
        self.errors = tempfile.TemporaryFile()  # noqa: SIM115 (not a pipe, which could fill up)
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.errors)
        self.buffer, self.done = b"", 0

    def stop(self) -> str:
        """End the process; gives the end of what it wrote on stderr."""
        if self.process is None:
            return ""
        self.process.kill()
        self.process.communicate()
        self.process = None
        self.errors.seek(0)
        return self.errors.read().decode(errors="replace")[-1500:]

    def read(self, timeout: float) -> dict | None:
        """The next message; None where the process ended or took too long."""
        end = time.monotonic() + timeout
        while b"\n" not in self.buffer:
            ready, _, _ = select.select([self.process.stdout], [], [], max(0.0, end - time.monotonic()))
            chunk = os.read(self.process.stdout.fileno(), 1 << 16) if ready else b""
            if not chunk:
                self.hung = not ready
                return None
            self.buffer += chunk
        line, self.buffer = self.buffer.split(b"\n", 1)
        return json.loads(line)

    def check(self, items: list) -> list[dict]:
        """The verdicts of programs, given by seed or whole."""
        verdicts: list[dict] = []
        while len(verdicts) < len(items) and not (
            self.options.first and verdicts and verdicts[-1]["kind"] not in SOUND
        ):
            if self.process is None or self.done >= RECYCLE:
                self.stop()
                self.start()
            rest = items[len(verdicts) :]
            current = rest[0]["seed"] if isinstance(rest[0], dict) else rest[0]
            try:
                self.process.stdin.write(json.dumps(rest).encode() + b"\n")
                self.process.stdin.flush()
            except BrokenPipeError:
                pass  # its end is seen when reading
            verdicts += self.listen(current)
        return verdicts

    def listen(self, current: str) -> list[dict]:
        """The verdicts of one batch until its end or the process's, whose cause is the last program begun."""
        verdicts: list[dict] = []
        while True:
            message = self.read(self.options.timeout)
            if message is None:
                hung, status = self.hung, self.process.poll()
                err = self.stop()
                problem = f"no answer in {self.options.timeout:.0f} s" if hung else f"exit status {status}: {err}"
                kind = "hang" if hung else "crash"
                return [*verdicts, {"seed": current, "kind": kind, "problem": problem, "features": []}]
            if "idle" in message:
                return verdicts
            if "begin" in message:
                current = message["begin"]
            else:
                self.done += 1
                verdicts.append(message)
                if self.options.first and message["kind"] not in SOUND:
                    self.stop()  # one is enough
                    return verdicts


class Run:
    """A whole run: hands out seeds to the workers and collects their verdicts."""

    def __init__(self, options) -> None:
        self.options = options
        self.lock = threading.Lock()
        self.next = 0
        self.passed, self.failures, self.rejected, self.limited = 0, [], 0, 0
        self.refused: dict[str, list[str]] = {}
        self.features: collections.Counter = collections.Counter()
        self.derivatives = 0
        self.end = time.monotonic() + 60 * options.minutes

    def seeds(self) -> list[str]:
        """The next seeds to check; none when the run is over."""
        with self.lock:
            missing = self.options.programs - self.passed - len(self.failures) - self.refusals()
            enough = self.options.first and self.failures
            if missing <= 0 or enough or time.monotonic() > self.end:
                return []
            start, self.next = self.next, self.next + min(BATCH, missing)
            return [f"{self.options.seed}:{i}" for i in range(start, self.next)]

    def loop(self) -> None:
        worker = Worker(self.options)
        while seeds := self.seeds():
            for verdict in worker.check(seeds):
                self.take(verdict)
        worker.stop()

    def refusals(self) -> int:
        """How many programs of arrays the compiler did not take."""
        return sum(map(len, self.refused.values()))

    def take(self, verdict: dict) -> None:
        with self.lock:
            if verdict["kind"] == "rejected":
                self.rejected += 1
                return
            if verdict["kind"] == "limitation":
                self.limited += 1
                return
            if verdict["kind"] == "refused" and self.options.kind == "arrays":
                print(f"refused {verdict['seed']}: {verdict['problem'].splitlines()[0]}", flush=True)
                self.refused.setdefault(verdict["problem"].splitlines()[0], []).append(verdict["seed"])
                return
            if verdict["kind"]:
                self.failures.append(verdict)
                print(f"FAIL {verdict['seed']} {verdict['kind']}: {verdict['problem'][:300]}", flush=True)
                return
            self.passed += 1
            self.features.update([*verdict["features"], *["raised"] * verdict["raised"]])
            self.derivatives += verdict["derivatives"]

    def go(self) -> None:
        threads = [threading.Thread(target=self.loop) for _ in range(self.options.jobs)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()


def report(run: Run, seconds: float) -> None:
    """Print the distribution, the throughput and the result."""
    total = max(1, run.passed)
    print(f"of the programs that passed ({run.rejected} more were rejected as badly conditioned or always failing):")
    for name, count in sorted(run.features.items(), key=lambda item: -item[1]):
        print(f"  {100 * count / total:5.1f} %  {name}{'' if name in FEATURES else ' (not required)'}")
    checked = run.passed + len(run.failures)
    print(f"{run.derivatives} derivatives compared; {checked / seconds:.1f} programs per second, {seconds:.0f} s")
    print(f"{run.limited} programs were refused for the documented limitation on captured variables under a derivative")
    for message, seeds in sorted(run.refused.items(), key=lambda item: -len(item[1])):
        print(f"refused {len(seeds)} times: {message} ({', '.join(seeds[:3])})")
    kinds = collections.Counter(f["kind"] for f in run.failures)
    if kinds:
        print("failures by kind: " + ", ".join(f"{kind} {count}" for kind, count in kinds.most_common()))
    print(f"{run.passed} passed, {len(run.failures)} failed")


def keep(run: Run, options) -> None:
    """Write the failing programs to a folder, the first few also shrunk."""
    folder = Path(options.failures)
    folder.mkdir(parents=True, exist_ok=True)
    helper = Worker(options)
    for number, failure in enumerate(run.failures):
        program = GENERATORS[options.kind](failure["seed"])
        name = failure["seed"].replace(":", "_")
        _write(folder / f"{name}.py", program, failure)
        if number < options.shrink:

            def fails(candidate, kind=failure["kind"], problem=failure["problem"]):
                verdict = helper.check([_as_item(candidate)])[0]
                return verdict["kind"] == kind and _gist(verdict["problem"], kind) == _gist(problem, kind)

            _write(folder / f"{name}_small.py", shrink(program, fails), failure)
    helper.stop()
    print(f"written to {folder}")


def _gist(problem: str, kind: str) -> str:
    """What two refusals or internal errors must have in common to be the same one."""
    if kind not in ("refused", "internal"):
        return ""
    text = problem.split("\\n")[0]
    return "".join(c for c in text.split("Error(", 1)[-1][:60] if c.isalpha())


def _write(path: Path, program: Program, failure: dict) -> None:
    about = f"# seed {failure['seed']}, {failure['kind']}\n" + "".join(
        f"# {line}\n" for line in failure["problem"].splitlines()[:20]
    )
    calls = "\n".join(f"# {program.name}{args}" for args in program.calls)
    path.write_text(f"{about}{calls}\n{program.text}")


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    p = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    p.add_argument("--kind", choices=tuple(GENERATORS), default="scalars", help="what the programs compute with")
    p.add_argument("--programs", type=int, default=2000)
    p.add_argument("--jobs", type=int, default=2)
    p.add_argument("--seed", default="1", help="programs are made from SEED:0, SEED:1, ...")
    p.add_argument("--minutes", type=float, default=20.0, help="stop after this time")
    p.add_argument("--timeout", type=float, default=60.0, help="seconds without news that count as a hang")
    p.add_argument("--stages", action="store_true", help="also interpret the graph at each stage")
    p.add_argument("--lines", action="store_true", help="also compare the line that an exception names")
    p.add_argument("--first", action="store_true", help="stop at the first failure")
    p.add_argument(
        "--engine", choices=("native", "cpython"), default="native", help="cpython tries out the fuzzer itself"
    )
    p.add_argument("--failures", default=os.path.join(tempfile.gettempdir(), "tapeless-fuzz-failures"))
    p.add_argument("--shrink", type=int, default=3, help="how many failing programs to shrink")
    p.add_argument("--plant", help="plant a defect of tests/planted.py in the compiler first")
    p.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return p


def fuzz(options) -> Run:
    """A run by these options."""
    run = Run(options)
    run.go()
    return run


def main() -> int:
    options = parser().parse_args()
    if options.worker:
        worker(options)
        return 0
    start = time.monotonic()
    run = fuzz(options)
    report(run, time.monotonic() - start)
    if run.failures:
        keep(run, options)
    many = run.limited > 0.02 * run.passed or run.refusals() > REFUSED * run.passed  # a limitation that grows fails too
    return 1 if run.failures or not run.passed or many else 0


if __name__ == "__main__":
    sys.exit(main())
