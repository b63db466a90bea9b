"""Object code on disk: taken when it is whole and for the same key, made anew otherwise, never an error."""

import os
import subprocess
import sys

import pytest
import tapeless as tl
from tapeless.backend import cache, jit


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder for the cache."""
    monkeypatch.setenv("TAPELESS_CACHE", str(tmp_path / "objects"))
    return tmp_path / "objects"


def kept(key="text", image=b"code"):
    """What the cache gives for a key, and whether it had to be made."""
    made = []
    return cache.kept("runtime", key, lambda: made.append(key) or image), bool(made)


def test_what_was_made_is_found_again(folder):
    assert kept() == (b"code", True)
    assert kept(image=b"other") == (b"code", False)
    assert kept("text of another version", b"other") == (b"other", True)
    assert folder.stat().st_mode & 0o777 == 0o700
    assert len(list(folder.iterdir())) == 2, "one file for each key, and none that was begun"


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data[:6],
        lambda data: data[:-1] + b"X",
        lambda data: b"X" + data[1:],
        lambda data: data + b"more",
    ],
)
def test_a_damaged_file_is_made_anew(folder, damage):
    kept()
    (file,) = folder.iterdir()
    file.write_bytes(damage(file.read_bytes()))
    assert kept() == (b"code", True)
    assert kept() == (b"code", False)


def test_a_file_of_another_key_under_the_same_name_is_not_taken(folder, monkeypatch):
    monkeypatch.setattr(cache.zlib, "crc32", lambda data: 7)
    assert kept() == (b"code", True)
    assert kept("texT", b"other") == (b"other", True)


@pytest.mark.parametrize("value", ["", "0", "/proc/no/such/folder", "/dev/null/x"])
def test_without_a_folder_it_is_made_each_time(value, monkeypatch):
    monkeypatch.setenv("TAPELESS_CACHE", value)
    assert kept() == kept() == (b"code", True)


def test_a_folder_that_others_may_write_to_is_not_used(folder):
    folder.mkdir()
    folder.chmod(0o777)
    assert kept() == kept() == (b"code", True)
    assert not list(folder.iterdir())


def test_a_failed_write_is_no_error_and_leaves_nothing(folder, monkeypatch):
    def full(*args):
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", full)
    assert kept() == (b"code", True)
    assert not list(folder.iterdir())


PROGRAM = """
import tapeless as tl
def f(x, n):
    for _ in range(n):
        x = x * 1.5
    return x
print(tl.grad(f)(1.0, 400), tl.grad(f)(1.0, 3))
"""


def test_the_runtime_works_from_the_file_as_it_does_when_it_is_made(folder, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)

    def run():
        return subprocess.run([sys.executable, str(program)], capture_output=True, text=True, check=True).stdout

    first = run()
    files = sorted(folder.iterdir())
    assert [f.name.split("-")[0] for f in files] == ["runtime", "wrapper"]
    written = [f.stat().st_mtime_ns for f in files]
    assert run() == first and first.endswith(" 3.375\n")
    assert [f.stat().st_mtime_ns for f in files] == written, "the second process reads"
    for f in files:
        f.write_bytes(b"not object code")
    assert run() == first


LOOP = """
def f(x, n):
    for _ in range(n):
        x = x + 1.0
    return x
"""


def test_kernels_of_the_same_types_share_one_wrapper(monkeypatch):
    """Also without a folder: it is made once in a process."""
    made = []
    object_code = jit.object_code
    monkeypatch.setattr(jit, "object_code", lambda text, *levels: made.append(text) or object_code(text, *levels))
    monkeypatch.setattr(jit, "_LASTING", {})
    values = [tl.jit(tl.from_source(LOOP.replace("1.0", step), "f"))(1.0, 3) for step in ("1.0", "2.0", "3.0")]
    assert values == [4.0, 7.0, 10.0]
    assert sum("define ptr @tl_call(" in text for text in made) == 1
    assert tl.jit(tl.from_source(LOOP, "f"))(1.0, True) == 2.0
    assert sum("define ptr @tl_call(" in text for text in made) == 2
