"""What needs a GPU: the posted networks at their own size, and every page on them.

``pytest -m gpu`` runs these. Without a GPU they fail, and say so: a test that was asked for by
name must not pass in silence on a processor.
"""

import os
import subprocess
import sys

import numpy as np
import papermill
import pytest

from tests.course.test_committed_pages import NAMES, notebook
from tlhelpers.core import machine
from tlhelpers.data import synthetic
from tlhelpers.data.splits import split_by_group
from tlhelpers.experiment import recordings
from tlhelpers.experiment.cases import case
from tlhelpers.experiment.cases.ferplus import MOBILENETV2
from tlhelpers.training import backbones

# This process and the pages' kernels share the GPU: none may take all of its memory at once.
os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")
os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")

pytestmark = [pytest.mark.gpu, pytest.mark.slow, pytest.mark.timeout(1800)]


@pytest.fixture(scope="module", autouse=True)
def device():
    """The GPU's name, as recordings have it."""
    import keras

    keras.backend.backend()  # imported now, so its devices can be asked for
    found = machine.gpu()
    if found is None:
        pytest.fail(f"no GPU that {keras.backend.backend()} sees: these tests prove nothing here")
    return found


@pytest.fixture(scope="module")
def profile():
    """The posted backbones where their ImageNet weights are at hand, else the one pip brings."""
    if all(map(backbones.weights_at_hand, ("resnet50", "mobilenetv2"))):
        return "full-smoke"
    print("no ImageNet weights of ResNet50 and MobileNetV2 here: EfficientNet-Lite0 at 224 pixels")
    return "full-lite-smoke"


@pytest.mark.parametrize("name", ["retinopathy", "ferplus", "ferplus on MobileNetV2"])
def test_posted_networks_train_in_mixed_precision(name):
    from tlhelpers.training.trainer import Trainer

    this = case(name.split()[0], "full-smoke")
    recipe = this.measured.but(**MOBILENETV2 if "MobileNetV2" in name else {})
    if this.name == "ferplus":
        split = synthetic.faces(96, 64, seed=0, size=48)
    else:
        split = split_by_group(synthetic.fundus(64, 224, seed=0), 64, seed=0)
    run = Trainer(recipe, split, weights=None).run(0)
    assert recipe.precision == "mixed_bfloat16" and recipe.image_size == 224
    assert np.isfinite(run.curve("val_nll")).all() and run.epochs == recipe.epochs
    assert np.allclose(run.probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_page(name, profile, device, tmp_path, monkeypatch):
    """Papermill runs the page on the GPU, its runs are looked at, and nbval runs the copy again."""
    monkeypatch.setenv("TLHELPERS_BUILD", str(tmp_path / "build"))
    monkeypatch.setenv("TF_CPP_MIN_LOG_LEVEL", "3")
    copy = tmp_path / f"{name}.ipynb"
    done = papermill.execute_notebook(
        notebook(name),
        copy,
        {"profile": profile},
        progress_bar=False,
        execution_timeout=900,
        cwd=tmp_path,
    )
    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code")
    for path in (tmp_path / "build" / "runs").rglob("seed-*.json"):
        run = recordings.load(path)
        assert run.about["device"] == device, path
        assert np.isfinite(run.curve("val_nll")).all(), path
        # Recordings keep eight significant bits of each logarithm.
        assert np.allclose(run.probabilities.sum(axis=1), 1, atol=0.01), path
    if "nbval-check-output" not in copy.read_text(encoding="utf-8"):
        return
    # What was trained above is replayed now, so that verdicts can be compared word for word.
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-m", ""]
    command += ["--nbval-cell-timeout=900", "-p", "no:cacheprovider", "-q", str(copy)]
    result = subprocess.run(
        command,
        capture_output=True,
        text=True,
        env={**os.environ, "TLHELPERS_PROGRESS": "0"},
        cwd=tmp_path,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-1000:]
