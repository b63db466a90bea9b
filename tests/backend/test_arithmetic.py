"""Every primitive's lowering, compiled on its own, gives the bits of its `evaluate`."""

from __future__ import annotations

import ctypes
import ctypes.util
import itertools
import math
import random
import struct

import llvmlite.binding as llvm
import pytest
from tapeless.backend.arithmetic import COMMON, all_routines, declarations, signature
from tapeless.ir import primitives
from tapeless.ir.abstract import BOOL, FLOAT, INT
from tapeless.ir.primitive import REGISTRY, Primitive

assert primitives
TYPES = {"double": ctypes.c_double, "i64": ctypes.c_int64, "i1": ctypes.c_bool}
FLOATS = [0.0, -0.0, 1.0, -1.0, 0.5, 2.5, -1.5, 3.0, 1e308, -1e308, 5e-324, -5e-324, 2.2250738585072014e-308, 1e-310]
FLOATS += [math.inf, -math.inf, math.nan, 2.0**53, 2.0**53 + 2, 2.0**62, 2.0**63, -(2.0**63), 2.0**64, -3.0, 7.3, 710.0]
INTS = [0, 1, -1, 2, -2, 3, 7, -7, 20, 21, 61, 62, 63, 64, 65, 2**31, 2**53 - 1, 2**53 + 1, -(2**53) - 1]
INTS += [2**62, -(2**62), 2**63 - 1, 2**63 - 2, 2**63 - 512, -(2**63), -(2**63) + 1]
LOWERED = [p for p in REGISTRY.values() if p.lower not in ("", "same")]


def argument_types(p: Primitive) -> list[str]:
    """The LLVM types of a primitive's inputs, read off its lowering."""
    if p.lower.startswith(("libm:", "call:")):
        return signature(p.lower).split("(")[1].rstrip(")").split(", ")
    words = p.lower.replace("(", " ").replace(",", " ").replace(")", " ").split()
    types, latest = {}, ""
    for word in words:
        latest = word if word in TYPES else latest
        if word.startswith("{"):
            types[word] = latest
    return [types[w] for w in sorted(types)]


def result_type(p: Primitive) -> str:
    return {FLOAT: "double", INT: "i64", BOOL: "i1"}[p.result]


def module_of(p: Primitive) -> str:
    types = argument_types(p)
    names = [f"%a{i}" for i in range(len(types))]
    if p.lower.startswith(("libm:", "call:")):
        name = p.lower.replace("libm:", "tl_").replace("call:", "")
        arguments = ", ".join(f"{t} {n}" for t, n in zip(types, names))
        code = f"call {result_type(p)} @{name}({arguments})"
    else:
        code = p.lower.format(*names)
    header = ", ".join(f"{t} {n}" for t, n in zip(types, names))
    text, _ = declarations([p.lower])
    result = result_type(p)
    return f"{text}define {result} @run_{p.name}({header}) {{\n %r = {code}\n ret {result} %r\n}}\n"


@pytest.fixture(scope="module")
def library() -> llvm.ExecutionEngine:
    """All primitives, compiled at O2: inlined and folded as in programs."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    machine = llvm.Target.from_default_triple().create_target_machine(opt=2)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), machine)
    libm = ctypes.CDLL(ctypes.util.find_library("m"))
    for p in LOWERED:
        module = llvm.parse_assembly(module_of(p))
        module.verify()
        builder = llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options(speed_level=2))
        builder.getModulePassManager().run(module, builder)
        for name, c_name in declarations([p.lower])[1].items():
            llvm.add_symbol(name, ctypes.cast(getattr(libm, c_name), ctypes.c_void_p).value)
        engine.add_module(module)
    engine.finalize_object()
    return engine


def from_bits(n: int) -> float:
    """Any float at all."""
    return struct.unpack("<d", struct.pack("<Q", n))[0]  # type: ignore[no-any-return]


def bits(x: object) -> object:
    """What must agree: the bits of a float, any nan being one."""
    if isinstance(x, float):
        return "nan" if math.isnan(x) else struct.pack("<d", x).hex()
    return x


def values(kind: str) -> list[object]:
    return {"double": FLOATS, "i64": INTS, "i1": [False, True]}[kind]  # type: ignore[return-value]


def drawn(p: Primitive, types: list[str], count: int) -> list[tuple[object, ...]]:
    """Random arguments: in the domain, and of all sizes."""
    rng = random.Random(p.name)
    draw = {
        "double": lambda: rng.choice(
            [rng.uniform(-5, 5), rng.gauss(0, 1) * 10.0 ** rng.randint(-300, 300), from_bits(rng.getrandbits(64))]
        ),
        "i64": lambda: rng.randint(-(2**63), 2**63 - 1) >> rng.choice([0, 1, 8, 30, 40, 55, 58, 61]),
        "i1": lambda: rng.random() < 0.5,
    }
    return [tuple(draw[t]() for t in types) for _ in range(count)]


@pytest.mark.parametrize("p", LOWERED, ids=str)
def test_native_bits(library: llvm.ExecutionEngine, p: Primitive) -> None:
    types = argument_types(p)
    run = ctypes.CFUNCTYPE(TYPES[result_type(p)], *(TYPES[t] for t in types))(
        library.get_function_address("run_" + p.name)
    )
    table = list(itertools.product(*map(values, types)))
    if len(table) > 2000:
        table = random.Random(0).sample(table, 2000)
    if p.name in ("polygamma", "fpow_log"):
        table = [a for a in table if 0 <= a[0] <= 20]
    extra = drawn(p, types, 2000)
    if p.name in ("polygamma", "fpow_log"):
        extra = [(abs(a[0]) % 8, *a[1:]) for a in extra]
    if p.name.startswith("hypot"):
        extra += [tuple(x * 2.0**n for x in a) for a in extra[:200] for n in (-1023, -1020, 1018, 1021)]
    for args in [*table, *extra]:
        assert p.evaluate is not None
        expected, got = p.evaluate(*args), run(*args)
        assert type(got) is type(expected), args
        assert bits(got) == bits(expected), (args, got, expected)


def test_every_routine_is_used() -> None:
    """A routine that no primitive needs has no reason to be."""
    from tapeless.backend.routine import close

    table = all_routines()
    used, _ = close([p.lower.removeprefix("call:") for p in LOWERED if p.lower.startswith(("call:", "libm:"))], table)
    assert set(used) == set(table)


def test_common_routines_need_no_others() -> None:
    """A program that names only these is compiled without the rest."""
    from tapeless.backend.routine import close

    used, _ = close(COMMON, COMMON)
    assert set(used) == set(COMMON)
