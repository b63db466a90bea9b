"""Arrays of indices in emitted code: updates at indices, where a mask holds, orders, searches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tapeless.backend.apart import over, run
from tapeless.backend.arrays import View, data_of, new, owned, view
from tapeless.backend.emit import Values
from tapeless.backend.layout import POINTER, SCALAR_LEAVES
from tapeless.backend.sorting import definition, less
from tapeless.ir.abstract import Array
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.nodes import Apply, Constant, Node

if TYPE_CHECKING:
    from tapeless.backend.functions import FunctionEmitter


def add_at(e: FunctionEmitter, node: Apply) -> Values:
    """An array with something added at indices."""
    whole = ELEMENTS[e.program.type(node).element.kind].machine == "int"  # type: ignore[attr-defined]
    add = "add i64" if whole else "fadd contract double"
    return _change(e, node, node.args[2:], lambda old, new: e.op(f"{add} {old()}, {new}"))


def put_at(e: FunctionEmitter, node: Apply) -> Values:
    """An array with other elements at indices."""
    return _change(e, node, node.args[3:], lambda old, new: new)


def _change(e: FunctionEmitter, node: Apply, indices: tuple[Node, ...], combine: Any) -> Values:
    a, v = owned(e, view(e, node.args[0]), node), view(e, node.args[1])
    at = [view(e, i) if isinstance(i.type, Array) else e.value(i)[0] for i in indices]

    def body(index: list[str]) -> Any:
        where = a.address([i if isinstance(i, str) else _broadcast(i, index, v.sizes) for i in at])
        a.store(combine(lambda: a.load(where), v.load(v.address(index))), where)
        yield from ()

    run(over(e, v.sizes, body))
    return a.leaves(a.owner, a.data)


def _broadcast(a: View, index: list[str], sizes: list[str]) -> str:
    """The element of an array of indices that is broadcast to some sizes."""
    own, rank = [], a.type.rank
    for i, to, n, d in zip(index[-rank:], sizes[-rank:], a.sizes, a.type.dims):
        if d == "1":
            i = "0"
        elif d == "?" and n != to:
            i = a.e.op(f"select i1 {a.e.op(f'icmp eq i64 {n}, 1')}, i64 0, i64 {i}")
        own.append(i)
    return a.load(a.address(own))


def positions(e: FunctionEmitter, node: Apply) -> Values:
    """Where a mask holds: it is counted first."""
    mask, t = view(e, node.args[0]), e.program.type(node)
    assert isinstance(t, Array)
    count, at = e.alloca(8), e.alloca(8)
    e.store("i64", "0", count)

    def one(index: list[str]) -> Any:
        bit = e.op(f"zext i1 {mask.load(mask.address(index))} to i64")
        e.store("i64", e.op(f"add i64 {e.load('i64', count)}, {bit}"), count)
        yield from ()

    run(over(e, mask.sizes, one))
    n = e.load("i64", count)
    owner = new(e, [e.op(f"add i64 {n}, 1")], t, node)  # the last one is written to, and means nothing
    data = data_of(e, owner)
    e.store("i64", "0", count)
    e.store("i64", "0", at)

    def put(index: list[str]) -> Any:
        here, k = e.load("i64", at), e.load("i64", count)
        e.do(f"store i64 {here}, {POINTER} {e.op(f'getelementptr i64, {POINTER} {data}, i64 {k}')}")
        bit = e.op(f"zext i1 {mask.load(mask.address(index))} to i64")
        e.store("i64", e.op(f"add i64 {k}, {bit}"), count)
        e.store("i64", e.op(f"add i64 {here}, 1"), at)
        yield from ()

    run(over(e, mask.sizes, put))
    return (owner, data, n)


def argsort(e: FunctionEmitter, node: Apply) -> Values:
    """The order of each row."""
    a, t = view(e, node.args[0]), e.program.type(node)
    assert isinstance(t, Array)
    name, text = definition(a.type.element.kind)
    e.program.definitions[name] = text
    owner = new(e, a.sizes, t, node)
    out = View(e, t, a.leaves(owner, data_of(e, owner)))
    room = new(e, a.sizes[-1:], t, node)
    data, (*_, stride), n = data_of(e, room), a.steps(), a.sizes[-1]

    def body(index: list[str]) -> Any:
        row, order = a.address([*index, "0"]), out.address([*index, "0"])
        e.do(f"call void @{name}({POINTER} {row}, i64 {n}, i64 {stride}, {POINTER} {order}, {POINTER} {data})")
        yield from ()

    run(over(e, a.sizes[:-1], body))
    e.do(f"call void @tl_release(ptr %ctx, {POINTER} {room})")
    return out.leaves(out.owner, out.data)


def bisect(e: FunctionEmitter, node: Apply) -> Values:
    """How many elements of a sorted vector come before a value, by halves."""
    a, side = view(e, node.args[0]), node.args[2]
    assert isinstance(side, Constant)
    (value,), leaf = e.value(node.args[1]), SCALAR_LEAVES[a.type.element.kind]
    head, inside, end, before = e.label("halve"), e.label("half"), e.label("found"), e.block
    low, high, lower, upper = (e.name() for _ in range(4))
    e.jump(head)
    e.start(head)
    e.do(f"{low} = phi i64 [0, %{before}], [{lower}, %{inside}]")
    e.do(f"{high} = phi i64 [{a.sizes[0]}, %{before}], [{upper}, %{inside}]")
    e.branch(e.op(f"icmp slt i64 {low}, {high}"), inside, end)
    e.start(inside)
    middle = e.op(f"lshr i64 {e.op(f'add i64 {low}, {high}')}, 1")
    x = a.load(a.address([middle]))
    if leaf == "i1":
        leaf, x, value = "i8", e.op(f"zext i1 {x} to i8"), e.op(f"zext i1 {value} to i8")
    first, second = (x, value) if side.value == "left" else (value, x)
    name = e.name()
    e.do(less(leaf, first, second, name[1:]))
    further = name if side.value == "left" else e.op(f"xor i1 {name}, true")
    e.do(f"{lower} = select i1 {further}, i64 {e.op(f'add i64 {middle}, 1')}, i64 {low}")
    e.do(f"{upper} = select i1 {further}, i64 {high}, i64 {middle}")
    e.jump(head)
    e.start(end)
    return (low,)


INDICES = {"add_at": add_at, "put_at": put_at, "positions": positions, "argsort": argsort, "bisect": bisect}
