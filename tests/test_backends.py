"""Other backends: what the course is on JAX and torch, and what is said where one is missing.

JAX is tested here, each time, in a process of its own. torch is tested where it is installed:
``pip install -c constraints.txt -e ".[test,torch]"``; all of both by
``pytest -m "not gpu" tests/test_backends.py``.

Of the other tests those marked ``backend`` run here once more, each time what a reader runs, by
night all of them: how weights are loaded, what a step of training changes, what makes a run the
same again, what is recorded. One process runs them all,
because a backend is imported, and compiles each network, once a process. What is not marked is
Python and NumPy that no backend touches (orders of images, files of states, counts, messages).
"""

import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tlhelpers.core import paths

pytestmark = pytest.mark.slow

OTHERS = [
    pytest.param(
        name,
        marks=pytest.mark.skipif(
            importlib.util.find_spec(name) is None,
            reason=f'{name} is not installed: pip install -c constraints.txt -e ".[{name}]"',
        ),
    )
    for name in ("jax", "torch")
]


def run(backend, *command):
    """A Python process on a backend."""
    return subprocess.run(
        [sys.executable, *command],
        capture_output=True,
        text=True,
        cwd=paths.PROJECT,
        env={**os.environ, "KERAS_BACKEND": backend, "TLHELPERS_PROGRESS": "0"},
    )


MARKED = [
    file
    for file in sorted(Path(__file__).parent.rglob("test_*.py"))
    if file != Path(__file__) and "mark.backend" in file.read_text(encoding="utf-8")
]
EACH_TIME = {"test_averaging", "test_batchnorm", "test_callback", "test_program", "test_readings"}
"""What a reader runs: the callback, the programs, the doctor. The trainer has the night."""


def passes(backend, chosen, files):
    command = ("-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", chosen, *map(str, files))
    done = run(backend, *command)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]
    assert " passed" in done.stdout


@pytest.mark.timeout(3000)  # JAX compiles
@pytest.mark.parametrize("backend", OTHERS)
def test_what_a_reader_runs(backend):
    files = [file for file in MARKED if file.stem in EACH_TIME]
    assert len(files) == len(EACH_TIME)
    passes(backend, "backend and not nightly", files)


@pytest.mark.nightly
@pytest.mark.timeout(3000)
@pytest.mark.parametrize("backend", OTHERS)
def test_what_a_backend_may_change(backend):
    passes(backend, "backend", MARKED)


@pytest.mark.parametrize("backend", ["not-a-backend", "numpy"])
def test_a_backend_that_cannot_train_is_one_line(backend):
    done = run(backend, "-m", "tlhelpers", "check", "--no-outcomes")
    assert done.returncode == 2, done.stderr
    *begun, line = done.stderr.splitlines()
    assert begun == ["Importing Keras and reading the recordings."]
    assert f"KERAS_BACKEND={backend}" in line and "choose one of tensorflow, jax, torch" in line
