"""A value of one type as a value of another that holds it: parts and unions, the missing value.

`fit` is for edges (a branch and its switch, an argument and its parameter); `inject`, `project` and `has_head` are
primitives. A projection to a part that the union does not hold is zeros: pointers null, which `unbox` bears.
"""

from __future__ import annotations

from tapeless.backend.emit import Text, Values
from tapeless.backend.layout import ZEROS, Layouts, box_part, is_nullable, part_index
from tapeless.ir.abstract import Never, NoneType, Record, Tuple, Type, Union, head, parts, resolve
from tapeless.ir.diagnostics import InternalError


def zeros(layouts: Layouts, t: Type) -> Values:
    """The value that stands where there is none."""
    return tuple(ZEROS[leaf] for leaf in layouts.leaves(t))


def fit(text: Text, layouts: Layouts, values: Values, source: Type, target: Type) -> Values:
    """A value where one of type `target` is wanted."""
    if source == target:
        return values
    target = resolve(target)
    if isinstance(target, Union) and source in target.parts:
        return insert(layouts, values, target, target.parts.index(source))
    source = resolve(source)
    if source == target:
        return values
    if isinstance(source, Never):
        return zeros(layouts, target)
    if isinstance(target, Union):
        return _to_union(text, layouts, values, source, target)
    match source, target:
        case (Tuple(items=a), Tuple(items=b)) | (Record(items=a), Record(items=b)) if len(a) == len(b):
            out: list[str] = []
            start = 0
            for x, y in zip(a, b):
                end = start + len(layouts.leaves(x))
                out += fit(text, layouts, values[start:end], x, y)
                start = end
            return tuple(out)
    if not isinstance(source, Union) and layouts.leaves(source) == layouts.leaves(target):
        return values
    raise InternalError(f"backend: a value of type {source} where {target} is wanted")


def holds(text: Text, values: Values, t: Union, index: int) -> str:
    """Whether a union holds the part with this index, an i1."""
    if is_nullable(t):
        relation = "eq" if isinstance(resolve(t.parts[index]), NoneType) else "ne"
        nothing = values[1] if len(values) == 2 else "null"
        return text.op(f"icmp {relation} ptr {values[0]}, {nothing}")
    return text.op(f"icmp eq i8 {values[0]}, {index}")


def extract(text: Text, layouts: Layouts, values: Values, t: Union, index: int) -> Values:
    """The leaves of a part, to be used only where the union holds it."""
    if is_nullable(t):
        return values if layouts.leaves(t.parts[index]) else ()
    return tuple(values[i] for i in layouts.places(t, index))


def insert(layouts: Layouts, values: Values, t: Union, index: int) -> Values:
    """A part as a union."""
    if is_nullable(t):
        return values or zeros(layouts, t)
    out = list(zeros(layouts, t))
    out[0] = str(index)
    for place, value in zip(layouts.places(t, index), values, strict=True):
        out[place] = value
    return tuple(out)


def _to_union(text: Text, layouts: Layouts, values: Values, source: Type, target: Union) -> Values:
    if not isinstance(source, Union):
        index = part_index(target, source)
        return insert(layouts, fit(text, layouts, values, source, target.parts[index]), target, index)
    heads = {head(p) for p in target.parts}
    common = [i for i, p in enumerate(source.parts) if p in target.parts or head(p) in heads]
    if not common:
        raise InternalError(f"backend: {source} and {target} have no part in common")
    out: Values | None = None
    leaves = layouts.leaves(target)
    for i in reversed(common):
        part = source.parts[i]
        piece = _to_union(text, layouts, extract(text, layouts, values, source, i), part, target)
        if out is None:
            # pointers must be right or null even where the source holds a part that the target lacks
            out = piece if len(common) == len(source.parts) else _guard(text, layouts, values, source, i, piece, target)
            continue
        out = choose(text, leaves, holds(text, values, source, i), piece, out)
    assert out is not None
    return out


def _guard(text: Text, layouts: Layouts, values: Values, source: Union, i: int, piece: Values, target: Type) -> Values:
    return choose(text, layouts.leaves(target), holds(text, values, source, i), piece, zeros(layouts, target))


def choose(text: Text, leaves: tuple[str, ...], condition: str, a: Values, b: Values) -> Values:
    """`a` if the condition holds, else `b`, leaf by leaf."""
    return tuple(
        x if x == y else text.op(f"select i1 {condition}, {leaf} {x}, {leaf} {y}") for leaf, x, y in zip(leaves, a, b)
    )


def project(text: Text, layouts: Layouts, values: Values, source: Type, target: Type) -> Values:
    """A part of a union, or a smaller union; zeros where it holds another part."""
    source = resolve(source)
    if not isinstance(source, Union) or source == resolve(target):
        return fit(text, layouts, values, source, target)
    if target not in source.parts and isinstance(resolve(target), Union):
        target = resolve(target)
        assert isinstance(target, Union)
        if not is_nullable(target):
            return _to_union(text, layouts, values, source, target)
        target = box_part(target)
    index = part_index(source, target)
    found = fit(text, layouts, extract(text, layouts, values, source, index), source.parts[index], target)
    if is_nullable(source) or not layouts.has_pointer(target):
        return found
    return _guard(text, layouts, values, source, index, found, target)


def has_head(text: Text, values: Values, t: Type, key: str) -> str:
    """Whether a value holds the part with this head, an i1."""
    t = resolve(t)
    found = [i for i, p in enumerate(parts(t)) if head(p) == key]
    if not found:
        return "false"
    return holds(text, values, t, found[0]) if isinstance(t, Union) else "true"
