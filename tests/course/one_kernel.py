"""A plugin for nbval: all pages in one kernel, which forgets each before the next.

To start a kernel and import Keras takes longer than replaying most pages. That a page runs in a
kernel of its own is shown where papermill executes it; here it is about what it says.

``TLHELPERS_BUILD=build`` gives each page a build folder of its own, beside it.
"""

from __future__ import annotations

from nbval import plugin
from nbval.kernel import RunningKernel

NEXT_PAGE = """
import os, sys
os.chdir({folder!r})
if "keras" in sys.modules:
    sys.modules["keras"].utils.clear_session()
%reset -f
"""

_kernels: list[RunningKernel] = []


def _kernel(kernel_name: str, cwd: str, startup_timeout: int) -> RunningKernel:
    """The kernel of the page before, unless it died or was stopped with a cell that hangs."""
    if not _kernels or not _kernels[-1].is_alive():
        _kernels.append(RunningKernel(kernel_name, cwd, startup_timeout))
    kernel = _kernels[-1]
    asked = kernel.execute_cell_input(NEXT_PAGE.format(folder=cwd), allow_stdin=False)
    kernel.await_reply(asked, startup_timeout)
    kernel.await_idle(asked, startup_timeout)
    return kernel


def pytest_configure() -> None:
    plugin.RunningKernel = _kernel
    plugin.IPyNbFile.teardown = lambda page: None  # it would stop the kernel


def pytest_unconfigure() -> None:
    for kernel in _kernels:
        if kernel.is_alive():
            kernel.stop()
