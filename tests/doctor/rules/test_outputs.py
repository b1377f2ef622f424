"""Outputs and losses that are not what they are taken for."""

from dataclasses import replace

import numpy as np

from tests.doctor.rules.epochs_by_hand import SMOOTH, epochs, seen
from tlhelpers.doctor.rules.outputs import (
    metric_disagrees,
    metric_falls,
    not_finite,
    softmax_twice,
)


def test_losses_that_are_no_numbers():
    read = epochs(SMOOTH)
    read[4] = replace(read[4], finite=False)
    assert not_finite(seen(read)).code == "loss_not_finite"
    assert not_finite(seen(read, float16=True)).code == "float16_overflow"
    read[3] = replace(read[3], step=0.3)
    assert not_finite(seen(read)).code == "step_too_long"


def test_a_softmax_behind_a_softmax_is_never_sure():
    read = [replace(one, largest=0.57) for one in epochs(SMOOTH)]  # e / (e + 2) = 0.576
    assert softmax_twice(seen(read)).code == "loss_wants_probabilities"
    assert softmax_twice(seen(epochs(SMOOTH))) is None
    # As often right as sure: calibrated, on labels that nobody can tell better. Or luck.
    calibrated = [replace(one, largest=0.57) for one in epochs(SMOOTH, accuracy=0.56)]
    assert softmax_twice(seen(calibrated)) is None
    few = [replace(one, right={k: v[:8] for k, v in one.right.items()}) for one in read]
    assert softmax_twice(seen(few)) is None


def test_an_accuracy_that_is_not_that_of_the_predictions():
    read = epochs(SMOOTH)
    for one in read:
        one.logs.update(val_accuracy=0.6, val_loss=float(one.nll["as_validated"].mean()))
    found = metric_disagrees(seen(read))
    assert found.code == "metric_threshold" and "0.60" in found.evidence
    for one in read:
        one.logs["val_accuracy"] = 0.8
    assert metric_disagrees(seen(read)) is None


def test_a_sample_of_most_images_is_close_to_all_of_them():
    """By hand: 4 · √(0.25 / 400) = 0.10 of very many images; of 600, √(1/3) of that, 0.058."""
    read = epochs(SMOOTH)
    for one in read:
        one.logs.update(val_accuracy=0.72, val_loss=float(one.nll["as_validated"].mean()))
    assert metric_disagrees(seen(read, complete=False)) is None
    assert metric_disagrees(seen(read, complete=False, of=4000)) is None
    assert metric_disagrees(seen(read, complete=False, of=600)).code == "metric_threshold"


def test_of_another_loss_than_a_cross_entropy_only_a_far_better_count_is_told():
    def code(logged, **more):
        read = epochs(SMOOTH, accuracy=0.8)
        for one in read:
            one.logs.update(val_accuracy=logged, val_loss=0.1)  # a hinge, say
        return getattr(metric_disagrees(seen(read, **more)), "code", None)

    assert code(0.4) == "metric_threshold"
    # Ours may be the wrong count; a sample's may be luck; a few points may have another reason.
    assert code(0.99) is None and code(0.4, complete=False) is None and code(0.7) is None


def test_an_accuracy_that_falls_while_the_loss_falls_counts_something_else():
    def code(train, validation, loss=SMOOTH):
        read = epochs(SMOOTH, train=loss)
        for i, one in enumerate(read):
            one.logs.update(accuracy=train[i], val_accuracy=validation[i])
        return getattr(metric_falls(seen(read)), "code", None)

    falls = np.linspace(0.2, 0.01, 10)
    assert code(falls, falls) == "metric_threshold"
    assert code(falls[::-1], falls[::-1]) is None  # learning begins there
    assert code(falls, 1 - falls) is None and code(falls, falls, np.full(10, 0.7)) is None
