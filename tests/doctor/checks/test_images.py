"""The same images on both sides, and the same ones each time?"""

from __future__ import annotations

import numpy as np
import pytest

from tests.doctor.checks.blobs import images, sample
from tlhelpers.doctor.checks.images import (
    _by_chance,
    leak,
    repeat_by_chance,
    validation_changes,
)
from tlhelpers.doctor.samples import digests

RNG = np.random.default_rng(0)


def changes(a, b, **more):
    return validation_changes(sample(a, **more), sample(b, **more), False)


def test_images_that_come_back_the_same_are_fine():
    x = images()
    assert changes(x, x.copy()) is None
    assert changes(x, x[RNG.permutation(100)]) is None  # only in another order
    # Nor does an operation that could draw random numbers, where only a part was read.
    part = sample(x, complete=False)
    assert validation_changes(part, part, random_ops=True) is None


def test_the_same_images_with_other_brightness_are_augmented():
    x = images()
    assert changes(x, x * RNG.uniform(0.5, 1, (100, 1, 1, 1))).code == "validation_augmented"


def test_half_of_the_images_mirrored_is_augmentation():
    x = images()
    mirrored = np.where(np.arange(100)[:, None, None, None] % 2, x, x[:, :, ::-1])
    assert changes(x, mirrored).code == "validation_augmented"


def test_other_images_are_no_augmentation():
    labels = {"y": RNG.integers(0, 3, 100)}
    a, b = sample(images(seed=1), **labels), sample(images(seed=2), RNG.integers(0, 3, 100))
    found = validation_changes(a, b, False)
    assert found.code == "validation_images_change" and found.share == 1


def test_labels_in_the_same_disorder_belong_to_the_same_items():
    def items(rows, kinds):
        return sample(RNG.normal(size=(rows, 30)), kinds)

    def code(kinds, again):
        n = len(kinds)
        return validation_changes(items(n, kinds), items(n, again), False).code

    mixed = RNG.integers(0, 3, 100)
    assert code(mixed, mixed) == "validation_augmented"  # rows with noise of their own
    assert code(mixed, RNG.permutation(mixed)) == "validation_images_change"
    # An order that any draw has, and one that is too short to be told by.
    for kinds in (np.sort(mixed), np.arange(100) % 3, np.repeat([0, 1, 2] * 10, 2), mixed[:10]):
        assert code(kinds, kinds) == "validation_images_change"


def test_copies_are_found_and_blank_images_are_not():
    train, validation = images(200, 1), images(100, 2)
    assert leak(digests(train), digests(validation)) is None
    validation[:20] = train[:20]
    found = leak(digests(train), digests(validation))
    assert found.code == "leak" and found.share == 0.2
    blank = np.zeros_like(validation)
    assert leak(digests(np.concatenate([train, blank[:5]])), digests(blank)) is None


def test_rows_of_few_words_repeat_themselves_in_each_class_and_copied_rows_in_one():
    def by_chance(x, y):
        return repeat_by_chance(x, y, among=1000)

    y = np.arange(400) % 2
    few = RNG.integers(0, 4, (400, 4))  # 256 rows are possible
    many = RNG.integers(0, 90, (400, 9))
    rare = np.where((y == 1)[:, None], many[np.arange(400) % 40], many)  # one class over and over
    assert by_chance(few, y) and by_chance(few.astype("float32"), np.eye(2)[y])
    assert not by_chance(many, y) and not by_chance(rare, y)
    assert not by_chance(few + RNG.normal(0, 0.1, few.shape), y)  # measured, not counted
    flat = RNG.integers(0, 17, (200, 64))  # digits as rows, the whole set there twice: a leak
    assert not by_chance(np.concatenate([flat, flat]), np.r_[y[:200], y[:200]])
    padded = np.concatenate([few, np.zeros((400, 40), int)], axis=1)  # sentences of four words
    assert by_chance(padded, y)
    # Categories one-hot, standardised, or in inputs of their own.
    one_hot = np.eye(4)[few].reshape(400, 16)
    assert by_chance(one_hot, y) and by_chance((one_hot - 0.25) / 0.43, y)
    assert by_chance({"a": few[:, :2], "b": few[:, 2:]}, y)
    for labels in (None, [y, y[:3]], {"a": y}, y[:10]):  # of several outputs, or none
        assert not by_chance(few, labels)


def test_expected_copies_by_hand():
    # Four columns of four values: 1 of 256 pairs is alike, and 1 - (1 - 1 / 256)^256 is 0.63.
    few = np.stack(np.meshgrid(*[np.arange(4)] * 4), -1).reshape(-1, 4).repeat(20, axis=0)
    assert _by_chance(few, 256) == pytest.approx(1 - np.exp(-1), rel=0.02)
    assert _by_chance(RNG.normal(size=(50, 3)), 10_000) == 0  # no value twice
