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
    # Slow and on its way, or told by another score than accuracy.
    slow = epochs(flat, accuracy=0.4, train=np.linspace(1.1, 1.0, 10))
    scored = epochs(flat, accuracy=0.4, train=flat)
    for one in scored:
        one.logs.update(val_auc=0.7, accuracy=0.4)
    assert stuck(seen(slow)) is None and stuck(seen(scored)) is None


def test_a_task_that_is_mostly_chance_is_not_stuck_if_its_loss_tells_images_apart():
    def code(loss):
        read = epochs(np.full(10, loss), accuracy=0.41, train=np.linspace(1.0, 0.98, 10))
        for one in read:
            one.logs["accuracy"] = 0.41
        return getattr(stuck(seen(read), np.arange(IMAGES) % 3), "code", None)

    assert code(0.95) is None  # 0.15 below log 3, that of any constant answer
    assert code(1.08) == "stuck_at_chance"  # 0.02: that may be luck


def test_a_task_that_is_mostly_chance_is_not_stuck_if_both_sides_are_a_little_better():
    """Training images: 32 · 200, so four standard errors are 0.024 above 0.4."""

    def code(training, validation, steps=200):
        read = epochs(np.full(10, 1.09), accuracy=validation, train=np.full(10, 1.09))
        for one in read:
            one.logs["accuracy"] = training
        labels = np.arange(IMAGES) % 3
        return getattr(stuck(seen(read, steps=steps), labels), "code", None)

    assert code(0.44, 0.43) is None
    assert code(0.42, 0.43) == code(0.44, 0.41) == code(0.44, 0.43, steps=20) == "stuck_at_chance"


def test_labels_moved_by_some_places_are_found():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, IMAGES)
    choices = np.roll(labels, 7)
    right = {"as_validated": choices == labels}
    read = [replace(one, choices=choices, right=right) for one in epochs(SMOOTH)]
    found = misordered(seen(read), labels)
    assert found.code == "label_order" and "by 7 places" in found.evidence


def test_wrong_answers_that_depend_on_the_class_are_no_order_of_labels():
    """Training learns. Validation is wrong, but the same two classes get the same answer."""
    labels = np.random.default_rng(1).integers(0, 3, IMAGES)

    def found(choices):
        right = {"as_validated": choices == labels}
        read = [replace(one, choices=choices, right=right) for one in epochs(SMOOTH)]
        return misordered(seen(read), labels)

    finer = np.array([1, 2, 1])[labels]  # textures that all look finer
    other = found(finer)
    assert (
        other.code == "validation_prepared_otherwise" and "0 and 2 are called 1" in other.evidence
    )
    assert found(np.array([1, 2, 0])[labels]).code == "label_order"  # numbered otherwise
    mixed = np.random.default_rng(0).permutation(finer)
    assert found(mixed).code == "label_order"
