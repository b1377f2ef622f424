"""Text that is made by a program, between two marks of a page that is written by hand."""

from __future__ import annotations

from tlhelpers.core.errors import CourseError


def put_between(page: str, name: str, text: str) -> str:
    """A page with a new text between ``<!-- name -->`` and ``<!-- /name -->``.

    Parameters
    ----------
    page : str
        Markdown with both marks, once each.
    name : str
    text : str
        Takes the place of what stands there, on lines of its own.

    Raises
    ------
    CourseError
        The page does not have both marks once, in this order.
    """
    begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended) or begin in rest or end in before + after:
        raise CourseError(f"The page needs the marks {begin} and {end} once each, in this order.")
    return f"{before}{begin}\n{text.strip()}\n{end}{after}"
