"""What Sphinx reads: README, pages and reference, laid out as in the repository.

So most of their links to each other are right as they are.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.core import files, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import pages
from tlhelpers.course.reading import read
from tlhelpers.course.site import front, notebooks
from tlhelpers.course.site.links import HOME

if TYPE_CHECKING:
    from nbformat import NotebookNode

REFERENCE = {
    "docs/doctor.md": "The doctor",
    "docs/commands.md": "Commands",
    "docs/nightly.md": "A nightly test",
    "docs/keras_versions.md": "What each Keras does",
    "docs/machines.md": "macOS, Windows, Docker",
    "docs/full.md": "Real images, a GPU, clusters",
    "docs/teach/README.md": "Teach it in three hours",
    "recordings/PROTOCOL.md": "The protocol",
}
"""Texts that are pages of the site too, and what the contents call them."""


def assemble(folder: Path) -> int:
    """Write all that Sphinx needs into a folder; how many pages that makes.

    Parameters
    ----------
    folder : path

    Raises
    ------
    CourseError
        A file is missing, or a notebook was not executed or cannot be shown.
    """
    entries = []
    for source in pages.find((), paths.NOTEBOOKS / "src", ".py"):
        page = _executed(paths.NOTEBOOKS / f"{source.stem}.ipynb")
        notebooks.prepare(page, source.stem)
        title = pages.title(page) or source.stem
        entries.append(front.Entry(source.stem, title, notebooks.sentence(page)))
        _write(folder / "notebooks" / f"{source.stem}.ipynb", notebooks.text(page))
    for name in REFERENCE:
        _write(folder / name, _text(name))
    for figure in (paths.PROJECT / "docs").glob("*.png"):
        shutil.copy(figure, folder / "docs")
    _write(folder / "index.md", front.page(_text(HOME), entries, REFERENCE))
    return 1 + len(entries) + len(REFERENCE)


def _executed(notebook: Path) -> NotebookNode:
    """A committed page, whole and executed."""
    page = read(notebook)
    for problem in pages.execution_problems(page):
        again = f"`tlhelpers pages {notebook.stem[:2]}` makes it."
        raise CourseError(f"{notebook.name}: {problem}; {again}")
    return page


def _text(name: str) -> str:
    """A text of the repository."""
    return files.read_text(paths.PROJECT / name)


def _write(target: Path, text: str) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
