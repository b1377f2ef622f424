"""Where things are, found from the package and never from the current folder.

Papermill and nbval start notebooks in different folders. Pages and recordings are part of a clone
of the repository, and not of an installed package.
"""

from __future__ import annotations

from pathlib import Path

from tlhelpers.core.errors import CourseError
from tlhelpers.core.settings import setting

PROJECT = Path(__file__).resolve().parents[2]
NOTEBOOKS = PROJECT / "notebooks"
RECORDINGS = PROJECT / "recordings"


def is_clone() -> bool:
    """Whether the package lies in a clone of the repository, or was installed from it with -e."""
    return NOTEBOOKS.is_dir()


def require_clone(command: str) -> None:
    """Raise unless there are pages and recordings to work on.

    Raises
    ------
    CourseError
        Says what the command needs and how to get it.
    """
    if not is_clone():
        raise CourseError(
            f"'{command}' needs the course's pages and recordings, which an installed package has "
            "not: run it in a clone of the repository, installed there with pip install -e "
            '".[course]".'
        )


def build() -> Path:
    """Folder of everything that can be made again; ``TLHELPERS_BUILD`` moves it.

    Outside a clone that is ``build`` in the current folder: beside an installed package nobody
    would look for it.
    """
    named = setting("TLHELPERS_BUILD")
    return Path(named) if named else (PROJECT if is_clone() else Path.cwd()) / "build"


def data() -> Path:
    """Folder of prepared real data; ``TLHELPERS_DATA`` moves it."""
    named = setting("TLHELPERS_DATA")
    return Path(named) if named else (PROJECT if is_clone() else Path.cwd()) / "data"
