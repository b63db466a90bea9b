"""What `memcheck` changes in the compiler first, in both of its processes: the processor that code is for, the runtime.

Valgrind emulates a processor with AVX2. In each buffer a red zone lies before the elements. `PLANTS` are defects that
memcheck must find.
"""

PROCESSOR = ("x86-64-v3", "+avx2,+fma")

# requests to valgrind, which do nothing elsewhere: bytes that may not be touched, and a line for its report
REQUESTS = r"""
define internal void @request(i64 %code, ptr %a, i64 %b) noinline #0 {
  %args = alloca [6 x i64]
  store i64 %code, ptr %args
  %first = getelementptr i64, ptr %args, i64 1
  store ptr %a, ptr %first
  %second = getelementptr i64, ptr %args, i64 2
  store i64 %b, ptr %second
  %r = call i64 asm sideeffect
    "rolq $$3, %rdi; rolq $$13, %rdi; rolq $$61, %rdi; rolq $$51, %rdi; xchgq %rbx, %rbx",
    "={rdx},{rax},0,~{memory},~{cc}"(ptr %args, i64 0)
  ret void
}

define internal void @red_zone(ptr %buffer) #0 {
  %unused = getelementptr i8, ptr %buffer, i64 40
  call void @request(i64 1296236544, ptr %unused, i64 24)
  ret void
}

define void @tl_note(ptr %text) #0 {
  %none = alloca [24 x i8]
  %where = ptrtoint ptr %none to i64
  call void @request(i64 5123, ptr %text, i64 %where)
  ret void
}
"""
COUNTED = "  store i64 1, ptr %p\n"  # where the runtime has made a buffer


def prepare() -> None:
    """Code for a processor that both processes know; a red zone in each buffer."""
    from tapeless.backend import jit, runtime

    engine = jit.engine()
    engine.cpu, engine.features = PROCESSOR
    engine._machines.clear()
    assert runtime.TEMPLATE.count(COUNTED) == 1
    runtime.TEMPLATE = runtime.TEMPLATE.replace(COUNTED, COUNTED + "  call void @red_zone(ptr %p)\n") + REQUESTS
    runtime.EXPORTS += ("tl_note",)


# -- defects that must be found ---------------------------------------------------------------------------------------


def _one_too_far() -> None:
    """The innermost loop of each nest goes to one element behind the end."""
    from tapeless.backend import nests

    right = nests.over

    def over(e, sizes, *rest, **named):
        return right(e, [*sizes[:-1], e.op(f"add i64 {sizes[-1]}, 1")] if sizes else sizes, *rest, **named)

    nests.over = over


def _freed_too_early() -> None:
    """Who shares an array holds no reference of its own."""
    from tapeless.backend.ownership import Ownership

    Ownership.share = lambda self, node: None


def _one_before() -> None:
    """An element that a program reads by its index is the one before."""
    from tapeless.backend import arrays

    right = arrays.View.address

    def address(self, index):
        return right(self, [*index[:-1], self.e.op(f"sub i64 {index[-1]}, 1")] if index else index)

    arrays.View.address = address


PLANTS = {"bound": _one_too_far, "release": _freed_too_early, "before": _one_before}
