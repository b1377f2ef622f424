"""Stripes: the same seed draws the same images, and each pipeline has the fault it is known for."""

from __future__ import annotations

import numpy as np
import pytest

from tlhelpers.core.errors import CourseError
from tlhelpers.data import stripes

X, Y = stripes.images(60, seed=1)


def test_a_seed_draws_the_same_images():
    again, labels = stripes.images(60, seed=1)
    np.testing.assert_array_equal(X, again)
    np.testing.assert_array_equal(Y, labels)
    assert X.shape == (60, 16, 16, 3) and X.dtype == "float32"
    assert X.min() >= 0 and X.max() <= 255 and set(Y) == set(range(stripes.CLASSES))


def test_each_pipeline_has_its_fault():
    feeds = {stripes.FAULTS[letter][0]: stripes.pipeline(letter, X, Y) for letter in "ABCD"}
    assert feeds["scaled"]()[0].max() <= 1
    assert set(feeds["sorted"]()[1]) == {stripes.CLASSES - 1}
    images, labels = feeds["shuffled"]()
    np.testing.assert_array_equal(images, X)
    assert (labels != Y).any() and (np.bincount(labels) == np.bincount(Y)).all()


def test_only_the_augmented_one_changes_from_call_to_call():
    for word, _ in stripes.FAULTS.values():
        letter = next(k for k, v in stripes.FAULTS.items() if v[0] == word)
        feed = stripes.pipeline(letter, X, Y)
        same = all(np.array_equal(a, b) for a, b in zip(feed(), feed(), strict=True))
        assert same == (word != "augmented")


def test_an_unknown_letter_is_refused():
    with pytest.raises(CourseError, match="choose from A, B, C, D"):
        stripes.pipeline("E", X, Y)
