"""The runtime's module in LLVM IR, with `@field@` for the offset of a field of the context. See `runtime`."""

from tapeless.backend import runtime_arrays

ASSEMBLY = """
tl_enter:            # int tl_enter(rdi function, rsi argument, rdx top of stack or 0, rcx context)
 pushq %rbp
 pushq %rbx
 pushq %r12
 pushq %r13
 pushq %r14
 pushq %r15
 pushq @saved_sp@(%rcx)
 pushq %rcx
 movq %rsp, @saved_sp@(%rcx)
 testq %rdx, %rdx
 cmovneq %rdx, %rsp
 movq %rdi, %rax
 movq %rsi, %rdi
 movq %rcx, %rbx
 andq $-16, %rsp
 callq *%rax
 movq @saved_sp@(%rbx), %rsp
 xorl %eax, %eax
.Ltl_leave:
 popq %rcx
 popq @saved_sp@(%rcx)
 popq %r15
 popq %r14
 popq %r13
 popq %r12
 popq %rbx
 popq %rbp
 retq
.globl tl_raise
.type tl_raise,@function
tl_raise:            # noreturn tl_raise(rdi context, esi code): tl_enter returns the code
 movq @saved_sp@(%rdi), %rsp
 movl %esi, %eax
 jmp .Ltl_leave
.globl tl_poll
.type tl_poll,@function
tl_poll:             # void tl_poll(rdi context): changes no register
 decl @patience@(%rdi)
 jz tl_attend
 retq
.globl tl_deep
.type tl_deep,@function
tl_deep:             # void tl_deep(rdi context, esi code): changes no register but r11
 cmpq @stack_low@(%rdi), %rsp
 jae 1f
 movq %rsp, @stack_low@(%rdi)
1:
 movq @stack_top@(%rdi), %r11
 subq $@STACK_KEPT@, %r11
 cmpq %r11, %rsp
 jae tl_poll
 jmp tl_deeper
"""

MODULE_ASSEMBLY = "\n".join(
    f'module asm "{line.split("#")[0].rstrip()}"'
    for line in (".text", ".globl tl_enter", ".type tl_enter,@function", *ASSEMBLY.strip().splitlines())
)

CODE = r"""
declare i32 @tl_enter(ptr, ptr, ptr, ptr)
declare void @tl_raise(ptr, i32) noreturn
declare preserve_allcc void @tl_poll(ptr)
declare ptr @mmap(ptr, i64, i32, i32, i32, i64)
declare i32 @munmap(ptr, i64)
declare i32 @madvise(ptr, i64, i32)
declare i32 @mprotect(ptr, i64, i32)
declare ptr @calloc(i64, i64)
declare ptr @realloc(ptr, i64)
declare void @free(ptr)
declare i32 @pthread_key_create(ptr, ptr)
declare ptr @pthread_getspecific(i32)
declare i32 @pthread_setspecific(i32, ptr)
declare i64 @pthread_self()
declare i32 @sigaction(i32, ptr, ptr)
declare ptr @PyEval_SaveThread()
declare void @PyEval_RestoreThread(ptr)
declare i32 @PyErr_CheckSignals()
declare void @PyErr_Fetch(ptr, ptr, ptr)
declare void @PyErr_Restore(ptr, ptr, ptr)
declare void @PyErr_SetObject(ptr, ptr)
declare void @Py_DecRef(ptr)
declare ptr @PyObject_GetAttrString(ptr, ptr)
declare ptr @PyObject_Vectorcall(ptr, ptr, i64, ptr)
declare ptr @PyObject_CallMethod(ptr, ptr, ptr, ...)
declare i32 @PyUnicode_Compare(ptr, ptr)
declare i64 @llvm.read_register.i64(metadata)
@PyUnicode_Type = external global i8

; bytes of stack, bytes of arena, the main thread, whether free buffers are overwritten
@tl_settings = global [4 x i64] zeroinitializer
@key = internal global i32 0
@main_context = internal global ptr null
@old_action = internal global [152 x i8] zeroinitializer, align 8
@s_slow = internal constant [5 x i8] c"slow\00"
@s_fail = internal constant [5 x i8] c"fail\00"
@s_flush = internal constant [6 x i8] c"flush\00"
@s_decode = internal constant [7 x i8] c"decode\00"
@s_i = internal constant [2 x i8] c"i\00"
@s_K = internal constant [2 x i8] c"K\00"
@s_KK = internal constant [3 x i8] c"KK\00"

define i32 @tl_setup() #0 {
  %r = call i32 @pthread_key_create(ptr @key, ptr @drop_context)
  ret i32 %r
}

; the context of this thread, or null for want of memory
define ptr @tl_context() #0 {
  %k = load i32, ptr @key
  %c = call ptr @pthread_getspecific(i32 %k)
  %new = icmp eq ptr %c, null
  br i1 %new, label %make, label %done
done:
  ret ptr %c
make:
  %m = call ptr @calloc(i64 1, i64 @SIZE@)
  %none = icmp eq ptr %m, null
  br i1 %none, label %failed, label %set
failed:
  ret ptr null
set:
  %s = call i32 @pthread_setspecific(i32 %k, ptr %m)
  ret ptr %m
}

; the thread ends
define internal void @drop_context(ptr %c) #0 {
  %sbp = getelementptr i8, ptr %c, i64 @stack_base@
  %sb = load ptr, ptr %sbp
  %hs = icmp ne ptr %sb, null
  br i1 %hs, label %stack, label %a
stack:
  %ss = load i64, ptr @tl_settings
  %u1 = call i32 @munmap(ptr %sb, i64 %ss)
  br label %a
a:
  %abp = getelementptr i8, ptr %c, i64 @arena_base@
  %ab = load ptr, ptr %abp
  %ha = icmp ne ptr %ab, null
  br i1 %ha, label %arena, label %b
arena:
  %alp = getelementptr i8, ptr %c, i64 @arena_limit@
  %al = load i64, ptr %alp
  %abi = ptrtoint ptr %ab to i64
  %as = sub i64 %al, %abi
  %u2 = call i32 @munmap(ptr %ab, i64 %as)
  br label %b
b:
  %pbp = getelementptr i8, ptr %c, i64 @print_buffer@
  %pb = load ptr, ptr %pbp
  call void @free(ptr %pb)
  call void @free_pools(ptr %c)
  call void @free(ptr %c)
  ret void
}

; untouched memory: PROT_READ|WRITE, MAP_PRIVATE|ANONYMOUS|NORESERVE, huge pages where there are
define internal ptr @map(i64 %size) #0 {
  %p = call ptr @mmap(ptr null, i64 %size, i32 3, i32 16418, i32 -1, i64 0)
  %bad = icmp eq ptr %p, inttoptr (i64 -1 to ptr)
  br i1 %bad, label %failed, label %good
failed:
  ret ptr null
good:
  %a = call i32 @madvise(ptr %p, i64 %size, i32 14)
  ret ptr %p
}

; 0, or 1 where the stack could not be mapped
define internal i32 @make_stack(ptr %c) #0 {
  %size = load i64, ptr @tl_settings
  %p = call ptr @map(i64 %size)
  %bad = icmp eq ptr %p, null
  br i1 %bad, label %failed, label %good
failed:
  ret i32 1
good:
  %g = call i32 @mprotect(ptr %p, i64 4096, i32 0)
  %bp = getelementptr i8, ptr %c, i64 @stack_base@
  store ptr %p, ptr %bp
  %tp = getelementptr i8, ptr %c, i64 @stack_top@
  %t = getelementptr i8, ptr %p, i64 %size
  store ptr %t, ptr %tp
  ret i32 0
}

; half as much as long as the system refuses; 0, or 1 where there is not even a megabyte
define internal i32 @make_arena(ptr %c) #0 {
entry:
  %lp0 = getelementptr i8, ptr @tl_settings, i64 8
  %wanted = load i64, ptr %lp0
  %first = call i64 @llvm.umin.i64(i64 %wanted, i64 68719476736)
  br label %try
try:
  %size = phi i64 [%first, %entry], [%half, %again]
  %p = call ptr @map(i64 %size)
  %bad = icmp eq ptr %p, null
  br i1 %bad, label %again, label %good
again:
  %half = lshr i64 %size, 1
  %small = icmp ult i64 %half, 1048576
  br i1 %small, label %failed, label %try
failed:
  ret i32 1
good:
  %bp = getelementptr i8, ptr %c, i64 @arena_base@
  store ptr %p, ptr %bp
  %fp = getelementptr i8, ptr %c, i64 @arena_free@
  store ptr %p, ptr %fp
  %l = getelementptr i8, ptr %p, i64 %size
  %lp = getelementptr i8, ptr %c, i64 @arena_limit@
  store ptr %l, ptr %lp
  %kept = call i64 @unless_measured(ptr %c, i64 @ARENA_KEPT@, i64 0)
  %soft = call i64 @llvm.umin.i64(i64 %size, i64 %kept)
  %e = getelementptr i8, ptr %p, i64 %soft
  %ep = getelementptr i8, ptr %c, i64 @arena_end@
  store ptr %e, ptr %ep
  ret i32 0
}

; a function that recurses has passed the limit: the soft one, or the true one, or one that Ctrl-C has set
define preserve_allcc void @tl_deeper(ptr %c, i32 %code) #3 {
  %sp = call i64 @llvm.read_register.i64(metadata !0)
  %bp = getelementptr i8, ptr %c, i64 @stack_base@
  %b = load i64, ptr %bp
  %hard = add i64 %b, @MARGIN@
  %over = icmp ult i64 %sp, %hard
  br i1 %over, label %overflow, label %measure
overflow:
  call void @tl_raise(ptr %c, i32 %code)
  unreachable
measure:
  %tp = getelementptr i8, ptr %c, i64 @stack_top@
  %t = load i64, ptr %tp
  %soft = sub i64 %t, @STACK_KEPT@
  %far = icmp ult i64 %sp, %soft
  br i1 %far, label %mark, label %poll
mark:
  %dp = getelementptr i8, ptr %c, i64 @deep@
  store i64 1, ptr %dp
  %sp_state = getelementptr i8, ptr %c, i64 @thread_state@
  %state = load ptr, ptr %sp_state
  %watched = icmp ne ptr %state, null
  br i1 %watched, label %lower, label %poll
lower:
  ; before the poll: a signal that comes in between sets it again
  %lp = getelementptr i8, ptr %c, i64 @stack_limit@
  %limit = call i64 @unless_measured(ptr %c, i64 %hard, i64 -1)
  store volatile i64 %limit, ptr %lp
  br label %poll
poll:
  call preserve_allcc void @tl_poll(ptr %c)
  ret void
}

; the kernel has polled often: from now on it may be interrupted, and others may run; then only if it is interrupted
define preserve_allcc void @tl_attend(ptr %c) noinline #3 {
  %pp = getelementptr i8, ptr %c, i64 @patience@
  store i32 1, ptr %pp
  %sp = getelementptr i8, ptr %c, i64 @thread_state@
  %s = load ptr, ptr %sp
  %ip = getelementptr i8, ptr %c, i64 @interrupted@
  %first = icmp eq ptr %s, null
  br i1 %first, label %begin, label %look
look:
  %i = load volatile i32, ptr %ip
  %stop = icmp ne i32 %i, 0
  br i1 %stop, label %interrupt, label %done
interrupt:
  call void @tl_raise(ptr %c, i32 @INTERRUPTED@)
  unreachable
begin:
  store volatile i32 0, ptr %ip
  call void @soft_limit(ptr %c)
  %me = call i64 @pthread_self()
  %mp = getelementptr i8, ptr @tl_settings, i64 16
  %main = load i64, ptr %mp
  %ismain = icmp eq i64 %me, %main
  br i1 %ismain, label %hook, label %release
hook:
  %w = call i1 @watch(ptr %c)
  %wi = zext i1 %w to i32
  %wp = getelementptr i8, ptr %c, i64 @watched@
  store i32 %wi, ptr %wp
  br label %release
release:
  %ts = call ptr @PyEval_SaveThread()
  store ptr %ts, ptr %sp
  br label %done
done:
  ret void
}

; the stack that is kept between calls may be used without asking
define internal void @soft_limit(ptr %c) #0 {
  %tp = getelementptr i8, ptr %c, i64 @stack_top@
  %t = load i64, ptr %tp
  %soft = sub i64 %t, @STACK_KEPT@
  %lp = getelementptr i8, ptr %c, i64 @stack_limit@
  %limit = call i64 @unless_measured(ptr %c, i64 %soft, i64 -1)
  store volatile i64 %limit, ptr %lp
  ret void
}

; how far the arena's soft end lies ahead, and how deep the stack may get before somebody asks: where the memory of a
; call is measured, no further than it is
define internal i64 @unless_measured(ptr %c, i64 %n, i64 %measured) alwaysinline #0 {
  %mp = getelementptr i8, ptr %c, i64 @measures@
  %m = load i64, ptr %mp
  %measures = icmp ne i64 %m, 0
  %r = select i1 %measures, i64 %measured, i64 %n
  ret i64 %r
}

; the arena has no room for `size` more bytes below its soft end
define preserve_allcc void @tl_grow(ptr %c, i64 %size, i32 %code) #3 {
  %fp = getelementptr i8, ptr %c, i64 @arena_free@
  %f = load i64, ptr %fp
  %lp = getelementptr i8, ptr %c, i64 @arena_limit@
  %l = load i64, ptr %lp
  %room = sub i64 %l, %f
  %full = icmp ult i64 %room, %size
  br i1 %full, label %raise, label %grow
raise:
  call void @tl_raise(ptr %c, i32 %code)
  unreachable
grow:
  %ahead = call i64 @unless_measured(ptr %c, i64 @ARENA_KEPT@, i64 0)
  %more = add i64 %size, %ahead
  %step = call i64 @llvm.umin.i64(i64 %more, i64 %room)
  %e = add i64 %f, %step
  %tp = getelementptr i8, ptr %c, i64 @arena_most@
  store i64 %e, ptr %tp
  %ep = getelementptr i8, ptr %c, i64 @arena_end@
  store i64 %e, ptr %ep
  ret void
}

; the call is over: release the arena to its mark, and give back what it touched beyond what is kept
define void @tl_leave(ptr %c, ptr %was) #0 {
  %bp = getelementptr i8, ptr %c, i64 @arena_base@
  %b = load ptr, ptr %bp
  ; a mark from before there was an arena is null
  %unmapped = icmp eq ptr %was, null
  %mark = select i1 %unmapped, ptr %b, ptr %was
  %fp = getelementptr i8, ptr %c, i64 @arena_free@
  store ptr %mark, ptr %fp
  %kept = getelementptr i8, ptr %b, i64 @ARENA_KEPT@
  %ep = getelementptr i8, ptr %c, i64 @arena_end@
  %e = load ptr, ptr %ep
  %grown = icmp ugt ptr %e, %kept
  %outer = icmp ule ptr %mark, %kept
  %give = and i1 %grown, %outer
  br i1 %give, label %trim, label %done
trim:
  %ei = ptrtoint ptr %e to i64
  %ki = ptrtoint ptr %kept to i64
  %n = sub i64 %ei, %ki
  %r = call i32 @madvise(ptr %kept, i64 %n, i32 4)
  store ptr %kept, ptr %ep
  br label %done
done:
  ret void
}

; SIGINT while a kernel runs on the main thread: tell it, then do what would have been done
define internal void @on_sigint(i32 %sig, ptr %info, ptr %where) #0 {
  %c = load volatile ptr, ptr @main_context
  %has = icmp ne ptr %c, null
  br i1 %has, label %tell, label %chain
tell:
  %ip = getelementptr i8, ptr %c, i64 @interrupted@
  store volatile i32 1, ptr %ip
  %lp = getelementptr i8, ptr %c, i64 @stack_limit@
  store volatile i64 -1, ptr %lp
  br label %chain
chain:
  %old = load ptr, ptr @old_action
  %n = ptrtoint ptr %old to i64
  %real = icmp ugt i64 %n, 1
  br i1 %real, label %call, label %done
call:
  call void %old(i32 %sig, ptr %info, ptr %where)
  br label %done
done:
  ret void
}

; a handler that ignores or ends the process stays; whether ours was put in place
define internal i1 @watch(ptr %c) #0 {
  %new = alloca [152 x i8], align 8
  call void @llvm.memset.p0.i64(ptr %new, i8 0, i64 152, i1 false)
  store ptr @on_sigint, ptr %new
  %fp = getelementptr i8, ptr %new, i64 136
  store i32 134217732, ptr %fp
  store volatile ptr %c, ptr @main_context
  %r = call i32 @sigaction(i32 2, ptr %new, ptr @old_action)
  %h = load i64, ptr @old_action
  %plain = icmp ule i64 %h, 1
  br i1 %plain, label %undo, label %done
undo:
  %u = call i32 @sigaction(i32 2, ptr @old_action, ptr null)
  ret i1 false
done:
  ret i1 true
}

define i32 @tl_run(ptr %f, ptr %frame, ptr %c, i32 %flags) #0 {
entry:
  %d0 = and i32 %flags, @DEEP@
  %deep = icmp ne i32 %d0, 0
  br i1 %deep, label %big, label %arena
big:
  %sbp = getelementptr i8, ptr %c, i64 @stack_base@
  %sb = load ptr, ptr %sbp
  %nos = icmp eq ptr %sb, null
  br i1 %nos, label %makes, label %limit
makes:
  %ms = call i32 @make_stack(ptr %c)
  %msb = icmp ne i32 %ms, 0
  br i1 %msb, label %failed, label %limit
limit:
  %stp = getelementptr i8, ptr %c, i64 @stack_top@
  %st0 = load ptr, ptr %stp
  %slp = getelementptr i8, ptr %c, i64 @stack_limit@
  store i64 -1, ptr %slp
  br label %arena
arena:
  %top = phi ptr [null, %entry], [%st0, %limit]
  %a0 = and i32 %flags, @ALLOCATES@
  %al = icmp ne i32 %a0, 0
  br i1 %al, label %needa, label %gil
needa:
  %abp = getelementptr i8, ptr %c, i64 @arena_base@
  %ab = load ptr, ptr %abp
  %noa = icmp eq ptr %ab, null
  br i1 %noa, label %makea, label %gil
makea:
  %ma = call i32 @make_arena(ptr %c)
  %mab = icmp ne i32 %ma, 0
  br i1 %mab, label %failed, label %gil
gil:
  %ip = getelementptr i8, ptr %c, i64 @interrupted@
  store volatile i32 1, ptr %ip
  %pp = getelementptr i8, ptr %c, i64 @patience@
  store i32 @PATIENCE@, ptr %pp
  %tsp = getelementptr i8, ptr %c, i64 @thread_state@
  store ptr null, ptr %tsp
  %wp = getelementptr i8, ptr %c, i64 @watched@
  store i32 0, ptr %wp
  %rc = call i32 @tl_enter(ptr %f, ptr %frame, ptr %top, ptr %c)
  %ts = load ptr, ptr %tsp
  %held = icmp eq ptr %ts, null
  br i1 %held, label %trim, label %take
take:
  call void @PyEval_RestoreThread(ptr %ts)
  %w = load i32, ptr %wp
  %watched = icmp ne i32 %w, 0
  br i1 %watched, label %unhook, label %trim
unhook:
  %u = call i32 @sigaction(i32 2, ptr @old_action, ptr null)
  br label %trim
trim:
  br i1 %deep, label %touched, label %done
touched:
  %dp = getelementptr i8, ptr %c, i64 @deep@
  %was = load i64, ptr %dp
  %far = icmp ne i64 %was, 0
  br i1 %far, label %give, label %done
give:
  store i64 0, ptr %dp
  %gbp = getelementptr i8, ptr %c, i64 @stack_base@
  %gb = load ptr, ptr %gbp
  %size = load i64, ptr @tl_settings
  %n = sub i64 %size, @STACK_KEPT@
  %g = call i32 @madvise(ptr %gb, i64 %n, i32 4)
  br label %done
done:
  ret i32 %rc
failed:
  ret i32 @NO_MEMORY@
}

; room for `bytes` more in the print buffer
define ptr @tl_print(ptr %c, i64 %bytes) #0 {
entry:
  %up = getelementptr i8, ptr %c, i64 @print_used@
  %used = load i64, ptr %up
  %rp = getelementptr i8, ptr %c, i64 @print_room@
  %room = load i64, ptr %rp
  %bp = getelementptr i8, ptr %c, i64 @print_buffer@
  %buffer = load ptr, ptr %bp
  %after = add i64 %used, %bytes
  store i64 %after, ptr %up
  %fits = icmp ule i64 %after, %room
  br i1 %fits, label %done, label %grow
grow:
  %double = shl i64 %after, 1
  %want = call i64 @llvm.umax.i64(i64 %double, i64 4096)
  %new = call ptr @realloc(ptr %buffer, i64 %want)
  %bad = icmp eq ptr %new, null
  br i1 %bad, label %failed, label %grown
failed:
  store i64 %used, ptr %up
  call void @tl_raise(ptr %c, i32 @NO_MEMORY@)
  unreachable
grown:
  store ptr %new, ptr %bp
  store i64 %want, ptr %rp
  br label %done
done:
  %b = phi ptr [%buffer, %entry], [%new, %grown]
  %p = getelementptr i8, ptr %b, i64 %used
  ret ptr %p
}

; owner.flush(address, size): format and write what was printed; 0, or -1 with an exception set
define i32 @tl_flush(ptr %self, ptr %c) #0 {
  %up = getelementptr i8, ptr %c, i64 @print_used@
  %used = load i64, ptr %up
  %empty = icmp eq i64 %used, 0
  br i1 %empty, label %nothing, label %write
nothing:
  ret i32 0
write:
  %bp = getelementptr i8, ptr %c, i64 @print_buffer@
  %b = load ptr, ptr %bp
  %rp = getelementptr i8, ptr %c, i64 @print_room@
  store ptr null, ptr %bp
  store i64 0, ptr %up
  store i64 0, ptr %rp
  %r = call ptr (ptr, ptr, ptr, ...) @PyObject_CallMethod(ptr %self, ptr @s_flush, ptr @s_KK, ptr %b, i64 %used)
  call void @free(ptr %b)
  %bad = icmp eq ptr %r, null
  br i1 %bad, label %failed, label %good
failed:
  ret i32 -1
good:
  call void @Py_DecRef(ptr %r)
  ret i32 0
}

; the kernel left with a code: run pending signal handlers, write what was printed, set the exception
define ptr @tl_fail(ptr %self, ptr %c, i32 %code) #0 {
  %t = alloca ptr
  %v = alloca ptr
  %b = alloca ptr
  %s = call i32 @PyErr_CheckSignals()
  call void @PyErr_Fetch(ptr %t, ptr %v, ptr %b)
  %f = call i32 @tl_flush(ptr %self, ptr %c)
  %t1 = load ptr, ptr %t
  %signal = icmp ne ptr %t1, null
  br i1 %signal, label %restore, label %own
restore:
  %v1 = load ptr, ptr %v
  %b1 = load ptr, ptr %b
  call void @PyErr_Restore(ptr %t1, ptr %v1, ptr %b1)
  br label %done
own:
  %unwritten = icmp ne i32 %f, 0
  br i1 %unwritten, label %done, label %make
make:
  %e = call ptr (ptr, ptr, ptr, ...) @PyObject_CallMethod(ptr %self, ptr @s_fail, ptr @s_i, i32 %code)
  %none = icmp eq ptr %e, null
  br i1 %none, label %done, label %set
set:
  %tp = getelementptr i8, ptr %e, i64 8
  %type = load ptr, ptr %tp
  call void @PyErr_SetObject(ptr %type, ptr %e)
  call void @Py_DecRef(ptr %e)
  br label %done
done:
  ret ptr null
}

; owner.slow(*args, **kwargs)
define ptr @tl_slow(ptr %self, ptr %args, i64 %n, ptr %names) #0 {
  %f = call ptr @PyObject_GetAttrString(ptr %self, ptr @s_slow)
  %none = icmp eq ptr %f, null
  br i1 %none, label %failed, label %good
failed:
  ret ptr null
good:
  %r = call ptr @PyObject_Vectorcall(ptr %f, ptr %args, i64 %n, ptr %names)
  call void @Py_DecRef(ptr %f)
  ret ptr %r
}

; owner.decode(address)
define ptr @tl_decode(ptr %self, ptr %at) #0 {
  %r = call ptr (ptr, ptr, ptr, ...) @PyObject_CallMethod(ptr %self, ptr @s_decode, ptr @s_K, ptr %at)
  ret ptr %r
}

; whether an object is a string equal to another
define i1 @tl_same_text(ptr %a, ptr %b) #0 {
  %tp = getelementptr i8, ptr %a, i64 8
  %t = load ptr, ptr %tp
  %is = icmp eq ptr %t, @PyUnicode_Type
  br i1 %is, label %compare, label %no
no:
  ret i1 false
compare:
  %r = call i32 @PyUnicode_Compare(ptr %a, ptr %b)
  %same = icmp eq i32 %r, 0
  ret i1 %same
}
"""

TEMPLATE = MODULE_ASSEMBLY + "\n" + CODE + runtime_arrays.CODE + '\n!0 = !{!"rsp"}\n'
