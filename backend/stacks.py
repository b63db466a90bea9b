"""Which recursive boxes are stacks: pushed by loops, one frame an iteration, and taken off again from the top.

Reverse mode of a loop pushes what its backward pass needs onto `none | box B{residuals..., link}`. Such boxes need no
links: frames of one size that lie one after another are found by counting down. So values of type `none | B` are laid
out as two pointers, behind the last frame and to the first one, which are equal where there is no frame (`frames`).

B is a stack when

1. every `box` of type B stands directly in the step of a loop, one in a loop, and is used for nothing but to be that
   loop's next state, at the place of the parameter q; the record in it holds q, the link; q starts as None;
2. nothing else in that loop allocates what outlives the iteration, so that the free end of the arena is always the
   end of the frame pushed last;
3. the types of the program mention B in `none | B` only, and neither arguments, results nor prints mention it;
4. what is projected from `none | B` to B is unboxed, and used for nothing else.

Values of type `none | B` may go anywhere: through calls and branches, into other boxes, through other loops.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import TYPE_CHECKING

from tapeless.backend.layout import box_part, is_nullable
from tapeless.ir.abstract import Box, Cell, Record, Tuple, Type, Union, resolve
from tapeless.ir.builder import primitive_of
from tapeless.ir.dataclass import dataclass
from tapeless.ir.nodes import Apply, Constant, Graph, Node, Parameter

if TYPE_CHECKING:
    from tapeless.backend.program import Program


@dataclass(frozen=True)
class Push:
    """A loop that pushes: the place of the stack in its state, and of the link in a frame; the node that pushes.

    `shared` says that others allocate in the loop, and release what they allocated.
    """

    loop: Graph
    place: int
    link: int
    box: Apply
    shared: bool


class Stacks:
    """The boxes of a program that are stacks, with the place of the link in a frame, and the loops that push."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._uses: dict[Node, list[Apply | None]] = defaultdict(list)
        self._calls: dict[Graph, list[Apply]] = defaultdict(list)
        self._boxes: list[Apply] = []
        self._bad: set[Type] = set()
        self._seen: set[Type] = set()
        graphs = [g for f in program.facts for g in program.nested(f)]
        for graph in graphs:
            self._look_at(graph)
        self._exclude_outside()
        found = [p for g in graphs if g.kind == "loop" for p in self._pushes(g)]
        self._exclude_boxes(found)
        self.loops = {p.loop: p for p in found if p.box.type not in self._bad}
        self.pushes = {p.box: p for p in self.loops.values()}
        self.links = {p.box.type: p.link for p in self.loops.values() if isinstance(p.box.type, Box)}

    def _look_at(self, graph: Graph) -> None:
        for p in graph.params:
            self._mention(self._program.type(p))
        self._mention(self._program.type(graph.output))
        self._uses[graph.output].append(None)
        for node in self._program.scopes.schedule(graph):
            name = primitive(node)
            if name == "box":
                self._boxes.append(node)
            if name in ("box", "project"):
                self._mention_inside(self._program.type(node))
            else:
                self._mention(self._program.type(node))
            if isinstance(node.fn, Constant) and isinstance(node.fn.value, Graph):
                self._calls[node.fn.value].append(node)
            for arg in node.args:
                self._uses[arg].append(node)
                if isinstance(arg, Constant) and arg.type is not None:
                    self._mention(arg.type)

    def _mention(self, t: Type) -> None:
        """A value of this type occurs: condition 3 for the boxes in it."""
        todo = [t]
        while todo:
            t = resolve(todo.pop())
            if isinstance(t, Box):
                self._bad.add(t)
            elif isinstance(t, Union) and is_nullable(t):
                self._mention_inside(resolve(box_part(t)))
            elif t not in self._seen:
                self._seen.add(t)
                todo += components(t)

    def _mention_inside(self, t: Type) -> None:
        if t in self._seen:
            return
        self._seen.add(t)
        if isinstance(t, Box):
            assert t.body is not None
            self._mention(t.body)
        else:
            self._mention(t)

    def _exclude_outside(self) -> None:
        """What Python sees are boxes."""
        entry = self._program.entry
        outside = [self._program.type(n) for n in (*entry.params, entry.output)]
        outside += [t for site in self._printed() for t in site]
        self._bad |= boxes_in(outside)

    def _printed(self) -> list[list[Type]]:
        prints = {u for users in self._uses.values() for u in users if u is not None and primitive(u) == "print"}
        return [[self._program.type(a) for a in p.args] for p in prints]

    def _pushes(self, loop: Graph) -> list[Push]:
        """The one push of a loop."""
        found = []
        back = back_edge(loop)
        for place, (q, after) in enumerate(zip(loop.params, back.args if back is not None else ())):
            link = self._link(loop, place, q, after, back)  # type: ignore[arg-type]
            if link is not None:
                assert isinstance(after, Apply) and isinstance(after.args[0], Apply)
                found.append(Push(loop, place, link, after.args[0], self._touches(loop, after.args[0])))
        return found if len(found) == 1 and not self._keeps(loop, found[0].box) else []

    def _link(self, loop: Graph, place: int, q: Parameter, after: Node, back: Apply) -> int | None:
        """Condition 1: where a frame holds q, if `after` is it with a frame more."""
        if not (isinstance(after, Apply) and primitive(after) == "inject"):
            return None
        box = after.args[0]
        if not (
            isinstance(box, Apply) and primitive(box) == "box" and box.graph is back.graph and isinstance(box.type, Box)
        ):
            return None
        record = box.args[0]
        if not (isinstance(record, Apply) and primitive(record) in ("record", "tuple")):
            return None
        stack = self._program.type(q)
        if not (is_nullable(stack) and isinstance(stack, Union) and resolve(box_part(stack)) is box.type):
            return None
        if self._uses[box] != [after] or any(u is not back for u in self._uses[after]):
            return None
        if sum(a is after for a in back.args) != 1 or q not in record.args:
            return None
        if any(not is_none(call.args[place]) for call in self._calls[loop] if call is not back):
            return None
        link = record.args.index(q)
        body = box.type.body
        assert isinstance(body, (Tuple, Record))
        return link if resolve(body.items[link]) == stack else None

    def _exclude_boxes(self, found: list[Push]) -> None:
        """Conditions 1 and 4 for all that makes or takes apart a box."""
        pushed = {p.box: p for p in found}
        links: dict[Type, int] = {}
        for box in self._boxes:
            t = self._program.type(box)
            if box not in pushed or links.setdefault(t, pushed[box].link) != pushed[box].link:
                self._bad.add(t)
        for node, users in self._uses.items():
            if primitive(node) == "project" and any(u is None or primitive(u) != "unbox" for u in users):
                self._bad.add(self._program.type(node))

    def _keeps(self, loop: Graph, push: Apply) -> bool:
        """Condition 2: whether a loop, with what is nested in it, allocates what it does not release."""
        program = self._program
        todo, seen = [loop], {loop}
        while todo:
            for node in program.scopes.schedule(todo.pop()):
                if node is not push and program.allocates(node):
                    return True
                for g in applied(node):
                    if g.kind == "function" and program.facts[g].leaks:
                        return True
                    if g.kind != "function" and g not in seen and not (g.kind == "loop" and program.releases(g)):
                        seen.add(g)
                        todo.append(g)
        return False

    def _touches(self, loop: Graph, push: Apply) -> bool:
        """Whether anything else in a loop looks at where the arena is free."""
        program = self._program
        nodes = [n for g in program.nested(loop) for n in program.scopes.schedule(g)]
        functions = [g for n in nodes for g in applied(n) if g.kind == "function"]
        allocates = any(n is not push and program.allocates(n) for n in nodes)
        return allocates or any(program.facts[f].touches for f in functions)


def primitive(node: Node) -> str:
    """The name of the primitive that an application applies, or nothing."""
    found = primitive_of(node)
    return found.name if found is not None else ""


def back_edge(loop: Graph) -> Apply | None:
    """The application with which the step of a loop ends."""
    for branch in applied(loop.output) if isinstance(loop.output, Apply) else []:
        back = branch.output
        if isinstance(back, Apply) and isinstance(back.fn, Constant) and back.fn.value is loop:
            return back
    return None


def applied(node: Apply) -> list[Graph]:
    """The graphs that an application runs."""
    return [n.value for n in (node.fn, *node.args) if isinstance(n, Constant) and isinstance(n.value, Graph)]


def is_none(node: Node) -> bool:
    """Whether a node is None, as itself or as a part of a union."""
    while isinstance(node, Apply) and primitive(node) == "inject":
        node = node.args[0]
    return isinstance(node, Constant) and node.value is None


def components(t: Type) -> Iterable[Type]:
    """The types that the values of a type consist of, boxes not opened."""
    match t:
        case Tuple(items=items) | Record(items=items):
            return items
        case Union(parts=parts):
            return parts
        case Cell(content=content):
            return (content,)
    return ()


def boxes_in(types: Iterable[Type]) -> set[Type]:
    """All boxes that values of some types lead to."""
    seen: set[Type] = set()
    todo = list(types)
    while todo:
        t = resolve(todo.pop())
        if t not in seen:
            seen.add(t)
            todo += [t.body] if isinstance(t, Box) and t.body is not None else components(t)
    return {t for t in seen if isinstance(t, Box)}
