"""What tests do differently on Windows, in one place; tests/test_machines.py keeps it there."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

WINDOWS = sys.platform == "win32"

KILL = signal.SIGTERM if WINDOWS else signal.SIGKILL
"""For `os.kill`: ends a process at once, without asking it."""

posix = pytest.mark.skipif(WINDOWS, reason="needs a POSIX system")
not_root = pytest.mark.skipif(
    WINDOWS or os.geteuid() == 0, reason="needs permissions that hold somebody back"
)
with_proc = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs Linux")

NO_FOLDER = Path(__file__, "out")
"""Where no folder can be made, because a file is in its way."""


def was_killed(code: int | None) -> bool:
    """Whether a process's exit code is that of `Popen.kill`."""
    return code == (1 if WINDOWS else -signal.SIGKILL)


def symlink(link: Path, target: Path | str) -> None:
    """Make a link, or skip the test: on Windows that is a privilege."""
    try:
        link.symlink_to(target)
    except FileExistsError:
        raise
    except OSError as problem:
        pytest.skip(f"no links here: {problem}")


def open_files() -> set[str]:
    """The files that this process holds open; on Linux only."""
    links = Path("/proc/self/fd").iterdir()
    return {os.readlink(link) for link in links if link.is_symlink()}


def file_limit(largest: int | None) -> Callable[[], None] | None:
    """A `preexec_fn`: the process writes no larger file, as on a full disk. None for no limit."""
    if not largest:
        return None

    def shrink() -> None:
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    return shrink


def in_venv(folder: Path, command: str) -> Path:
    """A command of a virtual environment."""
    return folder / "Scripts" / f"{command}.exe" if WINDOWS else folder / "bin" / command
