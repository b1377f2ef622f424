"""Running statistics that lag, or are of few images."""

import numpy as np
import pytest

from tests.doctor.rules.epochs_by_hand import SMOOTH, SPIKES, epochs, seen
from tlhelpers.doctor.rules.normalization import batchnorm


def test_spikes_that_fresh_statistics_take_away_are_lagging_averages():
    found = batchnorm(seen(epochs(SPIKES, fresh=SMOOTH, averaged=SMOOTH)))
    assert found.code == "bn_averages_lag" and found.share > 0.95 and found.low > 0.2
    assert "1.20" in found.evidence  # the epoch in which the two readings are furthest apart


def test_averages_of_the_last_batches_have_their_own_name():
    found = batchnorm(seen(epochs(SPIKES, fresh=SMOOTH), momenta=(0.1,)))
    assert found.code == "bn_averages_of_few_images" and "1.1 batches" in found.evidence


def test_an_image_alone_has_no_statistics():
    """Not too short a memory, whatever the momentum."""
    for momentum in (0.1, 0.99, 0.999):
        found = batchnorm(seen(epochs(SPIKES, fresh=SMOOTH), momenta=(momentum,), batch=1))
        assert found.code == "bn_batch_too_small" and "by itself alone" in found.evidence


def test_averaged_weights_with_statistics_of_others_are_not_lag():
    found = batchnorm(seen(epochs(SPIKES, fresh=SMOOTH), uses_average=True))
    assert found.code == "average_not_validated"


def test_a_level_that_is_too_high_is_lag_as_well():
    found = batchnorm(seen(epochs(1.5 * SMOOTH, fresh=SMOOTH)))
    assert found.code == "bn_averages_lag"
    assert found.share == pytest.approx(1 / 3, abs=0.02)  # 1 - 1 / 1.5, of the loss


def test_a_lag_that_has_healed_is_no_trouble():
    early = np.r_[4 * SMOOTH[:4], SMOOTH[4:]]  # wild at first, then both readings agree
    assert batchnorm(seen(epochs(early, fresh=SMOOTH))) is None
    averages = batchnorm(seen(epochs(early, fresh=SMOOTH), uses_average=True))
    assert averages.code == "average_not_validated"
    falling = np.linspace(0.9, 0.3, 10)
    assert batchnorm(seen(epochs(1.15 * falling, fresh=falling))) is None  # little to see
    late = np.r_[4 * SMOOTH[:4], 1.3 * SMOOTH[4:]]
    assert batchnorm(seen(epochs(late, fresh=SMOOTH))).code == "bn_averages_lag"


def test_the_evidence_speaks_of_falling_only_where_it_falls():
    higher = batchnorm(seen(epochs(1.5 * SPIKES, fresh=SPIKES)))
    assert higher.code == "bn_averages_lag" and "falls" not in higher.evidence
