"""So few validation images that their loss jumps by itself."""

from dataclasses import replace

import numpy as np

from tests.doctor.rules.epochs_by_hand import SMOOTH, SPIKES, epochs, seen
from tlhelpers.doctor.rules import judge
from tlhelpers.doctor.rules.few_images import far_too_few, too_few
from tlhelpers.doctor.watch import Epoch


def test_few_images_are_named_only_where_they_explain_the_jumping():
    rng = np.random.default_rng(1)
    noisy = [
        Epoch(
            number=i + 1,
            logs={"loss": 0.5},
            nll={"as_validated": rng.gamma(0.3, 2.0, 30)},
            right={"as_validated": rng.random(30) < 0.7},
        )
        for i in range(10)
    ]
    found = too_few(seen(noisy), 30)
    assert found.code == "too_few_validation_images" and "fresh" not in found.evidence
    both = [
        replace(
            one,
            nll=one.nll | {"fresh": one.nll["as_validated"]},
            right=one.right | {"fresh": one.right["as_validated"]},
        )
        for one in noisy
    ]
    assert "The loss with fresh statistics jumps" in too_few(seen(both), 30).evidence
    assert too_few(seen(noisy), 3000) is None
    assert too_few(seen(epochs(SPIKES)), 100) is None


def test_a_smooth_loss_whose_accuracy_drifts_is_no_noise():
    dip = np.array([0.8, 0.7, 0.6, 0.5, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95])
    hops = np.array([0.6, 0.5, 0.6, 0.5, 0.65, 0.55, 0.7, 0.6, 0.7, 0.65])
    assert too_few(seen(epochs(SMOOTH, accuracy=dip)), 80) is None
    found = too_few(seen(epochs(SMOOTH, accuracy=hops)), 24)
    assert "standard error is 10 %" in found.evidence  # √(0.6 · 0.4 / 24), by hand 0.0996
    assert too_few(seen(epochs(SMOOTH, accuracy=hops)), 200) is None


def test_forty_images_are_too_few_for_a_calm_curve_as_well():
    calm = seen(epochs(SMOOTH, accuracy=0.75))
    # Wilson's interval of 18 of 24, by hand: 0.55 to 0.88.
    assert "anything from 0.55 to 0.88" in far_too_few(calm, 24).evidence
    assert far_too_few(calm, 41) is None and far_too_few(calm, 0) is None
    assert far_too_few(replace(calm, complete=False), 24) is None  # others were not read
    labels = np.arange(24) % 3
    assert [one.code for one in judge(calm, [], labels, {})] == ["too_few_validation_images"]
    jumps = seen(epochs(SPIKES, fresh=SMOOTH, averaged=SMOOTH))
    assert [one.code for one in judge(jumps, [], labels, {})] == ["bn_averages_lag"]
