"""Files that are there whole or not at all."""

from __future__ import annotations

import contextlib
import errno
import os
import re
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

from tlhelpers.core.errors import CourseError

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers of a disk that takes no more: full, quota used up, file too large for it."""

LEFT_OVER = 3600.0
"""Seconds after which a half-written file is a killed process's: a living one writes on."""

Content = str | Callable[[BinaryIO], None]
"""Text, written as UTF-8 with the line ends that it has, or a function that writes to a file."""


def read_text(path: Path) -> str:
    """The text of a file that has to be there.

    Raises
    ------
    CourseError
        It cannot be read, or is no text in UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8")
    except OSError as problem:
        raise CourseError(f"Cannot read {path}: {problem.strerror or problem}.") from None
    except UnicodeDecodeError:
        raise CourseError(f"Cannot read {path}: it is no text in UTF-8.") from None


def save(path: Path, content: Content) -> None:
    """Write a file, and its folder if need be, whole or not at all; for a result that is asked for.

    Parameters
    ----------
    path : path
    content : str, or function of an open file

    Raises
    ------
    CourseError
        The disk is full or the folder cannot be written; the file before is still there.
    """
    try:
        write_whole(path, content)
    except OSError as problem:
        raise CourseError(f"Could not write {path}: {problem.strerror or problem}.") from None


def write_whole(path: Path, content: Content) -> None:
    """Write a file, and its folder if need be; a kill, or a power cut, leaves the one before.

    What an earlier kill left of the same file, half written, is removed after an hour.

    Parameters
    ----------
    path : path
    content : str, or function of an open file

    Raises
    ------
    OSError
        The disk is full or the folder cannot be written; the file before is still there.
    """
    if not path.name:  # "", "." or "/"
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_left_over(path)
    # A name of its own: another process may be writing the same file.
    partial = path.with_name(f"{path.name}.{uuid4().hex[:8]}.partial")
    try:
        with partial.open("xb") as file:
            if isinstance(content, str):
                file.write(content.encode())
            else:
                content(file)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except BaseException:  # Ctrl-C as well
        partial.unlink(missing_ok=True)
        raise


def check_writable(folder: Path) -> None:
    """Raise unless files can be written in a folder; before work whose result belongs there.

    The folder need not be there yet, and is not made.

    Parameters
    ----------
    folder : path

    Raises
    ------
    CourseError
        The disk is full or the folder cannot be written.
    """
    try:
        try_writing(folder)
    except OSError as problem:
        raise CourseError(
            f"cannot write in {folder} ({problem.strerror or problem}): put that right, or choose "
            "another folder; nothing was begun"
        ) from None


def try_writing(folder: Path) -> None:
    """Write to a file without a name in a folder, or in the nearest one above it that is there.

    Only writing shows a full disk, or one that is read only, and a kill leaves nothing.

    Parameters
    ----------
    folder : path

    Raises
    ------
    OSError
        The disk is full or the folder cannot be written.
    """
    there = folder
    while not there.exists() and there != there.parent:
        there = there.parent
    with tempfile.TemporaryFile(dir=there) as probe:
        probe.write(b"?")
        probe.flush()
        os.fsync(probe.fileno())


def _remove_left_over(path: Path) -> None:
    """Delete what kills left of a file, half written; what cannot be deleted may stay."""
    half_written = re.compile(re.escape(path.name) + r"\.[0-9a-f]{8}\.partial")
    with contextlib.suppress(OSError), os.scandir(path.parent) as entries:
        for entry in entries:
            if half_written.fullmatch(entry.name):
                # Another process may delete it, or finish it, at the same time.
                with contextlib.suppress(OSError):
                    if time.time() - entry.stat().st_mtime > LEFT_OVER:
                        os.unlink(entry)
