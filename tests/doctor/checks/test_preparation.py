"""Images that are prepared alike, and otherwise."""

from __future__ import annotations

import numpy as np
import pytest

from tests.doctor.checks.blobs import images
from tlhelpers.doctor.checks.preparation import own_vocabulary, prepared_otherwise

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


@pytest.mark.parametrize("filled", [0.0, 1.0])
def test_holes_in_training_images_are_no_other_preparation(filled):
    """Cutout: a square of a quarter of each image, somewhere else in each pass."""
    rng = np.random.default_rng(0)
    train, validation = rng.uniform(0.4, 0.6, (2, 64, 16, 16, 3)).astype("float32")
    for image in train:
        row, column = rng.integers(0, 8, 2)
        image[row : row + 8, column : column + 8] = filled
    assert prepared_otherwise(train, validation).evidence.startswith("Training images run from")
    validation[:, 0, 0] = filled  # some pixel of a photograph is black, or white
    assert prepared_otherwise(train, validation).code == "validation_prepared_otherwise"
    assert prepared_otherwise(train, validation, augmented=True) is None
    assert prepared_otherwise(train, 2 * validation - 1, augmented=True) is not None


def texts(rng, n=500, words=300, long=20):
    """Words by a law of Zipf, none of them numbered yet."""
    shares = 1 / np.arange(5, 5 + words) ** 0.8
    return rng.choice(words, (n, long), p=shares / shares.sum())


def numbered(x, by):
    """Word numbers from 2 on, the commonest of the texts `by` first; 1 for unknown words."""
    order = np.argsort(-np.bincount(by.ravel(), minlength=300), kind="stable")[:250]
    number = np.ones(300, dtype="int32")
    number[order] = np.arange(2, 2 + len(order))
    return number[x]


@pytest.mark.parametrize("seed", range(5))
def test_a_vocabulary_of_the_validation_texts_is_found(seed):
    rng = np.random.default_rng(seed)
    train, validation = texts(rng, 2000), texts(rng)
    ours = numbered(train, train)
    found = own_vocabulary(ours, numbered(validation, validation))
    assert found.code == "validation_prepared_otherwise"
    assert own_vocabulary(ours, numbered(validation, train)) is None
    everything = np.concatenate([train, validation])
    both = numbered(train, everything), numbered(validation, everything)
    assert own_vocabulary(*both) is None
    padded = np.pad(numbered(validation, validation), ((0, 0), (0, 20)))
    assert own_vocabulary(np.pad(ours, ((0, 0), (0, 20))), padded).code == found.code


def test_columns_and_images_are_no_texts():
    rng = np.random.default_rng(0)
    assert own_vocabulary(*rng.integers(0, 9, (2, 100, 12))) is None  # few numbers
    assert own_vocabulary(*rng.integers(0, 256, (2, 300, 64))) is None  # no order in them
    assert own_vocabulary(*rng.normal(size=(2, 100, 12))) is None
