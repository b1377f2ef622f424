"""Files that are there whole or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO
from uuid import uuid4

DISK_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
"""Error numbers of a disk that takes no more: full, quota used up, file too large for it."""


def write_whole(path: Path, content: str | Callable[[BinaryIO], None]) -> None:
    """Write a file, and its folder if need be; a kill, or a power cut, leaves the one before.

    Parameters
    ----------
    path : path
    content : str, or function of an open file
        Text is written as UTF-8 with the line ends that it has.

    Raises
    ------
    OSError
        The disk is full or the folder cannot be written; the file before is still there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
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
