"""Figures of one curve's several readings, and of runs scored on several sets of images."""

import io

import pytest
from PIL import Image

from tlhelpers.analysis import plots
from tlhelpers.core.errors import CourseError

PAST = {
    "val_nll": [0.5, 0.4, 0.6],
    "val_nll_recalibrated": [0.4, 0.35, 0.36],
    "val_accuracy": [0.8] * 3,
}
BOTH = ("val_nll", "val_nll_recalibrated")


@pytest.mark.parametrize(
    ("draw", "words"),
    [
        (
            lambda: plots.readings({"A": PAST}, "T", ("val_nll",)),
            ["T", "A, as validated: 0.40 to 0.60"],
        ),
        (
            lambda: plots.readings({"A": PAST, "B": PAST}, "T", BOTH, score="val_accuracy"),
            ["B, as validated, confidence refitted: 0.35 to 0.40", "validation accuracy"],
        ),
        (
            lambda: plots.joined({"twins": [0.9, 0.8], "others": [0.7, 0.6]}, "accuracy", "T"),
            ["Mean accuracy: twins 0.85; others 0.65"],
        ),
    ],
)
def test_draws_with_a_text_alternative(draw, words):
    drawn = draw()
    image = Image.open(io.BytesIO(drawn.png))
    assert image.width > 400 and len(set(image.convert("L").resize((64, 64)).getdata())) > 5
    assert all(word in drawn.alt for word in words), drawn.alt


@pytest.mark.parametrize(
    ("draw", "message"),
    [
        (lambda: plots.readings({}, "T"), "Nothing to draw"),
        (lambda: plots.readings({"A": {}}, "T"), "'A' has no 'val_nll'"),
        (lambda: plots.readings({"A": PAST, "B": {"val_nll": [1, 2]}}, "T", BOTH), "'B' has no"),
        (lambda: plots.readings({"A": PAST}, "T", BOTH, score="val_auc"), "no 'val_auc'"),
        (lambda: plots.joined({}, "accuracy", "T"), "Nothing to draw"),
        (lambda: plots.joined({"a": [1.0], "b": [1.0, 2.0]}, "accuracy", "T"), "same number"),
    ],
)
def test_says_what_is_missing(draw, message):
    with pytest.raises(CourseError, match=message):
        draw()
