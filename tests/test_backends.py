"""Other backends: what the course is on JAX and torch, and what is said where one is missing.

JAX is tested here, each time, in processes of its own. torch is tested where it is installed:
``pip install -c constraints.txt -e ".[test,torch]"`` and ``pytest tests/test_backends.py``.

Of the unit tests those marked ``backend`` run here once more: how weights are loaded, what a step
of training changes, what makes a run the same again. One process runs them all, because a backend
compiles each network once a process. What is not marked is Python and NumPy that no backend
touches (orders of images, files of states, counts, messages).
"""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from tlhelpers.core import paths
from tlhelpers.experiment import recordings

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


@pytest.fixture
def run(tmp_path_factory):
    """Starts a Python process on another backend."""
    # JAX compiles every network anew in every process, unless it may keep what it compiled.
    cache = tmp_path_factory.getbasetemp().parent / "jax"
    quick = {
        "JAX_COMPILATION_CACHE_DIR": str(cache),
        "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0.3",
        "TLHELPERS_PROGRESS": "0",
    }

    def start(backend, *command, **environment):
        return subprocess.run(
            [sys.executable, *map(str, command)],
            capture_output=True,
            text=True,
            cwd=paths.PROJECT,
            env={**os.environ, "KERAS_BACKEND": backend, **quick, **environment},
        )

    return start


@pytest.mark.timeout(1500)  # JAX compiles
@pytest.mark.parametrize("backend", OTHERS)
def test_unit_tests(run, backend):
    marked = ("-m", "backend", "tests/training")
    done = run(backend, "-m", "pytest", "-q", "-p", "no:cacheprovider", *marked)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


@pytest.mark.parametrize("backend", OTHERS)
def test_smoke_run(run, backend, tmp_path):
    """Recordings of the faces, as posted and with frozen BatchNorm, through the command line."""
    wanted = ["--fix", "posted", "--fix", "frozen-batchnorm", "--seeds", "1"]
    record(run, backend, tmp_path, "--case", "ferplus", "--profile", "smoke", *wanted)
    assert len(made(tmp_path, backend)) == 2


@pytest.mark.parametrize("backend", ["tensorflow", *OTHERS])
def test_the_command_for_a_gpu(run, backend, tmp_path):
    """The full profile's own path in small: mixed precision, and the weights that pip brings.

    Of the retina, so that the command line records both cases on each backend.
    """
    # A processor computes bfloat16 by the way of float32: at 224 pixels it would take ten minutes.
    smaller = (
        "from dataclasses import replace; from tlhelpers.experiment.cases import retinopathy;"
        "sizes, key = retinopathy._SIZES, ('full-lite-smoke', 'synthetic');"
        "few = {'image_size': 48, 'truncate_at': 'block2', 'epochs': 2};"
        "sizes[key] = replace(sizes[key], epochs=2, posted=sizes[key].posted | few);"
    )
    wanted = ["--profile", "full-lite-smoke", "--fix", "posted", "--seeds", "1"]
    record(run, backend, tmp_path, *wanted, before=smaller)
    (found,) = made(tmp_path, backend)
    assert found.recipe.precision == "mixed_bfloat16" and found.epochs == 2


def record(run, backend, folder, *options, before=""):
    """`tlhelpers record`, into another folder than the project's, after some lines of Python."""
    script = before + (
        "import sys; from pathlib import Path; from tlhelpers import cli;"
        "from tlhelpers.core import paths;"
        f"paths.RECORDINGS = Path({str(folder)!r}); cli.main()"
    )
    build = {"TLHELPERS_BUILD": str(folder / "build")}
    done = run(backend, "-c", script, "record", *options, **build)
    assert done.returncode == 0, done.stderr[-3000:]


def made(folder, backend):
    """Its runs, looked at."""
    runs = [recordings.load(file) for file in sorted(folder.rglob("seed-0.json"))]
    for each in runs:
        assert each.about["versions"]["backend"].startswith(backend)
        assert np.isfinite(each.curve("val_nll")).all()
        # Recordings keep eight significant bits of each logarithm.
        assert np.allclose(each.probabilities.sum(axis=1), 1, atol=0.01)
    return runs


@pytest.mark.parametrize("backend", ["not-a-backend", "numpy"])
def test_a_backend_that_cannot_train_is_one_line(run, backend):
    done = run(backend, "-c", "from tlhelpers import cli; cli.main()", "check", "--no-outcomes")
    assert done.returncode == 2, done.stderr
    *begun, line = done.stderr.splitlines()
    assert begun == ["Importing Keras and reading the recordings."]
    assert f"KERAS_BACKEND={backend}" in line and "choose one of tensorflow, jax, torch" in line
