"""A step that is too long."""

import numpy as np

from tests.doctor.rules.epochs_by_hand import SMOOTH, SPIKES, epochs, seen
from tlhelpers.doctor.rules.normalization import batchnorm
from tlhelpers.doctor.rules.steps import collapsed, step


def test_spikes_that_stay_with_fresh_statistics_and_go_with_averages_are_a_long_step():
    read = seen(epochs(SPIKES, fresh=SPIKES, averaged=SMOOTH))
    assert batchnorm(read) is None
    found = step(read)
    assert found.code == "step_too_long" and found.share > 0.95


def test_spikes_that_nothing_takes_away_are_neither():
    read = seen(epochs(SPIKES, fresh=SPIKES, averaged=SPIKES))
    assert batchnorm(read) is None and step(read) is None


FALLS_APART = np.array([1.1, 0.7, 0.5, 0.4, 0.7, 0.9, 1.4, 1.4, 1.4, 1.4])


def test_a_training_loss_that_climbs_back_is_a_long_step():
    found = collapsed(seen(epochs(FALLS_APART, train=FALLS_APART)))
    assert found.code == "step_too_long" and "0.40 in epoch 4" in found.evidence
    # A single spike that comes back is none, nor is a loss that never fell.
    for train in (SPIKES, np.full(10, 1.1), np.r_[FALLS_APART[:6], 0.4, 0.4, 0.4, 0.4]):
        assert collapsed(seen(epochs(SMOOTH, train=train))) is None


def test_an_average_that_wanders_but_is_far_better_to_the_end_shows_a_long_step():
    half = SPIKES / 2  # the same jitter in log units, and half the loss
    found = step(seen(epochs(SPIKES, averaged=half, train=SPIKES)))
    assert found.code == "step_too_long" and found.share_of == "of the loss"
    assert step(seen(epochs(SPIKES, averaged=half))) is None  # training itself is calm
