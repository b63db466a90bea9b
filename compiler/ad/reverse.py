"""Reverse mode: f(x...) -> y becomes ▶f(x...) -> (y, residuals) and ∂f(residuals, ȳ) -> (x̄...).

The pullback of f at a point is the closure of ∂f over the residuals; closures being records at this stage, it is just
these two graphs and a tuple (a box, where f is recursive). ∂f is built by walking the nodes of f backwards; what it
needs of the forward computation it asks for by name (`Region.ref`), so what is not asked for is not kept.

What is kept, and what is computed again, is decided when the backward pass is complete (`residuals.py`). A loop pushes
one frame per iteration, which the loop `unwind` takes off again (`reverse_loop.py`). Everything made here is of the
same kind as what it is made from, so a derivative is differentiated like any other program.

Source: Pearlmutter and Siskind (2008); the equations are in ARCHITECTURE.md, section "Differentiation".
"""

from __future__ import annotations

from functools import partial

from tapeless.ad import cotangents as ct
from tapeless.ad import reverse_indices, reverse_linear, reverse_loop, reverse_nest
from tapeless.ad.activity import Activity, differentiable
from tapeless.ad.copying import Map, branches, copy, image
from tapeless.ad.refusals import refuse_location
from tapeless.ad.region import Adjoint, Region, Values
from tapeless.ad.residuals import Slots, pack_box, pack_tuple, unchanged
from tapeless.ir.abstract import NEVER, NP_F64, Array, Box, Tuple, Union, cotangent
from tapeless.ir.builder import Builder, constant, is_primitive
from tapeless.ir.nests import nest, packed
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter
from tapeless.ir.primitive import Primitive, Var
from tapeless.ir.primitives.arithmetic import fneg
from tapeless.ir.scalars import machine_value, numpy_scalar
from tapeless.ir.traverse import Scopes

TWINS = {"sin": "cos", "cos": "sin"}
"""Primitives whose derivative is best computed beside them."""
TWIN = Var(-1)


class Reverse:
    """Adjoints of the functions of one program, made on demand."""

    def __init__(self) -> None:
        self.scopes = Scopes()
        self.sums = ct.Sums()
        self.adjoints: dict[tuple[Graph, str], Adjoint] = {}
        self.active: Activity

    def adjoint(self, g: Graph, mask: str) -> Adjoint:
        """▶g and ∂g, by the parameters that have a 1 in the mask."""
        key = (g, mask)
        if key in self.adjoints:
            a = self.adjoints[key]
            if a.residual is None and a.box is None:  # under construction: g is recursive
                a.box = Box("∂" + g.name)
                a.box.body = Tuple(())
                a.again = tuple(range(len(g.params)))
            return a
        a = self.adjoints[key] = Adjoint(Graph("▶" + g.name, span=g.span), Graph("∂" + g.name, span=g.span))
        a.forward.finite, a.forward.total, a.backward.total = g.finite, g.total, True
        a.arrays = tuple(i for i, (p, bit) in enumerate(zip(g.params, mask)) if bit == "1" and ct.threaded(p))
        saved = getattr(self, "active", None)
        self.active = Activity(self.scopes, g, [p for p, m in zip(g.params, mask) if m == "1"])
        self._function(g, mask, a)
        if saved is not None:
            self.active = saved
        return a

    def _function(self, g: Graph, mask: str, a: Adjoint) -> None:
        fb = Builder(a.forward, span=g.span)
        m: Map = {p: a.forward.parameter(p.name, p.type, p.span) for p in g.params}
        region = Region(None, fb, [a.forward], m)
        self.forward(region, self.scopes.schedule(g))
        y = image(m, g.output)
        bb = region.bb = Builder(a.backward, span=g.span)
        again = self._passed_again(g, a, region)
        packed = Parameter(a.backward, "residuals")
        seed = Parameter(a.backward, "ct", cotangent(y.type))  # type: ignore[arg-type]
        wanted = [p for p, bit in zip(g.params, mask) if bit == "1"]
        totals = [Parameter(a.backward, f"ct_{p.name}", cotangent(p.type)) for p in wanted if ct.threaded(p)]  # type: ignore[arg-type]
        region.sens.update(zip(filter(ct.threaded, wanted), totals))
        if differentiable(g.output.type):
            self.give(region, g.output, seed)
        self.backward(region, self.scopes.schedule(g))
        a.backward.output = bb.tuple([region.total(p) for p in wanted])
        found = region.scope.close()
        if a.box is None:
            a.again = tuple(sorted(again))
        a.backward.params = [*(again[i] for i in a.again), packed, seed, *totals]
        kept = pack_box(region.scope, a, packed, found) if a.box else pack_tuple(region.scope, a, packed, found)
        a.forward.output = fb.tuple([y, kept])

    def _passed_again(self, g: Graph, a: Adjoint, region: Region) -> dict[int, Parameter]:
        """Parameters of f are not kept: the caller passes them again. All of them where f is recursive, whose calls of
        ∂f are made before it is known which it needs; else those that are asked for, which appear here."""
        again: dict[int, Parameter] = {}

        def ask(i: int, p: Parameter) -> Node:
            if i not in again:
                again[i] = Parameter(a.backward, p.name, p.type, p.span)
            return again[i]

        for i, p in enumerate(a.forward.params):
            region.scope.given[p] = partial(ask, i, p)
        if a.box is not None:
            for i in a.again:
                ask(i, a.forward.params[i])
            region.scope.constant = {region.m[p] for p in unchanged(g, self.scopes)}
        return again

    # -- forward ----------------------------------------------------------------------------------------------------
    def forward(self, region: Region, nodes: list[Apply]) -> None:
        """Emit the augmented copies of nodes, in order."""
        for node in nodes:
            fn = node.fn
            assert isinstance(fn, Constant)
            region.fb.span = node.span or region.fb.span
            if node not in self.active:
                refuse_location(node)
                region.m[node] = copy(region.fb, self.scopes, node, region.m)
            elif isinstance(fn.value, Graph):
                if fn.value.kind == "loop":
                    reverse_loop.forward(self, region, node, fn.value)
                else:
                    self._forward_call(region, node, fn.value)
            elif fn.value.name == "switch":
                self._forward_switch(region, node)
            else:
                region.m[node] = copy(region.fb, self.scopes, node, region.m)

    def _forward_call(self, region: Region, node: Apply, g: Graph) -> None:
        mask = "".join("1" if a in self.active else "0" for a in node.args)
        a = self.adjoint(g, mask)
        residual = a.residual if a.residual is not None else a.box
        assert residual is not None and node.type is not None
        args = tuple(image(region.m, x) for x in node.args)
        made = Apply(region.fb.graph, Constant(a.forward), args, Tuple((node.type, residual)), node.span)
        if node in node.graph.effects:
            region.fb.graph.effects.append(made)
        region.m[node] = region.fb.item(made, 0)
        region.calls[node] = (a, region.fb.item(made, 1))

    def _forward_switch(self, region: Region, node: Apply) -> None:
        """switch(c, ▶then, ▶else), giving (y, slots...): the slots are known after the backward pass."""
        inner = []
        for side, g in enumerate(branches(node)):
            nb = region.fb.nested(g.name)
            r = Region(region, nb, [nb.graph], region.m, side=side, scope=region.scope)
            self.forward(r, self.scopes.schedule(g))
            inner.append(r)
        sides = tuple(Constant(r.fb.graph) for r in inner)
        open_type = Tuple((node.type, NEVER))  # type: ignore[arg-type]  # no type of a value, until the slots are known
        made = Apply(region.fb.graph, node.fn, (image(region.m, node.args[0]), *sides), open_type, node.span)
        if node in node.graph.effects:
            region.fb.graph.effects.append(made)
        then, orelse = (image(region.m, g.output) for g in branches(node))
        slots = Slots(made, (then, orelse))
        for r in inner:
            r.slots = slots
        region.m[node] = region.fb.item(made, 0)
        region.calls[node] = (slots, inner)

    # -- backward ---------------------------------------------------------------------------------------------------
    def give(self, region: Region, node: Node, cotangent: ct.Cotangent) -> None:
        """Add to the cotangent of a node."""
        if cotangent is not None and node in self.active:
            assert region.bb is not None
            region.sens[node] = ct.add(region.bb, region.sens.get(node), cotangent, self.sums)

    def backward(self, region: Region, nodes: list[Apply]) -> None:
        """Walk nodes backwards, each handing its cotangent to what it was made of."""
        for node in reversed(nodes):
            seed = region.sens.pop(node, None)
            if seed is None:
                self._abandon(region, node)
                continue
            assert region.bb is not None
            region.bb.span = node.span or region.bb.span
            fn = node.fn
            assert isinstance(fn, Constant)
            if isinstance(fn.value, Graph):
                if fn.value.kind == "loop":
                    reverse_loop.backward(self, region, node, fn.value, seed)
                else:
                    self._backward_call(region, node, seed)
            elif fn.value.name == "switch":
                self._backward_switch(region, node, seed)
            else:
                self._backward_primitive(region, node, fn.value, seed)

    def _abandon(self, region: Region, node: Apply) -> None:
        """An active node whose result nothing depends on: a switch still gets its final form, without slots."""
        kept = region.calls.get(node)
        if kept is not None and isinstance(kept[0], Slots):
            slots, inner = kept
            for r, g in zip(inner, branches(node)):
                for n in self.scopes.schedule(g):
                    self._abandon(r, n)
            slots.close()
        elif kept is not None and isinstance(kept[0], Region):
            for n in kept[0].calls:
                self._abandon(kept[0], n)

    def _backward_call(self, region: Region, node: Apply, seed: ct.Cotangent) -> None:
        a, residual = region.calls[node]
        bb = region.bb
        assert bb is not None
        whole = ct.materialize(bb, seed, cotangent(node.type), region.like(node))  # type: ignore[arg-type]
        active = [x for x in node.args if x in self.active]
        # the callee's own mask is by argument position; equal nodes at two positions each get their share
        out = Tuple(tuple(cotangent(x.type) for x in active))  # type: ignore[arg-type]
        again = [region.ref(image(region.m, node.args[i])) for i in a.again]
        kept = bb.tuple([]) if a.residual == Tuple(()) else region.ref(residual)
        totals = [region.take(x) for x in active if ct.threaded(x)]
        made = Apply(bb.graph, Constant(a.backward), (*again, kept, whole, *totals), out, node.span)
        for i, x in enumerate(active):
            self.give(region, x, bb.item(made, i))

    def _backward_switch(self, region: Region, node: Apply, seed: ct.Cotangent) -> None:
        slots, inner = region.calls[node]
        region.scope.slots.append(slots)
        bb = region.bb
        assert bb is not None
        condition = region.ref(image(region.m, node.args[0]))
        read = dict.fromkeys(n for g in branches(node) for n in self.scopes.captures(g) if n in self.active)
        # a zero is made in the branch that adds to it, if one does
        totals = {n: region.take(n) for n in read if ct.threaded(n) and region.sens.get(n) is not None}
        for r, g in zip(inner, branches(node)):
            r.bb = bb.nested(g.name)
            r.sens.update(totals)
            self.give(r, g.output, seed)
            self.backward(r, self.scopes.schedule(g))
        touched = list(dict.fromkeys(n for r in inner for n in r.sens))
        types = [cotangent(n.type) for n in touched]  # type: ignore[arg-type]
        for r in inner:
            r.bb.graph.output = r.bb.tuple([r.total(n) for n in touched])
        if touched:
            out = bb.switch(condition, inner[0].bb.graph, inner[1].bb.graph, Tuple(tuple(types)))
            for i, n in enumerate(touched):
                self.give(region, n, bb.item(out, i))

    def _backward_primitive(self, region: Region, node: Apply, prim: Primitive, seed: ct.Cotangent) -> None:
        bb = region.bb
        assert bb is not None
        rule = getattr(self, "_" + prim.name, None)
        if rule is not None:
            rule(region, bb, node, seed)
            return
        for rules in (reverse_indices.RULES, reverse_linear.RULES):
            if prim.name in rules:
                rules[prim.name](self, region, node, seed)
                return
        assert prim.partials is not None and not isinstance(seed, dict), f"{prim} has no derivative"
        values = Values(region, node)
        if prim.name in TWINS:  # computed with its twin in one go, by the forward pass
            twin = region.fb.apply(TWINS[prim.name], image(region.m, node.args[0]))
            values[TWIN.index] = region.ref(twin)
            slope = TWIN if prim.name == "sin" else fneg(TWIN)
            self.give(region, node.args[0], ct.scaled(bb, seed, slope, values, False))
            return
        for x, term in zip(node.args, prim.partials):
            if x in self.active:
                self.give(region, x, ct.scaled(bb, seed, term, values, prim.singular))

    def _element(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        array, *indices = node.args
        region.add_element(array, seed, [region.ref(image(region.m, i)) for i in indices])

    def _nest(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        reverse_nest.backward(self, region, node, seed)

    def _window(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        array, *bounds = node.args
        kept = [region.ref(image(region.m, x)) for i, x in enumerate(bounds) if i % 3 != 2]
        region.sens[array] = bb.apply("add_window", region.total(array), seed, *kept)

    def _put(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        array, value, *indices = node.args
        assert isinstance(array.type, Array)
        at = [region.ref(image(region.m, i)) for i in indices]
        if value in self.active:
            share = machine_value(bb, bb.apply("element", seed, *at))
            if node in region.recurrences:
                self._recurrence(region, bb, value, region.recurrences[node], share)
            else:
                self.give(region, value, share)
        if array in self.active:
            self.give(region, array, bb.apply("put", seed, numpy_scalar(bb, constant(0.0), array.type.element), *at))

    def _recurrence(self, region: Region, bb: Builder, value: Node, computed: list[Apply], seed: Node) -> None:
        """To what a value is computed from: partial derivatives, made first, times its cotangent."""
        outer, region.sens = region.sens, {value: constant(1.0)}
        self.backward(region, computed)
        shares, region.sens = region.sens, outer
        for node, share in shares.items():
            assert isinstance(share, Node)
            self.give(region, node, bb.apply("gmul", share, seed))

    def _put_window(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        array, part, *bounds = node.args
        self._give_window(region, bb, node, seed)
        if array in self.active and _is_put_once(array):
            self.give(region, array, seed)  # of which nothing reads what was put now
        elif array in self.active:
            at = [region.ref(image(region.m, x)) for x in bounds]
            self.give(region, array, bb.apply("put_window", seed, region.zero_of(part), *at))

    def _add_window(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        self._give_window(region, bb, node, seed)
        self.give(region, node.args[0], seed)

    def _give_window(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        """To what was put into or added to a window: the cotangent of that window."""
        _, part, *bounds = node.args
        if part in self.active:
            at = [region.ref(image(region.m, x)) for x in bounds]
            t, sizes = cotangent(part.type), self._sizes(region, part)  # type: ignore[arg-type]
            assert isinstance(t, Array)
            window = [x for start, step, n in zip(at[0::2], at[1::2], sizes) for x in (start, step, n)]
            taken = bb.apply("window", seed, *window, type=Array(t.element, t.dims, False))
            self.give(region, part, packed(bb, taken))

    def _sizes(self, region: Region, array: Node) -> list[Node]:
        """The sizes of an array, in the backward graph."""
        assert isinstance(array.type, Array)
        primal = image(region.m, array)
        return [region.ref(region.fb.apply("size", primal, constant(d))) for d in range(array.type.rank)]

    def _accumulate(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        array, added, *indices = node.args
        if added in self.active:
            at = [region.ref(image(region.m, i)) for i in indices]
            self.give(region, added, machine_value(bb, bb.apply("element", seed, *at)))
        self.give(region, array, seed)

    def _add_arrays(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        for x in node.args:
            self.give(region, x, seed)

    def _recur(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        """c̄ is the transposed recurrence of ȳ; j̄[i] is c̄[i] * y[i - 1], or c̄[i - 1] * y[i] of a transposed one."""
        start, links, order = node.args
        assert isinstance(order, Constant)
        axis, onward = int(order.value[:-1]), order.value[-1] == "+"
        j = region.ref(image(region.m, links))
        share = bb.apply("recur", seed, j, constant(f"{axis}{'-' if onward else '+'}"))
        self.give(region, start, share)
        if links in self.active:
            y = region.ref(image(region.m, node))
            after, before = (share, y) if onward else (y, share)
            pair = [after, self._moved(region, node, before, axis)]
            inner = bb.nested("map", "map")
            x, z = (machine_value(inner, inner.graph.parameter(name, seed.type.element)) for name in "xy")
            share = numpy_scalar(inner, inner.apply("gmul", x, z), seed.type.element)
            made = nest(bb, inner, [share], ["each"], pair)
            self.give(region, links, made[0])

    def _moved(self, region: Region, node: Node, array: Node, axis: int) -> Node:
        """An array of the sizes of a node, one position on along a dimension, and zero where none comes from."""
        bb, sizes = region.bb, self._sizes(region, node)
        assert bb is not None and isinstance(node.type, Array)
        zero, one = constant(0), constant(1)
        if node.type.dims[axis] == "1":
            return region.zero_of(node)
        less = bb.apply("isub", sizes[axis], one)
        sizes[axis] = bb.apply("select", bb.apply("ilt", less, zero), zero, less)
        whole = [x for n in sizes for x in (zero, one, n)]
        dims = "".join("?" if d == axis else n for d, n in enumerate(node.type.dims))
        part = bb.apply("window", array, *whole, type=Array(node.type.element, dims, False))
        at = [x for d in range(len(sizes)) for x in (one if d == axis else zero, one)]
        return bb.apply("put_window", region.zero_of(node), part, *at)

    def _sum_to(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        """Every element gets the cotangent of the sum that it went into."""
        array = node.args[0]
        inner = bb.nested("map", "map")
        result = inner.graph.parameter("ct", seed.type.element)
        inner.graph.parameter("zero", seed.type.element)
        (spread,) = nest(bb, inner, [result], ["each"], [seed, region.zero_of(array)])
        self.give(region, array, spread)

    def _reshape(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        array = node.args[0]
        t = cotangent(array.type)  # type: ignore[arg-type]
        assert isinstance(t, Array)
        free = [n for n, d in zip(self._sizes(region, array), t.dims) if d != "1"]
        self.give(region, array, bb.apply("reshape", seed, *free, type=t))

    def _permute(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        array, order = node.args
        assert isinstance(order, Constant)
        back = "".join(str(order.value.index(str(d))) for d in range(len(order.value)))
        self.give(region, array, packed(bb, bb.apply("permute", seed, constant(back))))

    def _matmul(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        for k, x in enumerate(node.args):
            if x in self.active:
                rank = x.type.rank  # type: ignore[union-attr]
                order = "".join(map(str, (*range(rank - 2), rank - 1, rank - 2)))
                other = bb.apply("permute", region.ref(image(region.m, node.args[1 - k])), constant(order))
                out = bb.apply("matmul", *((seed, other) if k == 0 else (other, seed)))
                t = cotangent(x.type)  # type: ignore[arg-type]
                assert isinstance(t, Array)
                if out.type != t:  # a size that is one in the other operand was found equal to this one's
                    free = [n for n, d in zip(self._sizes(region, x), t.dims) if d != "1"]
                    out = bb.apply("reshape", out, *free, type=t)
                self.give(region, x, out)

    def _filled(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        inner = bb.nested("map", "map")
        result = inner.graph.parameter("ct", seed.type.element)
        wide = numpy_scalar(inner, machine_value(inner, result), NP_F64)
        (total,) = nest(bb, inner, [wide], ["sum:" + "1" * seed.type.rank], [seed])
        self.give(region, node.args[0], machine_value(bb, total))

    def _with_axes(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        (a,) = node.args
        self.give(region, a, bb.apply("with_axes", seed, type=cotangent(a.type)))  # type: ignore[arg-type]

    def _tuple(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        for i, x in enumerate(node.args):
            if x in self.active:
                self.give(region, x, ct.item_of(bb, seed, i))

    _record = _tuple

    def _item(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        t, k = node.args
        assert isinstance(k, Constant)
        self.give(region, t, {k.value: seed})

    def _select(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        c, x, y = node.args
        type = cotangent(node.type)  # type: ignore[arg-type]
        whole, nothing = ct.materialize(bb, seed, type, region.like(node)), ct.zero(bb, type, region.like(node))
        condition = region.ref(image(region.m, c))
        if x in self.active:
            self.give(region, x, bb.apply("select", condition, whole, nothing))
        if y in self.active:
            self.give(region, y, bb.apply("select", condition, nothing, whole))

    def _inject(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        (x,) = node.args
        assert x.type is not None and node.type is not None
        if isinstance(x.type, Union):
            self.give(region, x, ct.between_unions(bb, seed, node.type, x.type))
        else:
            self.give(region, x, ct.of_part(bb, seed, x.type, region.like(x)))

    def _project(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        (u,) = node.args
        assert u.type is not None and node.type is not None
        if isinstance(node.type, Union):
            whole = ct.materialize(bb, seed, cotangent(node.type), region.like(node))
            self.give(region, u, ct.between_unions(bb, whole, node.type, u.type))
        else:
            self.give(region, u, ct.to_union(bb, seed, node.type, u.type, region.like(node)))

    def _box(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        assert isinstance(node.type, Box)
        self.give(region, node.args[0], ct.inside_box(bb, seed, node.type, region.like(node.args[0])))

    def _unbox(self, region: Region, bb: Builder, node: Apply, seed: ct.Cotangent) -> None:
        (boxed,) = node.args
        assert isinstance(boxed.type, Box)
        self.give(region, boxed, ct.into_box(bb, seed, boxed.type, region.like(node)))


def _is_put_once(array: Node) -> bool:
    """Whether an array is `unset` but for some of the windows that make it up: the next one meets none of these."""
    count = 0
    while is_primitive(array, "put_window"):
        array, count = array.args[0], count + 1  # type: ignore[attr-defined]
    return is_primitive(array, "unset") and count < array.args[-1].value  # type: ignore[attr-defined]
