"""Progress bars: drawn for a person, written to a file for a runner, else silent."""

import re
import subprocess
import sys
import time

import pytest

from tlhelpers.core import progress


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A runner's folder."""
    monkeypatch.delenv("TLHELPERS_PROGRESS", raising=False)
    monkeypatch.setenv(progress.FOLDER, str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(
    ("asked", "runner", "seen"),
    [(None, False, False), (None, True, True), ("0", True, False), ("1", False, True)],
)
def test_who_watches(monkeypatch, tmp_path, asked, runner, seen):
    monkeypatch.delitem(sys.modules, "ipykernel", raising=False)
    monkeypatch.delenv("TLHELPERS_PROGRESS", raising=False)
    monkeypatch.delenv(progress.FOLDER, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: False)
    if asked is not None:
        monkeypatch.setenv("TLHELPERS_PROGRESS", asked)
    if runner:
        monkeypatch.setenv(progress.FOLDER, str(tmp_path))
    assert progress.watched() is seen
    with progress.bar(total=2) as bar:
        assert bar.disable is not seen


def test_a_runner_reads_the_bars_and_the_page_shows_nothing(folder, capfd):
    with progress.bar(total=8, desc="seeds") as outer:
        outer.update(2)
        with progress.bar(total=100, desc="training", unit="step", mininterval=0) as inner:
            inner.set_postfix(val_loss="0.612", refresh=False)
            inner.update(25)
            seeds, training = progress.reported(folder)
            assert seeds.startswith("seeds:") and "/8" in seeds
            assert training.startswith("training:  25%") and "val_loss=0.612" in training
        assert [line[:6] for line in progress.reported(folder)] == ["seeds:"]
    assert progress.reported(folder) == []
    assert list(folder.iterdir()) == []
    assert capfd.readouterr() == ("", "")


def test_bars_over_something_end_with_it(folder):
    for _ in progress.bar(range(3), desc="drawing"):
        assert progress.reported(folder)[0].startswith("drawing:")
    assert progress.reported(folder) == []


def test_processes_do_not_share_a_file(folder):
    script = (
        "from tlhelpers.core import progress; import os;b = progress.bar(total=2, desc='other');"
    )
    subprocess.run([sys.executable, "-c", script + "os._exit(0)"], check=True)
    with progress.bar(total=2, desc="mine"):
        assert len(list(folder.glob("*.txt"))) == 2
        assert {line[:4] for line in progress.reported(folder)} == {"mine", "othe"}


def test_a_bar_outlives_its_runner(folder):
    with progress.bar(total=2) as bar:
        folder.rename(folder.with_name("gone"))
        bar.update()
        bar.refresh()


def test_a_clock_counts_while_something_runs(monkeypatch, tmp_path):
    """What it says is in the folder of the runner that watches, and gone afterwards."""
    monkeypatch.delenv("TLHELPERS_PROGRESS", raising=False)
    monkeypatch.setenv(progress.FOLDER, str(tmp_path))
    with progress.clock("Starting a kernel", 60):
        while not (lines := progress.reported(tmp_path)):
            time.sleep(0.01)
    assert re.fullmatch(r"Starting a kernel: 00:0\d, at most 60 s", lines[0])
    assert progress.reported(tmp_path) == []


def test_a_clock_is_silent_when_no_one_watches(monkeypatch, capfd):
    monkeypatch.setenv("TLHELPERS_PROGRESS", "0")
    with progress.clock("Starting a kernel", 60):
        pass
    assert capfd.readouterr() == ("", "")
