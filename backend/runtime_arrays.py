"""Buffers of arrays, in LLVM IR: what the runtime has (`CODE`), and what each kernel inlines (`INLINE`).

A buffer is {i64 references, ptr next, ptr previous, i64 pool, i64 size} in 64 bytes, and the elements behind. The
context has the list of all of the thread, newest first, so that those of a call that failed can be freed. Free buffers
are kept in pools, one for each size that buffers have: four to each power of two. Without pools (TAPELESS_POOLS=0) each
is allocated by itself, no longer than its elements, and given back at once: then a memory checker sees where it ends.
"""

CODE = r"""
declare ptr @aligned_alloc(i64, i64)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)
declare i64 @llvm.ctlz.i64(i64, i1)
declare i64 @llvm.smax.i64(i64, i64)

; %next stands behind %p in the list; where %p is null, it is the first
define internal void @link(ptr %c, ptr %p, ptr %next) alwaysinline #0 {
  %is_first = icmp eq ptr %p, null
  %bp = getelementptr i8, ptr %c, i64 @buffers@
  %after = getelementptr i8, ptr %p, i64 8
  %to = select i1 %is_first, ptr %bp, ptr %after
  store ptr %next, ptr %to
  %is_last = icmp eq ptr %next, null
  br i1 %is_last, label %done, label %back
back:
  %pp = getelementptr i8, ptr %next, i64 16
  store ptr %p, ptr %pp
  br label %done
done:
  ret void
}

; bytes of buffers that are in use, and the most that were
define internal void @hold(ptr %c, i64 %bytes) alwaysinline #0 {
  %hp = getelementptr i8, ptr %c, i64 @held@
  %before = load i64, ptr %hp
  %held = add i64 %before, %bytes
  store i64 %held, ptr %hp
  %mp = getelementptr i8, ptr %c, i64 @held_most@
  %most = load i64, ptr %mp
  %larger = call i64 @llvm.smax.i64(i64 %held, i64 %most)
  store i64 %larger, ptr %mp
  ret void
}

define ptr @tl_new_buffer(ptr %c, i64 %size, i32 %code) #0 {
  %padded = add i64 %size, @PADDING@
  %total = and i64 %padded, -@UNIT@
  %large = icmp ugt i64 %total, @LARGEST@
  br i1 %large, label %allocate, label %sized
sized:
  %below = sub i64 %total, 1
  %zeros = call i64 @llvm.ctlz.i64(i64 %below, i1 true)
  %bits = sub i64 61, %zeros
  %few = icmp slt i64 %bits, 6
  %shift = select i1 %few, i64 6, i64 %bits
  %steps = lshr i64 %below, %shift
  %up = add i64 %steps, 1
  %rounded = shl i64 %up, %shift
  %octaves = sub i64 %shift, 6
  %fours = shl i64 %octaves, 2
  %index = add i64 %fours, %steps
  %pools = getelementptr i8, ptr %c, i64 @pools@
  %pool = getelementptr ptr, ptr %pools, i64 %index
  %head = load ptr, ptr %pool
  %empty = icmp eq ptr %head, null
  br i1 %empty, label %allocate, label %reuse
reuse:
  %behind = getelementptr i8, ptr %head, i64 8
  %rest = load ptr, ptr %behind
  store ptr %rest, ptr %pool
  %kp = getelementptr i8, ptr %c, i64 @pooled@
  %kept = load i64, ptr %kp
  %left = sub i64 %kept, %rounded
  store i64 %left, ptr %kp
  br label %link
allocate:
  %i = phi i64 [-1, %0], [%index, %sized]
  %bytes = phi i64 [%total, %0], [%rounded, %sized]
  %new = call ptr @aligned_alloc(i64 64, i64 %bytes)
  %none = icmp eq ptr %new, null
  br i1 %none, label %full, label %mark
full:
  call void @tl_raise(ptr %c, i32 %code)
  unreachable
mark:
  %ip = getelementptr i8, ptr %new, i64 24
  store i64 %i, ptr %ip
  %sp = getelementptr i8, ptr %new, i64 32
  store i64 %bytes, ptr %sp
  br label %link
link:
  %p = phi ptr [%head, %reuse], [%new, %mark]
  %taken = phi i64 [%rounded, %reuse], [%bytes, %mark]
  call void @hold(ptr %c, i64 %taken)
  store i64 1, ptr %p
  %bp = getelementptr i8, ptr %c, i64 @buffers@
  %first = load ptr, ptr %bp
  call void @link(ptr %c, ptr %p, ptr %first)
  call void @link(ptr %c, ptr null, ptr %p)
  ret ptr %p
}

define ptr @tl_new_zeros(ptr %c, i64 %size, i32 %code) #0 {
  %p = call ptr @tl_new_buffer(ptr %c, i64 %size, i32 %code)
  %d = getelementptr i8, ptr %p, i64 64
  call void @llvm.memset.p0.i64(ptr %d, i8 0, i64 %size, i1 false)
  ret ptr %p
}

define void @tl_free_buffer(ptr %c, ptr %p) #0 {
  %np = getelementptr i8, ptr %p, i64 8
  %next = load ptr, ptr %np
  %pp = getelementptr i8, ptr %p, i64 16
  %previous = load ptr, ptr %pp
  call void @link(ptr %c, ptr %previous, ptr %next)
  call void @recycle(ptr %c, ptr %p)
  ret void
}

; into its pool, or free
define internal void @recycle(ptr %c, ptr %p) #0 {
  %ip = getelementptr i8, ptr %p, i64 24
  %i = load i64, ptr %ip
  %large = icmp slt i64 %i, 0
  %sp = getelementptr i8, ptr %p, i64 32
  %size = load i64, ptr %sp
  %given = sub i64 0, %size
  call void @hold(ptr %c, i64 %given)
  br i1 %large, label %drop, label %look
look:
  %poison = load i64, ptr getelementptr (i8, ptr @tl_settings, i64 24)
  %poisons = icmp ne i64 %poison, 0
  br i1 %poisons, label %overwrite, label %count
overwrite:
  %elements = getelementptr i8, ptr %p, i64 64
  %length = sub i64 %size, 64
  call void @llvm.memset.p0.i64(ptr %elements, i8 -1, i64 %length, i1 false)
  br label %count
count:
  %kp = getelementptr i8, ptr %c, i64 @pooled@
  %kept = load i64, ptr %kp
  %more = add i64 %kept, %size
  %full = icmp ugt i64 %more, @MOST@
  br i1 %full, label %drop, label %keep
keep:
  store i64 %more, ptr %kp
  %pools = getelementptr i8, ptr %c, i64 @pools@
  %pool = getelementptr ptr, ptr %pools, i64 %i
  %head = load ptr, ptr %pool
  %np = getelementptr i8, ptr %p, i64 8
  store ptr %head, ptr %np
  store ptr %p, ptr %pool
  ret void
drop:
  call void @free(ptr %p)
  ret void
}

; the thread ends
define internal void @free_pools(ptr %c) #0 {
  %pools = getelementptr i8, ptr %c, i64 @pools@
  br label %head
head:
  %i = phi i64 [0, %0], [%after, %next]
  %pool = getelementptr ptr, ptr %pools, i64 %i
  %first = load ptr, ptr %pool
  br label %list
list:
  %p = phi ptr [%first, %head], [%rest, %drop]
  %end = icmp eq ptr %p, null
  br i1 %end, label %next, label %drop
drop:
  %np = getelementptr i8, ptr %p, i64 8
  %rest = load ptr, ptr %np
  call void @free(ptr %p)
  br label %list
next:
  %after = add i64 %i, 1
  %more = icmp ult i64 %after, @POOLS@
  br i1 %more, label %head, label %done
done:
  ret void
}

declare void @Py_IncRef(ptr)
declare ptr @PyCapsule_New(ptr, ptr, ptr)
declare ptr @PyCapsule_GetPointer(ptr, ptr)
declare void @llvm.memcpy.p0.p0.i64(ptr, ptr, i64, i1)

define internal void @free_capsule(ptr %capsule) #0 {
  %p = call ptr @PyCapsule_GetPointer(ptr %capsule, ptr null)
  %c = call ptr @tl_context()
  %none = icmp eq ptr %c, null
  br i1 %none, label %drop, label %keep
keep:
  call void @recycle(ptr %c, ptr %p)
  ret void
drop:
  call void @free(ptr %p)
  ret void
}

; An array of NumPy with %bytes of elements from %data. Where %o is the buffer of all of it, in no other hands, and not
; small, the array takes it over; else it gets a copy. Null with an exception set where there is no memory.
define ptr @tl_array(
  ptr %c, ptr %o, ptr %data, i32 %rank, ptr %dims, i64 %bytes, ptr %dtype, ptr %type, ptr %new, ptr %set_base
) #0 {
  call void @Py_IncRef(ptr %dtype)
  %none = icmp eq ptr %o, null
  br i1 %none, label %copy, label %look
look:
  %start = getelementptr i8, ptr %o, i64 64
  %whole = icmp eq ptr %start, %data
  %n = load i64, ptr %o
  %alone = icmp eq i64 %n, 1
  %large = icmp ugt i64 %bytes, 2048
  %one = and i1 %whole, %alone
  %takes = and i1 %one, %large
  br i1 %takes, label %take, label %copy
take:
  %capsule = call ptr @PyCapsule_New(ptr %o, ptr null, ptr @free_capsule)
  %no_capsule = icmp eq ptr %capsule, null
  br i1 %no_capsule, label %failed, label %wrap
wrap:
  %np = getelementptr i8, ptr %o, i64 8
  %next = load ptr, ptr %np
  %pp = getelementptr i8, ptr %o, i64 16
  %previous = load ptr, ptr %pp
  call void @link(ptr %c, ptr %previous, ptr %next)
  %a = call ptr %new(ptr %type, ptr %dtype, i32 %rank, ptr %dims, ptr null, ptr %data, i32 1281, ptr null)
  %no_array = icmp eq ptr %a, null
  br i1 %no_array, label %drop, label %own
drop:
  call void @Py_DecRef(ptr %capsule)
  ret ptr null
own:
  %set = call i32 %set_base(ptr %a, ptr %capsule)
  ret ptr %a
failed:
  call void @Py_DecRef(ptr %dtype)
  ret ptr null
copy:
  %b = call ptr %new(ptr %type, ptr %dtype, i32 %rank, ptr %dims, ptr null, ptr null, i32 0, ptr null)
  %no_copy = icmp eq ptr %b, null
  br i1 %no_copy, label %end, label %fill
fill:
  %dp = getelementptr i8, ptr %b, i64 16
  %to = load ptr, ptr %dp
  call void @llvm.memcpy.p0.p0.i64(ptr %to, ptr %data, i64 %bytes, i1 false)
  br label %end
end:
  ret ptr %b
}

; free what is newer than a mark, the first buffer of the list at that time
define void @tl_free_since(ptr %c, ptr %mark) #0 {
  br label %head
head:
  %bp = getelementptr i8, ptr %c, i64 @buffers@
  %p = load ptr, ptr %bp
  %end = icmp eq ptr %p, %mark
  br i1 %end, label %done, label %free
free:
  call void @tl_free_buffer(ptr %c, ptr %p)
  br label %head
done:
  ret void
}
"""

INLINE = r"""
declare void @llvm.memcpy.p1.p1.i64(ptr addrspace(1), ptr addrspace(1), i64, i1)
declare void @llvm.memset.p1.i64(ptr addrspace(1), i8, i64, i1)
declare void @tl_free_buffer(ptr, ptr addrspace(1)) nounwind cold
declare i64 @llvm.umax.i64(i64, i64)
declare {i64, i1} @llvm.umul.with.overflow.i64(i64, i64)

define internal void @tl_retain(ptr %c, ptr addrspace(1) %o) noinline #0 {
  %none = icmp eq ptr addrspace(1) %o, null
  br i1 %none, label %done, label %count
count:
  %n = load i64, ptr addrspace(1) %o
  %m = add i64 %n, 1
  store i64 %m, ptr addrspace(1) %o
  br label %done
done:
  ret void
}

define internal void @tl_release(ptr %c, ptr addrspace(1) %o) noinline #0 {
  %none = icmp eq ptr addrspace(1) %o, null
  br i1 %none, label %done, label %count
count:
  %n = load i64, ptr addrspace(1) %o
  %m = sub i64 %n, 1
  store i64 %m, ptr addrspace(1) %o
  %dead = icmp eq i64 %m, 0
  br i1 %dead, label %free, label %done
free:
  call void @tl_free_buffer(ptr %c, ptr addrspace(1) %o)
  br label %done
done:
  ret void
}

define internal i1 @tl_is_alone(ptr addrspace(1) %o) alwaysinline #0 {
  %none = icmp eq ptr addrspace(1) %o, null
  br i1 %none, label %no, label %count
count:
  %n = load i64, ptr addrspace(1) %o
  %one = icmp eq i64 %n, 1
  ret i1 %one
no:
  ret i1 false
}
"""

PARALLEL = "declare void @tl_parallel(ptr, ptr, i64) nounwind"
THIN = "declare void @tl_thin(ptr addrspace(1), i64, i64, ptr addrspace(1), ptr addrspace(1), i64, i64, i64) nounwind"
