"""The verifier accepts right programs (test_text does so at random), and names what a planted break breaks."""

import pytest
from tapeless.ir.abstract import BOOL, FLOAT, INT, Pullback, Record, Tuple
from tapeless.ir.diagnostics import InternalError
from tapeless.ir.nodes import Apply, CallShape, Constant, Graph, Parameter
from tapeless.ir.parser import parse
from tapeless.ir.primitive import OPERATORS, REGISTRY
from tapeless.ir.stage import Stage
from tapeless.ir.verify import verify

from tests.ir.test_text import LOOP, RECURSION, SOURCE, TYPES


@pytest.mark.parametrize("text", [LOOP, RECURSION])
@pytest.mark.parametrize("stage", [Stage.TYPED, Stage.PLAIN])
def test_right_programs_are_accepted(text, stage):
    verify(parse(text), stage)


def test_right_programs_of_other_stages_are_accepted():
    verify(parse(SOURCE), Stage.SOURCE)
    verify(parse(TYPES), Stage.TYPED)
    verify(parse(DERIVATIVE), Stage.TYPED)


def rejects(root: Graph, invariant: str, detail: str, stage: Stage = Stage.TYPED) -> None:
    with pytest.raises(InternalError) as caught:
        verify(root, stage)
    assert caught.value.message.startswith(f"verify: {invariant} at stage {stage.name}: "), caught.value.message
    assert detail in caught.value.message


def straight(body: str, result: str = "float") -> Graph:
    """A function of a float and an int."""
    return parse(f"graph @f(%x: float, %n: int) -> {result} {{\n{body} }}")


def applied(g: Graph) -> Apply:
    assert isinstance(g.output, Apply)
    return g.output


DERIVATIVE = """
type %p = pullback
graph @d(%x: float) -> (float,) {
  %0: (float, pullback %p) = vjp(@f, "1", %x)
  %1: pullback %p = item(%0, 1)
  %2: (float,) = pull(@f, "1", %1, 1.0)
  %3: (float, float) = jvp(@f, "1", %x, 1.0)
  %4: float = item(%3, 1)
  %5: (float,) = tuple(%4)
  %6: (float, float, float) = taylor(@f, "1", %x, 1.0, 0.0)
  %7: float = item(%6, 2)
  %8: (float,) = tuple(%7)
  %9: (float,) = select(True, %2, %5)
  %10: (float,) = select(True, %9, %8)
  return %10
}
graph @f(%x: float) -> float { return %x }
"""

# What the text itself can say wrongly: the body of a function of %x: float and %n: int, the invariant, what it says.
BODIES = [
    ("%0: float = py.add(%x, 1.0) return %0", "call", "neither a primitive nor a graph"),
    ("! %0: float = %x(%x) return %0", "call", "neither a primitive nor a graph"),
    ("! %0: float = fneg(%x) return %0", "effects", "which has no effect"),
    ("%0: float = load(%1) ! %1: cell(float) = cell(%x) return %0", "effects", "does not list"),
    ("%0: int = fadd(%x, 1.0) %1: float = i2f(%0) return %1", "types", "is int, not float"),
    ("%0 = fadd(%x, 1.0) %1: float = fneg(%0) return %1", "types", "has no type"),
    ("%0: float = fadd(%x, 1.0: ?) return %0", "types", "has no type"),
    ("%0: float = fadd(%x, 1: float) return %0", "types", "is no float"),
    ("%0: float = select(%x, %x, %x) return %0", "types", "the condition is float"),
    ("%0: float = select(True, %x, %n) return %0", "types", "the first choice"),
    ("%0: (float, int) = tuple(%x, %n) %1: float = item(%0, 2) return %1", "types", "no item 2"),
    ("%0: (float, int) = tuple(%x, %n) %1: float = item(%0, 1) return %1", "types", "the item is float, not int"),
    ("%0: (float, int) = tuple(%x, %n) %1: float = item(%0, %n) return %1", "types", "has to be a constant int"),
    ("%0: float = item(%x, 0) return %0", "types", "has no items"),
    ("%0: float = item(%x) return %0", "types", "1 inputs"),
    ("%0: (float, float) = tuple(%x, %n) %1: float = item(%0, 0) return %1", "types", "not (float, int)"),
    ("%0: r{float} = record(%n) %1: float = item(%0, 0) return %1", "types", "what the record is made of"),
    ("%0: (int,) = record(%n) %1: int = item(%0, 0) %2: float = i2f(%1) return %2", "types", "a record cannot be"),
    ("%0: <float | none> = inject(%n) %1: float = project(%0) return %1", "types", "int is no part"),
    ("%0: float = inject(%x) return %0", "types", "float is no union"),
    ("%0: <float | none> = inject(%x) %1: bool = project(%0) %2: float = b2f(%1) return %2", "types", "no part"),
    ("%0: float = project(%x) return %0", "types", "float is no union"),
    ('%0: bool = has_head(%x, "none") %1: float = b2f(%0) return %1', "types", "float is no union"),
    ('%0: <float | none> = inject(%x) %1: bool = has_head(%0, "bool") %2: float = b2f(%1) return %2', "types",
     "no part"),
    ('! check(%x, "ValueError", "") return %x', "types", "the condition is float"),
    ('! check(True, "Value", "") return %x', "types", "no exception of Python"),
    ('! check(True, "ValueError", 1) return %x', "types", "has to be a constant str"),
    ('! print(" ", 1) return %x', "types", "has to be a constant str"),
    ("! %0: cell(int) = cell(%x) ! store(%0, 1) return %x", "types", "the content of the cell"),
    ("! %0: cell(float) = cell(%x) ! store(%0, 1) return %x", "types", "what is stored"),
    ("! store(%x, 1.0) return %x", "types", "is no cell"),
    ("! %0: float = load(%x) return %0", "types", "load does not take"),
    ("%0: float = unbox(%x) return %0", "types", "unbox does not take"),
    ("%0: float = switch(%x, @a, @b) branch @a -> float { return %x } branch @b -> float { return %x } return %0",
     "types", "the condition is float"),
    ("%0: float = switch(True, @a, @b) branch @a -> float { return %x } branch @b -> int { return %n } return %0",
     "types", "the output of @b is int"),
    ("%0: float = switch(True, @a, 1.0) branch @a -> float { return %x } return %0", "switch", "two branches"),
    ("%0: float = @a() branch @a -> float { return %x } return %0", "branch", "uses @a, a branch, wrongly"),
    ("%0: float = switch(True, @a, @a) branch @a(%y: float) -> float { return %y } return %0", "branch", "parameters"),
    ("! %0: float = switch(True, @a, @a) branch @a -> float { return %x } return %0", "effects", "has no effect"),
    ("%0: float = switch(True, @a, @a) branch @a -> float { ! print(\"\", \"\") return %x } return %0", "effects",
     "does not list"),
    ("! %0: float = @a() graph @a() -> float { return 1.0 } return %0", "closed", "is nested in @f"),
    ("! %0: float = @f(%x) return %0", "types", "1 arguments for 2 parameters"),
    ("! %0: float = @f(%x, %x) return %0", "types", "argument 1 is float"),
    ("! %0: int = @f(%x, %n) %1: float = i2f(%0) return %1", "types", "the type of the call is int"),
    ("! %0: float = @f(%x, n=%n) return %0", "call", "keyword or starred"),
    ("%0: float = fadd(%1, %x) %1: float = fadd(%0, %x) return %1", "schedule", "which needs it"),
    ("%0: float = switch(True, @a, @a) branch @a -> float { return %0 } return %0", "schedule", "which needs it"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "invariant", "detail"), BODIES)
def test_breaks_in_a_body(body, invariant, detail):
    rejects(straight(body), invariant, detail)


def test_a_dead_application_is_not_looked_at():
    verify(straight("%0: int = fadd(%x, 1.0) return %x"), Stage.PLAIN)


LOOPS = [
    ("return %4", "%9: (int, float) = tuple(%1, %3) return %9", "loop", "does not end in the next iteration"),
    ("tuple(%i, %s)", "tuple(%i, 0.0)", "loop", "does not give the state as it is"),
    ("= tuple(%i, %s)\n", "= item(%9, 0) %8: (int, float) = tuple(%i, %s) %9: ((int, float),) = tuple(%8)\n", "loop",
     "does not end in the tuple"),
    ("switch(%0, @step, @exit)", "switch(%0, @exit, @step)", "loop", "does not end in the next iteration"),
    ("return %6", "%9: (int, float) = tuple(%i, %s) return %9", "loop", "is not its own switch"),
    ("@while(%1, %3)", "@while(%1)", "loop", "another number of values"),
    ("@while(%1, %3)", "@while(%3, %1)", "types", "argument 0 is float"),
    ("! %4: (int, float) = @while(%1, %3)", '! %4: (int, float) = @while(%1, %3) ! print("", "")', "loop", "after"),
    ("%1: int = iadd(%i, 1)", "! %9: (int, float) = @while(%i, %s) %1: int = item(%9, 0)", "loop", "calls itself"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "invariant", "detail"), LOOPS)
def test_breaks_in_a_loop(old, new, invariant, detail):
    assert old in LOOP
    text = LOOP.replace(old, new).replace("%7", "%x7").replace("%8: float = item(%x7", "%x8: float = item(%x7")
    rejects(parse(text.replace("return %8", "return %x8")), invariant, detail)


def test_a_branch_that_never_ends_has_any_type():
    body = """
      %0: float = switch(True, @a, @b)
      branch @a -> float { return %x }
      branch @b -> never { %1: never = never() return %1 }
      return %0"""
    verify(straight(body), Stage.PLAIN)


# -- what text cannot say ---------------------------------------------------------------------------------------------
def fneg(owner: Graph, x, type=FLOAT) -> Apply:
    return Apply(owner, Constant(REGISTRY["fneg"]), (x,), type)


def test_a_node_of_a_graph_that_does_not_enclose():
    other = straight("return 1.0")
    g = straight("%0: float = fneg(%x) return %0")
    applied(g).args = (other.params[0],)
    rejects(g, "scope", "which does not enclose it")
    g.output = fneg(other, other.params[0])
    rejects(g, "scope", "the output of @f")


def test_a_node_of_a_branch_used_around_it():
    g = straight("%0: float = switch(True, @a, @a) branch @a -> float { %1: float = fneg(%x) return %1 } return %0")
    g.output = fneg(g, applied(g).args[1].value.output)
    rejects(g, "scope", "an input of")


def test_a_parameter_that_is_gone():
    g = straight("%0: float = fneg(%x) return %0")
    del g.params[0]
    rejects(g, "scope", "no longer a parameter")
    g.params.insert(0, Parameter(Graph("other"), "x", FLOAT))
    rejects(g, "scope", "has the parameter %x of @other")


def test_nesting_in_a_circle_or_outside_the_program():
    g = straight("%0: float = switch(True, @a, @a) branch @a -> float { return 1.0 } return %0")
    inner = applied(g).args[1].value
    inner.parent = inner
    rejects(g, "scope", "is nested in itself")
    inner.parent = Graph("nowhere")
    rejects(g, "scope", "which the program does not mention")
    inner.parent, inner.kind = g, "leaf"
    rejects(g, "kind", "'leaf'")


def test_effects_listed_twice_or_of_another_graph_or_in_the_wrong_order():
    g = straight("! %0: cell(float) = cell(%x) ! %1: float = load(%0) return %1")
    cell, load = g.effects
    g.effects = [cell, cell, load]
    rejects(g, "effects", "twice")
    g.effects = [cell, load, cell]
    rejects(g, "effects", "twice")
    g.effects = [load, cell]
    rejects(g, "schedule", "is needed by an effect before it")
    g.effects = [cell, load, straight("! %0: cell(float) = cell(%x) return %x").effects[0]]
    rejects(g, "effects", "which @f owns")


def test_a_function_with_free_variables():
    g = straight("! %0: float = @a() graph @a() -> float { return %x } return %0")
    rejects(g, "closed", "")
    applied(g).fn.value.parent = None
    rejects(g, "scope", "does not enclose")


def test_functions_as_values():
    g = parse("graph @f() -> (int,) { %0: (int,) = tuple(@g: int) return %0 } graph @g() -> int { return 1 }")
    rejects(g, "closed", "as a value")
    g.output = Constant(g)
    rejects(g, "types", "has no type")


def test_a_loop_as_a_value():
    g = parse(LOOP.replace("item(%7, 1)", "select(True, @while: float, 0.0)"))
    rejects(g, "loop", "without calling it")


def test_defaults():
    g = parse(SOURCE)
    inner = next(e.args[1].value for e in g.effects if e.fn.value is REGISTRY["store"])
    inner.defaults[9] = Constant(1)
    rejects(g, "defaults", "parameter 9 of 5", Stage.SOURCE)
    inner.defaults = {0: inner.params[1]}
    rejects(g, "scope", "a default of @inner", Stage.SOURCE)


def test_source_calls_are_effects_and_operators_may_be():
    g = parse("graph @f(%x, %g) { ! %0 = py.add(%x, 1) ! %1 = %g(%0) return %1 }")
    verify(g, Stage.SOURCE)
    del g.effects[0]
    verify(g, Stage.SOURCE)
    del g.effects[0]
    rejects(g, "effects", "does not list", Stage.SOURCE)
    g.output.shape = CallShape(("key",))
    g.output.fn = Constant(OPERATORS["add"])
    verify(g, Stage.SOURCE)


@pytest.mark.parametrize(
    ("old", "new", "detail"),
    [
        ('vjp(@f, "1"', 'vjp(@f, "11"', "does not mark the parameters"),
        ('vjp(@f, "1", %x)', 'vjp(@f, "1")', "0 arguments for 1"),
        ("vjp(@f", "vjp(%x", "not a graph"),
        ("%0: (float, pullback %p)", "%0: (int, pullback %p)", "the type of the value"),
        ('jvp(@f, "1", %x, 1.0', 'jvp(@f, "1", %x', "0 tangents for 1"),
        ("%2: (float,) = pull", "%2: (float, float) = pull", "not 1 cotangents"),
        ('"1", %x, 1.0, 0.0', '"1", %x, 1.0', "1 coefficients for 1 series of order 2"),
        ("%6: (float, float, float) = taylor", "%6: (int, float, float) = taylor", "the type of the value"),
        ("%6: (float, float, float) = taylor", "%6: float = taylor", "is no tuple of a value and its coefficients"),
    ],
)
def test_derivatives(old, new, detail):
    assert old in DERIVATIVE
    rejects(parse(DERIVATIVE.replace(old, new)), "types", detail)


def test_no_derivatives_are_left_in_plain():
    rejects(parse(DERIVATIVE), "derivatives", "is left", Stage.PLAIN)


def test_pullbacks_stand_for_their_residuals():
    p = Pullback("p")
    g = Graph("f")
    x = g.parameter("x", Tuple((p, Record("r", (p,)))))
    g.output = Apply(g, Constant(REGISTRY["item"]), (x, Constant(0, INT)), FLOAT)
    rejects(g, "types", "is float, not pullback %p")
    p.residual = FLOAT
    verify(g, Stage.PLAIN)
    p.residual = Pullback("q", BOOL)
    rejects(g, "types", "is float, not bool", Stage.PLAIN)
    p.residual = Pullback("q")
    rejects(g, "types", "has pullback %q, which nothing has filled in", Stage.PLAIN)
