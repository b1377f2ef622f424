"""The handout of a workshop: one page of A4, HTML made for print.

Its source is ``docs/teach/handout.html``. What stands there in double braces comes from the pages,
so that the handout says what they say:

======================== =======================================================
title 00                 the title of a page
code 09                  the lines of Keras on the slide of a page
function 04 look         the code of a function that a page defines
======================== =======================================================
"""

from __future__ import annotations

import functools
import html
import re
from pathlib import Path

from tlhelpers.core import files, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course import outline

_REFERENCE = re.compile(r"\{\{(.+?)\}\}")
_KNOWN = "'title PAGE', 'code PAGE' or 'function PAGE NAME'"
_HEAD = "<head>"
_MADE = f'{_HEAD}\n<meta name="generator" content="tlhelpers handout">'
"""By this a handout is known, which may be made anew."""


def source() -> Path:
    """The file that is edited."""
    return paths.PROJECT / "docs" / "teach" / "handout.html"


def render(text: str, notebooks: Path) -> str:
    """A text with each reference replaced by what it names.

    Parameters
    ----------
    text : str
    notebooks : path
        Folder of the pages.

    Raises
    ------
    CourseError
        A reference cannot be read, or a page does not have what it names.
    """
    outlined = functools.cache(outline.outline)

    def value(found: re.Match) -> str:
        what, *rest = found[1].split()
        if (what, len(rest)) not in (("title", 1), ("code", 1), ("function", 2)):
            raise CourseError(f"Cannot read the reference '{found[1]}': it is {_KNOWN}.")
        pages = sorted(notebooks.glob(f"{rest[0]}_*.ipynb"))
        if len(pages) != 1:
            raise CourseError(f"The reference '{found[1]}' names no page: {rest[0]}.")
        if what == "function":
            return html.escape(outline.function(pages[0], rest[1]), quote=False)
        page = outlined(pages[0])
        if what == "title":
            return html.escape(page.title)
        if page.code is None:
            raise CourseError(f"The reference '{found[1]}': {pages[0].name} marks no code.")
        return html.escape(page.code.text, quote=False)

    return _REFERENCE.sub(value, text)


def write(target: Path) -> None:
    """Make the handout, whole or not at all.

    Raises
    ------
    CourseError
        A reference cannot be read, or `target` cannot be written, is the source, or is no handout.
    """
    if target.resolve() == source().resolve():
        raise CourseError(f"{target} is what the handout is made from: choose another --out.")
    _refuse_others(target)
    text = render(files.read_text(source()), paths.NOTEBOOKS)
    files.save(target, text.replace(_HEAD, _MADE, 1))


def _refuse_others(target: Path) -> None:
    """Raise if there is something that is no handout: it would be replaced."""
    if target.exists() and not _is_handout(target):
        raise CourseError(
            f"{target} is no handout, and would be replaced: choose another --out, or delete it."
        )


def _is_handout(target: Path) -> bool:
    """Whether a file was made by `write`; one that is empty holds nothing to be lost."""
    try:
        text = target.read_bytes() if target.is_file() else b"something else"
    except OSError:
        return False
    return not text or _MADE.encode() in text
