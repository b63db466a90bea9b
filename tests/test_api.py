"""What a user calls, and the objects that come back."""

from __future__ import annotations

import functools
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest
import tapeless as tl
from tapeless import defects, driver, pipeline, table
from tapeless.ir.parser import parse
from tapeless.ir.printer import show


def f(x, y=2.0, *, k=1.0):
    return x * x * y * k


def power(x, n):
    return 1.0 if n == 0 else x * power(x, n - 1)


# -- the module --------------------------------------------------------------------------------------------------------
def test_names_are_loaded_when_they_are_used():
    code = (
        "import sys, tapeless\n"
        "heavy = {'numpy', 'llvmlite', 'lark', 'click', 'tapeless.api', 'tapeless.driver'}\n"
        "print(heavy & set(sys.modules))\n"
        "tapeless.jit\n"
        "print({'llvmlite', 'lark', 'click'} & set(sys.modules))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert (done.stdout, done.stderr) == ("set()\nset()\n", "")


def test_every_public_name_exists():
    assert set(tl.__all__) <= set(dir(tl))
    assert all(getattr(tl, name) is not None for name in tl.__all__)
    with pytest.raises(AttributeError, match="no attribute 'jitt'"):
        _ = tl.jitt


def test_errors_form_one_small_hierarchy():
    errors = [getattr(tl, name) for name in tl.__all__ if name.endswith("Error")]
    assert all(issubclass(e, tl.TapelessError) for e in errors)


# -- functions and transforms ------------------------------------------------------------------------------------------
def test_a_function_looks_like_the_plain_one():
    compiled = tl.jit(power)
    assert (compiled.__name__, compiled.__wrapped__, repr(compiled)) == ("power", power, "<tapeless jit of power>")
    assert repr(tl.grad(compiled)) == "<tapeless grad of power>"


def test_argnums():
    def g(x, n, y):
        return x**n * y

    assert tl.grad(g)(3.0, 2, 5.0) == 30.0
    assert tl.grad(g, argnums=2)(3.0, 2, 5.0) == 9.0
    assert tl.grad(g, argnums=(0, 2))(3.0, 2, 5.0) == (30.0, 9.0)
    assert tl.grad(g, argnums=(2,))(3.0, 2, 5.0) == (9.0,)
    assert tl.value_and_grad(g, argnums=(2, 0))(3.0, 2, 5.0) == (45.0, (9.0, 30.0))


@pytest.mark.parametrize("argnums", ["x", 1.0, (), (0, "x"), True])
def test_argnums_that_are_none(argnums):
    with pytest.raises(tl.UsageError, match="argnums must be an int or a tuple of ints"):
        tl.grad(power, argnums=argnums)


def test_jvp():
    assert tl.jvp(power, (2.0, 10), (1.0, 0)) == (1024.0, 5120.0)
    with pytest.raises(tl.UsageError, match="tuples of one length"):
        tl.jvp(power, (2.0, 10), (1.0,))


def test_a_pullback_may_be_called_again():
    value, pullback = tl.vjp(lambda x, y: x * y, 3.0, 4.0)
    assert (value, pullback(1.0), pullback(2.0), pullback(1.0)) == (12.0, (4.0, 3.0), (8.0, 6.0), (4.0, 3.0))


def test_transforms_compose_in_any_order():
    assert tl.grad(tl.jit(tl.grad(power)))(2.0, 10) == 90 * 2.0**8
    assert tl.jit(tl.grad(tl.grad(tl.grad(power))))(2.0, 10) == 720 * 2.0**7
    assert tl.jvp(tl.grad(power), (2.0, 10), (1.0, 0)) == (5120.0, 90 * 2.0**8)


@pytest.mark.parametrize("what", [3, "f", None])
def test_what_is_no_function(what):
    with pytest.raises(tl.UsageError, match="a function was expected"):
        tl.jit(what)


def test_a_partial():
    assert tl.jit(functools.partial(power, 3.0))(2) == 9.0


# -- calls -------------------------------------------------------------------------------------------------------------
def test_keywords_and_defaults():
    compiled = tl.jit(f)
    assert compiled(3.0) == 18.0
    assert compiled(3.0, 5.0) == compiled(3.0, y=5.0) == compiled(y=5.0, x=3.0) == 45.0


@pytest.mark.parametrize(
    ("keywords", "error", "message"),
    [
        ({"k": 2.0}, tl.UsageError, "the keyword-only argument `k`"),
        ({"x": 2.0}, TypeError, "f() got multiple values for argument 'x'"),
        ({"z": 2.0}, TypeError, "f() got an unexpected keyword argument 'z'"),
    ],
)
def test_wrong_keywords(keywords, error, message):
    with pytest.raises(error, match=re.escape(message)):
        tl.jit(f)(1.0, **keywords)


def test_a_missing_argument():
    with pytest.raises(TypeError, match="missing 1 required positional argument: 'x'"):
        tl.jit(f)(y=1.0)
    with pytest.raises(tl.InferenceError, match="missing 1 required positional argument: 'x'"):
        tl.jit(f)()


@pytest.mark.parametrize("value", [{"a": 1.0}, 1j, object(), power, b"x", (1.0, {2.0}), [1.0, {}], [1.0] * 2000])
def test_an_argument_that_cannot_be_passed(value):
    with pytest.raises(tl.UsageError, match="cannot be passed to a compiled function"):
        tl.jit(power)(value, 2)


@pytest.mark.parametrize("tangent", [1.0, (1.0,), [1.0, 2.0], (1.0, (2.0,)), None])
def test_tangents_and_cotangents_have_the_form_of_values(tangent):
    def swapped(p):
        return p[1], p[0]

    with pytest.raises(tl.InferenceError, match="tangent 0 has another form than argument 0"):
        tl.jvp(swapped, ((1.0, 2.0),), (tangent,))
    with pytest.raises(tl.InferenceError, match="the cotangent has another form than the result"):
        tl.vjp(swapped, (1.0, 2.0))[1](tangent)


def test_types_are_compiled_once_each():
    compiled = tl.jit(lambda x: (x, x))
    for x in (1.0, 2.0, 3, 4, True, None, (1, 2.0), [1, 2.0], "text"):
        assert compiled(x) == (x, x)
        assert type(compiled(x)[0]) is type(x)
    assert compiled.signatures == [
        ("float",),
        ("int",),
        ("bool",),
        ("none",),
        (("int", "float"),),
        (("list", "int", "float"),),
        ('"text',),
    ]


def test_captured_data_is_read_at_every_call():
    scale = 2.0
    compiled = tl.jit(lambda x: x * scale)
    assert compiled(3.0) == 6.0
    scale = 5.0
    assert compiled(3.0) == 15.0


def test_fresh_lambdas_share_one_kernel(monkeypatch):
    compiles = []
    compile_program = driver.compile_program
    monkeypatch.setattr(driver, "compile_program", lambda *a: compiles.append(a) or compile_program(*a))

    def slope(c, x):
        return tl.grad(lambda z: z * z * c)(x)

    assert [slope(float(c), 1.5) for c in range(300)] == [3.0 * c for c in range(300)]
    assert len(compiles) == 1


def test_equal_functions_of_two_files_name_their_own_file(tmp_path):
    for name in ("one.py", "two.py"):
        path = tmp_path / name
        path.write_text("def f(x):\n    return 1.0 / x\n")
        namespace: dict = {}
        exec(compile(path.read_text(), str(path), "exec"), namespace)
        with pytest.raises(ZeroDivisionError) as caught:
            tl.jit(namespace["f"])(0.0)
        assert caught.traceback[-1].path.name == name


def test_from_source():
    assert tl.grad(tl.from_source("lambda x: x * x"))(3.0) == 6.0
    both = "def f(x):\n    return x\n\ndef g(x):\n    return f(x) * x\n"
    assert tl.grad(tl.from_source(both))(3.0) == 6.0
    assert tl.grad(tl.from_source(both, "f"))(3.0) == 1.0
    with pytest.raises(tl.UsageError, match="defines no function"):
        tl.from_source("x = 1")


def test_without_source_the_message_says_what_to_do():
    namespace: dict = {}
    exec("def f(x): return x", namespace)
    with pytest.raises(tl.UnsupportedError, match=r"tl\.from_source"):
        tl.jit(namespace["f"])(1.0)


# -- looking inside ----------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("stage", pipeline.STAGES)
def test_every_stage_is_text_that_is_read_back(stage):
    text = tl.grad(power).ir(stage, 2.0, 10)
    assert show(parse(text)) == text


def test_stages_for_the_types_last_called():
    compiled = tl.jit(power)
    with pytest.raises(tl.UsageError, match="nothing is compiled yet"):
        compiled.ir()
    compiled(2.0, 3)
    assert "%x0: float, %x1: int" in compiled.ir("opt")
    assert compiled.inspect_llvm() == compiled.ir("llvm") and "define" in compiled.inspect_llvm()
    assert compiled.inspect_asm() == compiled.ir("asm") and ".globl" in compiled.inspect_asm()
    with pytest.raises(tl.UsageError, match="there is no stage 'later'"):
        compiled.ir("later")
    assert set(table.STAGES) == {*pipeline.STAGES, "llvm", "asm"}


# -- defects -----------------------------------------------------------------------------------------------------------
def test_a_defect_names_its_pass_and_keeps_what_it_was_given(monkeypatch):
    """Whatever a pass raises that is no error of the user's program is an InternalError."""

    def broken(*_):
        raise AssertionError("an invariant")

    wheres = {"frontend": (driver, "load"), "infer": (pipeline, "infer"), "backend": (driver, "compile_kernel")}
    passes = {p.name: p for p in pipeline.PASSES.values() if p.name in ("simplify", "promote", "expand")}
    for where in (*wheres, *passes):
        with monkeypatch.context() as patch:
            if where in wheres:
                patch.setattr(*wheres[where], broken)
            else:
                p = passes[where]
                patch.setitem(pipeline.PASSES, where, pipeline.Pass(where, p.doc, p.needs, p.gives, broken))
            with pytest.raises(tl.InternalError) as caught:
                tl.grad(tl.from_source("lambda x: x * x"))(1.0)
        error = caught.value
        assert error.message == f"{where}: AssertionError: an invariant"
        assert len(str(error).splitlines()) <= 12 and defects.HINT in str(error)
        kept = Path(error.notes[0].text.rpartition(" ")[2])
        assert "AssertionError: an invariant" in kept.read_text()
        assert where == "frontend" or show(parse(kept.read_text()))
        kept.unlink()


def test_a_broken_invariant_names_the_pass_that_broke_it(monkeypatch):
    monkeypatch.setattr(pipeline, "VERIFY", True)
    simplify = pipeline.PASSES["simplify"]

    def breaking(root):
        out = simplify.run(root)
        out.output = out.parameter("stray")
        return out

    broken = pipeline.Pass("simplify", "", simplify.needs, simplify.gives, breaking)
    monkeypatch.setitem(pipeline.PASSES, "simplify", broken)
    with pytest.raises(tl.InternalError, match=r"simplify: verify: .* at stage TYPED") as caught:
        tl.jit(tl.from_source("lambda x: x * x"))(1.0)
    Path(caught.value.notes[0].text.rpartition(" ")[2]).unlink()


def test_what_is_wrong_with_the_program_is_no_defect():
    with pytest.raises(tl.InferenceError):
        tl.jit(lambda x: x + None)(1.0)
    with pytest.raises(ValueError, match="math domain error"):
        tl.jit(lambda x: math.sqrt(x))(-1.0)


def test_endless_recursion_whose_result_is_never_known():
    code = "import tapeless as tl\nf = tl.jit(tl.from_source('def f(x):\\n    return f(x) + 1.0'))\nf(1.0)\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=8)
    assert "RecursionError" in done.stderr


def test_an_int_argument_outside_64_bits_is_an_overflow():
    with pytest.raises(OverflowError, match="int too large for 64 bits"):
        tl.jit(lambda x: x)(2**70)


def test_a_function_cannot_be_returned_to_python():
    with pytest.raises(tl.TapelessError, match="function"):
        tl.jit(lambda x: lambda y: x * y)(2.0)
