"""What memcheck counts, and buffers without pools. The check itself takes minutes: see CONTRIBUTING.md."""

import os
import pickle
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import memcheck
import numpy as np

OURS = "<frame><ip>0x6F5E30F</ip></frame>"
THEIRS = "<frame><ip>0x4023C6C</ip><obj>/lib/libc.so.6</obj><fn>memmove</fn></frame>"


def error(frames: str, freed_by: str = "") -> ElementTree.Element:
    text = f"<what>Invalid read of size 8</what><stack>{frames}</stack><auxwhat>Address</auxwhat>"
    return ElementTree.fromstring(f"<error>{text}<stack>{freed_by}</stack></error>")


def test_what_counts_has_a_frame_in_our_code():
    assert memcheck.described(error(THEIRS + OURS)).endswith("(memmove < 0x6F5E30F)")
    assert memcheck.described(error(OURS)).startswith("Invalid read of size 8")
    assert memcheck.described(error(THEIRS)) == ""
    assert memcheck.described(error(THEIRS, OURS)) == ""


def test_arguments_keep_what_kernels_look_at():
    m = np.arange(6.0).reshape(2, 3)
    a, b, kind = pickle.loads(memcheck.packed((m.T, m, np.dtype("f4"))))
    np.testing.assert_array_equal(a, m.T)
    np.testing.assert_array_equal(b, m)
    assert not a.flags.c_contiguous and b.flags.c_contiguous
    assert b.dtype is m.dtype and kind is np.dtype("f4")


def test_programs_without_pools():
    code = """
        import numpy as np, tapeless as tl
        import writing_programs as w
        f = tl.grad(w.stencil)
        kept = [f(np.linspace(0.0, 1.0, n), 0.2) for n in (3, 1000, 1000, 5)]
        assert all((f(np.linspace(0.0, 1.0, len(k)), 0.2) == k).all() for k in kept)
        try:
            tl.jit(w.recurrence)(np.zeros(0), 0.3)
        except IndexError:
            print("as with pools")
    """
    run = subprocess.run(
        [sys.executable, "-c", "\n".join(line[8:] for line in code.splitlines())],
        env=os.environ | {"TAPELESS_POOLS": "0", "PYTHONPATH": str(Path(__file__).parent)},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert run.stdout == "as with pools\n", run.stderr[-2000:]
