"""A committed page, made ready to be read where nothing can be run."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tlhelpers.core.errors import CourseError
from tlhelpers.course import pages
from tlhelpers.course.execution import first_line
from tlhelpers.course.exercises import NOT_TRIED
from tlhelpers.course.site import links

if TYPE_CHECKING:
    from nbformat import NotebookNode

EXERCISE = "exercise"
"""Tag of a cell with a question that `tl.check` answers."""

_SENTENCE = re.compile(r"\*\*In one sentence\.\*\* (.+?)(?:\n\n|\Z)", re.DOTALL)
_WHEN_DARK = "@media (prefers-color-scheme: dark) {"


def prepare(page: NotebookNode, name: str) -> None:
    """Change a page so that it reads well as HTML.

    Its links to the page before and after go, because the site has its own. Exercises say where
    they can be answered. Images carry the alternative text that is stored beside them.

    Parameters
    ----------
    page : NotebookNode
        Executed; changed in place.
    name : str
        "04_batchnorm_lags".

    Raises
    ------
    CourseError
        An image has no alternative text.
    """
    import nbformat

    page.cells = [cell for cell in page.cells if pages.NAVIGATION not in _tags(cell)]
    for cell in page.cells:
        if cell.cell_type == "markdown":
            cell.source = _closed(cell.source)
        else:
            _describe_image(cell, name)
            for output in cell.outputs:
                if "text/html" in output.get("data", {}):
                    output.data["text/html"] = following_theme(output.data["text/html"])
    exercises = [n for n, cell in enumerate(page.cells) if EXERCISE in _tags(cell)]
    for number in exercises:
        cell = page.cells[number]
        # It tells the reader to run the cell again.
        cell.outputs = [o for o in cell.outputs if o.get("text", "").strip() != NOT_TRIED]
    if exercises:
        page.cells.insert(exercises[0], nbformat.v4.new_markdown_cell(_how_to_answer(name)))


def sentence(page: NotebookNode) -> str:
    """What a page says in one sentence, Markdown, or nothing."""
    said = _SENTENCE.search(page.cells[0].source)
    return " ".join(said[1].split()) if said else ""


def text(page: NotebookNode) -> str:
    """A page as it is written to a file."""
    import nbformat

    return nbformat.writes(page)


def following_theme(html: str) -> str:
    """Let a style for dark systems follow the switch of the site, which may say otherwise.

    Parameters
    ----------
    html : str
        With ``@media (prefers-color-scheme: dark) { … }``, as the doctor's report has it.

    Returns
    -------
    str
    """
    parts = html.split(_WHEN_DARK)
    for number, part in enumerate(parts[1:], 1):
        end = _end_of_block(part)
        rules, rest = part[:end], part[end + 1 :]
        parts[number] = (
            f'{_WHEN_DARK} body:not([data-theme="light"]) {{{rules}}} }}\n'
            f'body[data-theme="dark"] {{{rules}}}{rest}'
        )
    return "".join(parts)


def _end_of_block(css: str) -> int:
    """Where the brace is closed that was opened just before `css`."""
    depth = 1
    for place, letter in enumerate(css):
        depth += {"{": 1, "}": -1}.get(letter, 0)
        if depth == 0:
            return place
    raise ValueError("a brace of a style sheet is not closed")


def _describe_image(cell: NotebookNode, name: str) -> None:
    """Pass on the alternative text of a cell's image in the way that myst-nb reads."""
    images = [
        output.get("metadata", {}).get(kind, {}).get("alt", "")
        for output in cell.outputs
        for kind in output.get("data", {})
        if kind.startswith("image/")
    ]
    if not images:
        return
    where = f"{name}.ipynb, cell `{first_line(cell)}`"
    if len(images) > 1:  # myst-nb has one text for all images of a cell
        raise CourseError(
            f"{where}: it shows {len(images)} images; draw each in a cell of its own."
        )
    if not images[0].strip():
        raise CourseError(
            f"{where}: its image has no alternative text; draw it with a function of tl.plots, "
            "which describes it."
        )
    # With a scale, Sphinx makes the image a link to itself: figures are wider than a phone.
    cell.metadata["mystnb"] = {"image": {"alt": " ".join(images[0].split()), "scale": 100}}


def _closed(markdown: str) -> str:
    """Markdown in which ``</details>`` is no part of the paragraph before it."""
    return re.sub(r"(?<=[^\n])\n</details>", "\n\n</details>", markdown)


def _how_to_answer(name: str) -> str:
    return (
        "```{note}\nCode does not run here. To have your answers checked, open this page [in "
        f"Binder]({pages.binder(name)}), [in Colab]({pages.colab(name)}) or [on your "
        f"machine](../{links.HOME}#start-here). Or decide on an answer, and open the "
        "solution.\n```"
    )


def _tags(cell: NotebookNode) -> list[str]:
    return cell.metadata.get("tags", [])
