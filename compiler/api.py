"""What a user calls: jit, grad, value_and_grad, taylor, jvp, vjp, from_source.

Each gives a `Function`: the plain function, the transforms on it, and a table of kernels by the types of the arguments.
The first call with new types compiles; a call goes to a kernel that checks its arguments itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tapeless.ir.collector import paused
from tapeless.ir.diagnostics import UsageError

if TYPE_CHECKING:
    from tapeless.backend.measure import Memory

Argnums = int | tuple[int, ...]


class Function:
    """A compiled function: call it like the plain one.

    Attributes: `signatures`, the argument types compiled so far; `ir(stage)`, `inspect_llvm()`, `inspect_asm()` show
    what became of it for the last compiled types; `memory(*args)` calls it and tells the bytes that it took.
    """

    def __init__(
        self, fn: Callable[..., Any], transforms: tuple[Any, ...], option: tuple[str, Any, dict[str, Any]]
    ) -> None:
        from tapeless.table import Table

        self.__tapeless_transform__ = option
        self.__name__ = getattr(fn, "__name__", "function")
        self.__doc__ = getattr(fn, "__doc__", None)
        self.__wrapped__ = fn
        self._table = Table(self, fn, transforms)

    def __call__(self, *args: Any, **keywords: Any) -> Any:
        return self._table.call(*args, **keywords)

    def __repr__(self) -> str:
        return f"<tapeless {self.__tapeless_transform__[0]} of {self.__name__}>"

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """A transformed function in a class is a method: bound to the instance on access."""
        if instance is None:
            return self
        bound = self._table.fn.__get__(instance, owner)
        name, _, options = self.__tapeless_transform__
        kind = type("Function", (Function,), {"__module__": __name__})
        return kind(bound, self._table.transforms, (name, bound, options))

    @property
    def signatures(self) -> list[tuple[Any, ...]]:
        """The argument types that were compiled."""
        return list(self._table.kernels)

    def memory(self, *args: Any, **keywords: Any) -> Memory:
        """Call it, and tell the most bytes that it had in use: `arrays` of arrays that it made, results among them, and
        `frames` of what the backward pass reads of the forward pass."""
        from tapeless.backend.measure import measured

        return measured(lambda: self(*args, **keywords))

    def ir(self, stage: str = "lower", *args: Any) -> str:
        """The program at a stage (parse, infer, opt, grad, lower), for `args` or the types last compiled."""
        return self._table.show(stage, args)

    def inspect_llvm(self, *args: Any) -> str:
        """The LLVM code that was emitted."""
        return self._table.kernel(args).llvm_ir  # type: ignore[no-any-return]

    def inspect_asm(self, *args: Any) -> str:
        """The machine code, as assembly."""
        return self._table.kernel(args).asm  # type: ignore[no-any-return]


def _underlying(fn: Any) -> tuple[Callable[..., Any], tuple[Any, ...]]:
    """The plain function below transforms, and these."""
    if isinstance(fn, Function):
        return fn._table.fn, fn._table.transforms
    if not callable(fn):
        raise UsageError(f"a function was expected, got {type(fn).__name__}")
    return fn, ()


def _transformed(
    name: str, fn: Any, argnums: Argnums | None = None, mode: str = "auto", order: int | None = None
) -> Function:
    with paused():  # the compiler is loaded here
        from tapeless.driver import Transform

    if argnums is not None and not _is_argnums(argnums):
        raise UsageError(f"argnums must be an int or a tuple of ints, got {argnums!r}")
    if mode not in ("auto", "reverse", "forward"):
        raise UsageError(f"mode must be 'auto', 'reverse' or 'forward', got {mode!r}")
    plain, transforms = _underlying(fn)
    if name != "jit":
        transforms = (*transforms, Transform(name, argnums, mode, order))
    given = (("order", order), ("argnums", argnums), ("mode", mode if mode != "auto" else None))
    options = {k: v for k, v in given if v is not None}
    kind = type("Function", (Function,), {"__module__": __name__})  # of its own: a kernel becomes its __call__
    return kind(plain, transforms, (name, fn, options))  # type: ignore[no-any-return]


def _is_argnums(argnums: Any) -> bool:
    numbers = argnums if isinstance(argnums, tuple) else (argnums,)
    return bool(numbers) and all(type(n) is int for n in numbers)


def jit(fn: Callable[..., Any]) -> Function:
    """Compile a function. It is specialised on the types of its arguments at each first call."""
    return _transformed("jit", fn)


def grad(fn: Callable[..., Any], argnums: Argnums = 0, mode: str = "auto") -> Function:
    """The gradient of a function with one float result, by one argument (an int) or several (a tuple).

    The gradient by a tuple is a tuple. `mode` is "reverse", "forward", or "auto", which lets the compiler choose: few
    inputs through loops or recursion go forward (`ad/mode.py`). Raises DifferentiationError where an argument has no
    derivative (an int).
    """
    return _transformed("grad", fn, argnums, mode)


def value_and_grad(fn: Callable[..., Any], argnums: Argnums = 0, mode: str = "auto") -> Function:
    """The value and the gradient, as a pair; see `grad`."""
    return _transformed("value_and_grad", fn, argnums, mode)


def taylor(fn: Callable[..., Any], order: int, argnums: int = 0) -> Function:
    """The derivatives of order 0, 1, ..., `order` of a function by one float argument, as a tuple (f, f', f'', ...).

    By Taylor series (jets): all orders in one run, with work that grows with the square of the order. The result of the
    function is a float, or a tuple of numbers: then each derivative is such a tuple, with None for what is not a float.
    """
    from tapeless.ir.operators.derivatives import MAX_ORDER

    if type(order) is not int or not 0 <= order <= MAX_ORDER:
        raise UsageError(f"order must be an int from 0 to {MAX_ORDER}, got {order!r}")
    if type(argnums) is not int:
        raise UsageError(f"taylor is by one argument: argnums must be an int, got {argnums!r}")
    return _transformed("taylor", fn, argnums, order=order)


def jvp(fn: Callable[..., Any], primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
    """The value of fn at `primals`, and its directional derivative along `tangents` (forward mode)."""
    if not isinstance(primals, tuple) or not isinstance(tangents, tuple) or len(primals) != len(tangents):
        raise UsageError("jvp needs primals and tangents as tuples of one length")
    return _derived("jvp", fn)(*primals, *tangents)  # type: ignore[no-any-return]


def vjp(fn: Callable[..., Any], *primals: Any) -> tuple[Any, Callable[[Any], tuple[Any, ...]]]:
    """The value of fn at `primals`, and its pullback: from a cotangent of the value to the cotangents of the primals.

    The pullback may be called any number of times; each call runs the forward computation again.
    """
    value = _derived("jit", fn)(*primals)
    backward = _derived("vjp", fn)

    def pullback(cotangent: Any) -> tuple[Any, ...]:
        return backward(*primals, cotangent)  # type: ignore[no-any-return]

    return value, pullback


_DERIVED: dict[tuple[str, Any], Function] = {}


def _derived(name: str, fn: Any) -> Function:
    """The transformed function, kept for the functions last used."""
    key = (name, fn)
    if key not in _DERIVED:
        if len(_DERIVED) > 256:
            _DERIVED.pop(next(iter(_DERIVED)))
        _DERIVED[key] = _transformed(name, fn)
    return _DERIVED[key]


def from_source(text: str, name: str | None = None) -> Callable[..., Any]:
    """A plain function from its source text, where there is no file that it stands in (a REPL, exec)."""
    from tapeless.frontend import from_source as make

    return make(text, name)


def set_num_threads(n: int) -> None:
    """How many threads run an elementwise function or a reduction of a large array, of all compiled functions.

    At first as many as there are cores, or what the environment says in TAPELESS_NUM_THREADS. Results do not depend on
    it. BLAS and LAPACK have NumPy's own setting.
    """
    from tapeless.backend import threads

    if type(n) is not int or n < 1:
        raise UsageError(f"the number of threads must be an int from 1, got {n!r}")
    threads.set_number(n)


def get_num_threads() -> int:
    """The number of threads that `set_num_threads` sets."""
    from tapeless.backend import threads

    return threads.number()


for _operator in (jit, grad, value_and_grad, taylor, jvp, vjp):
    _operator.__tapeless_operator__ = _operator.__name__  # type: ignore[attr-defined, union-attr]
