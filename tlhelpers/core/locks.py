"""One process at a time: for a run that is made, or a folder of images that is written."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.core.errors import CourseError

if TYPE_CHECKING:
    from filelock import FileLock

CANNOT_LOCK = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP})
"""Error numbers of disks, some over a network, that know no locks."""


def take(lock: FileLock, timeout: float = 0) -> None:
    """Take a lock; it ends with the process, even when killed.

    On disks that know no locks it goes on without: others may not be kept out there.

    Parameters
    ----------
    lock : FileLock
        The folder around its file is made.
    timeout : float
        Seconds to wait for another process.

    Raises
    ------
    filelock.Timeout
        Another process has it.
    CourseError
        The lock's file cannot be made.
    """
    from filelock import Timeout

    path = Path(lock.lock_file)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=timeout)
    except Timeout:  # an OSError, too
        raise
    except NotImplementedError:  # ENOSYS, as older versions of filelock say it
        pass
    except OSError as error:
        if error.errno not in CANNOT_LOCK:
            raise CourseError(
                f"cannot write in {path.parent} ({error.strerror or error}), where the lock "
                f"{path.name} belongs: put that right, or choose another folder"
            ) from error


def lock_file(folder: Path) -> Path:
    """The file that is locked: beside the folder, which holds nothing but its own files.

    It is empty and stays; a folder that two paths lead to has one.
    """
    folder = folder.resolve()
    return folder.parent / f".{folder.name}.lock"


@contextlib.contextmanager
def locked(folder: Path, doing: str) -> Iterator[None]:
    """Keep every other process out of a folder.

    What was found out about the folder before may have changed meanwhile: ask again inside.

    Parameters
    ----------
    folder : Path
        Need not be there yet; the folder around it is made.
    doing : str
        What is done in it, for the message ("preparing").

    Raises
    ------
    CourseError
        If another process holds the lock, or the lock file cannot be made.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(lock_file(folder))
    try:
        take(lock)
    except Timeout as error:
        raise CourseError(f"another run is {doing} {folder}: wait until it ends") from error
    try:
        yield
    finally:
        lock.release()
