"""The pages: complete as committed, run by papermill as small as can be, and true by nbval."""

import dataclasses
import json
import os
import re
import subprocess
import sys

import papermill
import pytest

from tlhelpers.core import paths
from tlhelpers.course import pages
from tlhelpers.experiment import recordings
from tlhelpers.experiment.cases import case

SOURCES = sorted((paths.NOTEBOOKS / "src").glob("*.py"))
NAMES = [source.stem for source in SOURCES]
LIVE = {"02_retinopathy_as_posted": "retinopathy", "07_ferplus_as_posted": "ferplus"}
"""Pages with a cell that trains whatever the parameters say, and the case that it trains."""
THE_SAME = ("00_start_here", "12_scoreboard")
"""Pages that do the same whatever the parameters say: nbval, which runs every cell, is enough."""


def notebook(name):
    return paths.NOTEBOOKS / f"{name}.ipynb"


def cells(name):
    return json.loads(notebook(name).read_text())["cells"]


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
    text = notebook(name).read_text()
    code = "\n".join("".join(c["source"]) for c in cells(name) if c["cell_type"] == "code")
    prose = "\n".join("".join(c["source"]) for c in cells(name) if c["cell_type"] == "markdown")
    assert code.count("\n") < 300
    known = papermill.inspect_notebook(notebook(name))
    assert list(known) == ["profile", "live", "seeds"]
    for part in ("**Question.**", "**You will learn**", "**Time:**", "## Remember", "**More:**"):
        assert part in prose, part
    assert str(paths.PROJECT) not in text, "a path of this machine is in the page"
    assert not any(line.lstrip().startswith(("%", "!")) for line in code.splitlines())
    for cell in cells(name):
        for output in cell.get("outputs", []):
            assert output.get("name") != "stderr", "".join(output.get("text", ""))
            if "image/png" in output.get("data", {}):
                assert output["metadata"]["image/png"]["alt"], "a figure without text alternative"


@pytest.mark.parametrize("name", THE_SAME)
def test_no_parameter_changes_what_a_page_does(name):
    code = "\n".join("".join(c["source"]) for c in cells(name) if c["cell_type"] == "code")
    assert "NBVAL_CHECK_OUTPUT" in code
    used = [word for word in re.findall(r"\w+", code) if word in ("profile", "live", "seeds")]
    # Named in the parameters cell, and perhaps to say which recordings the page is about.
    assert used[:3] == ["profile", "live", "seeds"] and set(used[3:]) <= {"profile"}
    assert ".run(" not in code and ".trainer(" not in code


@pytest.mark.parametrize("name", [name for name in NAMES if name not in THE_SAME])
def test_smoke(name, tmp_path, monkeypatch):
    """Each page runs from top to bottom, live, on the smallest sizes."""
    monkeypatch.setenv("TLHELPERS_BUILD", str(tmp_path / "build"))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    done = papermill.execute_notebook(
        notebook(name),
        tmp_path / "page.ipynb",
        {"profile": "smoke", "live": True},
        progress_bar=False,
        execution_timeout=300,
        cwd=tmp_path,
    )
    assert all(c.execution_count for c in done.cells if c.cell_type == "code")


def replaying(name, folder):
    """A copy of a page whose live cell finds a run; the page itself if it has no such cell.

    That this cell trains is what `test_smoke` and ``tlhelpers run`` are for, and no verdict is
    about its run: training it here as well would only take its minutes once more.
    """
    live, text = "seeds=1, live=True", notebook(name).read_text()
    assert text.count(live) == (name in LIVE)
    if name not in LIVE:
        return notebook(name)
    this = case(LIVE[name])
    measured, posted = this.find(this.measured, 0), this.posted
    short = {key: values[: posted.epochs] for key, values in measured.history.items()}
    made_up = dataclasses.replace(measured, recipe=posted, history=short)
    recordings.save(made_up, folder / "build" / "runs", "made-up")
    copy = folder / f"{name}.ipynb"
    copy.write_text(text.replace(live, "seeds=1, live=False"))
    return copy


@pytest.mark.parametrize("name", NAMES)
def test_verdicts_are_still_true(name, tmp_path):
    """nbval runs the committed page and compares the cells marked NBVAL_CHECK_OUTPUT."""
    if "NBVAL_CHECK_OUTPUT" not in notebook(name).read_text():
        pytest.skip("the page has no verdict")
    page = replaying(name, tmp_path)
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env"]
    command += ["--nbval-cell-timeout=600", "-p", "no:cacheprovider", "-q", str(page)]
    environment = {
        **os.environ,
        "TLHELPERS_BUILD": str(tmp_path / "build"),
        "TLHELPERS_PROGRESS": "0",
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    result = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
