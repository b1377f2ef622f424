"""Other backends: what the course is on JAX and torch, and what is said where one is missing.

JAX is tested here, each time, in processes of its own. torch is tested where it is installed:
``pip install -c constraints.txt -e ".[test,torch]"`` and ``pytest tests/test_backends.py``.
"""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import pytest

from tlhelpers import paths, recordings

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
# What needs Keras and no page; each file is a process, so that two workers can share them.
UNIT_TESTS = ("test_training", "test_batchnorm", "test_inputs", "test_backbones")


def run(backend, *command, **environment):
    """A Python process on another backend."""
    return subprocess.run(
        [sys.executable, *map(str, command)],
        capture_output=True,
        text=True,
        cwd=paths.PROJECT,
        env={**os.environ, "KERAS_BACKEND": backend, "TLHELPERS_PROGRESS": "0", **environment},
    )


@pytest.mark.parametrize("file", UNIT_TESTS)
@pytest.mark.parametrize("backend", OTHERS)
def test_unit_tests(backend, file):
    done = run(backend, "-m", "pytest", "-q", "-p", "no:cacheprovider", f"tests/{file}.py")
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-1000:]


@pytest.mark.parametrize("case_name", ["retinopathy", "ferplus"])
@pytest.mark.parametrize("backend", OTHERS)
def test_smoke_run(backend, case_name, tmp_path):
    """One recorded run of each case, with frozen BatchNorm as well, through the command line."""
    script = (
        "import sys; from pathlib import Path; from tlhelpers import cli, paths;"
        f"paths.RECORDINGS = Path({str(tmp_path)!r}); cli.main()"
    )
    wanted = ["--fix", "posted", "--fix", "frozen-batchnorm", "--seeds", "1"]
    done = run(
        backend,
        "-c",
        script,
        *("record", "--case", case_name, "--profile", "smoke", *wanted),
        TLHELPERS_BUILD=str(tmp_path / "build"),
    )
    assert done.returncode == 0, done.stderr[-3000:]
    files = sorted(tmp_path.rglob("seed-0.json"))
    assert len(files) == 2
    for file in files:
        made = recordings.load(file)
        assert made.about["versions"]["backend"].startswith(backend)
        assert np.isfinite(made.curve("val_nll")).all()
        assert np.allclose(made.probabilities.sum(axis=1), 1, atol=1e-4)


@pytest.mark.parametrize("backend", ["not-a-backend", "numpy"])
def test_a_backend_that_cannot_train_is_one_line(backend):
    done = run(backend, "-c", "from tlhelpers import cli; cli.main()", "check", "--no-outcomes")
    assert done.returncode == 2, done.stderr
    (line,) = done.stderr.splitlines()
    assert f"KERAS_BACKEND={backend}" in line and "choose one of tensorflow, jax, torch" in line
