"""The command `tapeless`: look at what became of a function, run passes on a text, run a function.

    tapeless ir examples/power.py:power --args "f64, i64" --grad 0 --stage all
    tapeless opt FILE.tl --passes simplify,promote
    tapeless run examples/power.py:power 2.0 10 --grad 0

Data goes to stdout, talk to stderr. Exit codes: 0; 1, the user's program is wrong or raised; 2, the command line is
wrong; 70, a defect of tapeless. Everything but click is imported when a command needs it, so that `--help` is quick.
"""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click
import tapeless

if TYPE_CHECKING:
    from tapeless.api import Function

MODES = ("auto", "reverse", "forward")
STAGES = ("parse", "infer", "opt", "grad", "lower", "llvm", "asm")
USER, DEFECT = 1, 70


class _Commands(click.Group):
    """Commands whose errors of ours end as a message and an exit code, not as a traceback."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except tapeless.TapelessError as error:
            click.echo(str(error), err=True)
            ctx.exit(DEFECT if isinstance(error, tapeless.InternalError) else USER)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(tapeless.__version__, package_name="tapeless")
def main() -> None:
    """Compile plain Python and its derivatives to native code, and look at every stage on the way.

    A FUNCTION is FILE.py:NAME or MODULE:NAME. Exit codes: 1, the program is wrong or raised an exception; 2, the
    command line is wrong; 70, a defect of tapeless.
    """


def _derivative_options(command: Callable[..., None]) -> Callable[..., None]:
    order = click.option(
        "--order", type=click.IntRange(min=0), help="How many times to differentiate (default 1 with --grad)."
    )
    grad = click.option("--grad", metavar="ARGNUMS", help="Differentiate by this argument, or these: 0 or 0,1.")
    mode = click.option("--mode", type=click.Choice(MODES), default="auto", show_default=True, help="How.")
    return grad(order(mode(command)))


# -- tapeless ir ------------------------------------------------------------------------------------------------------
@main.command()
@click.argument("function")
@click.option("--args", "types", default="", metavar="TYPES", help='Types of the arguments: "f64, i64, (bool, f64)".')
@_derivative_options
@click.option("--stage", type=click.Choice([*STAGES, "all"]), default="lower", show_default=True)
@click.option("-o", "--output", type=click.File("w", lazy=True), default="-", help="A file instead of stdout.")
def ir(function: str, types: str, grad: str | None, order: int | None, mode: str, stage: str, output: IO[str]) -> None:
    """Show FUNCTION at a stage of compilation, for arguments of these types."""
    from tapeless.signature import parse

    try:
        signature = parse(types)
    except tapeless.UsageError as error:
        raise click.BadParameter(error.message, param_hint="--args") from None
    table = _function(function, grad, order, mode)._table
    for name in STAGES if stage == "all" else (stage,):
        if stage == "all":
            click.echo(f"{'' if name == STAGES[0] else chr(10)}{_comment(name)} ---- {name}", file=output)
        click.echo(table.text(name, signature).rstrip("\n"), file=output)


def _comment(stage: str) -> str:
    return ";" if stage == "llvm" else "#"


# -- tapeless opt -----------------------------------------------------------------------------------------------------
@main.command()
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.option("--passes", required=True, metavar="NAMES", help="Passes to run, in this order: simplify,promote.")
@click.option("-o", "--output", type=click.File("w", lazy=True), default="-", help="A file instead of stdout.")
def opt(file: IO[str], passes: str, output: IO[str]) -> None:
    """Run passes on a typed program in the text form of the IR; FILE may be - for stdin.

    The program is verified before the first pass and after each one.
    """
    from tapeless import pipeline
    from tapeless.driver import deep_recursion
    from tapeless.ir.parser import parse
    from tapeless.ir.printer import show
    from tapeless.ir.stage import Stage
    from tapeless.ir.verify import verify

    names = [name.strip() for name in passes.split(",") if name.strip()]
    for name in names:
        if name not in pipeline.PASSES:
            raise click.BadParameter(
                f"there is no pass {name!r}; one of {', '.join(pipeline.PASSES)}", param_hint="--passes"
            )
    with deep_recursion():
        graph = parse(file.read(), file.name)
        stage = pipeline.PASSES[names[0]].needs if names else Stage.SOURCE
        try:
            verify(graph, stage)
        except tapeless.InternalError as error:  # who wrote the text broke the invariant
            raise tapeless.UsageError(error.message, error.span) from None
        for name in names:
            graph = pipeline.run(name, graph)
            verify(graph, pipeline.PASSES[name].gives)
        click.echo(show(graph).rstrip("\n"), file=output)


# -- tapeless run -----------------------------------------------------------------------------------------------------
@main.command(context_settings={"ignore_unknown_options": True})  # -2.0 is an argument
@click.argument("function")
@click.argument("arguments", nargs=-1, metavar="ARGS...")
@_derivative_options
def run(function: str, arguments: tuple[str, ...], grad: str | None, order: int | None, mode: str) -> None:
    """Call FUNCTION, compiled, and print the repr of its result.

    Each of ARGS is a Python expression; math, inf and nan are known.
    """
    values = [_value(text) for text in arguments]
    compiled = _function(function, grad, order, mode)
    with _user_code():
        result = compiled(*values)
    click.echo(repr(result))


def _value(text: str) -> Any:
    try:
        return eval(text, {"math": math, "inf": math.inf, "nan": math.nan})
    except Exception as error:
        raise click.BadParameter(f"{text}: {type(error).__name__}: {error}", param_hint="ARGS") from None


# -- the function that is meant ---------------------------------------------------------------------------------------
def _function(where: str, grad: str | None, order: int | None, mode: str) -> Function:
    """The compiled function that a command line names, differentiated as it says."""
    try:
        numbers = [] if grad is None else [int(n) for n in grad.split(",")]
    except ValueError:
        raise click.BadParameter(f"{grad!r} is no argument number, nor several like 0,1", param_hint="--grad") from None
    times = (0 if grad is None else 1) if order is None else order
    if times > 1 and len(numbers) > 1:
        raise click.BadParameter(
            "a gradient by several arguments is a tuple; only a float has a gradient", param_hint="--order"
        )
    fn: Any = _load(where)
    if not callable(fn):
        raise click.BadParameter(f"{where} is no function, but of type {type(fn).__name__}", param_hint="FUNCTION")
    fn = tapeless.jit(fn)
    for _ in range(times):
        fn = tapeless.grad(fn, tuple(numbers) if len(numbers) > 1 else numbers[0] if numbers else 0, mode)
    return fn  # type: ignore[no-any-return]


def _load(where: str) -> Any:
    """What FILE.py:NAME or MODULE:NAME stands for; the file or module is run."""
    source, colon, name = where.rpartition(":")
    if not colon or not source or not name:
        raise click.BadParameter(f"{where!r} is neither FILE.py:NAME nor MODULE:NAME", param_hint="FUNCTION")
    if source.endswith(".py") or os.sep in source:
        if not Path(source).is_file():
            raise click.BadParameter(f"there is no file {source}", param_hint="FUNCTION")
        found = _run_file(Path(source))
    else:
        found = _run_module(source)
    for part in name.split("."):
        if not hasattr(found, part):
            raise click.BadParameter(f"{source} has no {name}", param_hint="FUNCTION")
        found = getattr(found, part)
    return found


def _run_file(path: Path) -> Any:
    from importlib.util import module_from_spec, spec_from_file_location

    name = path.stem if path.stem not in sys.modules else f"_tapeless_{path.stem}"
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = sys.modules[name] = module_from_spec(spec)
    sys.path.insert(0, str(path.parent))
    with _user_code():
        spec.loader.exec_module(module)
    return module


def _run_module(name: str) -> Any:
    from importlib import import_module
    from importlib.util import find_spec

    sys.path.insert(0, "")
    with _user_code():
        try:
            missing = find_spec(name) is None
        except ModuleNotFoundError:
            missing = True
        if missing:
            raise click.BadParameter(f"there is no module {name}", param_hint="FUNCTION")
        return import_module(name)


# -- the user's exceptions --------------------------------------------------------------------------------------------
@contextmanager
def _user_code() -> Iterator[None]:
    """What the user's code raises is shown with the user's frames alone, and ends the command with code 1."""
    try:
        yield
    except (tapeless.TapelessError, click.ClickException):
        raise
    except Exception as error:
        import traceback

        told = traceback.TracebackException.from_exception(error)
        _only_users(told)
        click.echo("".join(told.format()).rstrip("\n"), err=True)
        click.get_current_context().exit(USER)


def _only_users(told: Any) -> None:
    """Drop the frames of tapeless, click and the import system from a traceback and those it follows from."""
    modules = [m for name, m in sys.modules.items() if name.partition(".")[0] in ("tapeless", "click")]
    ours = {str(Path(m.__file__).parent) + os.sep for m in modules if m.__file__}
    while told is not None:
        told.stack[:] = [f for f in told.stack if not f.filename.startswith((*ours, "<frozen importlib"))]
        told = told.__cause__ or told.__context__
