"""The committed pages: complete as executed, run by papermill as small as can be, true by nbval."""

from __future__ import annotations

import itertools
import json
import os
import re
import subprocess
import sys
import textwrap

import nbformat
import papermill
import pytest

from tests.course.tiny_pages import notebook as tiny
from tlhelpers.core import paths
from tlhelpers.course import pages
from tlhelpers.course.book import exercises
from tlhelpers.course.execution import Execution, kernel_environment
from tlhelpers.course.exercises import NOT_TRIED

SOURCES = sorted((paths.NOTEBOOKS / "src").glob("*.py"))
NAMES = [source.stem for source in SOURCES]
LIVE = "12_retina_answer"
SMOKED = {NAMES[0], LIVE}
"""Run on the smallest sizes each time; the others, with little of their own there, by night."""

TRAINING = [name for name in NAMES if name[:2] in ("00", "01", "02", "03", "05")]
"""They train for a minute or two, two thirds of what all pages take: nbval has them by night."""


def notebook(name):
    return paths.NOTEBOOKS / f"{name}.ipynb"


def cells(name):
    return json.loads(notebook(name).read_text(encoding="utf-8"))["cells"]


def test_every_source_has_its_notebook_and_no_notebook_is_left_over():
    found = [p.stem for p in sorted(paths.NOTEBOOKS.glob("*.ipynb"))]
    assert found == NAMES and found


@pytest.mark.parametrize("name", NAMES)
def test_committed_as_executed(name):
    """The guard against stripped, edited or failed notebooks, over which nbval passes silently."""
    source = paths.NOTEBOOKS / "src" / f"{name}.py"
    assert pages.check(source, notebook(name)) == []


@pytest.mark.parametrize("name", NAMES)
def test_rules_of_a_page(name):
    text = notebook(name).read_text(encoding="utf-8")
    code = "\n".join("".join(c["source"]) for c in cells(name) if c["cell_type"] == "code")
    prose = "\n".join("".join(c["source"]) for c in cells(name) if c["cell_type"] == "markdown")
    assert code.count("\n") < 200
    known = papermill.inspect_notebook(notebook(name))
    assert list(known) == ["profile", "live", "seeds"]
    assert "Contents" in prose and ("**Next:**" in prose or name == NAMES[-1])
    assert not re.search(r"^ +\|", prose, re.M), "nbconvert shows no table inside a list"
    assert str(paths.PROJECT) not in text, "a path of this machine is in the page"
    assert not any(line.lstrip().startswith(("%", "!")) for line in code.splitlines())
    for cell in cells(name):
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", "".join(output.get("text", ""))
            if "image/png" in output.get("data", {}):
                assert output["metadata"]["image/png"]["alt"], "a figure without text alternative"


@pytest.mark.parametrize("copied", [NAMES, NAMES[:2]], ids=["all", "two"])
def test_no_link_of_a_students_copy_points_to_nothing(copied, tmp_path):
    """Copies lie where nothing else of the project does."""
    names = {f"{name}.ipynb" for name in copied}
    for name in copied:
        pages.students_copy(notebook(name), tmp_path / f"{name}.ipynb", names)
    relative = re.compile(r"""(?:\]\(|(?:href|src)=["'])(?![a-z]+:|#)([^)"'#\s]+)""")
    dead = [
        (name, link)
        for name in copied
        for cell in json.loads((tmp_path / f"{name}.ipynb").read_text(encoding="utf-8"))["cells"]
        if cell["cell_type"] == "markdown"
        for link in relative.findall("".join(cell["source"]))
        if not (tmp_path / link).exists()
    ]
    assert not dead


@pytest.fixture(scope="session")
def shared_build(tmp_path_factory):
    """One folder for the runs that pages train, whichever process of xdist executes them."""
    folder = tmp_path_factory.getbasetemp()
    return (folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder) / "smoke"


@pytest.mark.slow
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n in SMOKED else pytest.mark.nightly) for n in NAMES]
)
def test_smoke(name, tmp_path, shared_build, monkeypatch):
    """Each page runs from top to bottom, in a kernel of its own, on the smallest sizes.

    Nothing is recorded at these sizes, so all is trained; what one page has trained, the next one
    finds. One page trains all of its own again, as a learner can ask it to.
    """
    monkeypatch.chdir(tmp_path)
    execution = Execution()
    environment = {"TLHELPERS_BUILD": str(shared_build), "TLHELPERS_PROGRESS": "0"}
    parameters = {"profile": "smoke", "live": name == LIVE}
    execution.run(notebook(name), parameters, environment, timeout=600)
    done = execution.executed.cells
    assert all(cell.execution_count for cell in done if cell.cell_type == "code")


def nbval(folder, timeout=600):
    """nbval's verdict on the pages in a folder, each with its build folder: exit code, words."""
    command = [sys.executable, "-m", "pytest", "-p", "tests.course.one_kernel"]
    command += ["--nbval-lax", "--nbval-current-env", f"--nbval-cell-timeout={timeout}"]
    command += ["-p", "no:cacheprovider", "-q", str(folder)]
    environment = kernel_environment({"TLHELPERS_BUILD": "build", "TLHELPERS_PROGRESS": "0"})
    done = subprocess.run(
        command, capture_output=True, text=True, cwd=paths.PROJECT, env=environment
    )
    return done.returncode, done.stdout[-6000:] + done.stderr[-1000:]


def exercises_of(page):
    """Exercise cells of a page, each with the code of its solution, and its name."""
    for cell, after in itertools.pairwise(page.cells):
        if "exercise" in cell.metadata.get("tags", []):
            (code,) = re.findall(r"```python\n(.*?)```", after.source, re.DOTALL)
            (name,) = re.findall(r'tl\.check\("([^"]+)"', cell.source)
            yield cell, code, name


def copied(name, folder):
    """A copy of a page in a folder of its own, its exercises solved.

    The solution stands where the learner would have written, and nbval compares what `tl.check`
    says with what it says to a right answer.
    """
    page = nbformat.read(notebook(name), as_version=4)
    for cell, code, exercise in exercises_of(page):
        # What a solution prints beside is for the reader, and differs between machines.
        cell.source = (
            "import contextlib, io\nwith contextlib.redirect_stdout(io.StringIO()):\n"
            + textwrap.indent(code, "    ")
            + cell.source[cell.source.index("tl.check(") :]
        )
        cell.metadata["tags"].append(pages.COMPARED)
        text = f"✓ {exercises()[exercise].praise}\n"
        cell.outputs = [nbformat.v4.new_output("stream", text=text)]
    copy = folder / name / f"{name}.ipynb"
    copy.parent.mkdir(exist_ok=True)
    nbformat.write(page, copy)


@pytest.mark.parametrize("name", NAMES)
def test_exercises_have_a_solution_and_are_not_tried_yet(name):
    page = nbformat.read(notebook(name), as_version=4)
    found = list(exercises_of(page))
    assert 1 <= len(found) <= 3
    for cell, code, exercise in found:
        assert cell.source.startswith("my_answer = None") and "my_answer" in code
        assert exercise in exercises() and exercise[:2] == name[:2]
        assert [output.text for output in cell.outputs] == [f"{NOT_TRIED}\n"]
    assert {exercise for *_, exercise in found} == {e for e in exercises() if e[:2] == name[:2]}


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.parametrize(
    "names",
    [
        pytest.param([name for name in NAMES if name not in TRAINING], id="the others"),
        *(pytest.param([name], id=name, marks=pytest.mark.nightly) for name in TRAINING),
    ],
)
def test_verdicts_are_still_true_and_solutions_are_right(names, tmp_path):
    """nbval runs the committed pages, solved, and compares what is tagged for it."""
    for name in names:
        copied(name, tmp_path)
    code, words = nbval(tmp_path)
    assert code == 0, words


@pytest.mark.slow  # nbval waits half a minute for the kernel that died
def test_nbval_compares_pages_in_one_kernel_that_forgets_them(tmp_path):
    """And in a new one after a page whose kernel has died."""
    pid = tmp_path / "pid"
    same = f"import os, pathlib\npid, said = str(os.getpid()), pathlib.Path({str(pid)!r})\n"
    names = "print('secret' in globals())"
    for name, shown, *code in (
        ("00_first", None, "secret = 1", same + "said.write_text(pid)"),
        ("01_names", "False", names),
        ("02_place", "02_place", "print(os.path.basename(os.getcwd()))"),
        ("03_kernel", None, same + "assert pid == said.read_text(), 'another kernel'"),
        ("04_false", "old", "print('new')"),
        ("05_dies", None, "import os\nos._exit(1)"),
        ("06_after", "False", names),
    ):
        (tmp_path / name).mkdir()
        path = tiny(tmp_path / name, name, "import os", *code)
        page = nbformat.read(path, as_version=4)
        for number, cell in enumerate(page.cells[1:], 1):
            cell.execution_count = number
        if shown:
            cell.metadata["tags"] = [pages.COMPARED]
            cell.outputs = [nbformat.v4.new_output("stream", text=shown + "\n")]
        nbformat.write(page, path)
    code, words = nbval(tmp_path, timeout=30)
    assert code == 1
    failed = re.findall(r"^FAILED .*/(\w+)\.ipynb::", words, re.MULTILINE)
    assert failed == ["04_false", "05_dies"], words
