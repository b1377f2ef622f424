"""A generator that is looked at while its batches pass."""

from __future__ import annotations

import numpy as np

from tlhelpers.doctor.observe import Observed


def numbered(count=30):
    for k in range(count):
        yield np.full((4, 2), k, dtype="float32"), np.zeros(4)


def numbers(sample):
    return sample.x[::4, 0].tolist()


def test_batches_pass_as_they_are_and_nothing_is_said_before_an_epoch_has_passed():
    observed = Observed(numbered())
    passed = [next(observed.passing) for _ in range(2)]  # what Keras reads ahead
    assert [x[0, 0] for x, _ in passed] == [0, 1]
    assert observed.sample(6) is None
    for _ in range(4):
        next(observed.passing)
    assert numbers(observed.sample(6)) == [0, 1, 2, 3, 4, 5] and observed.sample(6).complete
    assert observed.sample(6, 1) is None


def test_the_second_epoch_begins_with_the_batches_that_keras_keeps():
    """Printed in `test_step` with Keras 3.15: 0 1 2 3 4 5, then 0 1 8 9 10 11."""
    observed = Observed(numbered())
    list(observed.passing)
    assert numbers(observed.sample(6, 1)) == [0, 1, 8, 9, 10, 11]
    assert numbers(observed.sample(2, 1)) == [0, 1]  # such a validation never changes


def test_of_a_long_epoch_its_beginning_is_kept():
    observed = Observed(numbered(), images=12)
    list(observed.passing)
    sample = observed.sample(20)
    assert numbers(sample) == [0, 1, 2] and not sample.complete
    assert observed.sample(20, 1) is None
