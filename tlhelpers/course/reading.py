"""Reading a page that somebody may have damaged: one line says which, and how it is made again."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.core.errors import CourseError, in_one_line

if TYPE_CHECKING:
    from nbformat import NotebookNode


def read(notebook: Path) -> NotebookNode:
    """A notebook, of which nothing is known but that it can be read.

    Raises
    ------
    CourseError
        It is missing, or is no notebook.
    """
    import nbformat

    again = f"`tlhelpers pages {notebook.stem[:2]}` makes it."
    try:
        page = nbformat.read(notebook, as_version=4)
        nbformat.validate(page)
    except FileNotFoundError:
        raise CourseError(f"{notebook.name}: missing. {again}") from None
    except Exception as problem:  # no text, no JSON, or JSON of something else: all have their own
        raise CourseError(
            f"{notebook.name}: no notebook ({in_one_line(problem)}). {again}"
        ) from None
    return page
