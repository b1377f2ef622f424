"""One process at a time in a folder of pictures that are fetched or prepared."""

from __future__ import annotations

import contextlib
import errno
from collections.abc import Iterator
from pathlib import Path

from tlhelpers.errors import CourseError

CANNOT_LOCK = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP})
"""Error numbers of disks, some over a network, that know no locks."""


def lock_file(folder: Path) -> Path:
    """The file that is locked: beside the folder, which holds nothing but its own files.

    It is empty and stays; a folder that two paths lead to has one.
    """
    folder = folder.resolve()
    return folder.parent / f".{folder.name}.lock"


@contextlib.contextmanager
def locked(folder: Path, doing: str) -> Iterator[None]:
    """Keep every other process out of a folder; the lock ends with the process, even when killed.

    What was found out about the folder before may have changed meanwhile: ask again inside. On
    disks that know no locks nobody is kept out.

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

    path = lock_file(folder)
    lock = FileLock(path)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout as error:  # Before OSError: it is one.
        raise CourseError(f"another run is {doing} {folder}: wait until it ends") from error
    except NotImplementedError:  # ENOSYS, as older versions of filelock say it.
        pass
    except OSError as error:
        if error.errno not in CANNOT_LOCK:
            raise CourseError(
                f"cannot write in {path.parent} ({error.strerror or error}), where the lock of "
                f"{folder.name} belongs: put that right, or choose another folder"
            ) from error
    try:
        yield
    finally:
        lock.release()
