"""One page in a kernel of its own."""

import errno
import threading

import nbformat
import papermill
import pytest

from tests.course.tiny_pages import notebook, pretend
from tlhelpers.core.errors import CourseError
from tlhelpers.course.execution import Execution, PageFailed

NO_KERNEL = RuntimeError("Kernel died before replying to kernel_info")


def test_a_page_gets_its_parameters_and_stays_as_it_is(tmp_path):
    page = notebook(tmp_path, "00_a {b}", "import os\nprint(profile, os.environ['SAID'])")
    before, execution = page.read_bytes(), Execution()
    execution.run(page, {"profile": "smoke"}, {"SAID": "more"})
    assert execution.executed.cells[-1].outputs[0].text == "smoke more\n"
    assert (execution.cell, execution.line, execution.stopped) == (3, "import os", False)
    assert page.read_bytes() == before


def test_unknown_parameters_are_refused_without_a_kernel(tmp_path, monkeypatch):
    calls = pretend(monkeypatch)
    page = notebook(tmp_path, "00_a", parameters="size = 1\nlive = True")
    with pytest.raises(PageFailed, match="^this page has no parameter profile; it has size, live$"):
        Execution().run(page, {"profile": "smoke"}, {})
    assert not calls


@pytest.mark.parametrize("words", [str(NO_KERNEL), "Address already in use"])
def test_a_kernel_that_did_not_start_gets_a_second_chance(tmp_path, monkeypatch, words):
    page, failure = notebook(tmp_path, "00_a", "x = 1"), RuntimeError(words)
    execution = Execution()
    pretend(monkeypatch, failure)
    execution.run(page, {}, {})
    assert execution.executed
    calls = pretend(monkeypatch, failure, failure, failure)
    with pytest.raises(PageFailed, match=f"^RuntimeError: {words}$"):
        execution.run(page, {}, {})
    assert len(calls) == 2


def test_a_page_that_had_started_gets_none(tmp_path, monkeypatch):
    calls = []

    def execute(*_, on_cell_execute, **__):
        calls.append(1)
        on_cell_execute(cell=nbformat.v4.new_code_cell("# Why\nx = 1"), cell_index=0)
        raise NO_KERNEL

    monkeypatch.setattr(papermill, "execute_notebook", execute)
    execution = Execution()
    with pytest.raises(PageFailed):
        execution.run(notebook(tmp_path, "00_a", "x = 1"), {}, {})
    assert (execution.cell, execution.line, len(calls)) == (1, "x = 1", 1)


def test_other_failures_get_none(tmp_path, monkeypatch):
    calls = pretend(monkeypatch, ValueError("no"))
    with pytest.raises(PageFailed, match="^ValueError: no$"):
        Execution().run(notebook(tmp_path, "00_a", "x = 1"), {}, {})
    assert len(calls) == 1


def test_a_full_disk_is_nothing_of_the_page(tmp_path, monkeypatch):
    pretend(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(CourseError, match="disk is full") as raised:
        Execution().run(notebook(tmp_path, "00_a", "x = 1"), {}, {})
    assert not isinstance(raised.value, PageFailed)


# None of what sleeps for an hour may be waited for: pytest's own limit would tell.
SLEEP = "import time\ntime.sleep(3600)"


def test_a_cell_that_takes_too_long_fails_its_page(tmp_path):
    execution = Execution()
    with pytest.raises(PageFailed, match="^CellTimeoutError: the cell took longer than 1 s$"):
        execution.run(notebook(tmp_path, "00_slow", "x = 1", SLEEP), {}, {}, timeout=1)
    assert (execution.cell, execution.line) == (3, "import time")
    assert execution.executed.cells[2].execution_count == 2, "the page as far as it came"


@pytest.mark.parametrize("begin", [True, False])
def test_what_is_stopped_ends_and_leaves_no_page(tmp_path, begin):
    """In the middle of a cell, and before there is a kernel."""
    began = tmp_path / "began"
    page = notebook(tmp_path, "00_slow", f"open({str(began)!r}, 'w').close()", SLEEP)
    execution, ended = Execution(), threading.Event()

    def stop():
        while begin and not began.exists() and not ended.wait(0.05):
            pass
        execution.stop()

    stopper = threading.Thread(target=stop)
    stopper.start()
    if not begin:
        stopper.join()
    with pytest.raises(PageFailed):
        execution.run(page, {}, {})
    ended.set()
    stopper.join()
    assert execution.stopped and execution.executed is None
    assert began.exists() == begin
