"""What is counted in Keras's own val_loss."""

import math

import pytest

from tests.experiment.test_recordings import SMOKE, made_up
from tlhelpers.analysis import metrics
from tlhelpers.training.run import Experiment


def test_spikes_and_the_worst_rise_are_of_keras_own_loss():
    runs = tuple(made_up(SMOKE.measured, seed, 0.3) for seed in range(2))
    for run in runs:
        run.history["val_nll"] = [1.0] * 4
    found = Experiment(SMOKE.measured, runs)
    assert metrics.values(found, "spikes") == {0: 1.0, 1: 1.0}
    rises = metrics.values(found, "worst_rise").values()
    assert list(rises) == pytest.approx([math.exp(0.6)] * 2, rel=0.05)
    # One spike may be the worst rise, and is counted in the loss that EarlyStopping sees.
    assert metrics.metric("spikes").better == metrics.metric("worst_rise").better == "lower"
