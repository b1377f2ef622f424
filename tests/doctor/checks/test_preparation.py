"""Images that are prepared alike, and otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from tests.doctor.checks.blobs import images
from tlhelpers.doctor.checks.preparation import prepared_otherwise

RNG = np.random.default_rng(0)


@pytest.mark.parametrize(
    "prepare",
    [lambda x: x / 255, lambda x: x / 127.5 - 1, lambda x: x[..., ::-1] - [104, 117, 124]],
)
def test_validation_that_is_scaled_otherwise(prepare):
    train, validation = images(seed=1), images(seed=2)
    found = prepared_otherwise(train, prepare(validation).astype("float32"))
    assert found.code == "validation_prepared_otherwise"


def test_augmentation_of_the_training_images_is_no_other_preparation():
    train, validation = images(seed=1), images(seed=2)
    brighter = train * RNG.uniform(0.7, 1.3, (100, 1, 1, 1)).astype("float32")
    assert prepared_otherwise(brighter, validation) is None
    assert prepared_otherwise(train, validation) is None


def test_a_random_shift_blurs_training_images_and_is_no_other_preparation():
    train, validation = (
        images(seed=k) + RNG.normal(0, 25, (100, 12, 12, 3)).astype("float32") for k in (1, 2)
    )
    shifted = (train + np.roll(train, 1, axis=2)) / 2  # half a pixel, between two of them
    assert prepared_otherwise(shifted, validation).evidence.startswith("The two sides differ in sh")
    assert prepared_otherwise(shifted, validation, augmented=True) is None
    blurred = (validation + np.roll(validation, 1, axis=2)) / 2
    assert (
        prepared_otherwise(train, blurred, augmented=True).code == "validation_prepared_otherwise"
    )
