"""What is freed stays with the process, and is used again."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from tlhelpers.course.execution import kernel_environment

# Prints how much more memory the process holds after it made and freed an array, once and again.
HELD = """
import resource, sys, threading
from pathlib import Path
import numpy as np
from tlhelpers.core.memory import keep_freed

def held():
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()

def use():
    np.ones(4 * 2**20)

def in_a_thread():
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()

if sys.argv[2] == "among ten threads":  # as in a Jupyter kernel
    done = threading.Event()
    for _ in range(10):
        threading.Thread(target=lambda: (bytearray(99), done.wait()), daemon=True).start()
if sys.argv[1] == "keep":
    assert keep_freed()
work = use if sys.argv[2] == "here" else in_a_thread
before = held()
for _ in range(2):
    work()
    print(held() - before)
"""
ARRAY = 4 * 2**20 * 8  # bytes


def held(*words: str) -> list[int]:
    """Bytes; from a process of its own, because the setting cannot be taken back."""
    command = [sys.executable, "-c", HELD, *words]
    environment = kernel_environment() if words[0] == "keep" else None
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    return [int(line) for line in done.stdout.split()]


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has the setting")
@pytest.mark.parametrize("where", ["here", "in a thread", "among ten threads"])
def test_what_is_freed_is_used_again(where):
    assert max(held("leave", where)) < ARRAY / 4  # what the setting is against
    once, twice = held("keep", where)
    assert once > ARRAY * 0.9
    assert twice - once < ARRAY / 4
