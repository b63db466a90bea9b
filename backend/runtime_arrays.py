"""Buffers of arrays, in LLVM IR: what the runtime has (`CODE`), and what each kernel inlines (`INLINE`).

A buffer is {i64 references, ptr next, ptr previous} in 64 bytes, and the elements behind. The context has the list of
all of the thread, newest first, so that those of a call that failed can be freed.
"""

CODE = r"""
declare ptr @aligned_alloc(i64, i64)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

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

define ptr @tl_new_buffer(ptr %c, i64 %size, i32 %code) #0 {
  %padded = add i64 %size, 127
  %total = and i64 %padded, -64
  %p = call ptr @aligned_alloc(i64 64, i64 %total)
  %none = icmp eq ptr %p, null
  br i1 %none, label %full, label %link
full:
  call void @tl_raise(ptr %c, i32 %code)
  unreachable
link:
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
  call void @free(ptr %p)
  ret void
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
declare void @tl_free_buffer(ptr, ptr addrspace(1)) nounwind cold
declare i64 @llvm.umax.i64(i64, i64)
declare {i64, i1} @llvm.umul.with.overflow.i64(i64, i64)

define internal void @tl_retain(ptr %c, ptr addrspace(1) %o) alwaysinline #0 {
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

define internal void @tl_release(ptr %c, ptr addrspace(1) %o) alwaysinline #0 {
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
