"""Freed memory stays with the process, where the next training step finds it.

glibc hands a large block back to the system as soon as it is freed, and a network frees and takes
the same blocks in every step. Each time the system must fill new pages with zeros, which takes
time, in a virtual machine most of all (``benchmarks/memory.py`` measures it). What is kept is used
again, so the most that a process holds hardly grows.

The settings are described in the manual page mallopt(3).
"""

from __future__ import annotations

import ctypes
import sys

# Of <malloc.h>.
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_MAX, _ARENA_MAX = -1, -2, -4, -8

_SETTINGS = {
    _MMAP_MAX: 0,  # no blocks of their own, which go back when they are freed
    _TRIM_THRESHOLD: 2**31 - 1,  # bytes at the end of the heap that may lie idle
    _TOP_PAD: 64 * 2**20,  # bytes taken from the system at a time
    _ARENA_MAX: 1,  # a thread's own heap goes back when it is empty
}


def keep_freed() -> bool:
    """Ask the C library to keep what is freed, and to give threads that start later no heap each.

    The second comes too late in a process that has many threads already, as a Jupyter kernel has;
    there the environment has to say ``MALLOC_ARENA_MAX=1`` (`tlhelpers.course.pages`).

    Returns
    -------
    bool
        Whether it could be asked. False where the C library is not glibc: nothing changes there.
    """
    if sys.platform != "linux":
        return False
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)  # musl has none
    return set_option is not None and all(set_option(*pair) == 1 for pair in _SETTINGS.items())
