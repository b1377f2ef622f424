"""Figures: drawn from made-up runs, with a text alternative that says what they show."""

import errno
import io

import numpy as np
import pytest
from PIL import Image

from tests.experiment.test_recordings import SMOKE, made_up
from tlhelpers.analysis import plots
from tlhelpers.analysis.comparisons import compare
from tlhelpers.core.errors import CourseError
from tlhelpers.course.guess import guessed
from tlhelpers.experiment.fixes import fix
from tlhelpers.training.run import Experiment


def experiment(recipe, wobble):
    runs = [made_up(recipe, seed, wobble) for seed in range(3)]
    for run in runs:
        run.history["val_nll_se"] = [None, 0.05, 0.05, 0.05]
    return Experiment(recipe, tuple(runs))


BEFORE = experiment(SMOKE.measured, 0.2)
AFTER = experiment(fix("frozen-batchnorm").apply(SMOKE.measured), 0.02)
FOREST = [compare(BEFORE, AFTER, metric) for metric in ("jitter", "auc")]
BOTH = {"live": BEFORE, "frozen": AFTER}


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (lambda: plots.curves(BOTH, title="T", stops=1), ["T", "live", "frozen", "validation NLL"]),
        (lambda: plots.curves({"one": BEFORE}, "val_auc", "T", log=False), ["AUC", "0.80"]),
        (lambda: plots.same_weights(BEFORE, AFTER, "T"), ["moving", "re-estimated"]),
        (lambda: plots.paired(BOTH, "jitter", "T"), ["live: mean", "frozen: mean"]),
        (lambda: plots.confusion(BEFORE, "T"), ["no DR 0.50", "DR 0.50"]),
        (lambda: plots.recalls(BOTH, "T"), ["live: no DR 0.50, DR 0.50; frozen: no DR 0.50"]),
        (lambda: plots.forest(FOREST, {"frozen-batchnorm": "Frozen"}, "T"), ["Frozen: jitter -0."]),
        (lambda: plots.steps(BEFORE[0], "T"), ["3 of 3 steps"]),
        (
            lambda: plots.field_survey({"ResNet50": [BEFORE]}, "T"),
            ["ResNet50 at 0.0001: median 0.126 of 82 logs", "our runs as ResNet50 at 0.0001"],
        ),
        (lambda: plots.field_survey({}, "T"), ["MobileNet at 1e-05: median 0.015 of 17 logs"]),
        (lambda: plots.layer_lag({"now": [1.0, 2.0]}, "T", "c"), ["median 1.5", "largest 2"]),
        (
            lambda: plots.contact_sheet({"a": np.zeros((2, 8, 8, 3), "uint8")}, "T", "c"),
            ["Rows of images: a"],
        ),
    ],
)
def test_draws_with_a_text_alternative(draw, words):
    drawn = draw()
    image = Image.open(io.BytesIO(drawn.png))
    assert image.width > 400 and len(set(image.convert("L").resize((64, 64)).getdata())) > 5
    assert all(word in drawn.alt for word in words), drawn.alt
    data, metadata = drawn._repr_mimebundle_()
    assert data["text/plain"] == metadata["image/png"]["alt"] == drawn.alt


def test_saved_whole_or_told_in_one_line(tmp_path, monkeypatch):
    image = plots.Plot(b"png", "a figure")
    image.save(tmp_path / "docs" / "a.png")
    assert (tmp_path / "docs" / "a.png").read_bytes() == b"png"

    def full(file):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(CourseError, match="Could not write .*a.png: No space left on device"):
        plots.Plot(b"other", "a figure").save(str(tmp_path / "docs" / "a.png"))
    assert (tmp_path / "docs" / "a.png").read_bytes() == b"png"


def test_same_weights_refuses_other_weights():
    """Runs of two machines may share a seed and not their weights."""
    other = experiment(AFTER.recipe, 0.02)
    for run in other:
        run.history["loss"] = [0.5, 0.5, 0.5, 0.5000001]
    with pytest.raises(CourseError, match="No two of these runs have the same weights"):
        plots.same_weights(BEFORE, other, "T")


def test_field_survey_refuses_a_family_without_logs():
    with pytest.raises(CourseError, match="No logs of 'resnet50': choose from ResNet50, "):
        plots.field_survey({"resnet50": [BEFORE]}, "T")


def test_the_same_figure_twice_is_the_same_bytes():
    assert plots.paired(BOTH, "jitter", "T").png == plots.paired(BOTH, "jitter", "T").png


@pytest.mark.parametrize(
    ("guess", "measured", "sentence"),
    [
        (None, 2.345, "No guess yet. Measured: 2.35 times."),
        ("", 2.0, "No guess yet. Measured: 2 times."),
        (3, 2.0, "You guessed 3 times. Measured: 2 times."),
        ("many", 2.0, "Your guess 'many' is not a number. Measured: 2 times."),
    ],
)
def test_guess_beside_measurement(guess, measured, sentence):
    assert guessed(guess, measured, "times") == sentence


def test_guess_in_words():
    assert guessed("Failed", "failed") == "You guessed Failed. Measured: failed. That is it."
    assert guessed("passed", "failed") == "You guessed passed. Measured: failed. Surprised?"
