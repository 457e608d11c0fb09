"""Memory that is freed stays with the process, where the next step finds it warm.

A compiled step asks for its temporaries in one piece and frees them when it is done.
The GNU C library gives pieces of 32 MiB and more back to the system each time, and
smaller ones at the end of its heap; each step then faults its pages in again, one for
every 4096 bytes, and that is a fifth to a third of the time of many steps on a CPU.
So it is asked to keep them, as long as the process has less than half of the memory.

Which memory a program wants is XLA's business; which data is kept is `training`'s.
"""

from __future__ import annotations

import ctypes
import functools
import os
import time
from pathlib import Path
from typing import Any

from cthulhu import config

SHARE = 0.5  # of the memory; who has more than that gives back what is free
PERIOD = 0.02  # seconds for which nobody looks again: a look takes 0.05 ms and more

# Options of `mallopt`, from <malloc.h>, each with what it is set to and what it was.
_WISHES = (
    (-1, 2**31 - 1, 2**17),  # M_TRIM_THRESHOLD: free bytes kept at the heap's end
    (-4, 0, 2**16),  # M_MMAP_MAX: pieces that lie outside of the heap
    (-8, 1, 0),  # M_ARENA_MAX: heaps; of all but the first, the size is limited
)

_limits = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
_keeping = False
_watched = float("-inf")


def keep_freed_memory() -> bool:
    """Ask the C library to keep what is freed; whether it will.

    Nothing happens where `config.keep_memory()` is False, where the C library is not
    GNU's, and where the environment tells the C library something else.  A thread that
    has a heap of its own by now goes on with it: call this before JAX starts its own.
    """
    global _keeping
    told = "malloc" in os.environ.get("GLIBC_TUNABLES", "")
    told = told or any(name.startswith("MALLOC_") for name in os.environ)
    library = None if told or not config.keep_memory() else _gnu_library()
    _keeping = library is not None and all(
        library.mallopt(option, wish) == 1 for option, wish, _ in _WISHES
    )
    return _keeping


def watch_memory() -> None:
    """Give back what is free, now and from now on, if the process has too much."""
    global _keeping, _watched
    now = time.monotonic()
    if not _keeping or now - _watched < PERIOD:
        return
    _watched = now
    if resident_bytes() > SHARE * system_bytes():
        library = _gnu_library()
        for option, _, usual in _WISHES:
            library.mallopt(option, usual)
        library.malloc_trim(0)
        _keeping = False


def resident_bytes() -> int:
    """Memory that the process has, in bytes; 0 where that cannot be told."""
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, AttributeError):
        return 0


@functools.cache
def system_bytes() -> int:
    """Memory of the machine, or of the container that the process is in, in bytes."""
    try:
        found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    except (ValueError, OSError, AttributeError):
        found = [2**33]
    for path in _limits:
        try:
            found.append(int(Path(path).read_text()))
        except (OSError, ValueError):  # there is none, or it says "max"
            continue
    return min(found)


@functools.cache
def _gnu_library() -> Any:
    try:
        library = ctypes.CDLL(None)
        library.gnu_get_libc_version  # noqa: B018 - no other library has it
    except (OSError, TypeError, AttributeError):
        return None
    return library
