"""The pages of the course: where they are, how they are made, and that they are whole.

A page is written as text, ``notebooks/src/NN_topic.py`` (jupytext py:percent). `build` makes the
notebook that learners open, ``notebooks/NN_topic.ipynb``, and executes it; `check` finds notebooks
that were edited by hand, stripped of their outputs, or saved half executed.
"""

from __future__ import annotations

import ast
import hashlib
import re
import tempfile
from collections import Counter
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from tlhelpers.core import files, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.course.execution import TIMEOUT, Execution, PageFailed, first_line
from tlhelpers.course.reading import read

if TYPE_CHECKING:
    from nbformat import NotebookNode

_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    # Papermill needs the name. The version that a kernel adds would differ between machines.
    "language_info": {"name": "python"},
}
COMPARED = "nbval-check-output"
"""Tag of a cell whose output nbval compares: it is the same on every machine."""
SOLUTION = "solution"
"""Tag of a cell that `students_copy` leaves out."""
STUDENTS_COPY = "students_copy"
"""In the metadata of such a copy: one may be made anew, and nothing else is replaced."""
MARKS = ("lines_to_next_cell", "slide", "slide_from", "slide_to")
"""Metadata of a source's cells that notebooks do not have: blank lines of jupytext's, and what
`tlhelpers.course.outline` takes for slides."""
NAVIGATION = "navigation"
"""Tag of the last cell, with links to the pages before and after."""
CONTENTS = "{{contents}}"
"""Stands in the source of a page where the list of all pages shall be."""
PROJECT = "steady-fine-tuning/steady-fine-tuning"
"""On GitHub."""
_RESULTS = re.compile(r"tl\.study\(")
_SMALL_PRINT = (
    "<small>*The retina* and *the faces* are the trainings of [two questions](00_start_here.ipynb)."
    " Ours use drawn images, 48 pixels wide, and a small network whose [steps are as long as "
    "ResNet50's](06_step_length.ipynb).</small>"
)
"""Said below the head of each page that shows trainings of ours."""
_CHATTER = re.compile(r"WARNING: All log messages before absl::|[IWE]\d{4} .*\.cc:\d+\]")
_NAME = re.compile(r"\d\d_\w+")
# Where a relative link of Markdown or HTML leads; what comes before, and an anchor, stay.
_RELATIVE = re.compile(r"""(?<=\]\()(?!\w+:)[^)\s#]+|(?<=href=")(?!\w+:)[^"\s#]+""")


def find(
    numbers: Iterable[str] = (), folder: Path | None = None, suffix: str = ".ipynb"
) -> list[Path]:
    """The pages with these numbers, or all of them, in order.

    Parameters
    ----------
    numbers : iterable of str
        "3" or "03"; none means every page.
    folder : path, optional
        ``notebooks`` if not given.
    suffix : str
        ".ipynb", or ".py" for the sources.

    Raises
    ------
    CourseError
        There are no pages, or none with one of the numbers.
    """
    folder = folder or paths.NOTEBOOKS
    there = _named(folder, suffix)
    if not there:
        raise CourseError(f"There are no pages (NN_topic{suffix}) in {folder}.")
    names = {path.stem[:2] for path in there}
    numbers = list(numbers)
    if any(not number.strip() for number in numbers):
        raise CourseError("The number of a page is empty: leave it out for all pages.")
    wanted = {number.zfill(2): number for number in numbers}
    if strangers := [number for name, number in wanted.items() if name not in names]:
        raise CourseError(
            f"There is no page {', '.join(strangers)}: choose from {', '.join(sorted(names))}."
        )
    return [path for path in there if not wanted or path.stem[:2] in wanted]


def left_over() -> list[Path]:
    """Notebooks whose source is gone, or is called otherwise now."""
    sources = {path.stem for path in _named(paths.NOTEBOOKS / "src", ".py")}
    return [path for path in _named(paths.NOTEBOOKS, ".ipynb") if path.stem not in sources]


def build(source: Path, target: Path, execute: bool = True, timeout: int = TIMEOUT) -> None:
    """Make a notebook from its source, executed with the values of its parameters cell.

    The same source and the same outputs give the same bytes: cell ids come from the cells'
    contents, and nothing is kept of when and where it ran.

    Parameters
    ----------
    source : path
        A jupytext py:percent file.
    target : path
        The notebook, replaced whole or not at all.
    execute : bool
        Run the cells. Otherwise outputs stay if only text has changed since `target` was made; a
        notebook without outputs does not pass `check`.
    timeout : int
        Seconds that one cell may take.

    Raises
    ------
    CourseError
        A cell failed, the kernel could not be started, or `target` cannot be written or, where its
        outputs are wanted, read.
    """
    import nbformat

    notebook = _read_source(source)
    if execute:
        _execute(notebook, source.stem, timeout)
    elif target.exists():
        _keep_outputs(notebook, read(target))
    files.save(target, nbformat.writes(notebook) + "\n")


def check(source: Path, notebook: Path) -> list[str]:
    """What is wrong with a committed notebook, a line a problem; empty if it is whole.

    Parameters
    ----------
    source : path
        The jupytext file that the notebook was made from.
    notebook : path
    """
    try:
        page = read(notebook)
    except CourseError as problem:
        return [str(problem).removeprefix(f"{notebook.name}: ")]  # who prints this names it
    return [
        *_kernel_problems(page),
        *_source_problems(_read_source(source).cells, page.cells),
        *execution_problems(page),
    ]


def execution_problems(page: NotebookNode) -> list[str]:
    """Why a notebook is not executed from its first cell to its last, a line a reason.

    Parameters
    ----------
    page : NotebookNode
    """
    code = [cell for cell in page.cells if cell.cell_type == "code" and cell.source.strip()]
    return [*_order_problems(code), *_output_problems(code)]


def binder(name: str) -> str:
    """The address of a page, "04_batchnorm_lags", in Binder."""
    page = f"notebooks/{name}.ipynb"
    return f"https://mybinder.org/v2/gh/{PROJECT}/main?urlpath=lab/tree/{page}"


def colab(name: str) -> str:
    """The address of a page, "04_batchnorm_lags", in Colab."""
    page = f"notebooks/{name}.ipynb"
    return f"https://colab.research.google.com/github/{PROJECT}/blob/main/{page}"


def on_github(path: str, anchor: str = "") -> str:
    """The address of a file or folder, named from the project's folder."""
    kind = "tree" if (paths.PROJECT / path).is_dir() else "blob"
    address = f"https://github.com/{PROJECT}/{kind}/main/{quote(path)}"
    return f"{address}#{anchor}" if anchor else address


def title(notebook: NotebookNode) -> str | None:
    """The first heading, without the page's number: "01 · Noise" is "Noise"."""
    for cell in notebook.cells:
        found = re.search(r"^#+ +(?:\d\d *· *)?(.+)", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and found:
            return found[1].strip()
    return None


def _named(folder: Path, suffix: str) -> list[Path]:
    """What is called like a page, in order."""
    return [path for path in sorted(folder.glob(f"*{suffix}")) if _NAME.fullmatch(path.stem)]


def _read_source(source: Path) -> NotebookNode:
    """The notebook of a source, not executed."""
    import jupytext
    import nbformat

    from tlhelpers.analysis import prose

    text = files.read_text(source)
    notebook = jupytext.reads(text, fmt="py:percent")
    if _RESULTS.search(text):
        notebook.cells[0].source += f"\n\n{_SMALL_PRINT}"
    notebook.cells.extend(_navigation(source))
    notebook.metadata = nbformat.from_dict(_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5  # The first with cell ids.
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        for mark in MARKS:
            cell.metadata.pop(mark, None)
        # From the content, so that a new cell does not rename those below it.
        digest = hashlib.sha256(f"{cell.cell_type} {cell.source}".encode()).hexdigest()[:8]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        if cell.cell_type == "markdown":
            if CONTENTS in cell.source:
                cell.source = cell.source.replace(CONTENTS, _contents(source.parent))
            cell.source = prose.render(cell.source)
    return notebook


def students_copy(notebook: Path, target: Path, beside: Collection[str] = ()) -> int:
    """Write a page without its solutions; how many there were.

    Links to other files of the project lead to GitHub: a copy may lie anywhere.

    Parameters
    ----------
    notebook, target : path
    beside : collection of str
        Names of the pages that are copied into the same folder; links to them stay.

    Raises
    ------
    CourseError
        The page cannot be read, or `target` cannot be written, is the page itself, or is no such
        copy.
    """
    import nbformat

    if target.resolve() == notebook.resolve():
        raise CourseError(f"{target} is the page itself: choose another folder for the copies.")
    if target.exists() and not _is_students_copy(target):
        raise CourseError(f"{target} is no copy of a page: choose another folder, or delete it.")
    page = read(notebook)
    kept = [cell for cell in page.cells if SOLUTION not in cell.metadata.get("tags", [])]
    for cell in kept:
        if cell.cell_type == "markdown":
            cell.source = _led_to_github(cell.source, notebook.parent, beside)
    left_out = len(page.cells) - len(kept)
    page.cells = kept
    page.metadata[STUDENTS_COPY] = True
    files.save(target, nbformat.writes(page) + "\n")
    return left_out


def has_students_copies(folder: Path) -> bool:
    """Whether a folder was made by `students_copy`."""
    return any(map(_is_students_copy, _named(folder, ".ipynb")))


def _is_students_copy(notebook: Path) -> bool:
    try:
        return STUDENTS_COPY in read(notebook).metadata
    except CourseError:
        return False


def _led_to_github(text: str, folder: Path, beside: Collection[str]) -> str:
    """Markdown of a page in a folder, with links to other files of the project that lead there."""

    def address(found: re.Match) -> str:
        path = (folder / unquote(found[0])).resolve()
        if found[0] in beside or not path.exists() or not path.is_relative_to(paths.PROJECT):
            return found[0]
        return on_github(path.relative_to(paths.PROJECT).as_posix())

    return _RELATIVE.sub(address, text)


def _navigation(source: Path) -> list[NotebookNode]:
    """The last cell of a page: the one before, the contents, the next."""
    import nbformat

    there = _named(source.parent, ".py")
    if source not in there or len(there) == 1:
        return []
    here = there.index(source)
    links = []
    if here > 0:
        links.append(f"← **Back:** {_link(there[here - 1])}")
    if here > 0:
        links.append(f"[Contents]({there[0].stem}.ipynb#Contents)")
    if here + 1 < len(there):
        links.append(f"**Next:** {_link(there[here + 1])} →")
    opened = (
        f"[Open this page in Binder]({binder(source.stem)}) · [in Colab]({colab(source.stem)}) "
        "(run the [README's first cell](../README.md#start-here) there first)"
    )
    text = " · ".join(links) + f"\n\n{opened}\n\n*Text: CC BY 4.0. Code: Apache-2.0.*"
    return [nbformat.v4.new_markdown_cell(text, metadata={"tags": [NAVIGATION]})]


def _contents(folder: Path) -> str:
    """All pages, a line each: its link, and what it says in one sentence."""
    lines = []
    for source in _named(folder, ".py"):
        said = re.search(
            r"\*\*In one sentence\.\*\* (.+?)\n#?\n", files.read_text(source), re.DOTALL
        )
        sentence = re.sub(r"\s*\n# ", " ", said[1]) if said else ""
        lines.append(f"- {_link(source)}. {sentence}".rstrip())
    return "\n".join(lines)


def _link(source: Path) -> str:
    heading = re.search(r"^# # +(?:\d\d *· *)?(.+)", files.read_text(source), re.MULTILINE)
    words = heading[1].strip() if heading else source.stem
    return f"[{source.stem[:2]} · {words}]({source.stem}.ipynb)"


def _execute(notebook: NotebookNode, name: str, timeout: int) -> None:
    """Run the cells, and take over what they gave; papermill's marks stay behind."""
    import nbformat

    execution = Execution()
    # Away from what was trained here: a page shows committed recordings, and its own runs.
    with tempfile.TemporaryDirectory() as build, tempfile.TemporaryDirectory() as folder:
        page = Path(folder, "page.ipynb")
        nbformat.write(notebook, page)
        try:
            execution.run(page, {}, {"TLHELPERS_PROGRESS": "0", "TLHELPERS_BUILD": build}, timeout)
        except PageFailed as problem:
            where = f"cell {execution.cell} `{execution.line}`"
            where = where if execution.cell else "before any cell"
            raise CourseError(f"{name}, {where}: {problem}") from None
    for cell, executed in zip(notebook.cells, execution.executed.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs = [output for output in executed.outputs if not _is_chatter(output)]
            cell.execution_count = executed.execution_count


def _keep_outputs(notebook: NotebookNode, made: NotebookNode) -> None:
    """Take over what the same code gave; nothing where any code has changed."""
    ours, theirs = (
        [cell for cell in page.cells if cell.cell_type == "code"] for page in (notebook, made)
    )
    if [cell.source for cell in ours] != [cell.source for cell in theirs]:
        return
    for cell, before in zip(ours, theirs, strict=True):
        cell.outputs, cell.execution_count = before.outputs, before.execution_count


def _is_chatter(output: NotebookNode) -> bool:
    """Whether an output is nothing but what TensorFlow writes whenever it is imported."""
    if output.get("name") != "stderr":
        return False
    return all(_CHATTER.match(line) for line in output.text.splitlines() if line.strip())


def _kernel_problems(page: NotebookNode) -> list[str]:
    spec = page.metadata.get("kernelspec", {})
    if spec == _METADATA["kernelspec"]:
        return []
    return [f"kernelspec is '{spec.get('name')}' ({spec.get('display_name')}), not 'python3'"]


def _source_problems(written: list[NotebookNode], found: list[NotebookNode]) -> list[str]:
    """Cells whose text, kind or tags are not those of the source."""
    problems = []
    if len(written) != len(found):
        problems.append(f"has {len(found)} cells, the source {len(written)}")
    for number, (ours, theirs) in enumerate(zip(written, found, strict=False), 1):
        if _identity(ours) != _identity(theirs):
            problems.append(
                f"cell {number} ({theirs.cell_type}) differs from the source: "
                f"`{theirs.source.strip().partition(chr(10))[0]}`"
            )
    return problems


def _identity(cell: NotebookNode) -> tuple[str, str, list[str]]:
    return cell.cell_type, cell.source, cell.metadata.get("tags", [])


def _order_problems(code: list[NotebookNode]) -> list[str]:
    """Code cells that were not executed, or not from the first to the last."""
    problems = []
    for number, cell in enumerate(code, 1):
        if cell.execution_count is None:
            problems.append(f"code cell {number} was not executed: `{first_line(cell)}`")
        elif cell.execution_count != number:
            problems.append(
                f"code cell {number} was executed out of order, as [{cell.execution_count}]: "
                f"`{first_line(cell)}`"
            )
    return problems


def _output_problems(code: list[NotebookNode]) -> list[str]:
    """Outputs that are missing or show an error."""
    if not any(cell.outputs for cell in code):
        return ["has no outputs at all"]
    problems = []
    for number, cell in enumerate(code, 1):
        if not cell.outputs and _prints(cell):
            problems.append(f"code cell {number} has no output: `{first_line(cell)}`")
        for output in cell.outputs:
            if output.output_type == "error":
                problems.append(f"code cell {number} shows {output.ename}: `{first_line(cell)}`")
    return problems


def _prints(cell: NotebookNode) -> bool:
    """Whether a cell is sure to have an output: it is tagged so, or prints at its top level."""
    if COMPARED in cell.metadata.get("tags", []):
        return True
    try:
        statements = ast.parse(cell.source).body
    except SyntaxError:  # Not Python alone, so nothing is sure.
        return False
    alone = [statement.value for statement in statements if isinstance(statement, ast.Expr)]
    called = [value.func for value in alone if isinstance(value, ast.Call)]
    return any(isinstance(name, ast.Name) and name.id == "print" for name in called)
