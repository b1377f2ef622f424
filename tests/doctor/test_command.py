"""``python -m tlhelpers.doctor script.py``, as a stranger runs it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import SimpleNamespace

import pytest

from tlhelpers.doctor.__main__ import main

SCRIPT = """
import sys
import numpy as np
import keras
rng = np.random.default_rng(0)
x, y = rng.normal(size=(80, 6)).astype("float32"), rng.integers(0, 2, 80)
model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2)])
model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(x, y, validation_split=0.5, epochs=2, verbose=0)
print("arguments", sys.argv[1:], __name__)
"""


def doctor(*arguments, cwd, **environment):
    return subprocess.run(
        [sys.executable, "-m", "tlhelpers.doctor", *map(str, arguments)],
        capture_output=True,
        text=True,
        cwd=cwd,
        timeout=300,
        env={**os.environ, **environment},
    )


@pytest.fixture
def here(tmp_path, monkeypatch, capfd):
    """Runs a script beside the doctor in this process, which has imported Keras already."""

    def run(script, *arguments):
        (tmp_path / "train.py").write_text(script, encoding="utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.setattr(sys, "argv", [*sys.argv])
        monkeypatch.setattr(sys, "path", [*sys.path])
        code = main(["train.py", *arguments])
        said = capfd.readouterr()
        return SimpleNamespace(returncode=code, stdout=said.out, stderr=said.err)

    return run


def test_a_script_runs_as_ever_and_its_trouble_is_named(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    done = doctor("--out", "found", "train.py", "--rate", "3", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "arguments ['--rate', '3'] __main__" in done.stdout
    assert "loss_wants_probabilities" in done.stdout
    report = json.loads((tmp_path / "found" / "report.json").read_text(encoding="utf-8"))
    assert report["fits"][0]["diagnoses"][0]["code"] == "loss_wants_probabilities"
    assert (tmp_path / "found" / "report.html").read_text(encoding="utf-8").startswith("<!")


@pytest.mark.parametrize(
    ("script", "code", "said"),
    [
        ("print('hello')", 0, "called no fit with validation data"),
        ("raise SystemExit(7)", 7, "called no fit"),
        ("1 / 0", 1, "ZeroDivisionError"),
    ],
)
def test_scripts_that_train_nothing_or_fail(tmp_path, here, script, code, said):
    done = here(script)
    assert done.returncode == code and said in done.stderr
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["fits"] == []


def test_a_run_without_a_fit_leaves_an_earlier_report(tmp_path, here):
    """An hour's training, and then the script once more with --help."""
    earlier = {"report.json": '{"schema": 1, "fits": [{}]}', "report.html": ""}
    for name, text in earlier.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    done = here("print('usage: ...')", "--help")
    assert done.returncode == 0 and "reports of an earlier run stay" in done.stderr
    assert {name: (tmp_path / name).read_text(encoding="utf-8") for name in earlier} == earlier


def test_no_such_script_is_one_line(tmp_path):
    done = doctor("nothing.py", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr == "There is no script 'nothing.py'.\n"


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path):
    (tmp_path / "train.py").write_text(SCRIPT, encoding="utf-8")
    (tmp_path / "taken").write_text("a file", encoding="utf-8")
    done = doctor("--out", "taken", "train.py", cwd=tmp_path)
    assert done.returncode == 2 and done.stderr.count("\n") == 1


UNSEEDED = """
import numpy as np
import keras

class Batches(keras.utils.PyDataset):
    def __len__(self):
        return 4

    def __getitem__(self, k):
        rng = np.random.default_rng(k)
        return rng.normal(size=(16, 6)).astype("float32"), rng.integers(0, 2, 16)

model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(2, "softmax")])
model.compile("adam", "sparse_categorical_crossentropy")
model.fit(Batches(), validation_data=Batches(), epochs=2, verbose=0)
"""


def test_a_program_that_sets_no_seed_is_read_as_well(tmp_path):
    (tmp_path / "train.py").write_text(UNSEEDED, encoding="utf-8")
    done = doctor("--out", tmp_path, "train.py", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    (fit,) = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["fits"]
    assert [line[:13] for line in fit["not_looked_at"]] == ["Only 2 epochs"]
    assert fit["diagnoses"][0]["code"] == "leak"


def run(tmp_path, script, *options, **environment):
    (tmp_path / "train.py").write_text(script, encoding="utf-8")
    return doctor(*options, "train.py", cwd=tmp_path, **environment)


def test_what_a_script_says_when_it_ends_is_said(here):
    done = here("raise SystemExit('give me a data folder')")
    assert done.returncode == 1 and "give me a data folder\n" in done.stderr
    # A second time: its own reports are replaced.
    assert here("").returncode == 0


@pytest.mark.parametrize(
    ("name", "text"), [("report.json", '{"mine": 1}'), ("report.json", "[1"), ("report.html", "me")]
)
def test_files_that_are_not_its_own_are_left_alone(tmp_path, name, text):
    (tmp_path / name).write_text(text, encoding="utf-8")
    done = run(tmp_path, "open('ran', 'w').close()")
    assert done.returncode == 2 and done.stderr.count("\n") == 1
    assert "is no report of the doctor's" in done.stderr and not (tmp_path / "ran").exists()
    assert (tmp_path / name).read_text(encoding="utf-8") == text


@pytest.mark.parametrize("name", ["report.json", "report.html"])
def test_a_folder_in_the_place_of_a_report_is_one_line(tmp_path, name):
    (tmp_path / name).mkdir()
    done = run(tmp_path, "open('ran', 'w').close()")
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and name in done.stderr
    assert not (tmp_path / "ran").exists()


def test_a_report_that_cannot_be_written_leaves_the_scripts_own_end(tmp_path, here):
    script = "import os\nos.remove('report.html')\nos.mkdir('report.html')\nraise SystemExit(3)"
    done = here(script)
    assert done.returncode == 3 and "Traceback" not in done.stderr
    assert json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))["fits"] == []


@pytest.mark.parametrize(
    ("options", "environment", "said"),
    [
        ((), {"KERAS_BACKEND": "foo"}, "Keras cannot be imported here"),
        (("--out", ""), {}, "--out is empty"),
    ],
)
def test_what_keeps_it_from_beginning_is_one_line(tmp_path, options, environment, said):
    done = run(tmp_path, "open('ran', 'w').close()", *options, **environment)
    assert done.returncode == 2 and done.stderr.count("\n") == 1 and said in done.stderr
    assert not (tmp_path / "ran").exists()


def test_a_notebook_is_no_script(tmp_path):
    (tmp_path / "train.ipynb").write_text("{}", encoding="utf-8")
    done = doctor("train.ipynb", cwd=tmp_path)
    assert done.returncode == 2 and "put Doctor() into the callbacks" in done.stderr
