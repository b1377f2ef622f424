"""A step that is too long."""

from tests.doctor.rules.epochs_by_hand import SMOOTH, SPIKES, epochs, seen
from tlhelpers.doctor.rules.normalization import batchnorm
from tlhelpers.doctor.rules.steps import step


def test_spikes_that_stay_with_fresh_statistics_and_go_with_averages_are_a_long_step():
    read = seen(epochs(SPIKES, fresh=SPIKES, averaged=SMOOTH))
    assert batchnorm(read) is None
    found = step(read)
    assert found.code == "step_too_long" and found.share > 0.95


def test_spikes_that_nothing_takes_away_are_neither():
    read = seen(epochs(SPIKES, fresh=SPIKES, averaged=SPIKES))
    assert batchnorm(read) is None and step(read) is None
