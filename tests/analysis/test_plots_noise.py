"""Figures of noise: steps the wrong way, and a running mean step by step."""

import io

import numpy as np
import pytest
from PIL import Image

from tests.experiment.test_recordings import SMOKE, made_up
from tlhelpers.analysis import plots
from tlhelpers.core.errors import CourseError


def run(losses):
    made = made_up(SMOKE.measured, 0, 0.2)
    made.history["val_nll"] = losses
    made.history["val_nll_se"] = [None, 0.05, 0.05, 0.05]
    return made


def test_counts_the_steps_the_wrong_way():
    valley, rough = run([1.0, 0.5, 0.6, 0.7]), run([0.5, 0.7, 0.4, 0.6])
    drawn = plots.wrong_way({"valley": valley, "rough": rough}, "T")
    assert "valley: 0.50 to 1.00, 0 of 3 steps the wrong way" in drawn.alt
    assert "rough: 0.40 to 0.70, 1 of 3 steps the wrong way" in drawn.alt


@pytest.mark.parametrize("count", [1, 2, 4, 6])
def test_panels_in_rows_of_three(count):
    drawn = plots.wrong_way({f"run {i}": run([0.5, 0.7, 0.4, 0.6]) for i in range(count)}, "T")
    assert Image.open(io.BytesIO(drawn.png)).width > 400


def test_a_loss_that_is_no_number_leaves_a_gap():
    assert "0 of 3" in plots.wrong_way({"a": run([0.5, np.nan, 0.4, 0.6])}, "T").alt


def test_running_means_with_a_text_alternative():
    drawn = plots.moving_means({"live": np.array([0.0, 0.5]), "frozen": np.array([0.1, 0.1])}, "T")
    assert "live: from 0 to 0.5" in drawn.alt and "frozen: from 0.1 to 0.1" in drawn.alt


@pytest.mark.parametrize("draw", [plots.wrong_way, plots.moving_means])
def test_nothing_to_draw(draw):
    with pytest.raises(CourseError, match="Nothing to draw"):
        draw({}, "T")
