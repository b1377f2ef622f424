"""`tlhelpers record` on the backend at hand; test_backends.py runs these on others, too."""

from dataclasses import replace

import numpy as np
import pytest
from typer.testing import CliRunner

from tlhelpers.cli import app
from tlhelpers.core import paths
from tlhelpers.experiment import recordings
from tlhelpers.experiment.cases import retinopathy

pytestmark = [pytest.mark.backend, pytest.mark.slow]


@pytest.fixture
def record(tmp_path, monkeypatch, build_folder):
    """A function that records into another folder than the project's, and gives the runs."""
    import keras

    monkeypatch.setattr(paths, "RECORDINGS", tmp_path / "recordings")

    def begin(*options):
        said = CliRunner().invoke(app, ["record", "--seeds", "1", *options])
        assert said.exit_code == 0, (said.output, said.exception)
        runs = [recordings.load(file) for file in sorted(paths.RECORDINGS.rglob("seed-0.json"))]
        for run in runs:
            assert run.about["versions"]["backend"].startswith(keras.backend.backend())
            assert np.isfinite(run.curve("val_nll")).all()
            # Recordings keep eight significant bits of each logarithm.
            assert np.allclose(run.probabilities.sum(axis=1), 1, atol=0.01)
        return runs

    return begin


def test_a_smoke_run(record):
    """The faces, as posted and with statistics measured before each validation."""
    wanted = ["--fix", "posted", "--fix", "reestimated-batchnorm"]
    assert len(record("--case", "ferplus", "--profile", "smoke", *wanted)) == 2


def test_the_command_for_a_gpu(record, monkeypatch):
    """The full profile's own path in small: mixed precision, and the weights that pip brings.

    Of the retina, so that the command line records both cases on each backend.
    """
    # A processor computes bfloat16 by the way of float32: at 224 pixels it would take ten minutes.
    sizes, key = retinopathy.SIZES, ("full-lite-smoke", "synthetic")
    few = {"image_size": 48, "truncate_at": "block2", "epochs": 2}
    smaller = replace(sizes[key], epochs=2, posted=sizes[key].posted | few)
    monkeypatch.setitem(sizes, key, smaller)
    (run,) = record("--profile", "full-lite-smoke", "--fix", "posted")
    assert run.recipe.precision == "mixed_bfloat16" and run.epochs == 2
