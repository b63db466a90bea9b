"""What kernels run on: a context per thread, a big stack, an arena, the way out of a failure, Ctrl-C, the print buffer.

All of it is one LLVM module, `runtime_text`, compiled once per process when the first kernel needs it. A kernel is
entered by `tl_run`, which switches to the big stack if it recurses, and returns a code: 0, or what `tl_raise` was
called with anywhere below. Frames of kernels own nothing, so leaving them is a jump.

Loops, and functions that recurse, poll: they call `tl_poll` while the context says `interrupted`, which it does at
first. Only a kernel that has polled often pays for what a long one needs: it gives up the GIL and watches for Ctrl-C,
and `interrupted` (for functions that recurse: the stack's limit) means what it says from then on.

Stack and arena are mapped once per thread, untouched; a soft limit that the first crossing raises tells whether a call
used more than is worth keeping, which is then given back.
"""

from __future__ import annotations

import ctypes
import os
import platform
import re
import threading
from functools import cache

from tapeless.backend.jit import Library, lasting_code, load
from tapeless.backend.program import INTERRUPTED, NO_MEMORY
from tapeless.backend.runtime_text import TEMPLATE
from tapeless.ir.diagnostics import UnsupportedError, UsageError
from tapeless.ir.primitives.structure import DETAILS

FIELDS = (
    "saved_sp", "stack_limit", "arena_free", "arena_end", "interrupted", "deep", "print_buffer", "print_used",
    "print_room", "stack_base", "stack_top", "arena_base", "arena_limit", "patience", "thread_state", "watched",
    "held", "held_most", "arena_most", "stack_low", "measures", *(f"detail{k}" for k in range(DETAILS)),
    "buffers", "pooled", "pools",
)  # fmt: skip
CONTEXT = {name: 8 * i for i, name in enumerate(FIELDS)}
POOLS, LARGEST_POOLED, MOST_POOLED = 80, 64 << 20, 128 << 20
"""Free buffers that a thread keeps: in so many sizes, up to the largest, as many bytes in all."""
CONTEXT_SIZE = 8 * (len(FIELDS) + POOLS - 1)

# flags of tl_run: the kernel recurses, allocates
DEEP, ALLOCATES = 1, 2

# polls after which a kernel counts as running long: about as much time as watching for Ctrl-C costs
PATIENCE = 128

# what stays mapped in after a call; what libm and small functions may need below the limit
STACK_KEPT, ARENA_KEPT, STACK_MARGIN = 16 << 20, 64 << 20, 4 << 20

EXPORTS = (
    "tl_context", "tl_run", "tl_leave", "tl_raise", "tl_deep", "tl_poll", "tl_grow", "tl_print", "tl_slow", "tl_fail",
    "tl_flush", "tl_decode", "tl_same_text", "tl_setup", "tl_settings",
    "tl_new_buffer", "tl_new_zeros", "tl_free_buffer", "tl_free_since", "tl_array",
)  # fmt: skip

# the runtime's functions as kernels declare them
DECLARATIONS = {
    "tl_context": "declare ptr @tl_context()",
    "tl_run": "declare i32 @tl_run(ptr, ptr, ptr, i32)",
    "tl_leave": "declare void @tl_leave(ptr, ptr)",
    "tl_raise": "declare void @tl_raise(ptr, i32) #1",
    "tl_deep": "declare preserve_allcc void @tl_deep(ptr, i32) cold nounwind",
    "tl_poll": "declare preserve_allcc void @tl_poll(ptr) cold nounwind memory(inaccessiblemem: readwrite)",
    "tl_grow": "declare preserve_allcc void @tl_grow(ptr, i64, i32) cold nounwind",
    "tl_print": "declare ptr @tl_print(ptr, i64) nounwind",
    "tl_slow": "declare ptr @tl_slow(ptr, ptr, i64, ptr) cold",
    "tl_fail": "declare ptr @tl_fail(ptr, ptr, i32) cold",
    "tl_flush": "declare i32 @tl_flush(ptr, ptr)",
    "tl_decode": "declare ptr @tl_decode(ptr, ptr)",
    "tl_same_text": "declare i1 @tl_same_text(ptr, ptr)",
    "tl_new_buffer": "declare noalias ptr addrspace(1) @tl_new_buffer(ptr, i64, i32) nounwind",
    "tl_new_zeros": "declare noalias ptr addrspace(1) @tl_new_zeros(ptr, i64, i32) nounwind",
    "tl_free_buffer": "",
    "tl_array": "declare ptr @tl_array(ptr, ptr, ptr, i32, ptr, i64, ptr, ptr, ptr, ptr)",
    "tl_free_since": "declare void @tl_free_since(ptr, ptr) nounwind",
}


@cache
def runtime() -> dict[str, int]:
    """The addresses of the runtime's functions, by name."""
    if platform.machine() != "x86_64" or platform.system() != "Linux":
        raise UnsupportedError("compiled functions that loop, recurse, fail or allocate need Linux on x86-64")
    module = text()
    image = lasting_code("runtime", module, 0, 0)  # most of it runs once: no need to optimize
    library = load([image], "runtime", EXPORTS, {}, module)
    _keep.append(library)
    addresses = {name: library.address(name) for name in EXPORTS}
    settings = (ctypes.c_uint64 * 4).from_address(addresses["tl_settings"])
    settings[0], settings[1] = stack_size(), arena_size()
    settings[2] = threading.main_thread().ident or 0
    settings[3] = os.environ.get("TAPELESS_POISON", "") not in ("", "0")
    if ctypes.CFUNCTYPE(ctypes.c_int)(addresses["tl_setup"])() != 0:
        raise MemoryError("no thread-specific key left for tapeless")
    return addresses


_keep: list[Library] = []


def stack_size() -> int:
    """Bytes of stack for kernels that recurse."""
    return max(_bytes("TAPELESS_STACK", 320 << 20), STACK_KEPT + 2 * STACK_MARGIN)


def arena_size() -> int:
    """Bytes of arena per thread, at most."""
    return max(_bytes("TAPELESS_ARENA", os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") * 7 // 10), 1 << 20)


def _bytes(variable: str, default: int) -> int:
    """A size from the environment: bytes, or with a suffix K, M, G."""
    given = os.environ.get(variable)
    if not given:
        return default
    match = re.fullmatch(r"(\d+)\s*([KMG]?)i?B?", given.strip(), re.IGNORECASE)
    if match is None:
        raise UsageError(f"{variable}={given!r} is no size; expected bytes, or a number with K, M or G")
    return int(match[1]) << {"": 0, "K": 10, "M": 20, "G": 30}[match[2].upper()]


def text() -> str:
    """The module in LLVM IR."""
    pools = os.environ.get("TAPELESS_POOLS", "") != "0"
    unit = 64 if pools else 1  # sizes of buffers are multiples of it
    values = {f"@{name}@": str(offset) for name, offset in CONTEXT.items()}
    values |= {
        "@SIZE@": str(CONTEXT_SIZE), "@DEEP@": str(DEEP), "@PATIENCE@": str(PATIENCE), "@ALLOCATES@": str(ALLOCATES),
        "@STACK_KEPT@": str(STACK_KEPT), "@ARENA_KEPT@": str(ARENA_KEPT), "@MARGIN@": str(STACK_MARGIN),
        "@POOLS@": str(POOLS), "@LARGEST@": str(LARGEST_POOLED if pools else 0), "@MOST@": str(MOST_POOLED),
        "@UNIT@": str(unit), "@PADDING@": str(63 + unit),
        "@INTERRUPTED@": str(INTERRUPTED), "@NO_MEMORY@": str(NO_MEMORY),
    }  # fmt: skip
    return re.sub(r"@[A-Za-z_]+@", lambda m: values[m[0]], TEMPLATE)


def thread_context() -> dict[str, ctypes.c_int64]:
    """The fields of this thread's context, by name."""
    address = ctypes.CFUNCTYPE(ctypes.c_void_p)(runtime()["tl_context"])()
    if not address:
        raise MemoryError("no memory for a context of this thread")
    return {name: ctypes.c_int64.from_address(address + offset) for name, offset in CONTEXT.items()}
