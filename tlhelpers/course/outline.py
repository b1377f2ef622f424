"""What of a page goes on slides: its idea, a figure, some lines of Keras, exercises, key points.

Text, code and figures come from the notebook, so that they stand in one place. Two cells of its
source are marked in their metadata, which notebooks do not have: the figure, ``slide="figure"``,
and the code, ``slide="code"``. Code may be text's first block of code. ``slide_from="some = "`` and
``slide_to="return"`` name parts of the first and the last line that is shown; Python has to stand
alone, without what the page says before it. Of a difference only the lines that change are shown.

An exercise takes along what the page shows for it: the figure that is drawn, or a few lines of code
that run, between the question and its answer. A question that speaks of a figure means the last one
before it if there is none behind it.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tlhelpers.core import files
from tlhelpers.core.errors import CourseError
from tlhelpers.course.execution import first_line
from tlhelpers.course.reading import read

if TYPE_CHECKING:
    from nbformat import NotebookNode

MOST_LINES = 20
"""Of code on a slide: more do not fit in letters that can be read (``slides.css``)."""
FEW_LINES = 10
"""Of code that an exercise takes along: its question needs room, too."""

_SENTENCE = re.compile(r"\*\*In one sentence\.\*\* (.+?)\n\n", re.DOTALL)
_TIME = re.compile(r"\*\*Time\.\*\* (.+?)(?: \*\*You need\*\*|\n\n|$)", re.DOTALL)
_KEY_POINTS = re.compile(r"^## Key points\n+(.+?)(?=\n\n(?! )|\Z)", re.DOTALL | re.MULTILINE)
_EXERCISE = re.compile(r"\*\*(Exercise[^*]*?)\.?\*\* *(.+)", re.DOTALL)
_SPEAKS_OF_FIGURE = re.compile(r"\b(?:figure|panel)s?\b")
_BLOCK = re.compile(r"```(\w+)\n(.*?)```", re.DOTALL)
_LINK = re.compile(r"(`[^`]*`)|\[([^\]]+)\]\([^)]*\)")  # code may look like a link


@dataclass(frozen=True)
class Figure:
    """A figure of a page.

    Attributes
    ----------
    png : bytes
    words : str
        What it shows, for those who cannot see it.
    """

    png: bytes
    words: str


@dataclass(frozen=True)
class Code:
    """Lines of code, ``python`` or ``diff``."""

    language: str
    text: str


@dataclass(frozen=True)
class Exercise:
    """A question, Markdown, such as "Exercise 1 (2 minutes)", with what the page shows for it."""

    name: str
    question: str
    figure: Figure | None
    code: Code | None


@dataclass(frozen=True)
class Outline:
    """What of a page goes on slides; texts are Markdown without links.

    Attributes
    ----------
    number, title, sentence : str
        The sentence is the page's one idea.
    minutes : str
        How long it takes.
    figure : Figure
    code : Code or None
    exercises : tuple of Exercise
    key_points : tuple of str
    """

    number: str
    title: str
    sentence: str
    minutes: str
    figure: Figure
    code: Code | None
    exercises: tuple[Exercise, ...]
    key_points: tuple[str, ...]


def outline(notebook: Path) -> Outline:
    """Read a page that was made with `tlhelpers pages`.

    Parameters
    ----------
    notebook : path
        Its source lies in the folder ``src`` beside it.

    Raises
    ------
    CourseError
        The two do not belong together, or a part is missing.
    """
    cells, marks = _read(notebook)
    head = cells[0].source
    figures = [_figure(cells[which]) for which in _marked(cells, marks, "figure", notebook.name)]
    if not figures or (drawn := figures[0]) is None:
        raise CourseError(
            f'{notebook.name} has no figure for its slide: write slide="figure" behind the "# %%" '
            "of a cell that draws one."
        )
    code = [
        _code(cells[which], marks[which], notebook.name)
        for which in _marked(cells, marks, "code", notebook.name)
    ]
    points = _found(_KEY_POINTS, "\n\n".join(_prose(cells)), notebook.name, "Key points")
    title = _found(re.compile(r"^# +(.+)$", re.MULTILINE), head, notebook.name, "a title")
    return Outline(
        number=notebook.stem[:2],
        title=_plain(title),
        sentence=_plain(_found(_SENTENCE, head, notebook.name, "In one sentence")),
        minutes=_plain(_found(_TIME, head, notebook.name, "Time")),
        figure=drawn,
        code=code[0] if code else None,
        exercises=_exercises(cells, notebook.name),
        key_points=tuple(_plain(point) for point in re.split(r"^- ", points, flags=re.M)[1:]),
    )


def function(notebook: Path, name: str) -> str:
    """The code of a function or class that a page defines, without blank lines around it.

    Raises
    ------
    CourseError
        The page defines none of that name.
    """
    pattern = rf"^(?:def|class) {re.escape(name)}\b.*?(?=^\S|\Z)"
    for cell in _read(notebook)[0]:
        found = re.search(pattern, cell.source, re.DOTALL | re.MULTILINE)
        if cell.cell_type == "code" and found:
            return found[0].strip()
    raise CourseError(f"{notebook.name} defines no '{name}': a reference names it.")


def _read(notebook: Path) -> tuple[list[NotebookNode], list[NotebookNode]]:
    """The cells of a page, and those of its source in the same order."""
    import jupytext

    source = notebook.parent / "src" / f"{notebook.stem}.py"
    cells = read(notebook).cells
    written = jupytext.reads(files.read_text(source), fmt="py:percent").cells
    code = [[cell.source for cell in each if cell.cell_type == "code"] for each in (cells, written)]
    if code[0] != code[1]:
        number = notebook.stem[:2]
        raise CourseError(
            f"{notebook.name} was not made from {source.name} as it is: `tlhelpers pages {number}`."
        )
    return cells[: len(written)], written


def _marked(
    cells: Sequence[NotebookNode], marks: Sequence[NotebookNode], kind: str, page: str
) -> list[int]:
    """Where the one cell with a mark is, or nothing."""
    found = [number for number, cell in enumerate(marks) if cell.metadata.get("slide") == kind]
    if len(found) > 1:
        second = first_line(cells[found[1]])
        raise CourseError(f'{page} has slide="{kind}" twice: take it from the cell `{second}`.')
    return found


def _figure(cell: NotebookNode) -> Figure | None:
    for output in cell.get("outputs", ()):
        if png := output.get("data", {}).get("image/png"):
            words = output.get("metadata", {}).get("image/png", {}).get("alt", "")
            return Figure(base64.b64decode(png), " ".join(words.split()))
    return None


def _code(cell: NotebookNode, mark: NotebookNode, page: str) -> Code:
    """The lines of a marked cell that are shown."""
    language, text = "python", cell.source
    if cell.cell_type == "markdown":
        if not (block := _BLOCK.search(text)):
            raise CourseError(f'{page}: the text with slide="code" has no block of code.')
        language, text = block[1], block[2]
    lines = [line.rstrip() for line in text.splitlines()]
    first, last = (mark.metadata.get(f"slide_{end}", "") for end in ("from", "to"))
    starts = [number for number, line in enumerate(lines) if first in line]
    lines = lines[starts[0] :] if starts else []
    ends = [number for number, line in enumerate(lines) if last and last in line]
    if not lines or (last and not ends):
        missing = first if not lines else last
        raise CourseError(f"{page}: no line of the code for its slide has '{missing}' in it.")
    if ends:
        lines = lines[: ends[0] + 1]
    if language == "diff":
        lines = [line for line in lines if line[:1] in ("+", "-") and line[1:].strip()]
    code = _tight(language, "\n".join(lines))
    if (count := _length(code)) > MOST_LINES:
        raise CourseError(
            f"{page}: {count} lines of code for a slide, at most {MOST_LINES} can be read; name "
            "the first and the last with slide_from and slide_to."
        )
    if language == "python" and not _stands_alone(code.text):
        raise CourseError(
            f"{page}: the code for its slide is a part of something, `{lines[0].strip()}`; name "
            "the first and the last line of a whole with slide_from and slide_to."
        )
    return code


def _tight(language: str, text: str) -> Code:
    """Code without blank lines around it, and with single ones in it."""
    return Code(language, re.sub(r"\n{3,}", "\n\n", text.strip("\n")))


def _length(code: Code) -> int:
    return sum(bool(line.strip()) for line in code.text.splitlines())


def _stands_alone(text: str) -> bool:
    """Whether lines of Python are whole, and not the inside of a function, whose names they use."""
    try:
        compile(text, "a slide", "exec")
    except SyntaxError:
        return False
    return True


def _exercises(cells: Sequence[NotebookNode], page: str) -> tuple[Exercise, ...]:
    """Each question, with what the page shows for it."""
    found: list[Exercise] = []
    asked = last = None
    for cell in cells:
        drawn = _figure(cell)
        if cell.cell_type == "markdown" and (question := _EXERCISE.search(cell.source)):
            asked, code = question, None
            figure = last if _SPEAKS_OF_FIGURE.search(asked[2]) else None
        elif asked and "exercise" in cell.metadata.get("tags", ()):
            if figure is None and _SPEAKS_OF_FIGURE.search(asked[2]):
                raise CourseError(f"{page}: {asked[1]} speaks of a figure, and there is none.")
            found.append(Exercise(asked[1], _without_links(asked[2]), figure, code))
            asked = None
        elif asked and drawn:
            figure = drawn
        elif asked and cell.cell_type == "code":
            code = _tight("python", cell.source)
            code = code if _length(code) <= FEW_LINES else None
        last = drawn or last
    return tuple(found)


def _prose(cells: Sequence[NotebookNode]) -> list[str]:
    return [cell.source for cell in cells if cell.cell_type == "markdown"]


def _found(pattern: re.Pattern, text: str, page: str, what: str) -> str:
    found = pattern.search(text)
    if not found:
        raise CourseError(f"{page} has no '{what}' in its place, and its slides need it.")
    return found[1]


def _plain(text: str) -> str:
    """A paragraph of Markdown in one line, without links."""
    return " ".join(_without_links(text).split())


def _without_links(text: str) -> str:
    """Markdown as it is, lists and all, but for its links: nobody follows one on a slide."""
    return _LINK.sub(r"\1\2", text).strip()
