"""Run pages of the course without anyone in front of them, and report how they went.

Each page is executed by papermill in a kernel of its own, started from a thread. The main thread
only watches: it shows progress and, on Ctrl-C, stops the kernels.
"""

from __future__ import annotations

import datetime
import logging
import platform
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tqdm import tqdm

from tlhelpers.core import files, machine, progress
from tlhelpers.core.errors import CourseError
from tlhelpers.course import pages, report
from tlhelpers.course.execution import TIMEOUT, Execution, PageFailed
from tlhelpers.course.junit import FAILED, INTERRUPTED, NOT_RUN, PASSED
from tlhelpers.course.report import PageResult

if TYPE_CHECKING:
    from nbconvert import HTMLExporter
    from nbformat import NotebookNode

_PLAIN = (str, int, float, bool, type(None))
_COPIES = (".ipynb", ".html")  # of an executed page

Watch = Callable[[list["Page"]], None]
"""Called a few times a second with all pages, so that somebody can see how they get on."""


@dataclass
class Page:
    """A page while the course runs.

    Attributes
    ----------
    path : path
    title : str
    cells : int
        Code cells to execute.
    execution : Execution
        How far it has come.
    bars : path, optional
        Where the page's trainings write their progress, while it runs.
    result : PageResult, optional
        None until it has ended.
    """

    path: Path
    title: str
    cells: int
    execution: Execution = field(default_factory=Execution)
    bars: Path | None = None
    result: PageResult | None = None


def run(
    notebooks: Sequence[Path],
    out: Path,
    parameters: dict[str, Any] | None = None,
    jobs: int = 1,
    timeout: int = TIMEOUT,
    on_progress: Watch | None = None,
    execute: Callable[[list[Page], Path, dict[str, Any], int, Watch], None] | None = None,
) -> list[PageResult]:
    """Execute notebooks; a page that fails does not stop the others.

    Leaves in `out` an executed copy and an HTML copy of each page that came to an end, and the
    report (see `tlhelpers.course.report`). Ctrl-C stops the kernels; the pages it stopped are
    "interrupted" or "not run", and the report is written all the same.

    Parameters
    ----------
    notebooks : sequence of path
    out : path
        Made if it does not exist.
    parameters : dict, optional
        Values, plain Python, for the parameters cells. A page that does not know one fails.
    jobs : int
        Pages at a time. With more than one, TensorFlow's threads are divided among them.
    timeout : int
        Seconds that one cell may take.
    on_progress : function of a list of Page, optional
        Called a few times a second.
    execute : function, optional
        Executes the pages somewhere else, into `out`, and fills in their results, also those of
        the pages that Ctrl-C stops: `tlhelpers.course.cluster.execute`. `jobs` then is the number
        of workers.

    Returns
    -------
    results : list of PageResult
        In the order of `notebooks`.

    Raises
    ------
    CourseError
        `out` cannot be written, or an argument makes no sense.
    """
    parameters = parameters or {}
    for name, value in parameters.items():
        if not _is_plain(value):
            raise CourseError(f"Parameter '{name}' must be plain Python, not {value!r}.")
    if jobs < 1:
        raise CourseError(f"The number of jobs must be at least 1, not {jobs}.")
    started = datetime.datetime.now().astimezone()
    about = {
        "started": started.isoformat(timespec="seconds"),
        "parameters": parameters,
        "jobs": jobs,
        "device": f"{jobs} workers of a cluster" if execute else machine.device(),
        "versions": {
            "Python": platform.python_version(),
            **{name: metadata.version(name) for name in ("keras", "papermill", "tlhelpers")},
        },
    }
    _forget_old(out, notebooks)

    all_pages = [_opened(path, parameters) for path in notebooks]
    clock, watch = time.monotonic(), on_progress or (lambda _: None)
    if execute:
        execute(all_pages, out, parameters, timeout, watch)
    else:
        with _temporary_folder() as work:
            _Course(out, Path(work), parameters, jobs, timeout).run(all_pages, watch)
    results = [p.result or PageResult(p.path.stem, p.title, NOT_RUN) for p in all_pages]
    report.write(out, results, {**about, "seconds": round(time.monotonic() - clock, 3)})
    return results


def run_text(
    name: str, text: str, parameters: dict[str, Any], timeout: int, on_progress: Watch
) -> tuple[PageResult, dict[str, str]]:
    """Execute one page that came, and goes back, as text: for a machine without its folders.

    Returns
    -------
    result : PageResult
    copies : dict of str to str
        The executed page and its HTML by their suffix; empty if it did not come to an end.
    """
    with _temporary_folder() as work:
        page, out = Path(work, f"{name}.ipynb"), Path(work, "out")
        page.write_text(text, encoding="utf-8")
        (result,) = run([page], out, parameters, timeout=timeout, on_progress=on_progress)
        copies = {suffix: out / f"{name}{suffix}" for suffix in _COPIES}
        return result, {s: p.read_text(encoding="utf-8") for s, p in copies.items() if p.exists()}


def _forget_old(out: Path, notebooks: Sequence[Path]) -> None:
    """Remove what an earlier run left: if this one is killed, that must not pass for its result.

    Better to know now that the folder cannot be written than in an hour.
    """
    if out.resolve() in {path.parent.resolve() for path in notebooks}:
        raise CourseError(f"The pages themselves lie in {out}: choose another folder for copies.")
    files.save(out / "report.json", "{}\n")
    copies = [f"{path.stem}{suffix}" for path in notebooks for suffix in _COPIES]
    for name in ("index.html", "junit.xml", *copies):
        (out / name).unlink(missing_ok=True)


def _temporary_folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="tlhelpers-", ignore_cleanup_errors=True)


class _Course:
    """The threads and kernels of one run."""

    def __init__(self, out: Path, work: Path, parameters: dict[str, Any], jobs: int, timeout: int):
        self.out, self.work, self.parameters = out, work, parameters
        self.jobs, self.timeout = jobs, timeout

    def run(self, all_pages: list[Page], on_progress: Watch) -> None:
        """Execute the pages; returns early after Ctrl-C, with every kernel stopped."""
        pool = ThreadPoolExecutor(self.jobs)
        try:
            waiting = {pool.submit(self.page, page) for page in all_pages}
            while waiting:
                done, waiting = wait(waiting, timeout=0.2)
                for future in done:
                    future.result()
                on_progress(all_pages)
        except BaseException as problem:
            for page in all_pages:  # the threads that wait for their kernels notice soon
                page.execution.stop()
            if not isinstance(problem, KeyboardInterrupt):
                raise
        finally:
            pool.shutdown(cancel_futures=True)

    def page(self, page: Page) -> None:
        """Execute one page, keep its copies, and say how it went in `page.result`."""
        clock = time.monotonic()
        name, execution = page.path.stem, page.execution
        if execution.stopped:
            return
        status, error = PASSED, None
        page.bars = self.work / f"{name}-bars"
        page.bars.mkdir()
        try:
            execution.run(page.path, self.parameters, self._environment(page.bars), self.timeout)
        except PageFailed as problem:
            status, error = (INTERRUPTED, None) if execution.stopped else (FAILED, str(problem))
        if execution.executed:
            self._keep(execution.executed, page)
        page.bars = None
        failed_in = {"cell": execution.cell, "line": execution.line}
        failed_in = failed_in if error and execution.cell else {}
        seconds = round(time.monotonic() - clock, 3)
        page.result = PageResult(name, page.title, status, seconds, **failed_in, error=error)

    def _environment(self, bars: Path) -> dict[str, str]:
        """What a page's kernel needs to know."""
        environment = {progress.FOLDER: str(bars)}
        if self.jobs > 1:
            environment["TF_NUM_INTRAOP_THREADS"] = str(max(1, machine.cores() // self.jobs))
        return environment

    def _keep(self, executed: NotebookNode, page: Page) -> None:
        """Put the executed page and its HTML into the out folder."""
        import nbformat

        files.save(self.out / f"{page.path.stem}.ipynb", nbformat.writes(executed) + "\n")
        html, _ = _exporter().from_notebook_node(executed, {"metadata": {"name": page.title}})
        files.save(self.out / f"{page.path.stem}.html", html)


class Bars:
    """Shows progress in a terminal: a bar for the course, and below it those of the trainings."""

    def __init__(self, slots: int):
        self.course = tqdm(
            bar_format="{desc} |{bar}| {percentage:.0f} % [{elapsed}<{remaining}]",
            desc="starting",
            total=1.0,
            leave=False,
            dynamic_ncols=True,
        )
        self.trainings = [
            tqdm(bar_format="{desc}", position=slot, leave=False) for slot in range(1, slots + 1)
        ]

    def __call__(self, all_pages: list[Page]) -> None:
        ended = [p for p in all_pages if p.result]
        running = [p for p in all_pages if p.bars and not p.result]
        parts = sum(max(p.execution.cell - 1, 0) / max(p.cells, 1) for p in running)
        self.course.n = (len(ended) + parts) / len(all_pages)
        now = ", ".join(f"{p.path.stem} cell {p.execution.cell}/{p.cells}" for p in running)
        self.course.set_description_str(f"{len(ended)}/{len(all_pages)} pages, {now}")
        lines = [
            f"{p.path.stem[:2]}  {line}"
            for p in running
            if (bars := p.bars)  # The thread that runs the page may just be ending it.
            for line in progress.reported(bars)
        ]
        lines += [""] * len(self.trainings)
        for slot, line in zip(self.trainings, lines, strict=False):
            slot.set_description_str(line)

    def close(self) -> None:
        """Clear the bars."""
        for shown in (*self.trainings, self.course):
            shown.close()


class Lines:
    """Shows progress in a log: a line when a page starts and one when it ends."""

    def __init__(self) -> None:
        self.told: set[str] = set()

    def __call__(self, all_pages: list[Page]) -> None:
        for page in all_pages:
            name = page.path.stem
            if page.bars or page.result:
                self._tell(f"{name} started")
            if result := page.result:
                ended = f"{name} {result.status} in {report.duration(result.seconds)}"
                self._tell(f"{ended}: {result.problem}" if result.problem else ended)

    def _tell(self, line: str) -> None:
        if line not in self.told:
            self.told.add(line)
            print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Nothing to clear."""


def viewer(jobs: int) -> Bars | Lines:
    """What shows progress on this machine's standard error."""
    # A page reports two bars at most: its seeds, and the steps of one training.
    return Bars(2 * jobs) if sys.stderr.isatty() else Lines()


def _opened(path: Path, parameters: dict[str, Any]) -> Page:
    """The page with what can be known before it runs; a broken one fails later, on its own."""
    import nbformat

    try:
        notebook = nbformat.read(path, as_version=4)
    except Exception:
        return Page(path, path.stem, 1)
    code = [cell for cell in notebook.cells if cell.cell_type == "code" and cell.source.strip()]
    injected = 1 if parameters else 0  # Papermill adds a cell with the values.
    return Page(path, pages.title(notebook) or path.stem, len(code) + injected)


def _is_plain(value: Any) -> bool:
    """Whether papermill can write the value into a cell: NumPy's numbers, say, it cannot."""
    if type(value) in (list, tuple):
        return all(map(_is_plain, value))
    if type(value) is dict:
        return all(map(_is_plain, (*value, *value.values())))
    return type(value) in _PLAIN


@cache
def _exporter() -> HTMLExporter:
    """Makes HTML that needs no network and keeps the images' text alternatives."""
    from nbconvert import HTMLExporter

    quiet = logging.getLogger("tlhelpers.html")
    quiet.addHandler(logging.NullHandler())
    quiet.propagate = False
    return HTMLExporter(raw_template=_TEMPLATE, log=quiet)


_TEMPLATE = """
{%- extends 'lab/index.html.j2' -%}
{#- These three load scripts from the network. -#}
{%- block html_head_js_requirejs -%}{%- endblock -%}
{%- block html_head_js_mathjax -%}{%- endblock -%}
{%- block html_head_js_mermaidjs -%}{%- endblock -%}
{%- block jupyter_widgets -%}{%- endblock -%}
{%- block extra_css -%}
<style>
main { max-width: 62rem; margin: 0 auto; }
nav { padding: 1rem 0; font: 1rem/1.5 system-ui, sans-serif; }
nav a { color: #0b5cad; text-decoration: underline; }
</style>
{%- endblock -%}
{%- block body_header -%}
{{ super() }}
<nav><a href="index.html">All pages</a></nav>
{%- endblock -%}
{#- The template of JupyterLab forgets the text alternative. -#}
{%- block data_png scoped -%}
<div class="jp-RenderedImage jp-OutputArea-output {{ extra_class }}">
<img src="data:image/png;base64,{{ output.data['image/png'] | escape_html }}"
alt="{{ (output | get_metadata('alt', 'image/png') or 'No description') | escape_html }}">
</div>
{%- endblock -%}
"""
