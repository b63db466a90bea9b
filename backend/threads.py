"""The pool of threads that large nests run on: one task at a time for the process, cut into blocks.

    tl_parallel(function, environment, blocks)    function(environment, b) for each b below `blocks`, in any order

The caller takes blocks itself, and returns when all are done. Threads are made when a task first wants them, sleep
between tasks and never end. Where another task runs already the caller does all blocks alone, and so it is in a child
process that was forked meanwhile, whose first task makes threads of its own. The pool has no part in what is computed:
blocks depend on sizes alone, so results do not depend on the number of threads.
"""

from __future__ import annotations

import ctypes
import os
from functools import cache

from tapeless.backend.jit import Library, lasting_code, load
from tapeless.ir.diagnostics import UsageError

BLOCKS = 64
"""Blocks of a task, at most."""

TEXT = r"""
declare i32 @pthread_mutex_lock(ptr)
declare i32 @pthread_mutex_unlock(ptr)
declare i32 @pthread_cond_wait(ptr, ptr)
declare i32 @pthread_cond_signal(ptr)
declare i32 @pthread_cond_broadcast(ptr)
declare i32 @pthread_create(ptr, ptr, ptr, ptr)
declare i32 @pthread_sigmask(i32, ptr, ptr)
declare i32 @getpid()
declare i64 @llvm.smin.i64(i64, i64)
declare void @llvm.memset.p0.i64(ptr, i8, i64, i1)

; how many threads run a task, the caller among them
@tl_threads = global i64 1
; the process that runs a task, or 0; the process that the threads are of
@busy = internal global i32 0
@process = internal global i32 0
; a mutex, what says that there is a task, and what says that all have left it
@mutex = internal global [5 x i64] zeroinitializer, align 8
@called = internal global [6 x i64] zeroinitializer, align 8
@left = internal global [6 x i64] zeroinitializer, align 8
; threads there are, that may still join, that have joined and not left
@workers = internal global i64 0
@wanted = internal global i64 0
@active = internal global i64 0
; the task
@function = internal global ptr null
@environment = internal global ptr null
@blocks = internal global i64 0
@next = internal global i64 0

define internal void @take() #0 {
entry:
  %f = load ptr, ptr @function
  %env = load ptr, ptr @environment
  %n = load i64, ptr @blocks
  br label %more
more:
  %b = atomicrmw add ptr @next, i64 1 seq_cst
  %some = icmp slt i64 %b, %n
  br i1 %some, label %run, label %done
run:
  call void %f(ptr %env, i64 %b)
  br label %more
done:
  ret void
}

define internal ptr @work(ptr %nothing) #0 {
entry:
  call i32 @pthread_mutex_lock(ptr @mutex)
  br label %look
look:
  %w = load i64, ptr @wanted
  %some = icmp sgt i64 %w, 0
  br i1 %some, label %join, label %sleep
sleep:
  call i32 @pthread_cond_wait(ptr @called, ptr @mutex)
  br label %look
join:
  %fewer = sub i64 %w, 1
  store i64 %fewer, ptr @wanted
  %a = load i64, ptr @active
  %a1 = add i64 %a, 1
  store i64 %a1, ptr @active
  call i32 @pthread_mutex_unlock(ptr @mutex)
  call void @take()
  call i32 @pthread_mutex_lock(ptr @mutex)
  %now = load i64, ptr @active
  %rest = sub i64 %now, 1
  store i64 %rest, ptr @active
  %last = icmp eq i64 %rest, 0
  br i1 %last, label %tell, label %look
tell:
  call i32 @pthread_cond_signal(ptr @left)
  br label %look
}

; a thread more, which gets no signals: those are for the interpreter's
define internal i1 @employ() #0 {
  %id = alloca i64
  %all = alloca [16 x i64]
  %old = alloca [16 x i64]
  call void @llvm.memset.p0.i64(ptr %all, i8 -1, i64 128, i1 false)
  call i32 @pthread_sigmask(i32 2, ptr %all, ptr %old)
  %r = call i32 @pthread_create(ptr %id, ptr null, ptr @work, ptr null)
  call i32 @pthread_sigmask(i32 2, ptr %old, ptr null)
  %ok = icmp eq i32 %r, 0
  ret i1 %ok
}

define void @tl_parallel(ptr %f, ptr %env, i64 %blocks) #0 {
entry:
  %threads = load i64, ptr @tl_threads
  %single = icmp sle i64 %threads, 1
  br i1 %single, label %alone, label %claim
claim:
  %pid = call i32 @getpid()
  %claimed = cmpxchg ptr @busy, i32 0, i32 %pid seq_cst seq_cst
  %free = extractvalue { i32, i1 } %claimed, 1
  br i1 %free, label %mine, label %taken
taken:
  %by = extractvalue { i32, i1 } %claimed, 0
  %ours = icmp eq i32 %by, %pid
  br i1 %ours, label %alone, label %inherited
inherited:
  %again = cmpxchg ptr @busy, i32 %by, i32 %pid seq_cst seq_cst
  %got = extractvalue { i32, i1 } %again, 1
  br i1 %got, label %mine, label %alone
mine:
  %of = load i32, ptr @process
  %same = icmp eq i32 %of, %pid
  br i1 %same, label %ready, label %fresh
fresh:
  call void @llvm.memset.p0.i64(ptr @mutex, i8 0, i64 40, i1 false)
  call void @llvm.memset.p0.i64(ptr @called, i8 0, i64 48, i1 false)
  call void @llvm.memset.p0.i64(ptr @left, i8 0, i64 48, i1 false)
  store i64 0, ptr @workers
  store i64 0, ptr @wanted
  store i64 0, ptr @active
  store i32 %pid, ptr @process
  br label %ready
ready:
  %most = call i64 @llvm.smin.i64(i64 %threads, i64 %blocks)
  %helpers = sub i64 %most, 1
  br label %enough
enough:
  %have = load i64, ptr @workers
  %few = icmp slt i64 %have, %helpers
  br i1 %few, label %hire, label %begin
hire:
  %hired = call i1 @employ()
  br i1 %hired, label %count, label %begin
count:
  %one_more = add i64 %have, 1
  store i64 %one_more, ptr @workers
  br label %enough
begin:
  call i32 @pthread_mutex_lock(ptr @mutex)
  store ptr %f, ptr @function
  store ptr %env, ptr @environment
  store i64 %blocks, ptr @blocks
  store i64 0, ptr @next
  %there = load i64, ptr @workers
  %join = call i64 @llvm.smin.i64(i64 %there, i64 %helpers)
  store i64 %join, ptr @wanted
  call i32 @pthread_cond_broadcast(ptr @called)
  call i32 @pthread_mutex_unlock(ptr @mutex)
  call void @take()
  call i32 @pthread_mutex_lock(ptr @mutex)
  store i64 0, ptr @wanted
  br label %wait
wait:
  %busy_ones = load i64, ptr @active
  %some = icmp sgt i64 %busy_ones, 0
  br i1 %some, label %sleep, label %end
sleep:
  call i32 @pthread_cond_wait(ptr @left, ptr @mutex)
  br label %wait
end:
  call i32 @pthread_mutex_unlock(ptr @mutex)
  store atomic i32 0, ptr @busy seq_cst, align 4
  ret void
alone:
  %empty = icmp sle i64 %blocks, 0
  br i1 %empty, label %over, label %each
each:
  %b = phi i64 [0, %alone], [%following, %each]
  call void %f(ptr %env, i64 %b)
  %following = add i64 %b, 1
  %more = icmp slt i64 %following, %blocks
  br i1 %more, label %each, label %over
over:
  ret void
}
"""


@cache
def _pool() -> Library:
    return load([lasting_code("threads", TEXT, 0, 0)], "threads", ("tl_parallel", "tl_threads"), {}, TEXT)


def addresses() -> dict[str, int]:
    """The address of `tl_parallel`, for kernels with nests that may be large."""
    number()
    return {"tl_parallel": _pool().address("tl_parallel")}


def number() -> int:
    """How many threads run a large nest."""
    return int(_setting().value)


def set_number(n: int) -> None:
    """Say how many threads run a large nest."""
    _setting().value = n


@cache
def _setting() -> ctypes.c_int64:
    setting = ctypes.c_int64.from_address(_pool().address("tl_threads"))
    setting.value = _from_environment()
    return setting


def _from_environment() -> int:
    given = os.environ.get("TAPELESS_NUM_THREADS", "").strip()
    if not given:
        return len(os.sched_getaffinity(0))
    if not given.isdecimal() or int(given) < 1:
        raise UsageError(f"TAPELESS_NUM_THREADS={given!r} is no number of threads; expected an int from 1")
    return int(given)
