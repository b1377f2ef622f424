"""One page executed by papermill, in a kernel of its own.

Both who makes the committed pages (`tlhelpers.course.pages`) and who runs them for a report
(`tlhelpers.course.runner`) do it here.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from tlhelpers.core import files
from tlhelpers.core.errors import CourseError, in_one_line

if TYPE_CHECKING:
    from jupyter_client import AsyncKernelManager
    from nbformat import NotebookNode

TIMEOUT = 1200
"""Seconds that one cell may take; where it loads what is recorded, it takes no longer."""

_START_TIMEOUT = 120  # s; the first kernel after installing may have to compile every module.
# Two kernels that start at once may choose the same port (papermill issue 511).
_NO_KERNEL = re.compile("Address already in use|Kernel died before replying")


class PageFailed(CourseError):
    """What stopped a page, in one line; the `Execution` knows in which cell."""


@dataclass
class Execution:
    """A page that is executed by one thread; others may look on, and stop it.

    Attributes
    ----------
    cell : int
        The n of the ``In [n]`` that is executing; 0 before the first.
    line : str
        That cell's first line of code.
    executed : NotebookNode or None
        The page with its outputs, as far as it came; None while it runs, and if it was stopped.
    stopped : bool
        Whether somebody called `stop`.
    """

    cell: int = 0
    line: str = ""
    executed: NotebookNode | None = None
    stopped: bool = False
    _kernel: AsyncKernelManager | None = field(default=None, repr=False)

    def run(
        self,
        page: Path,
        parameters: Mapping[str, Any],
        environment: Mapping[str, str],
        timeout: int = TIMEOUT,
    ) -> None:
        """Execute a page, a second time if only its kernel could not be started.

        Parameters
        ----------
        page : path
            It stays as it is.
        parameters : mapping
            Plain values for its parameters cell; with none, the page is executed as it is.
        environment : mapping of str to str
            Variables for its kernel, beyond those of this process.
        timeout : int
            Seconds that one cell may take.

        Raises
        ------
        PageFailed
            A cell failed, the page is broken or lacks a parameter, or there was no kernel.
        CourseError
            The disk is full.
        """
        with tempfile.TemporaryDirectory(prefix="tlhelpers-", ignore_cleanup_errors=True) as folder:
            # Papermill takes braces in paths for parameters; these paths have none.
            original, executed = Path(folder, "original.ipynb"), Path(folder, "executed.ipynb")
            try:
                shutil.copyfile(page, original)
                _refuse_unknown(original, parameters)
                try:
                    self._papermill(original, executed, parameters, environment, timeout)
                except Exception as problem:
                    if self.stopped or self.cell or not _NO_KERNEL.search(str(problem)):
                        raise
                    self._papermill(original, executed, parameters, environment, timeout)
                self.executed = _read(executed)
            except Exception as problem:
                if getattr(problem, "errno", None) in files.DISK_FULL:
                    raise CourseError(f"The disk is full: {folder}.") from None
                if executed.exists() and not self.stopped:
                    self.executed = _read(executed)
                raise PageFailed(_what_stopped(problem, timeout)) from None

    def stop(self) -> None:
        """End the kernel, now or as soon as it has started; `run` notices within a second."""
        self.stopped = True
        self._kill()

    def _kill(self) -> None:
        """End the kernel's process; training leaves nothing half written."""
        if process := getattr(getattr(self._kernel, "provisioner", None), "process", None):
            process.kill()

    def _papermill(
        self,
        original: Path,
        executed: Path,
        parameters: Mapping[str, Any],
        environment: Mapping[str, str],
        timeout: int,
    ) -> None:
        import papermill

        # Its own messages would fall among the bars; what they say is in the exceptions too.
        logging.getLogger("papermill").addHandler(logging.NullHandler())
        papermill.execute_notebook(
            original,
            executed,
            dict(parameters),
            progress_bar=False,
            start_timeout=_START_TIMEOUT,
            execution_timeout=timeout,
            # What follows goes to nbclient.
            kernel_manager_class=self._kernel_manager(kernel_environment(environment)),
            shutdown_kernel="immediate",
            # Warnings would reach the terminal: on this machine's own ports nobody listens in.
            extra_arguments=["--log-level=ERROR"],
            coalesce_streams=True,  # How prints arrive in pieces is chance.
            store_widget_state=False,
            on_cell_execute=self._cell_starts,
        )

    def _cell_starts(self, cell: NotebookNode, **_: Any) -> None:
        self.line = first_line(cell)
        self.cell += 1

    def _kernel_manager(self, environment: dict[str, str]) -> type[AsyncKernelManager]:
        """A kernel manager with this environment that `stop` knows of."""
        from jupyter_client import AsyncKernelManager

        execution = self

        class Kernel(AsyncKernelManager):
            async def start_kernel(self, **options: Any) -> None:
                execution._kernel = self
                await super().start_kernel(**options, env=environment)
                if execution.stopped:  # Ctrl-C came while it started.
                    execution._kill()

        return Kernel


def first_line(cell: NotebookNode) -> str:
    """The first line of a code cell that is not a comment."""
    lines = [line.strip() for line in cell.source.splitlines() if line.strip()]
    return next((line for line in lines if not line.startswith("#")), lines[0])


def kernel_environment(more: Mapping[str, str] = MappingProxyType({})) -> dict[str, str]:
    """The environment of a kernel that executes a page with no one in front of it.

    Parameters
    ----------
    more : mapping of str to str
        Variables that count above all others.

    Returns
    -------
    dict of str to str
        This process's variables as well.
    """
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


def _refuse_unknown(page: Path, parameters: Mapping[str, Any]) -> None:
    """Raise for parameters that a page does not have; papermill would only warn."""
    import papermill

    known = papermill.inspect_notebook(page)
    if strangers := [name for name in parameters if name not in known]:
        raise CourseError(
            f"this page has no parameter {', '.join(strangers)}; "
            f"it has {', '.join(known) or 'none'}"
        )


def _read(page: Path) -> NotebookNode:
    import nbformat

    return nbformat.read(page, as_version=4)


def _what_stopped(problem: Exception, timeout: int) -> str:
    """What executing a page ended in, in one line."""
    from nbclient.exceptions import CellTimeoutError, DeadKernelError

    if isinstance(problem, CellTimeoutError):
        return f"CellTimeoutError: the cell took longer than {timeout} s"
    if isinstance(problem, DeadKernelError):
        return "DeadKernelError: the page's Python process died; often the memory had run out"
    return in_one_line(problem)
