"""LLVM IR in, loaded machine code out: parse, verify, optimize, emit an object, link it into this process.

LLVM is set up when it is first needed. Everything that it rejects is a defect of ours, and an `InternalError` that
names the file where the IR was saved. A library is unloaded when its `Library` goes.
"""

from __future__ import annotations

import itertools
import os
import tempfile
import threading
from collections.abc import Sequence
from functools import cache
from typing import Any

import llvmlite
import llvmlite.binding as llvm
from tapeless.backend.cache import kept
from tapeless.ir.diagnostics import InternalError

# Lines of the longest function from which on compile time matters more than the last percent of speed. LLVM's code
# generator needs time that is quadratic in the length of a block; at level 0 it does not (20 000 lines: 1.8 s, 0.03 s).
LARGE, HUGE = 3_000, 12_000


class Library:
    """Loaded code; keep it as long as the code may run."""

    def __init__(self, tracker: Any) -> None:
        self._tracker = tracker

    def address(self, symbol: str) -> int:
        """The address of an exported symbol."""
        return int(self._tracker[symbol])


class Engine:
    """LLVM for the machine that we run on."""

    def __init__(self) -> None:
        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        llvm.initialize_native_asmparser()
        self.cpu = llvm.get_host_cpu_name()
        self.features = llvm.get_host_cpu_features().flatten()
        self.triple = llvm.get_process_triple()
        self._machines: dict[int, llvm.TargetMachine] = {}
        self.layout = str(self.machine(2).target_data)
        # JITLink lays out an object in one piece. The older linker maps each section where there is room, and aborts
        # the process when two of them come to lie more than 2 GiB apart, as they do beside the arena.
        self.linker = llvm.create_lljit_compiler(self._new_machine(2), suppress_errors=True, use_jit_link=True)
        self.lock = threading.RLock()
        self._names = itertools.count()

    def machine(self, level: int) -> llvm.TargetMachine:
        """The code generator of an optimization level."""
        if level not in self._machines:
            self._machines[level] = self._new_machine(level)
        return self._machines[level]

    def _new_machine(self, level: int) -> llvm.TargetMachine:
        target = llvm.Target.from_triple(self.triple)
        return target.create_target_machine(
            cpu=self.cpu, features=self.features, opt=level, reloc="pic", codemodel="default"
        )

    def unique(self, name: str) -> str:
        """A library name that was never used: LLVM does not forget them."""
        return f"{name}-{next(self._names)}"


@cache
def engine() -> Engine:
    """The process's LLVM."""
    return Engine()


def llvm_version() -> str:
    """The versions of llvmlite and LLVM."""
    return f"llvmlite {llvmlite.__version__}, LLVM {'.'.join(map(str, llvm.llvm_version_info))}"


def attributes() -> str:
    """Attribute groups of every module.

    #0 for definitions, #1 for calls that do not return, #2 for pure functions, #3 for definitions that change no
    register (`preserve_allcc`): LLVM would clear the upper halves of the vector registers when they return.
    """
    e = engine()
    return (
        f'attributes #0 = {{ nounwind "target-cpu"="{e.cpu}" "target-features"="{e.features}" }}\n'
        "attributes #1 = { nounwind noreturn cold }\n"
        "attributes #2 = { nounwind willreturn memory(none) }\n"
        f'attributes #3 = {{ nounwind "target-cpu"="{e.cpu}" "target-features"="{e.features},-vzeroupper" }}\n'
    )


def levels(text: str) -> tuple[int, int]:
    """The levels of the optimizer and of the code generator that the size of a module calls for."""
    longest = max(function.count("\n") for function in text.split("\n}\n"))
    return (3, 2) if longest < LARGE else (2, 2) if longest < HUGE else (1, 0)


def optimize(text: str, level: int) -> Any:
    """The optimized module of a text."""
    e = engine()
    try:
        module = llvm.parse_assembly(text + "\n" + attributes(), llvm.create_context())
        module.verify()
    except RuntimeError as error:
        raise InternalError(f"backend: LLVM rejects what was emitted ({save(text)}): {error}") from None
    module.triple, module.data_layout = e.triple, e.layout
    options = llvm.create_pipeline_tuning_options(speed_level=level)
    options.loop_vectorization = options.slp_vectorization = options.loop_interleaving = level > 1
    options.loop_unrolling = level > 1
    builder = llvm.create_pass_builder(e.machine(2), options)
    builder.getModulePassManager().run(module, builder)
    return module


def compile_library(modules: Sequence[str], name: str, exports: Sequence[str], imports: dict[str, int]) -> Library:
    """Compile and load a module, and one that wraps it if there is one.

    `imports` are addresses of what is not found in the process by its name.
    """
    text, *wrappers = modules
    images = [object_code(text, *levels(text)), *(lasting_code("wrapper", w, *levels(w)) for w in wrappers)]
    return load(images, name, exports, imports, text)


def object_code(text: str, passes: int, code: int) -> bytes:
    """The machine code of a module, by levels of the optimizer and the code generator."""
    e = engine()
    with e.lock:
        return e.machine(code).emit_object(optimize(text, passes))  # type: ignore[no-any-return]


def lasting_code(name: str, text: str, passes: int, code: int) -> bytes:
    """The same for a module that many programs need: made once, also by processes that came before."""
    key = "\n".join((llvm_version(), engine().triple, attributes(), f"levels {passes} {code}", text))
    if key not in _LASTING:
        _LASTING[key] = kept(name, key, lambda: object_code(text, passes, code))
    return _LASTING[key]


_LASTING: dict[str, bytes] = {}


def load(images: Sequence[bytes], name: str, exports: Sequence[str], imports: dict[str, int], text: str) -> Library:
    """Link object code, made of a text, into this process."""
    e = engine()
    with e.lock:
        builder = llvm.JITLibraryBuilder().add_current_process()
        for image in images:
            builder.add_object_img(image)
        for symbol, address in imports.items():
            builder.import_symbol(symbol, address)
        for symbol in exports:
            builder.export_symbol(symbol)
        try:
            return Library(builder.link(e.linker, e.unique(name)))
        except RuntimeError as error:
            raise InternalError(f"backend: LLVM cannot link what was emitted ({save(text)}): {error}") from None


def assembly(text: str) -> str:
    """The machine code of a module, to read."""
    e = engine()
    passes, code = levels(text)
    with e.lock:
        return str(e.machine(code).emit_assembly(optimize(text, passes)))


def optimized(text: str) -> str:
    """A module after LLVM's optimizer, to read."""
    with engine().lock:
        return str(optimize(text, levels(text)[0]))


def save(text: str) -> str:
    """Write IR to a file that stays, for a defect report."""
    handle, path = tempfile.mkstemp(prefix="tapeless-", suffix=".ll")
    with os.fdopen(handle, "w") as file:
        file.write(text)
    return path
