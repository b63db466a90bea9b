"""Object code on disk, from one process to the next: that of the runtime's module, which every program needs.

    image = kept("runtime", key, lambda: compile(text))

`key` is all that the object code follows from; the file holds it, so a file that another version wrote, or for another
CPU, is not taken, nor one that is damaged. Without a folder that is ours alone, everything is compiled as ever.
`TAPELESS_CACHE` names another folder than `~/.cache/tapeless`; `TAPELESS_CACHE=0` says that there is none.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import zlib
from collections.abc import Callable


def kept(name: str, key: str, make: Callable[[], bytes]) -> bytes:
    """The object code for a key: what is on disk, else made and written there."""
    folder = place()
    if folder is None:
        return make()
    wanted = key.encode()
    path = os.path.join(folder, f"{name}-{zlib.crc32(wanted):08x}.o")
    found = read(path, wanted)
    if found is None:
        found = make()
        with contextlib.suppress(OSError):
            write(path, wanted, found)
    return found


def place() -> str | None:
    """The folder, made if need be; None where there is none, or others than the user may write to it."""
    given = os.environ.get("TAPELESS_CACHE")
    if given in ("", "0"):
        return None
    home = os.environ.get("XDG_CACHE_HOME") or os.path.join(os.path.expanduser("~"), ".cache")
    folder = given or os.path.join(home, "tapeless")
    try:
        os.makedirs(folder, mode=0o700, exist_ok=True)
        status = os.stat(folder)
    except OSError:
        return None
    return folder if status.st_uid == os.getuid() and not status.st_mode & 0o022 else None


def read(path: str, key: bytes) -> bytes | None:
    """The object code in a file, if that has it for this very key and all of it."""
    try:
        with open(path, "rb") as file:
            data = file.read()
    except OSError:
        return None
    image = data[len(key) + 4 :]
    return image if image and data[: len(key) + 4] == key + _sum(image) else None


def write(path: str, key: bytes, image: bytes) -> None:
    """Put a file in place in one step: who reads at the same time sees the old one or the new one."""
    handle, new = tempfile.mkstemp(dir=os.path.dirname(path))
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(key + _sum(image) + image)
        os.replace(new, path)
    except BaseException:
        os.unlink(new)
        raise


def _sum(image: bytes) -> bytes:
    return zlib.crc32(image).to_bytes(4, "little")
