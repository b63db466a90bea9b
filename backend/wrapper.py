"""The function that Python calls: METH_FASTCALL | METH_KEYWORDS, emitted in LLVM IR with the kernel.

It unpacks arguments of exactly the types of the kernel, runs it, and packs the result; a call with anything else goes
to `owner.slow(*args)`, `owner` being the object that the builtin is bound to. A kernel that can neither fail nor loop
nor allocate is called directly, and LLVM inlines it; any other one runs under `tl_run` with its arguments and result in
a frame in memory: the context, the arguments, the result. Such a wrapper depends on the types alone, and is a module of
its own, so that its object code serves every kernel of these types.
"""

from __future__ import annotations

from typing import Any

from tapeless.backend.convert import extract, holds, insert
from tapeless.backend.emit import LIKELY, METADATA, Text, Values
from tapeless.backend.layout import POINTER, Leaves, is_nullable, memory, memory_type
from tapeless.backend.program import Program
from tapeless.backend.runtime import ALLOCATES, CONTEXT, DEEP
from tapeless.backend.runtime import DECLARATIONS as RUNTIME
from tapeless.backend.vector import WIDE
from tapeless.ir.abstract import Array, NoneType, Record, Scalar, Str, Tuple, Type, Union, resolve
from tapeless.ir.diagnostics import InternalError
from tapeless.ir.elements import ELEMENTS
from tapeless.ir.lists import is_list

# CPython's object layout: where the type of an object is, a float's value, the size and items of a tuple; a list has a
# pointer to its items at the place of a tuple's first
TYPE, VALUE, SIZE, ITEMS = 8, 16, 16, 24
# NumPy's of an array: where its data, rank, sizes, strides, dtype and flags are; flags
DATA, RANK, DIMS, STRIDES, DESCR, FLAGS = 16, 24, 32, 40, 56, 64
C_ORDER, ALIGNED = 0x1, 0x100

DECLARATIONS = """
@PyFloat_Type = external global i8
@PyLong_Type = external global i8
@PyTuple_Type = external global i8
@PyList_Type = external global i8
@_Py_TrueStruct = external global i8
@_Py_FalseStruct = external global i8
@_Py_NoneStruct = external global i8
declare ptr @PyFloat_FromDouble(double)
declare ptr @PyLong_FromLongLong(i64)
declare i64 @PyLong_AsLongLongAndOverflow(ptr, ptr)
declare ptr @PyTuple_New(i64)
declare ptr @PyList_New(i64)
declare void @Py_IncRef(ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyErr_NoMemory()
declare ptr @PyType_GenericAlloc(ptr, i64)
declare ptr @np_new(ptr, ptr, i32, ptr, ptr, ptr, i32, ptr)
declare i32 @np_set_base(ptr, ptr)
"""


class Wrapper(Text):
    """Writes `tl_call`, and `tl_start` where the kernel runs under `tl_run`.

    objects  Python objects that the code refers to, by their place in the table `tl_objects`
    symbols  functions of the runtime that `tl_call` calls
    """

    def __init__(self, program: Program) -> None:
        super().__init__()
        self.program, self.layouts = program, program.layouts
        self.objects: list[Any] = []
        self.symbols: dict[str, None] = {}
        self.newest = ""  # the first of the list of buffers before the call
        self.context = "null"
        self.makes_arrays = False
        self.parameters = [program.type(p) for p in program.entry.params]
        self.result = program.type(program.entry.output)
        self.direct = not program.uses("needs_context")
        self.argument_leaves: Leaves = tuple(leaf for t in self.parameters for leaf in self.layouts.leaves(t))
        self.result_leaves = self.layouts.leaves(self.result)

    def define(self) -> tuple[str, str]:
        """What goes into the module of the kernel, and the module of `tl_call` where it has one, or nothing."""
        values = self._arguments()
        if self.direct:
            arguments = [("ptr", "null"), *zip(self.argument_leaves, values)]
            out = self.call(self.program.names[self.program.entry], self.result_leaves, arguments, "fastcc ")
            self.do(f"ret ptr {self._result(out, '')}")
        else:
            self._run(values)
        table = f"@tl_objects = global [{max(1, len(self.objects))} x ptr] zeroinitializer\n"
        head = "define ptr @tl_call(ptr %self, ptr %args, i64 %n, ptr %names) #0 {\n"
        call = DECLARATIONS + table + head + self.body() + "\n}\n"
        if self.direct:
            return call, ""
        runtime = "\n".join(RUNTIME[symbol] for symbol in self.symbols)
        return self._start(), f"{runtime}\ndeclare void @tl_start(ptr)\n{call}\n{METADATA}"

    def _runtime(self, name: str) -> str:
        """A function of the runtime that `tl_call` calls; its name in LLVM."""
        self.symbols[name] = None
        return f"@{name}"

    # ---- in

    def _arguments(self) -> Values:
        """The leaves of all arguments; goes the slow way where one does not fit."""
        slow = self._runtime("tl_slow")
        self.cold += ["slow:", f"  %slow_result = call ptr {slow}(ptr %self, ptr %args, i64 %n, ptr %names)"]
        self.cold.append("  ret ptr %slow_result")
        count = self.op(f"icmp eq i64 %n, {len(self.parameters)}")
        plain = self.op("icmp eq ptr %names, null")
        self._demand(self.op(f"and i1 {count}, {plain}"))
        values: list[str] = []
        for i, t in enumerate(self.parameters):
            values += self._unpack(self.load("ptr", "%args", 8 * i), t)
        return tuple(values)

    def _demand(self, condition: str) -> None:
        go_on = self.label("fits")
        self.branch(condition, go_on, "slow", LIKELY)
        self.start(go_on)

    def _has_type(self, obj: str, wanted: str) -> str:
        return self.op(f"icmp eq ptr {self.load('ptr', obj, TYPE)}, {wanted}")

    def _object(self, value: Any) -> str:
        """An object that the wrapper needs at run time, loaded from the table."""
        self.objects.append(value)
        return self.load("ptr", "@tl_objects", 8 * (len(self.objects) - 1))

    def _test(self, obj: str, t: Type) -> str:
        """Whether an object is of a type, at the surface: its items are tested when they are unpacked."""
        match resolve(t):
            case Scalar(kind="float"):
                return self._has_type(obj, "@PyFloat_Type")
            case Scalar(kind="int"):
                return self._has_type(obj, "@PyLong_Type")
            case Scalar(kind="bool"):
                true = self.op(f"icmp eq ptr {obj}, @_Py_TrueStruct")
                return self.op(f"or i1 {true}, {self.op(f'icmp eq ptr {obj}, @_Py_FalseStruct')}")
            case Scalar(kind=kind):
                import numpy as np

                return self._has_type(obj, self._object(getattr(np, ELEMENTS[kind].name)))
            case Array() as array:
                return self._array_of(obj, array)
            case NoneType():
                return self.op(f"icmp eq ptr {obj}, @_Py_NoneStruct")
            case Str(value=value):
                same = self._runtime("tl_same_text")
                return self.op(f"call i1 {same}(ptr {obj}, ptr {self._object(value)})")
            case Tuple(items=items) | Record(items=items) as whole:
                return self._tuple_of(obj, "@PyList_Type" if is_list(whole) else "@PyTuple_Type", len(items))
        raise InternalError(f"backend: a value of type {t} cannot enter a kernel")

    def _tuple_of(self, obj: str, type: str, length: int) -> str:
        """Whether an object is a tuple (or list) of this length."""
        is_tuple, end = self._has_type(obj, type), self.label("tested")
        measure, before = self.label("tuple"), self.block
        self.branch(is_tuple, measure, end)
        self.start(measure)
        fits = self.op(f"icmp eq i64 {self.load('i64', obj, SIZE)}, {length}")
        self.jump(end)
        return self.join(end, [(before, ("false",)), (measure, (fits,))], ("i1",))[0]

    def _array_of(self, obj: str, t: Array) -> str:
        """Whether an object is an array of this element and rank, and laid out and sized as its type says."""
        import numpy as np

        is_array, end = self._has_type(obj, self._object(np.ndarray)), self.label("tested")
        look, before = self.label("array"), self.block
        self.branch(is_array, look, end)
        self.start(look)
        dtype = self._object(np.dtype(ELEMENTS[t.element.kind].name))
        fits = self.op(f"icmp eq ptr {self.load('ptr', obj, DESCR)}, {dtype}")
        rank = self.op(f"icmp eq i32 {self.load('i32', obj, RANK)}, {t.rank}")
        wanted = ALIGNED | (C_ORDER if t.packed else 0)
        flags = self.op(f"and i32 {self.load('i32', obj, FLAGS)}, {wanted}")
        fits = self.op(f"and i1 {fits}, {rank}")
        fits = self.op(f"and i1 {fits}, {self.op(f'icmp eq i32 {flags}, {wanted}')}")
        known, sized = self.block, self.label("sized")
        if t.dims:
            self.branch(fits, sized, end)
            self.start(sized)
            dims = self.load("ptr", obj, DIMS)
            ones = "true"
            for d, n in enumerate(t.dims):
                if n != "?":
                    relation = "eq" if n == "1" else "ugt"
                    one = self.op(f"icmp {relation} i64 {self.load('i64', dims, 8 * d)}, 1")
                    ones = self.op(f"and i1 {ones}, {one}")
            incoming = [(before, ("false",)), (known, ("false",)), (self.block, (ones,))]
        else:
            incoming = [(before, ("false",)), (self.block, (fits,))]
        self.jump(end)
        return self.join(end, incoming, ("i1",))[0]

    def _array(self, obj: str, t: Array) -> Values:
        """The leaves of an array: it has no owner."""
        data = self.op(f"load {POINTER}, ptr {self.at(obj, DATA)}")
        free = [d for d, n in enumerate(t.dims) if n != "1"]
        dims = self.load("ptr", obj, DIMS)
        values = [self.load("i64", dims, 8 * d) for d in free]
        if not t.packed:
            strides = self.load("ptr", obj, STRIDES)
            values += [self.load("i64", strides, 8 * d) for d in free]
        return ("null", data, *values)

    def _unpack(self, obj: str, t: Type) -> Values:
        """The leaves of an object that must be of a type."""
        t = resolve(t)
        if isinstance(t, Union):
            return self._unpack_union(obj, t)
        self._demand(self._test(obj, t))
        return self._content(obj, t)

    def _content(self, obj: str, t: Type) -> Values:
        """The leaves of an object that has passed the test."""
        match resolve(t):
            case Scalar(kind="float"):
                return (self.load("double", obj, VALUE),)
            case Scalar(kind="int"):
                overflow = self.alloca(4)
                value = self.op(f"call i64 @PyLong_AsLongLongAndOverflow(ptr {obj}, ptr {overflow})")
                self._demand(self.op(f"icmp eq i32 {self.load('i32', overflow)}, 0"))
                return (value,)
            case Scalar(kind="bool"):
                return (self.op(f"icmp eq ptr {obj}, @_Py_TrueStruct"),)
            case Array() as array:
                return self._array(obj, array)
            case Scalar(kind=kind):
                value = self.load(memory_type(ELEMENTS[kind]), obj, VALUE)
                return (self.from_memory(ELEMENTS[kind], value),)
            case Tuple(items=items) | Record(items=items) as whole:
                base, start = (self.load("ptr", obj, ITEMS), 0) if is_list(whole) else (obj, ITEMS)
                return tuple(
                    v for i, item in enumerate(items) for v in self._unpack(self.load("ptr", base, start + 8 * i), item)
                )
        return ()

    def _unpack_union(self, obj: str, t: Union) -> Values:
        end = self.label("unpacked")
        incoming: list[tuple[str, Values]] = []
        for index, part in enumerate(t.parts):
            is_it = self._test(obj, part)
            then, other = self.label("part"), self.label("other")
            self.branch(is_it, then, other)
            self.start(then)
            values = insert(self.layouts, self._content(obj, part), t, index)
            incoming.append((self.block, values))
            self.jump(end)
            self.start(other)
        self.jump("slow")
        return self.join(end, incoming, self.layouts.leaves(t))

    # ---- run

    def _start(self) -> str:
        """What `tl_run` calls: the kernel, between a frame in memory and registers."""
        text = Text()
        offsets = self._offsets()
        count = len(self.argument_leaves)
        context = text.load("ptr", "%frame")
        values = text.load_all(self.argument_leaves, "%frame", offsets[:count])
        arguments = [("ptr", context), *zip(self.argument_leaves, values)]
        out = text.call(self.program.names[self.program.entry], self.result_leaves, arguments, "fastcc ")
        text.store_all(self.result_leaves, out, "%frame", offsets[count:])
        text.do("ret void")
        wide = WIDE if self.program.uses("arrays") else ""  # the kernel may be inlined here
        return f"define void @tl_start(ptr %frame) #0 {wide} {{\n{text.body()}\n}}\n"

    def _offsets(self) -> tuple[int, ...]:
        """Where the leaves of the arguments and the result lie in the frame; the result is a record of its own."""
        arguments = memory(("ptr", *self.argument_leaves))
        result = memory(self.result_leaves)
        return (*arguments.offsets[1:], *(arguments.size + o for o in result.offsets))

    def _run(self, values: Values) -> None:
        program, offsets, count = self.program, self._offsets(), len(self.argument_leaves)
        result_at = memory(("ptr", *self.argument_leaves)).size
        frame = self.alloca(result_at + memory(self.result_leaves).size)
        (context,) = self.call(self._runtime("tl_context"), ("ptr",), [])
        have, none = self.label("have"), self.label("none")
        self.branch(self.op(f"icmp ne ptr {context}, null"), have, none, LIKELY)
        self.cold += [f"{none}:", "  %no_memory = call ptr @PyErr_NoMemory()", "  ret ptr null"]
        self.start(have)
        self.context = context
        self.store("ptr", context, frame)
        self.store_all(self.argument_leaves, values, frame, offsets[:count])
        flags = self._flags()
        mark = self.load("ptr", context, CONTEXT["arena_free"]) if flags & ALLOCATES else ""
        self.newest = self.load("ptr", context, CONTEXT["buffers"]) if program.uses("arrays") else ""
        run = self._runtime("tl_run")
        code = self.op(f"call i32 {run}(ptr @tl_start, ptr {frame}, ptr {context}, i32 {flags})")
        ok = self.op(f"icmp eq i32 {code}, 0")
        good, bad = self.label("good"), self.label("bad")
        self.branch(ok, good, bad, LIKELY)
        self.start(bad)
        self.do(f"call ptr {self._runtime('tl_fail')}(ptr %self, ptr {context}, i32 {code})")
        self._leave(context, mark)
        self.do("ret ptr null")
        self.start(good)
        if program.prints:
            self._flush(context, mark)
        out = self.load_all(self.result_leaves, frame, offsets[count:])
        obj = self._result(out, self.at(frame, result_at))
        self._leave(context, mark)
        self.do(f"ret ptr {obj}")

    def _flags(self) -> int:
        uses = self.program.uses
        return (DEEP if uses("cycle") else 0) | (ALLOCATES if uses("allocates") else 0)

    def _flush(self, context: str, mark: str) -> None:
        (failed,) = self.call(self._runtime("tl_flush"), ("i32",), [("ptr", "%self"), ("ptr", context)])
        written, unwritten = self.label("written"), self.label("unwritten")
        self.branch(self.op(f"icmp eq i32 {failed}, 0"), written, unwritten, LIKELY)
        self.start(unwritten)
        self._leave(context, mark)
        self.do("ret ptr null")
        self.start(written)

    def _leave(self, context: str, mark: str) -> None:
        """Release the arena, and the buffers that are left."""
        if self.newest:
            self.do(f"call void {self._runtime('tl_free_since')}(ptr {context}, ptr {self.newest})")
        if mark:
            self.do(f"call void {self._runtime('tl_leave')}(ptr {context}, ptr {mark})")

    # ---- out

    def _result(self, values: Values, address: str) -> str:
        """The result as a new reference, or null with an exception set; `address` is where it lies in memory."""
        if packable(self.result):
            return self._pack(values, self.result)
        if not address:
            address = self.alloca(memory(self.result_leaves).size)
            self.store_all(self.result_leaves, values, address)
        decode = self._runtime("tl_decode")
        return self.op(f"call ptr {decode}(ptr %self, ptr {address})")

    def _pack(self, values: Values, t: Type) -> str:
        t = resolve(t)
        match t:
            case Scalar(kind="float"):
                return self.op(f"call ptr @PyFloat_FromDouble(double {values[0]})")
            case Scalar(kind="int"):
                return self.op(f"call ptr @PyLong_FromLongLong(i64 {values[0]})")
            case Scalar(kind=kind) if kind.startswith("np."):
                return self._pack_scalar(values[0], kind)
            case Array():
                return self._pack_array(values, t)
            case Scalar():
                return self._shared(self.op(f"select i1 {values[0]}, ptr @_Py_TrueStruct, ptr @_Py_FalseStruct"))
            case NoneType():
                return self._shared("@_Py_NoneStruct")
            case Str(value=value):
                return self._shared(self._object(value))
            case Tuple(items=items) | Record(items=items):
                return self._pack_tuple(values, items, is_list(t))
            case Union():
                return self._pack_union(values, t)
        raise InternalError(f"backend: a value of type {t} cannot be packed")

    def _pack_scalar(self, value: str, kind: str) -> str:
        """A scalar of NumPy: its value stands behind the head of the object."""
        import numpy as np

        if kind == "np.bool":
            true, false = self._object(np.True_), self._object(np.False_)
            return self._shared(self.op(f"select i1 {value}, ptr {true}, ptr {false}"))
        element = ELEMENTS[kind]
        of = self._object(getattr(np, element.name))
        made = self.op(f"call ptr @PyType_GenericAlloc(ptr {of}, i64 0)")
        fill, end, before = self.label("fill"), self.label("scalar"), self.block
        self.branch(self.op(f"icmp ne ptr {made}, null"), fill, end, LIKELY)
        self.start(fill)
        self.store(memory_type(element), self.to_memory(element, value), made, VALUE)
        self.jump(end)
        return self.join(end, [(before, ("null",)), (fill, (made,))], ("ptr",))[0]

    def _pack_array(self, values: Values, t: Array) -> str:
        """An array of NumPy, which takes over the buffer where it can."""
        import numpy as np

        self.makes_arrays = True
        sizes = iter(values[2:])
        dims, count = self.alloca(8 * max(t.rank, 1)), str(ELEMENTS[t.element.kind].size)
        for d, n in enumerate(t.dims):
            size = "1" if n == "1" else next(sizes)
            self.store("i64", size, dims, 8 * d)
            count = count if n == "1" else self.op(f"mul i64 {count}, {size}")
        owner, data = (self.op(f"addrspacecast {POINTER} {v} to ptr") for v in values[:2])
        dtype, type = self._object(np.dtype(ELEMENTS[t.element.kind].name)), self._object(np.ndarray)
        what = f"ptr {owner}, ptr {data}, i32 {t.rank}, ptr {dims}, i64 {count}, ptr {dtype}, ptr {type}"
        make = self._runtime("tl_array")
        return self.op(f"call ptr {make}(ptr {self.context}, {what}, ptr @np_new, ptr @np_set_base)")

    def _shared(self, obj: str) -> str:
        self.do(f"call void @Py_IncRef(ptr {obj})")
        return obj

    def _pack_tuple(self, values: Values, items: tuple[Type, ...], is_list: bool) -> str:
        """A tuple, or list, of items."""
        whole = self.op(f"call ptr @{'PyList_New' if is_list else 'PyTuple_New'}(i64 {len(items)})")
        fill, failed, end = self.label("fill"), self.label("failed"), self.label("packed")
        before = self.block
        self.branch(self.op(f"icmp ne ptr {whole}, null"), fill, end, LIKELY)
        self.start(fill)
        good, start = "true", 0
        base, first = (self.load("ptr", whole, ITEMS), 0) if is_list else (whole, ITEMS)
        for i, item in enumerate(items):
            stop = start + len(self.layouts.leaves(item))
            obj = self._pack(values[start:stop], item)
            start = stop
            self.store("ptr", obj, base, first + 8 * i)
            good = self.op(f"and i1 {good}, {self.op(f'icmp ne ptr {obj}, null')}")
        filled = self.block
        self.branch(good, end, failed, LIKELY)
        self.start(failed)
        self.do(f"call void @Py_DecRef(ptr {whole})")
        self.jump(end)
        return self.join(end, [(before, ("null",)), (filled, (whole,)), (failed, ("null",))], ("ptr",))[0]

    def _pack_union(self, values: Values, t: Union) -> str:
        end = self.label("packed")
        incoming: list[tuple[str, Values]] = []
        for index, part in enumerate(t.parts):
            then, other = self.label("part"), self.label("other")
            if index < len(t.parts) - 1:
                self.branch(holds(self, values, t, index), then, other)
                self.start(then)
            obj = self._pack(extract(self, self.layouts, values, t, index), part)
            incoming.append((self.block, (obj,)))
            self.jump(end)
            if index < len(t.parts) - 1:
                self.start(other)
        return self.join(end, incoming, ("ptr",))[0]


def packable(t: Type) -> bool:
    """Whether emitted code makes the object of a result itself; the decoder makes the rest."""
    t = resolve(t)
    match t:
        case Scalar() | NoneType() | Str():
            return True
        case Array(packed=packed):
            return packed
        case Tuple(items=items):
            return all(map(packable, items))
        case Record(tag="list", items=items):
            return all(map(packable, items))
        case Union(parts=parts):
            return not is_nullable(t) and all(map(packable, parts))
    return False
