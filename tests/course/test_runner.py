"""Running pages and reporting how they went, on tiny ones without Keras."""

import errno
import json
from xml.etree import ElementTree

import nbformat
import numpy as np
import pytest
from bs4 import BeautifulSoup

from tests import machines
from tests.course.tiny_pages import PICTURE, command, notebook, pretend
from tests.schemas import held
from tlhelpers.core import machine, paths, progress
from tlhelpers.core.errors import CourseError
from tlhelpers.course import report, runner
from tlhelpers.course.execution import Execution

# Running pages


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """One run of a page that passes, one that fails and one that takes no 'profile'."""
    folder = tmp_path_factory.mktemp("ran {braces}")
    seen = "import os\nprint(profile, *(os.environ[n] for n in {}))"
    names = ["TF_CPP_MIN_LOG_LEVEL", "PYTHONHASHSEED", "TF_NUM_INTRAOP_THREADS", "MPLBACKEND"]
    shown = folder / "shown"
    bars = (  # trains until somebody has seen it
        "import time\nfrom tlhelpers.core import progress\n"
        "for step in progress.bar(range(10), desc='training'):\n"
        f"    while step == 5 and not os.path.exists({str(shown)!r}):\n        time.sleep(0.05)"
    )
    notebooks = [
        notebook(folder, "00_good", seen.format(names), bars, PICTURE.split("%%")[1]),
        notebook(folder, "01_bad", "x = 1", "# Why\n\nassert x == 2, 'a <b>\\nc'", "x = 3"),
        notebook(folder, "02_other", "print(1)", parameters="size = 1"),
        folder / "03_broken.ipynb",
    ]
    notebooks[-1].write_text("not a notebook", encoding="utf-8")
    lines = []

    def watch(all_pages):
        for page in all_pages:
            if page.bars:
                lines.extend(progress.reported(page.bars))
        if lines:
            shown.touch()

    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("TLHELPERS_PROGRESS", raising=False)
        patch.setenv("MPLBACKEND", "agg")
        results = runner.run(
            notebooks, folder / "out", {"profile": "smoke"}, jobs=2, on_progress=watch
        )
    return folder / "out", results, lines


def test_a_failing_page_does_not_stop_the_others(ran):
    out, results, _ = ran
    assert [(r.name, r.status) for r in results] == [
        ("00_good", "passed"),
        ("01_bad", "failed"),
        ("02_other", "failed"),
        ("03_broken", "failed"),
    ]
    good, bad, other, broken = results
    assert good.title == "Page 00_good" and good.seconds > 0 and good.problem is None
    assert (bad.cell, bad.line) == (4, "assert x == 2, 'a <b>\\nc'")
    assert bad.error == "AssertionError: a <b> c"
    assert other.error == "this page has no parameter profile; it has size"
    assert other.cell is None and not (out / "02_other.ipynb").exists()
    assert "JSON" in broken.error and "\n" not in broken.error


def test_kernels_get_parameters_and_environment(ran):
    out, _, _ = ran
    cells = nbformat.read(out / "00_good.ipynb", as_version=4).cells
    threads = max(1, machine.cores() // 2)
    shown = cells[3].outputs[0].text
    assert shown == f"smoke 3 0 {threads} module://matplotlib_inline.backend_inline\n"


def test_nothing_half_written_is_left(ran):
    out, _, _ = ran
    assert list(out.glob("*.partial")) == []


def test_trainings_show_in_the_runner_and_not_in_the_page(ran):
    out, _, lines = ran
    assert any(line.startswith("training:") and "/10" in line for line in lines)
    assert nbformat.read(out / "00_good.ipynb", as_version=4).cells[4].outputs == []


def test_html_copies_work_offline_and_keep_alternative_texts(ran):
    out, _, _ = ran
    page = BeautifulSoup((out / "00_good.html").read_text(encoding="utf-8"), "html.parser")
    assert page.find("img")["alt"] == "Loss <falls>"
    assert page.title.text == "Page 00_good"
    for tag in page.find_all(["script", "link", "img", "iframe"]):
        assert not any(str(tag.get(key, "")).startswith("http") for key in ("src", "href"))
    assert page.find("script") is None
    assert page.find("a", href="index.html")
    assert "AssertionError" in (out / "01_bad.html").read_text(encoding="utf-8")


def test_report_for_people(ran):
    out, _, _ = ran
    page = BeautifulSoup((out / "index.html").read_text(encoding="utf-8"), "html.parser")
    rows = page.select("tbody tr")
    assert [row.select_one(".status").text for row in rows] == ["passed"] + ["failed"] * 3
    assert rows[0].find("a")["href"] == "00_good.html"
    assert "In [4]" in rows[1].text and "AssertionError: a <b> c" in rows[1].text
    assert rows[2].find("a") is None
    assert "1 of 4 pages passed" in page.text
    assert page.find(["script", "link"]) is None


def test_report_for_machines(ran):
    out, results, _ = ran
    record = held("report", (out / "report.json").read_text(encoding="utf-8"))
    assert record["status"] == "failed" and record["parameters"] == {"profile": "smoke"}
    assert [report.PageResult(**page) for page in record["pages"]] == results
    suite = ElementTree.parse(out / "junit.xml").getroot().find("testsuite")
    assert (suite.get("tests"), suite.get("failures")) == ("4", "3")
    good, bad, *_ = suite.findall("testcase")
    assert good.find("failure") is None and float(good.get("time")) > 0
    assert bad.find("failure").get("message") == results[1].problem


def test_ctrl_c_stops_the_kernel_and_keeps_the_report(tmp_path):
    slow = notebook(tmp_path, "00_slow", "import time", "time.sleep(3600)")
    later = notebook(tmp_path, "01_later", "print(1)")
    out = tmp_path / "out"

    def interrupt(all_pages):
        if all_pages[0].execution.cell == 3:
            raise KeyboardInterrupt

    results = runner.run([slow, later], out, on_progress=interrupt)
    assert [result.status for result in results] == ["interrupted", "not run"]
    assert (
        held("report", (out / "report.json").read_text(encoding="utf-8"))["status"] == "interrupted"
    )
    suite = ElementTree.parse(out / "junit.xml").getroot().find("testsuite")
    assert (suite.get("errors"), suite.get("skipped")) == ("1", "1")
    assert "not run" in (out / "index.html").read_text(encoding="utf-8")


# Papermill replaced by something that only pretends: no kernel, so no time.


def test_old_copies_do_not_pass_for_new_ones(tmp_path, monkeypatch):
    page = notebook(tmp_path, "00_a", "x = 1")
    pretend(monkeypatch)
    runner.run([page], tmp_path / "out")
    assert (tmp_path / "out" / "00_a.html").exists()
    runner.run([page], tmp_path / "out", {"unknown": 1})
    assert not (tmp_path / "out" / "00_a.html").exists()


def test_a_killed_run_leaves_nothing_of_the_one_before(tmp_path, monkeypatch):
    """No report that says passed, and no copy of a page that it did not come to."""
    notebooks = [notebook(tmp_path, name, "x = 1") for name in ("00_a", "01_b")]
    pretend(monkeypatch)
    out = tmp_path / "out"
    runner.run(notebooks, out)
    assert {"index.html", "junit.xml", "01_b.html", "01_b.ipynb"} < {p.name for p in out.iterdir()}

    def kill(*_):
        raise SystemExit

    with pytest.raises(SystemExit):
        runner.run(notebooks, out, execute=kill)
    assert [path.name for path in out.iterdir()] == ["report.json"]
    assert json.loads((out / "report.json").read_text(encoding="utf-8")) == {}


def test_copies_never_take_the_place_of_the_pages(tmp_path, monkeypatch):
    page = notebook(tmp_path, "00_a", "x = 1")
    pretend(monkeypatch)
    before = page.read_bytes()
    with pytest.raises(CourseError, match="The pages themselves lie in .*: choose another folder"):
        runner.run([page], tmp_path / "there" / "..")
    assert page.read_bytes() == before


def test_a_full_disk_ends_the_run(tmp_path, monkeypatch):
    pretend(monkeypatch, OSError(errno.ENOSPC, "No space left on device"))
    with pytest.raises(CourseError, match="disk is full"):
        runner.run([notebook(tmp_path, "00_a", "x = 1")], tmp_path / "out")


@pytest.mark.parametrize("value", [np.float64(1), np.int64(1), [np.int64(1)], {"a": object()}])
def test_parameters_must_be_plain(tmp_path, value):
    with pytest.raises(CourseError, match="Parameter 'seeds' must be plain Python"):
        runner.run([], tmp_path / "out", {"seeds": value})


# The command line


def test_command_passes_on_what_was_given(course, monkeypatch, tmp_path, capsys):
    notebook(course, "00_a")
    notebook(course, "03_b")
    given = []

    def run(notebooks, out, parameters, jobs, timeout, on_progress):
        given.append(([path.stem for path in notebooks], out, parameters, jobs, timeout))
        return [report.PageResult(path.stem, "", report.PASSED, 2.0) for path in notebooks]

    monkeypatch.setattr(runner, "run", run)
    monkeypatch.setattr("tlhelpers.core.machine.cores", lambda: 8)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")
    assert command(monkeypatch, "run", "--out", tmp_path / "o") == 0
    assert command(monkeypatch, "run", "3", "--profile", "smoke", "--no-live", "--jobs", 2) == 0
    assert command(monkeypatch, "run", "03", "0", "--live", "--seeds", 2, "--timeout", 5) == 0
    assert command(monkeypatch, "run", "3", "--live") == 0
    assert command(monkeypatch, "run", "3", "--profile", "full") == 0
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    assert command(monkeypatch, "run", "3") == 0
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
    monkeypatch.setattr("tlhelpers.core.machine.cores", lambda: 1)
    assert command(monkeypatch, "run", "3", "--no-live", "--jobs", 3) == 0
    assert command(monkeypatch, "run", "3") == 0
    default, week = paths.build() / "course", 7 * 24 * 3600
    assert given == [
        (["00_a", "03_b"], tmp_path / "o", {"profile": "quick"}, 2, 1200),
        (["03_b"], default, {"profile": "smoke", "live": False}, 2, 1200),
        (["00_a", "03_b"], default, {"profile": "quick", "live": True, "seeds": 2}, 2, 5),
        (["03_b"], default, {"profile": "quick", "live": True}, 2, week),
        (["03_b"], default, {"profile": "full"}, 2, week),
        (["03_b"], default, {"profile": "quick"}, 1, 1200),  # on a GPU
        (["03_b"], default, {"profile": "quick", "live": False}, 3, 1200),
        (["03_b"], default, {"profile": "quick"}, 1, 1200),
    ]
    assert "2 of 2 pages passed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("status", "code"), [("passed", 0), ("failed", 1), ("interrupted", 130), ("not run", 130)]
)
def test_exit_codes(course, monkeypatch, capsys, status, code):
    notebook(course, "00_a")
    result = report.PageResult("00_a", "", status, 2.0, 3, "x = 1", "NameError: y")
    monkeypatch.setattr(runner, "run", lambda *_: [result])
    assert command(monkeypatch, "run") == code
    assert "In [3] `x = 1`: NameError: y" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["run", "7"], "There is no page 7: choose from 00, 03."),
        (["run", "x"], "There is no page x: choose from 00, 03."),
        (["run", "--profile", "fast"], "Unknown profile 'fast'"),
        (["run", "--profile", "witness"], "no page has the profile 'witness'"),
        (
            ["run", "--out", str(machines.NO_FOLDER)],
            f"{machines.NO_FOLDER.parent} is a file: choose a new folder with --out.",
        ),
        (["run", "--jobs", "0"], "--jobs"),
        (["run", "--seeds", "0"], "--seeds"),
        (["pages"], "There are no pages (NN_topic.py)"),
    ],
)
def test_wrong_use_is_one_line_and_exit_code_2(course, monkeypatch, capsys, arguments, message):
    notebook(course, "00_a")
    notebook(course, "03_b")
    assert command(monkeypatch, *arguments) == 2
    shown = capsys.readouterr().err
    assert message in shown and "Traceback" not in shown


def test_help_tells_the_exit_codes(monkeypatch, capsys):
    assert command(monkeypatch, "run", "--help") == 0
    shown = " ".join(capsys.readouterr().out.split())
    assert (
        "0 all is well; 1 a page, a run or a check failed; 2 wrong use" in shown
        and "130 interrupted" in shown
    )


# What is shown meanwhile


def _page(tmp_path, name, **fields):
    return runner.Page(tmp_path / f"{name}.ipynb", name, 10, **fields)


def test_a_log_gets_a_line_at_the_start_and_one_at_the_end(tmp_path, capsys):
    lines = runner.Lines()
    page = _page(tmp_path, "00_a", bars=tmp_path)
    lines([page, _page(tmp_path, "01_b")])
    lines([page])
    page.result = report.PageResult("00_a", "A", "failed", 65, 2, "x", "NameError: x")
    lines([page])
    assert capsys.readouterr().err.splitlines() == [
        "00_a started",
        "00_a failed in 1 min 05 s: In [2] `x`: NameError: x",
    ]


def test_a_terminal_gets_the_course_and_the_trainings(tmp_path):
    (tmp_path / "9.txt").write_text("training: 40%", encoding="utf-8")
    bars = runner.Bars(2)
    done = _page(tmp_path, "00_a", result=report.PageResult("00_a", "A", "passed", 1))
    bars([done, _page(tmp_path, "01_b", bars=tmp_path, execution=Execution(6))])
    assert "1/2 pages, 01_b cell 6/10" in str(bars.course) and "75 %" in str(bars.course)
    assert [str(slot) for slot in bars.trainings] == ["01  training: 40%", ""]
    bars.close()


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(3.21, "3.2 s"), (9.97, "10 s"), (59.6, "1 min 00 s"), (3600, "1 h 00 min")],
)
def test_durations(seconds, words):
    assert report.duration(seconds) == words
