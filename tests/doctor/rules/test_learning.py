"""Nothing learned, or something else."""

from dataclasses import replace

import numpy as np

from tests.doctor.rules.epochs_by_hand import IMAGES, SMOOTH, epochs, seen
from tlhelpers.doctor.rules.learning import misordered, stuck


def test_stuck_at_chance_needs_a_training_loss_that_does_not_fall():
    flat = np.full(10, 1.1)
    read = epochs(flat, accuracy=0.4, train=flat)
    for one in read:
        one.logs["accuracy"] = 0.4
    assert stuck(seen(read)).code == "stuck_at_chance"
    assert stuck(seen(epochs(flat, accuracy=0.4))) is None


def test_labels_moved_by_some_places_are_found():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, IMAGES)
    choices = np.roll(labels, 7)
    right = {"as_validated": choices == labels}
    read = [replace(one, choices=choices, right=right) for one in epochs(SMOOTH)]
    found = misordered(seen(read), labels)
    assert found.code == "label_order" and "by 7 places" in found.evidence
