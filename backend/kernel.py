"""A PLAIN program in, a native function that Python calls out.

    compile_kernel(entry, "f", slow).call(2.0, 3)

One LLVM module holds the functions of the program and the routines of arithmetic that they use, and the wrapper if that
may be inlined; else that is a module of its own. What is common to all kernels is in the runtime's.
"""

from __future__ import annotations

import ctypes
import time
from collections.abc import Callable
from functools import cache, cached_property
from typing import Any

from tapeless.backend import blas, errors, jit, numpy_api, vector
from tapeless.backend.arithmetic import declarations
from tapeless.backend.decode import Decoder
from tapeless.backend.emit import METADATA
from tapeless.backend.functions import FunctionEmitter
from tapeless.backend.layout import memory
from tapeless.backend.program import FIRST_SITE, INTERRUPTED, NO_MEMORY, Program, Site
from tapeless.backend.runtime import DECLARATIONS as RUNTIME
from tapeless.backend.runtime import runtime, thread_context
from tapeless.backend.runtime_arrays import INLINE, PARALLEL, THIN
from tapeless.backend.unroll import unrolled
from tapeless.backend.wrapper import Wrapper
from tapeless.ir.abstract import Tuple, Type
from tapeless.ir.nodes import Graph

EXPORTS = ("tl_call", "tl_objects")  # what a kernel's library has for Python


class Owner:
    """What the builtin of a kernel is bound to: it keeps the code loaded, and does what is rare in Python."""

    def __init__(self, program: Program, wrapper: Wrapper, library: jit.Library, name: str, slow: Any) -> None:
        self.slow = slow
        self._library, self._objects = library, wrapper.objects
        self._result: Type = wrapper.result
        self._decoder = Decoder(program.layouts)
        self._sites = list(program.sites)
        self._prints = [(p.sep, p.end, Tuple(p.types)) for p in program.prints]
        self._sizes = [8 + memory(program.layouts.leaves(t)).size for _, _, t in self._prints]
        table = (ctypes.c_void_p * max(1, len(self._objects))).from_address(library.address("tl_objects"))
        for i, obj in enumerate(self._objects):
            table[i] = id(obj)
        self._method = MethodDef(name.encode(), library.address("tl_call"), 0x0080 | 0x0002, None)
        # for ever: CPython reads it when it frees the builtin, which in a garbage cycle may be after this object's end
        ctypes.pythonapi.Py_IncRef(ctypes.py_object(self._method))

    def builtin(self) -> Callable[..., Any]:
        """The function for Python; it keeps the owner."""
        return new_builtin()(ctypes.addressof(self._method), self, None)

    def fail(self, code: int) -> BaseException:
        """The exception of a code that the kernel left with."""
        if code == INTERRUPTED:
            return KeyboardInterrupt()
        if code == NO_MEMORY:
            return MemoryError("out of memory in a compiled function")
        site: Site = self._sites[code - FIRST_SITE]
        message = site.message
        if site.details:
            context = thread_context()
            message = message.format(*(context[f"detail{k}"].value for k in range(site.details)))
        return errors.exception(site.exception, message, site.span)

    def flush(self, address: int, size: int) -> None:
        """Write what the kernel printed."""
        end = address + size
        while address < end:
            index = ctypes.c_int64.from_address(address).value
            sep, last, types = self._prints[index]
            print(*self._decoder.decode(types, address + 8), sep=sep, end=last)
            address += self._sizes[index]

    def decode(self, address: int) -> Any:
        """The result that lies at an address."""
        return self._decoder.decode(self._result, address)


class MethodDef(ctypes.Structure):
    """CPython's PyMethodDef."""

    _fields_ = (
        ("name", ctypes.c_char_p),
        ("function", ctypes.c_void_p),
        ("flags", ctypes.c_int),
        ("doc", ctypes.c_char_p),
    )


@cache
def new_builtin() -> Any:
    """PyCFunction_NewEx(method definition, self, module)."""
    make = ctypes.PYFUNCTYPE(ctypes.py_object, ctypes.c_void_p, ctypes.py_object, ctypes.py_object)
    return make(("PyCFunction_NewEx", ctypes.pythonapi))


class Kernel:
    """A compiled program.

    call         the builtin; it may outlive the kernel
    llvm_ir      what was emitted; `optimized_ir` and `asm` are what LLVM makes of it, computed when asked for
    compile_ms   milliseconds that compiling took, `emit_ms` of them outside LLVM
    """

    def __init__(self, entry: Graph, name: str, slow: Callable[..., Any]) -> None:
        begin = time.perf_counter()
        program = Program(entry)
        wrapper = Wrapper(program)
        self.modules = modules(program, wrapper)
        emitted = time.perf_counter()
        library = jit.compile_library(self.modules, name, EXPORTS, imports(program, wrapper))
        self.call = Owner(program, wrapper, library, name, slow).builtin()
        self.emit_ms = (emitted - begin) * 1e3
        self.compile_ms = (time.perf_counter() - begin) * 1e3

    @property
    def llvm_ir(self) -> str:
        """The modules."""
        return "\n".join(self.modules)

    @cached_property
    def optimized_ir(self) -> str:
        """The modules after LLVM's optimizer."""
        return "\n".join(map(jit.optimized, self.modules))

    @cached_property
    def asm(self) -> str:
        """The machine code."""
        return "\n".join(map(jit.assembly, self.modules))


def compile_kernel(entry: Graph, name: str, slow: Callable[..., Any]) -> Kernel:
    """Compile a PLAIN program. `slow(*args, **kwargs)` is called where arguments are not of the types of `entry`."""
    return Kernel(entry, name, slow)


def imports(program: Program, wrapper: Wrapper) -> dict[str, int]:
    """The addresses of the functions outside that the code calls, by name."""
    _, bound = declarations(program.lowers)
    found = {symbol: libm(function) for symbol, function in bound.items()}
    addresses = runtime()
    found |= {symbol: addresses[symbol] for symbol in program.symbols | wrapper.symbols}
    if wrapper.makes_arrays:
        found |= numpy_api.addresses()
    if program.thin:
        from tapeless.backend import thin

        found |= thin.addresses()
    if program.parallel:
        from tapeless.backend import threads

        found |= threads.addresses()
    return found | vector.addresses(program.vectors) | blas.addresses(program.blas)


def modules(program: Program, wrapper: Wrapper) -> list[str]:
    """The LLVM module of a program, and that of its wrapper if it has one."""
    definitions = {graph: FunctionEmitter(program, graph).define() for graph in program.facts}
    functions = [definitions[graph].text() for graph, facts in program.facts.items() if not facts.cycle]
    for cycle in dict.fromkeys(facts.cycle for facts in program.facts.values() if facts.cycle):
        functions += unrolled([definitions[graph] for graph in cycle])
    inside, outside = wrapper.define()
    routines, _ = declarations(program.lowers)
    size = program.largest_box
    parts = [
        *(RUNTIME[symbol] for symbol in program.symbols | ({} if outside else wrapper.symbols)),
        "declare i64 @llvm.read_register.i64(metadata)",
        "declare ptr @llvm.ptrmask.p0.i64(ptr, i64)",
        f"@tl_dummy = internal constant [{size} x i8] zeroinitializer, align 16\n",
        routines,
        vector.declarations(program.vectors),
        blas.declarations(program.blas),
        INLINE if program.uses("arrays") else "",
        PARALLEL if program.parallel else "",
        THIN if program.thin else "",
        *program.definitions.values(),
        *functions,
        inside,
        METADATA,
    ]
    return ["\n".join(parts), *filter(None, (outside,))]


@cache
def libm(name: str) -> int:
    """The address of a function of libm."""
    address = ctypes.cast(getattr(_libm(), name), ctypes.c_void_p).value
    assert address is not None
    return address


@cache
def _libm() -> ctypes.CDLL:
    return ctypes.CDLL("libm.so.6")
