"""The pages of the course: where they are, how they are made, and that they are whole.

A page is written as text, ``notebooks/src/NN_topic.py`` (jupytext py:percent). `build` makes the
notebook that learners open, ``notebooks/NN_topic.ipynb``, and executes it; `check` finds notebooks
that were edited by hand, stripped of their outputs, or saved half executed.
"""

from __future__ import annotations

import ast
import hashlib
import os
import re
import tempfile
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlhelpers.core import files, paths
from tlhelpers.core.errors import CourseError, in_one_line

if TYPE_CHECKING:
    from nbformat import NotebookNode

TIMEOUT = 1200
"""Seconds that one cell may take."""

KERNEL_ARGUMENTS = ["--log-level=ERROR"]
"""A kernel's warnings would reach the terminal: on this machine's own ports nobody listens in."""

_METADATA = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    # Papermill needs the name. The version that a kernel adds would differ between machines.
    "language_info": {"name": "python"},
}
_COMPARED = "# NBVAL_CHECK_OUTPUT"
_NO_KERNEL = re.compile("Address already in use|Kernel died before replying")
_NAME = re.compile(r"\d\d_\w+")


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
    there = [p for p in sorted(folder.glob(f"*{suffix}")) if _NAME.fullmatch(p.stem)]
    if not there:
        raise CourseError(f"There are no pages (NN_topic{suffix}) in {folder}.")
    names = {path.stem[:2] for path in there}
    wanted = {number.zfill(2) for number in numbers} or names
    if strangers := sorted(wanted - names):
        raise CourseError(
            f"There is no page {', '.join(strangers)}: choose from {', '.join(sorted(names))}."
        )
    return [path for path in there if path.stem[:2] in wanted]


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
        Run the cells; a notebook without outputs does not pass `check`.
    timeout : int
        Seconds that one cell may take.

    Raises
    ------
    CourseError
        A cell failed, the kernel could not be started, or `target` cannot be written.
    """
    import nbformat

    notebook = _read_source(source)
    if execute:
        _execute(notebook, source.stem, timeout)
    # Execution adds the interpreter's version here.
    notebook.metadata = nbformat.from_dict(_METADATA)
    files.save(target, nbformat.writes(notebook) + "\n")


def check(source: Path, notebook: Path) -> list[str]:
    """What is wrong with a committed notebook, a line a problem; empty if it is whole.

    Parameters
    ----------
    source : path
        The jupytext file that the notebook was made from.
    notebook : path
    """
    import nbformat

    try:
        page = nbformat.read(notebook, as_version=4)
        nbformat.validate(page)
    except FileNotFoundError:
        return ["there is no such notebook"]
    except Exception as problem:  # no text, no JSON, or JSON of something else: all have their own
        return [f"is no notebook, make it anew: {in_one_line(problem)}"]
    code = [cell for cell in page.cells if cell.cell_type == "code" and cell.source.strip()]
    return [
        *_kernel_problems(page),
        *_source_problems(_read_source(source).cells, page.cells),
        *_order_problems(code),
        *_output_problems(code),
    ]


def title(notebook: NotebookNode) -> str | None:
    """The first heading, without the page's number: "01 · Noise" is "Noise"."""
    for cell in notebook.cells:
        found = re.search(r"^#+ +(?:\d\d *· *)?(.+)", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and found:
            return found[1].strip()
    return None


def kernel_environment(**more: str) -> dict[str, str]:
    """The environment of a kernel that executes a page with no one in front of it."""
    return {
        **os.environ,
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "PYTHONHASHSEED": "0",
        # CI machines often set Agg, and every figure would be missing.
        "MPLBACKEND": "module://matplotlib_inline.backend_inline",
        # Otherwise each kernel warns about frozen modules, into the runner's terminal.
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        # `tlhelpers.core.memory` comes too late for this in a kernel: it has threads already.
        "MALLOC_ARENA_MAX": "1",
        **more,
    }


def first_line(cell: NotebookNode) -> str:
    """The first line of a code cell that is not a comment."""
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("#")), lines[0])


def is_without_kernel(problem: Exception) -> bool:
    """Whether only the kernel could not be started: another try may do.

    Two kernels that start at once may choose the same port (papermill issue 511).
    """
    return bool(_NO_KERNEL.search(str(problem)))


def what_stopped(problem: Exception, timeout: int) -> str:
    """What stopped a page, in one line.

    Parameters
    ----------
    problem : Exception
        What executing the page ended in.
    timeout : int
        Seconds that one cell was given.

    Returns
    -------
    str
    """
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    if isinstance(problem, CellTimeoutError):
        return f"CellTimeoutError: the cell took longer than {timeout} s"
    if isinstance(problem, DeadKernelError):
        return "DeadKernelError: the page's Python process died; often the memory had run out"
    return in_one_line(problem)


def _read_source(source: Path) -> NotebookNode:
    """The notebook of a source, not executed."""
    import jupytext
    import nbformat

    from tlhelpers.analysis import prose

    notebook = jupytext.reads(source.read_text(encoding="utf-8"), fmt="py:percent")
    notebook.metadata = nbformat.from_dict(_METADATA)
    notebook.nbformat, notebook.nbformat_minor = 4, 5  # The first with cell ids.
    seen: Counter[str] = Counter()
    for cell in notebook.cells:
        cell.metadata.pop("lines_to_next_cell", None)  # Jupytext's blank lines.
        # From the content, so that a new cell does not rename those below it.
        digest = hashlib.sha256(f"{cell.cell_type} {cell.source}".encode()).hexdigest()[:8]
        seen[digest] += 1
        cell.id = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        if cell.cell_type == "markdown":
            cell.source = prose.render(cell.source)
    return notebook


def _execute(notebook: NotebookNode, name: str, timeout: int) -> None:
    """Run the cells in place."""
    from nbclient import NotebookClient

    started: list[NotebookNode] = []

    def remember(cell: NotebookNode, **_: Any) -> None:
        started.append(cell)

    def execute() -> None:
        client = NotebookClient(
            notebook,
            timeout=timeout,
            kernel_name="python3",
            record_timing=False,  # Would change with every execution.
            coalesce_streams=True,  # How prints arrive in pieces is chance.
            store_widget_state=False,
            shutdown_kernel="immediate",
            extra_arguments=KERNEL_ARGUMENTS,
            on_cell_execute=remember,
        )
        # Away from what was trained here: a page shows committed recordings, and its own runs.
        with tempfile.TemporaryDirectory() as folder:
            client.execute(env=kernel_environment(TLHELPERS_PROGRESS="0", TLHELPERS_BUILD=folder))

    try:
        try:
            execute()
        except Exception as problem:
            if started or not is_without_kernel(problem):
                raise
            execute()
    except Exception as problem:
        where = f"cell {len(started)} `{first_line(started[-1])}`" if started else "before any cell"
        raise CourseError(f"{name}, {where}: {what_stopped(problem, timeout)}") from None


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
        if not cell.outputs and _prints(cell.source):
            problems.append(f"code cell {number} has no output: `{first_line(cell)}`")
        for output in cell.outputs:
            if output.output_type == "error":
                problems.append(f"code cell {number} shows {output.ename}: `{first_line(cell)}`")
    return problems


def _prints(source: str) -> bool:
    """Whether a cell is sure to have an output: it is marked so, or prints at its top level."""
    if source.lstrip().startswith(_COMPARED):
        return True
    try:
        statements = ast.parse(source).body
    except SyntaxError:  # Not Python alone, so nothing is sure.
        return False
    alone = [statement.value for statement in statements if isinstance(statement, ast.Expr)]
    called = [value.func for value in alone if isinstance(value, ast.Call)]
    return any(isinstance(name, ast.Name) and name.id == "print" for name in called)
