"""Arrays in emitted code: where an element lies, new buffers, updates in place.

A buffer is a header of 64 bytes (`runtime_arrays.py`), which the owner leaf points to, and the elements. An array that
was passed in has no owner: it is never written to.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from tapeless.backend.apart import over, rarely, run
from tapeless.backend.emit import LIKELY, UNLIKELY, Text, Values
from tapeless.backend.layout import POINTER, SCALAR_LEAVES, memory_type
from tapeless.backend.uniqueness import checked
from tapeless.ir.abstract import Array
from tapeless.ir.builder import is_primitive
from tapeless.ir.diagnostics import InternalError
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.nodes import Apply, Constant, Node
from tapeless.ir.primitives.arrays import TOO_BIG

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter
    from tapeless.backend.program import Program

HEADER, LARGEST = 64, 2**63 - 1
NO_MEMORY = "out of memory for an array"
NOT_ALONE = "tapeless: a buffer is changed that has other references"


class View:
    """The leaves of an array by name: owner, data, and for each dimension its size and its stride in bytes."""

    def __init__(self, e: FunctionEmitter, t: Array, values: Values) -> None:
        self.e, self.type = e, t
        self.owner, self.data = values[:2]
        rest = list(values[2:])
        count = t.rank - t.dims.count("1")
        sizes, strides = iter(rest[:count]), iter(rest[count:])
        self.sizes = [next(sizes) if d != "1" else "1" for d in t.dims]
        self.strides = [] if t.packed else [next(strides) if d != "1" else "0" for d in t.dims]
        self.element = ELEMENTS[t.element.kind]
        self.memory, self.item = memory_type(self.element), self.element.size

    def steps(self) -> list[str]:
        """The stride of each dimension, in bytes."""
        if not self.type.packed:
            return self.strides
        out, step = [], str(self.item)
        for n in reversed(self.sizes):
            out.append(step)
            step = step if n == "1" else self.e.op(f"mul nsw i64 {step}, {n}")
        return out[::-1]

    def count(self) -> str:
        """The number of elements."""
        out = "1"
        for n in self.sizes:
            out = n if out == "1" else out if n == "1" else self.e.op(f"mul nsw i64 {out}, {n}")
        return out

    def address(self, indices: list[str]) -> str:
        """A pointer to an element."""
        e = self.e
        offset = "0"
        if self.type.packed:
            for i, n in zip(indices, self.sizes):
                scaled = offset if n == "1" or offset == "0" else e.op(f"mul nsw i64 {offset}, {n}")
                offset = scaled if i == "0" else i if scaled == "0" else e.op(f"add nsw i64 {scaled}, {i}")
            offset = "0" if offset == "0" else e.op(f"mul nsw i64 {offset}, {self.item}")
        else:
            for i, s in zip(indices, self.strides):
                if s != "0" and i != "0":
                    term = e.op(f"mul nsw i64 {i}, {s}")
                    offset = term if offset == "0" else e.op(f"add nsw i64 {offset}, {term}")
        return e.op(f"getelementptr i8, {POINTER} {self.data}, i64 {offset}")

    def load(self, address: str) -> str:
        """The scalar at an address."""
        return self.e.from_memory(self.element, self.e.op(f"load {self.memory}, {POINTER} {address}"))

    def store(self, value: str, address: str) -> None:
        """Write a scalar to an address."""
        self.e.do(f"store {self.memory} {self.e.to_memory(self.element, value)}, {POINTER} {address}")

    def leaves(self, owner: str, data: str) -> Values:
        """The same shape over another buffer, packed."""
        return (owner, data, *(n for n, d in zip(self.sizes, self.type.dims) if d != "1"))


def view(e: FunctionEmitter, node: Node) -> View:
    """An array operand."""
    t = e.program.type(node)
    assert isinstance(t, Array)
    return View(e, t, e.value(node))


def size(e: FunctionEmitter, node: Apply) -> Values:
    """The size along a dimension."""
    axis = node.args[1]
    assert isinstance(axis, Constant)
    return (view(e, node.args[0]).sizes[axis.value],)


def element(e: FunctionEmitter, node: Apply) -> Values:
    """One element."""
    a = view(e, node.args[0])
    return (a.load(a.address([e.value(i)[0] for i in node.args[1:]])),)


def zeros(e: FunctionEmitter, node: Apply) -> Values:
    """A new array of zeros."""
    return _fresh(e, node, "tl_new_zeros")


def unset(e: FunctionEmitter, node: Apply) -> Values:
    """A new array, whose elements are yet to be put."""
    return _fresh(e, node, "tl_new_buffer")


def _fresh(e: FunctionEmitter, node: Apply, function: str) -> Values:
    t = e.program.type(node)
    assert isinstance(t, Array)
    sizes = node.args[: t.rank - t.dims.count("1")]
    a = View(e, t, ("null", "null", *(e.value(n)[0] for n in sizes)))
    owner = new(e, a.sizes, t, node, function)
    return a.leaves(owner, data_of(e, owner))


def new(e: FunctionEmitter, sizes: Sequence[str], t: Array, node: Apply, function: str = "tl_new_buffer") -> str:
    """The owner of a new buffer for an array of these sizes."""
    code = e.program.site("MemoryError", NO_MEMORY, node.span)
    size = _room(e, [n for n in sizes if n != "1"], ELEMENTS[t.element.kind].size, node)
    symbol = e.program.symbol(function)
    return e.op(f"call {POINTER} {symbol}(ptr %ctx, i64 {size}, i32 {code})")


def _room(e: FunctionEmitter, sizes: list[str], item: int, node: Apply) -> str:
    """The bytes of an array. As in NumPy it is an error if there are too many, were all sizes at least 1."""
    if not sizes:
        return str(item)
    if len(sizes) == 1:
        room, fits = e.op(f"mul i64 {sizes[0]}, {item}"), e.op(f"icmp ule i64 {sizes[0]}, {LARGEST // item}")
    else:
        given = [("i64", n) for n in (str(item), *sizes)]
        (room,) = e.call(f"@{_room_function(e.program, len(sizes))}", ("i64",), given, attributes=" #2")
        fits = e.op(f"icmp sge i64 {room}, 0")
    go_on = e.label("fits")
    e.branch(fits, go_on, e.failure(e.program.site("ValueError", TOO_BIG, node.span)), LIKELY)
    e.start(go_on)
    return room


def _room_function(program: Program, rank: int) -> str:
    """The function that multiplies the size of an element and those of some dimensions; -1 where they are too large."""
    name = f"room.{rank}"
    if name in program.definitions:
        return name
    t = Text()
    room = most = "%item"
    fits = "true"
    for k in range(rank):
        some = t.op(f"call i64 @llvm.umax.i64(i64 %n{k}, i64 1)")
        pair = t.op(f"call {{i64, i1}} @llvm.umul.with.overflow.i64(i64 {most}, i64 {some})")
        most = t.op(f"extractvalue {{i64, i1}} {pair}, 0")
        exact = t.op(f"xor i1 {t.op(f'extractvalue {{i64, i1}} {pair}, 1')}, true")
        fits, room = t.op(f"and i1 {fits}, {exact}"), t.op(f"mul i64 {room}, %n{k}")
    fits = t.op(f"and i1 {fits}, {t.op(f'icmp sge i64 {most}, 0')}")
    t.give(("i64",), (t.op(f"select i1 {fits}, i64 {room}, i64 -1"),))
    sizes = "".join(f", i64 %n{k}" for k in range(rank))
    return program.define(name, f"define internal i64 @{name}(i64 %item{sizes}) noinline #0 {{\n{t.body()}\n}}\n")


def data_of(e: FunctionEmitter, owner: str) -> str:
    """Where the elements of a buffer are."""
    return e.op(f"getelementptr i8, {POINTER} {owner}, i64 {HEADER}")


def owned(e: FunctionEmitter, a: View, node: Apply) -> View:
    """An array that nobody else can see: the array itself where it has one reference, else a copy."""
    if not a.type.packed:
        raise InternalError("backend: an update of a strided array", node.span)
    sure = node in e.program.alone
    if sure and not checked():
        return a
    alone = e.op(f"call i1 @tl_is_alone({POINTER} {a.owner})")
    if sure:
        go_on = e.label("owned")
        e.branch(alone, go_on, e.failure(e.program.site("SystemError", NOT_ALONE, node.span)), LIKELY)
        e.start(go_on)
        return a
    shared, go_on, before = e.label("shared"), e.label("owned"), e.block
    e.branch(alone, go_on, shared, UNLIKELY.replace("!2", "!1"))
    with e.aside(shared):
        copy = new(e, a.sizes, a.type, node)
        data = data_of(e, copy)
        size = e.op(f"mul i64 {a.count()}, {a.item}")
        e.do(f"call void @llvm.memcpy.p1.p1.i64({POINTER} {data}, {POINTER} {a.data}, i64 {size}, i1 false)")
        e.do(f"call void @tl_release(ptr %ctx, {POINTER} {a.owner})")
        block = e.block
        e.jump(go_on)
    e.start(go_on)
    owner = e.op(f"phi {POINTER} [{a.owner}, %{before}], [{copy}, %{block}]")
    where = e.op(f"phi {POINTER} [{a.data}, %{before}], [{data}, %{block}]")
    return View(e, a.type, a.leaves(owner, where))


def accumulate(e: FunctionEmitter, node: Apply) -> Values:
    """An array with something added to an element."""
    a = owned(e, view(e, node.args[0]), node)
    address = a.address([e.value(i)[0] for i in node.args[2:]])
    a.store(e.op(f"fadd contract double {a.load(address)}, {e.value(node.args[1])[0]}"), address)
    return a.leaves(a.owner, a.data)


def add_arrays(e: FunctionEmitter, node: Apply) -> Values:
    """The sum of two packed arrays of one shape."""
    a, b = owned(e, view(e, node.args[0]), node), view(e, node.args[1])
    count, head, body, end = a.count(), e.label("sum"), e.label("element"), e.label("summed")
    before = e.block
    e.jump(head)
    e.start(head)
    i, following = e.name(), e.name()
    e.do(f"{i} = phi i64 [0, %{before}], [{following}, %{body}]")
    e.branch(e.op(f"icmp slt i64 {i}, {count}"), body, end)
    e.start(body)
    where = e.op(f"getelementptr {a.memory}, {POINTER} {a.data}, i64 {i}")
    other = e.op(f"getelementptr {b.memory}, {POINTER} {b.data}, i64 {i}")
    a.store(e.op(f"fadd double {a.load(where)}, {b.load(other)}"), where)
    e.do(f"{following} = add nsw i64 {i}, 1")
    e.jump(head)
    e.start(end)
    return a.leaves(a.owner, a.data)


def put(e: FunctionEmitter, node: Apply) -> Values:
    """An array with another element."""
    a = owned(e, view(e, node.args[0]), node)
    a.store(e.value(node.args[1])[0], a.address([e.value(i)[0] for i in node.args[2:]]))
    return a.leaves(a.owner, a.data)


def sum_to(e: FunctionEmitter, node: Apply) -> Values:
    """A packed array itself where it has the sizes wanted; else summed over the dimensions that shall be 1."""
    a = view(e, node.args[0])
    given = iter([e.value(n)[0] for n in node.args[1:]])
    wanted = [next(given) if d != "1" else "1" for d in a.type.dims]
    same = "true"
    for n, s in zip(wanted, a.sizes):
        if n != s:
            same = e.op(f"and i1 {same}, {e.op(f'icmp eq i64 {n}, {s}')}")
    equal, differs, end = e.label("same"), e.label("sum"), e.label("shaped")
    e.branch(same, equal, differs, LIKELY)
    e.start(differs)
    owner = new(e, wanted, a.type, node, "tl_new_zeros")
    free = tuple(n for n, d in zip(wanted, a.type.dims) if d != "1")
    target = View(e, a.type, (owner, data_of(e, owner), *free))

    def body(e: FunctionEmitter, views: Sequence[View], index: list[str]) -> None:
        total, term = views
        steps = zip(index, total.sizes)
        own = [e.op(f"select i1 {e.op(f'icmp eq i64 {n}, 1')}, i64 0, i64 {i}") for i, n in steps]
        where = total.address(own)
        total.store(e.op(f"fadd double {total.load(where)}, {term.load(term.address(index))}"), where)

    rarely(e, "sum", [target, a], a.sizes, body)
    block = e.block
    e.jump(end)
    e.start(equal)
    e.do(f"call void @tl_retain(ptr %ctx, {POINTER} {a.owner})")
    e.jump(end)
    e.start(end)
    owner = e.op(f"phi {POINTER} [{a.owner}, %{equal}], [{owner}, %{block}]")
    data = e.op(f"phi {POINTER} [{a.data}, %{equal}], [{target.data}, %{block}]")
    return (owner, data, *free)


def filled(e: FunctionEmitter, node: Apply) -> Values:
    """A new array with one value everywhere."""
    t = e.program.type(node)
    assert isinstance(t, Array)
    a = View(e, t, ("null", "null", *(e.value(n)[0] for n in node.args[1:])))
    owner = new(e, a.sizes, t, node)
    a.data = data_of(e, owner)
    (value,) = e.value(node.args[0])

    def body(index: list[str]) -> Any:
        a.store(value, e.op(f"getelementptr {a.memory}, {POINTER} {a.data}, i64 {index[0]}"))
        yield from ()

    run(over(e, [a.count()], body))
    return a.leaves(owner, a.data)


def iota(e: FunctionEmitter, node: Apply) -> Values:
    """The ints below n."""
    (n,) = e.value(node.args[0])
    t = e.program.type(node)
    assert isinstance(t, Array)
    owner = new(e, [n], t, node)
    a = View(e, t, (owner, data_of(e, owner), n))

    def body(index: list[str]) -> Any:
        a.store(index[0], a.address(index))
        yield from ()

    run(over(e, [n], body))
    return a.leaves(a.owner, a.data)


def window(e: FunctionEmitter, node: Apply) -> Values:
    """Part of an array, over the same buffer."""
    a, t = view(e, node.args[0]), e.program.type(node)
    assert isinstance(t, Array)
    bounds = [e.value(n)[0] for n in node.args[1:]]
    starts, steps, counts = bounds[0::3], bounds[1::3], bounds[2::3]
    strides = a.steps()
    data = a.data
    for start, stride in zip(starts, strides):
        if start != "0":
            data = e.op(f"getelementptr i8, {POINTER} {data}, i64 {e.op(f'mul nsw i64 {start}, {stride}')}")
    free = [d for d, n in enumerate(t.dims) if n != "1"]
    out = [counts[d] for d in free]
    if not t.packed:
        out += [strides[d] if steps[d] == "1" else e.op(f"mul nsw i64 {strides[d]}, {steps[d]}") for d in free]
    return (a.owner, data, *out)


def reshape(e: FunctionEmitter, node: Apply) -> Values:
    """The elements of a packed array in other dimensions, over the same buffer."""
    a = view(e, node.args[0])
    return (a.owner, a.data, *(e.value(n)[0] for n in node.args[1:]))


def permute(e: FunctionEmitter, node: Apply) -> Values:
    """The dimensions in another order, over the same buffer."""
    a, t, order = view(e, node.args[0]), e.program.type(node), node.args[1]
    assert isinstance(t, Array) and isinstance(order, Constant)
    axes = [int(d) for d in order.value]
    strides = a.steps()
    free = [d for d, n in zip(axes, t.dims) if n != "1"]
    out = [a.sizes[d] for d in free] + ([] if t.packed else [strides[d] for d in free])
    return (a.owner, a.data, *out)


def add_window(e: FunctionEmitter, node: Apply) -> Values:
    """An array with another one added to part of it."""
    return _change(e, node, lambda old, new: e.op(f"fadd double {old()}, {new}"))


def put_window(e: FunctionEmitter, node: Apply) -> Values:
    """An array with another one as part of it."""
    return _change(e, node, lambda old, new: new)


def _change(e: FunctionEmitter, node: Apply, combine: Any) -> Values:
    a, v = owned(e, view(e, node.args[0]), node), view(e, node.args[1])
    bounds = [e.value(n)[0] for n in node.args[2:]]
    starts, steps = bounds[0::2], bounds[1::2]

    def body(index: list[str]) -> Any:
        at = []
        for i, start, step in zip(index, starts, steps):
            moved = i if step == "1" or i == "0" else e.op(f"mul nsw i64 {i}, {step}")
            at.append(moved if start == "0" else start if moved == "0" else e.op(f"add nsw i64 {moved}, {start}"))
        where = a.address(at)
        a.store(combine(lambda: a.load(where), v.load(v.address(index))), where)
        yield from ()

    run(over(e, v.sizes, body))
    return a.leaves(a.owner, a.data)


def recur(e: FunctionEmitter, node: Apply) -> Values:
    """A linear recurrence along one dimension: each element from the one before, which stands in the result."""
    c, t, order = view(e, node.args[0]), e.program.type(node), node.args[2]
    assert isinstance(t, Array) and isinstance(order, Constant)
    axis, onward = int(order.value[:-1]), order.value[-1] == "+"
    links = None if isinstance(node.args[1], Constant) else view(e, node.args[1])
    owner = new(e, c.sizes, t, node)
    y, leaf = View(e, t, c.leaves(owner, data_of(e, owner))), SCALAR_LEAVES[t.element.kind]
    add, mul = ("fadd double", "fmul double") if leaf == "double" else ("add i64", "mul i64")

    def body(index: list[str]) -> Any:
        i, n = index[axis], c.sizes[axis]
        if i == "0":  # of one element
            y.store(c.load(c.address(index)), y.address(index))
            yield from ()
            return
        first = e.op(f"icmp eq i64 {i}, 0")
        before = e.op(f"select i1 {first}, i64 0, i64 {e.op(f'sub i64 {i}, 1')}")
        if not onward:
            last = e.op(f"sub i64 {n}, 1")
            i, before = e.op(f"sub i64 {last}, {i}"), e.op(f"sub i64 {last}, {before}")
        here, there = ([k if d == axis else x for d, x in enumerate(index)] for k in (i, before))
        value, share = c.load(c.address(here)), y.load(y.address(there))
        if links is not None:
            share = e.op(f"{mul} {links.load(links.address(here if onward else there))}, {share}")
        total = e.op(f"{add} {value}, {share}")
        y.store(e.op(f"select i1 {first}, {leaf} {value}, {leaf} {total}"), y.address(here))
        yield from ()

    run(over(e, c.sizes, body))
    return y.leaves(y.owner, y.data)


def packed_copy(e: FunctionEmitter, a: View, node: Apply) -> View:
    """A copy of an array, packed."""
    t = Array(a.type.element, a.type.dims)
    owner = new(e, a.sizes, t, node)
    copy = View(e, t, a.leaves(owner, data_of(e, owner)))

    def body(index: list[str]) -> Any:
        copy.store(a.load(a.address(index)), copy.address(index))
        yield from ()

    run(over(e, a.sizes, body))
    return copy


def matmul(e: FunctionEmitter, node: Apply) -> Values:
    """Products of matrices, by BLAS: what is transposed stays where it is, what is strided is copied."""
    a, b, t = view(e, node.args[0]), view(e, node.args[1]), e.program.type(node)
    assert isinstance(t, Array)
    (*batch, m, k), n = a.sizes, b.sizes[-1]
    whole = [*batch, m, n]
    owner = new(e, whole, t, node)
    c = View(e, t, (owner, data_of(e, owner), *(s for s, d in zip(whole, t.dims) if d != "1")))
    room = e.op(f"mul i64 {c.count()}, {c.item}")  # where there is nothing to sum up, BLAS leaves it as it is
    room = e.op(f"select i1 {e.op(f'icmp eq i64 {k}, 0')}, i64 {room}, i64 0")
    e.do(f"call void @llvm.memset.p1.i64({POINTER} {c.data}, i8 0, i64 {room}, i1 false)")
    sorts, given, copies = [], [], []
    for x, v in zip(node.args, (a, b)):
        turned = _turned(x)
        if turned is not None:
            v = view(e, turned)
        elif not v.type.packed:
            v = packed_copy(e, v, node)
            copies.append(v)
        sorts.append("i32 111" if turned is None else "i32 112")
        given.append((v, _lead(e, v.sizes[-1])))
    name, lead = "dgemm" if a.memory == "double" else "sgemm", _lead(e, n)
    e.program.blas[name] = None

    def body(index: list[str]) -> Any:
        x, y, z = (v.address([*index, "0", "0"]) if index else v.data for v in (given[0][0], given[1][0], c))
        is_plain = name == "dgemm" and sorts[1] == "i32 111"
        done = _thin(e, sorts[0] == "i32 112", (x, y, z), (m, k, n)) if is_plain else None
        e.do(
            f"call void @tl_{name}(i32 101, {', '.join(sorts)}, i64 {m}, i64 {n}, i64 {k}, {a.memory} 1.0, "
            f"{POINTER} {x}, i64 {given[0][1]}, {POINTER} {y}, i64 {given[1][1]}, {a.memory} 0.0, "
            f"{POINTER} {z}, i64 {lead})"
        )
        if done is not None:
            e.jump(done)
            e.start(done)
        yield from ()

    run(over(e, batch, body))
    for copy in copies:
        e.do(f"call void @tl_release(ptr %ctx, {POINTER} {copy.owner})")
    return c.leaves(c.owner, c.data)


def _thin(e: FunctionEmitter, turned: bool, at: Values, sizes: Values) -> str | None:
    """A product where it has few columns (`thin.py`); other ones follow, and end at the label. None: all follow."""
    from tapeless.backend import thin

    if not thin.available():
        return None
    (a, b, c), (m, k, n) = at, sizes
    fits = e.op(f"icmp sle i64 {n}, {thin.WIDEST}")
    for size, least in ((e.op(f"mul i64 {m}, {k}"), thin.SMALLEST), (m, thin.FEWEST)):
        fits = e.op(f"and i1 {fits}, {e.op(f'icmp sge i64 {size}, {least}')}")
    few, many, done = e.label("thin"), e.label("wide"), e.label("multiplied")
    e.branch(fits, few, many)
    e.start(few)
    along, down = ("1", m) if turned else (k, "1")
    e.do(
        f"call void @tl_thin({POINTER} {a}, i64 {along}, i64 {down}, {POINTER} {b}, {POINTER} {c}, "
        f"i64 {m}, i64 {k}, i64 {n})"
    )
    e.program.thin = True
    e.jump(done)
    e.start(many)
    return done


def _turned(node: Node) -> Node | None:
    """The packed array that a node is, but for the order of the last two dimensions."""
    if not is_primitive(node, "permute"):
        return None
    a, order = node.args  # type: ignore[attr-defined]
    last = len(order.value) - 1
    turned = order.value[:-2] == "".join(map(str, range(last - 1))) and order.value[-2:] == f"{last}{last - 1}"
    return a if turned and a.type.packed else None


def _lead(e: FunctionEmitter, n: str) -> str:
    return e.op(f"call i64 @llvm.smax.i64(i64 {n}, i64 1)")


ARRAYS = {
    "size": size,
    "element": element,
    "zeros": zeros,
    "unset": unset,
    "add_arrays": add_arrays,
    "accumulate": accumulate,
    "put": put,
    "sum_to": sum_to,
    "iota": iota,
    "window": window,
    "permute": permute,
    "reshape": reshape,
    "add_window": add_window,
    "put_window": put_window,
    "matmul": matmul,
    "recur": recur,
    "filled": filled,
}
