"""The front page: README, with the list of all pages in it, and the contents of the sidebar."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from tlhelpers.core.errors import CourseError

LIST_BEFORE = "\n## Start here\n"
"""Heading of README before which the pages are listed: reading comes before installing."""


@dataclass(frozen=True)
class Entry:
    """A page of the course in a list.

    Attributes
    ----------
    name : str
        "04_batchnorm_lags".
    title : str
    sentence : str
        What it says in one sentence, Markdown.
    """

    name: str
    title: str
    sentence: str

    @property
    def numbered(self) -> str:
        """ "04 · BatchNorm looks in the rear-view mirror" """
        return f"{self.name[:2]} · {self.title}"


def page(readme: str, entries: Iterable[Entry], reference: Mapping[str, str]) -> str:
    """The Markdown of the front page.

    Parameters
    ----------
    readme : str
    entries : iterable of Entry
    reference : mapping
        Files that follow the pages, and what the sidebar calls them.

    Raises
    ------
    CourseError
        README has no place for the list.
    """
    entries = list(entries)
    for name, title in reference.items():
        readme = readme.replace(f"[{name}]({name})", f"[{title}]({name})")
    before, heading, after = readme.partition(LIST_BEFORE)
    if not heading:
        raise CourseError(
            f"README.md has no heading '{LIST_BEFORE.strip()}', before which the front page of "
            "the site lists all pages."
        )
    listed = "\n".join(map(_line, entries))
    course = _contents("The course", {f"notebooks/{e.name}": e.numbered for e in entries})
    others = {str(PurePosixPath(name).with_suffix("")): title for name, title in reference.items()}
    return (
        f"{before}\n## Read it here\n\nEach page has one idea and takes about ten minutes.\n\n"
        f"{listed}\n{heading}{after}\n{course}\n{_contents('Reference', others)}"
    )


def _line(entry: Entry) -> str:
    stop = "" if entry.title.endswith(("?", "!")) else "."
    return f"- [{entry.numbered}](notebooks/{entry.name}.ipynb){stop} {entry.sentence}".rstrip()


def _contents(caption: str, titles: Mapping[str, str]) -> str:
    """A part of the sidebar, which the page itself does not show."""
    lines = "\n".join(f"{title} <{name}>" for name, title in titles.items())
    return f"```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{lines}\n```\n"
