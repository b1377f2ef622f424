"""A step that is too long."""

from dataclasses import replace

import numpy as np
import pytest

from tests.doctor.rules.epochs_by_hand import SMOOTH, SPIKES, epochs, seen
from tlhelpers.doctor.rules import judge
from tlhelpers.doctor.rules.normalization import batchnorm
from tlhelpers.doctor.rules.steps import collapsed, restless, step


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


def test_jumping_in_training_and_validation_that_no_average_calms_is_a_long_step():
    """A retina run with frozen BatchNorm: accuracy .91 .91 .73 .91 .91 .91 .91 .89 .75 .74."""
    train = np.array([1.18, 0.66, 0.66, 0.66, 0.45, 0.46, 0.42, 0.42, 0.63, 0.57])
    wanders = np.array([0.34, 0.39, 0.58, 0.27, 0.28, 0.27, 0.27, 0.36, 0.52, 0.53])
    found = restless(seen(epochs(wanders, averaged=wanders, train=train)))
    assert found.code == "step_too_long" and found.share is None
    assert "from 0.42 to 0.63 in epoch 9" in found.evidence
    read = epochs(wanders, averaged=wanders, train=train)
    assert [one.code for one in judge(seen(read), (), None, {})] == ["step_too_long"]


def test_training_that_rises_through_two_epochs_jumps_as_well():
    """A warm-up of 4000 steps in a training of 800: accuracy .86 .89 .83 .78 .85 .82 .87."""
    train = np.array([0.87, 0.55, 0.45, 0.43, 0.39, 0.49, 0.56, 0.46, 0.52, 0.42])
    wanders = np.array([0.65, 0.47, 0.39, 0.37, 0.33, 0.61, 0.51, 0.41, 0.46, 0.33])
    found = restless(seen(epochs(wanders, averaged=wanders, train=train), steps=80))
    assert "from 0.39 to 0.56 in epochs 6 and 7" in found.evidence
    calm = np.where(np.arange(10) == 6, 0.5, train)
    assert restless(seen(epochs(wanders, averaged=wanders, train=calm), steps=80)) is None


@pytest.mark.parametrize(
    ("validation", "train", "images"),
    [
        (SPIKES, np.linspace(1.0, 0.3, 10), 800),  # training is calm: what jumps is not known
        (SMOOTH, SPIKES, 800),  # validation is calm: it troubles nobody
        (SPIKES, np.r_[np.linspace(1.0, 0.1, 8), 0.2, 0.1], 800),  # twice of little is little
        (SPIKES, np.r_[1.0, 1.3, np.linspace(1.0, 0.9, 8)], 800),  # a wild beginning
        (SPIKES, np.r_[np.linspace(1.0, 0.4, 8), 0.62, 0.4], 64),  # so few images: chance
    ],
)
def test_it_takes_a_rise_in_training_after_something_was_learned(validation, train, images):
    read = seen(epochs(validation, averaged=validation, train=train), steps=images // 32)
    assert restless(read) is None


def test_averages_far_better_all_along_are_a_long_step_though_the_spike_comes_last():
    """A run on the faces with frozen BatchNorm: jitter does not count a rise that stays."""
    own = np.array([1.76, 0.79, 0.69, 0.73, 0.74, 0.62, 0.61, 0.52, 0.49, 1.04])
    averaged = np.array([2.08, 0.56, 0.41, 0.32, 0.35, 0.34, 0.35, 0.35, 0.37, 0.33])
    found = step(seen(epochs(own, averaged=averaged)))
    assert found.code == "step_too_long" and found.share_of == "of the loss" and found.low > 0.3
    # Jitter is small here, so the losses are the evidence.
    assert "is 1.0 in epoch 10, and 0.33 with the weights" in found.evidence
    assert "jumps by" not in found.evidence
    # Without a rise that one sees, a better average is only a better average.
    assert step(seen(epochs(np.linspace(0.9, 0.8, 10), averaged=np.linspace(0.6, 0.5, 10)))) is None


def test_an_average_that_wanders_but_is_far_better_to_the_end_shows_a_long_step():
    half = SPIKES / 2  # the same jitter in log units, and half the loss
    found = step(seen(epochs(SPIKES, averaged=half, train=SPIKES)))
    assert found.code == "step_too_long" and found.share_of == "of the loss"
    assert step(seen(epochs(SPIKES, averaged=half))) is None  # training itself is calm


def of_any_loss(read):
    """The same epochs without classes: a regression."""
    return seen([replace(one, right={}) for one in read], classes=0)


@pytest.mark.parametrize("unit", [1e-4, 1.0, 1e4], ids=["small", "as it is", "large"])
def test_a_regression_of_any_unit_has_the_same_troubles(unit):
    def codes(loss, train=SMOOTH, **readings):
        readings = {name: unit * curve for name, curve in readings.items()}
        read = of_any_loss(epochs(unit * loss, train=unit * train, **readings))
        return [one.code for one in judge(read, [], None, {"validation_images": 400})]

    assert codes(SMOOTH, fresh=SMOOTH, averaged=SMOOTH) == []
    assert codes(SPIKES, fresh=SPIKES, averaged=SMOOTH) == ["step_too_long"]
    assert codes(SPIKES, fresh=SMOOTH, averaged=SMOOTH) == ["bn_averages_lag"]
    assert codes(FALLS_APART, train=FALLS_APART, averaged=FALLS_APART) == ["step_too_long"]
    climbs = np.array([0.9, 0.6, 0.5, 0.45, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0])
    assert codes(climbs, train=np.linspace(1, 0.1, 10), averaged=climbs) == ["overfitting"]
    assert codes(climbs, train=climbs, averaged=climbs) != ["overfitting"]
