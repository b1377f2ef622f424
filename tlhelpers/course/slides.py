"""Slides of a workshop, made from the pages: HTML that opens without the internet.

The package sphinx-revealjs writes them and brings reveal.js along. What is on them comes from
`tlhelpers.course.outline`; here are only their order and their looks (``slides.css``).
"""

from __future__ import annotations

import io
import json
import re
import shutil
import tempfile
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from tlhelpers.core.errors import CourseError, in_one_line
from tlhelpers.course.outline import Code, Figure, Outline

WIDTH, HEIGHT = 1280, 720
"""Of a slide, in CSS pixels; reveal.js enlarges it to the screen."""
PATH = ("0", "1", "3", "4", "5", "6", "7", "8", "9", "12", "13", "15")
"""Pages of the three hours, page 05 for those who are quick, and the two answers."""
LONG_LINE = 74
"""Characters of code that fit on a slide in large letters (``slides.css``)."""
INSTALL = 'pip install -c constraints.txt -e ".[site]"'

_ROOM_LEFT = "r-stretch"
"""Class of figures: reveal.js gives them the room that is left on their slide."""
_STATIC = "static"  # folder that Sphinx copies as it is
_REVEAL = {
    "width": WIDTH,
    "height": HEIGHT,
    "margin": 0.02,
    "center": False,
    "hash": True,  # a slide has an address, and F5 stays there
    "slideNumber": "c/t",
    "transition": "none",
    "navigationMode": "linear",  # → goes through all slides; Esc shows a column a page
    "controlsTutorial": False,
    "pdfSeparateFragments": False,
}
_PLUGINS = [
    {"name": "RevealNotes", "src": "revealjs/plugin/notes/notes.js"},
    {"name": "RevealHighlight", "src": "revealjs/plugin/highlight/highlight.js"},
]


def write(outlines: Iterable[Outline], title: str, folder: Path) -> int:
    """Make the slides, whole or not at all; how many there are.

    Parameters
    ----------
    outlines : iterable of Outline
        A page each, in their order.
    title : str
        Of the first slide.
    folder : path
        Gets ``index.html`` and what it needs. Slides from before are replaced.

    Raises
    ------
    CourseError
        The extra ``site`` is not installed, `folder` has other files in it or cannot be written, or
        a slide cannot be made.
    """
    pages = list(outlines)
    text, pictures = markdown(pages, title)
    _refuse_others(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".slides-") as work:
            source, made = Path(work, "source"), Path(work, "made")
            (source / _STATIC).mkdir(parents=True)
            for name, figure in pictures.items():
                (source / name).write_bytes(figure.png)
            (source / "index.md").write_text(text, encoding="utf-8")
            css = resources.files("tlhelpers.course").joinpath("slides.css").read_bytes()
            (source / _STATIC / "slides.css").write_bytes(css)
            _sphinx(source, made, Path(work, "doctrees"))
            if folder.exists():
                folder.replace(Path(work, "old"))
            made.replace(folder)
    except OSError as problem:
        raise CourseError(f"Could not write {folder}: {problem.strerror or problem}.") from None
    return len(re.findall(r"^#{1,3} ", text, re.MULTILINE))


def markdown(pages: list[Outline], title: str) -> tuple[str, dict[str, Figure]]:
    """The slides as MyST Markdown, a heading a slide, and the figures by the names of their files.

    Pages are headings of the second level, and what follows on a page of the third.
    """
    figures: dict[str, Figure] = {}

    def shown(name: str, figure: Figure) -> str:
        figures[f"{name}.png"] = figure
        words = json.dumps(figure.words, ensure_ascii=False)
        return f"```{{image}} {name}.png\n:alt: {words}\n:class: {_ROOM_LEFT}\n```"

    contents = [f"- {page.number} · {page.title}" for page in pages]
    parts = [f"# {title}", "\n".join(contents), "Text: CC BY 4.0. Code: Apache-2.0."]
    for page in pages:
        parts += [
            f"## {page.number} · {page.title}",
            page.sentence,
            shown(f"{page.number}-figure", page.figure),
            f"```{{revealjs-notes}}\n{page.minutes}\n```",
        ]
        if page.code:
            parts += [f"### {page.number} · In Keras", _block(page.code)]
        for number, exercise in enumerate(page.exercises, 1):
            parts += [f"### {page.number} · {exercise.name}", exercise.question]
            if exercise.code:
                parts.append(_block(exercise.code))
            if exercise.figure:
                parts.append(shown(f"{page.number}-exercise-{number}", exercise.figure))
        points = "\n".join(f"- {point}" for point in page.key_points)
        parts += [f"### {page.number} · Key points", points]
    return "\n\n".join(parts) + "\n", figures


def _block(code: Code) -> str:
    """A block of code, and before it, for the looks of its slide, whether its lines are long."""
    longest = max(map(len, code.text.splitlines()))
    state = "long-lines" if longest > LONG_LINE else "short-lines"
    section = f"```{{revealjs-section}}\n:data-state: {state}\n```"
    return f"{section}\n\n```{code.language}\n{code.text}\n```"


def _refuse_others(folder: Path) -> None:
    """Raise if a folder has something in it that is no deck: it would be replaced."""
    if not folder.exists():
        return
    if not folder.is_dir():
        raise CourseError(f"{folder} is a file: choose a folder for the slides with --out.")
    if any(folder.iterdir()) and not (folder / "_static" / "revealjs").is_dir():
        raise CourseError(
            f"{folder} has other files in it, and the slides would replace them: choose another "
            "folder with --out."
        )


def _sphinx(source: Path, made: Path, doctrees: Path) -> None:
    """Turn ``index.md`` into the slides; anything that Sphinx warns of is an error."""
    try:
        import sphinx_revealjs  # noqa: F401
        from sphinx.application import Sphinx
        from sphinx.util.docutils import docutils_namespace, patch_docutils
    except ModuleNotFoundError as missing:
        raise CourseError(
            f"The slides need {missing.name}, which is not installed: {INSTALL}."
        ) from None
    settings = {
        "extensions": ["myst_parser", "sphinx_revealjs"],
        "language": "en",
        "myst_enable_extensions": [],
        "smartquotes": False,
        "revealjs_style_theme": "white",
        "revealjs_static_path": [str(source / _STATIC)],
        "revealjs_css_files": ["slides.css"],
        "revealjs_script_conf": _REVEAL,
        "revealjs_script_plugins": _PLUGINS,
        "html_copy_source": False,
        "html_show_sphinx": False,
    }
    warnings = io.StringIO()
    try:
        with patch_docutils(), docutils_namespace():  # as often as it is called in a process
            app = Sphinx(
                source, None, made, doctrees, "revealjs", settings, status=None, warning=warnings
            )
            app.build()
    except Exception as problem:  # Sphinx's and docutils' own
        raise CourseError(f"Sphinx could not make the slides: {in_one_line(problem)}.") from None
    if said := warnings.getvalue().strip():
        line = re.sub(r"\x1b\[[0-9;]*m", "", said.splitlines()[0])
        raise CourseError(f"Sphinx warns of the slides: {line}")
    for left in (".buildinfo", "objects.inv"):
        (made / left).unlink(missing_ok=True)
    shutil.rmtree(made / "_sources", ignore_errors=True)
