"""The same images on both sides, and the same ones each time?"""

from __future__ import annotations

import numpy as np

from tests.doctor.checks.blobs import images, sample
from tlhelpers.doctor.checks.images import (
    labels_change,
    leak,
    order_changes,
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
    y = np.arange(400) % 2
    few = RNG.integers(0, 4, (400, 4))  # 256 rows are possible
    many = RNG.integers(0, 90, (400, 9))
    rare = np.where((y == 1)[:, None], many[np.arange(400) % 40], many)  # one class over and over
    assert repeat_by_chance(few, y) and repeat_by_chance(few.astype("float32"), np.eye(2)[y])
    assert not repeat_by_chance(many, y) and not repeat_by_chance(rare, y)
    assert not repeat_by_chance(few + 0.5, y)  # measured, not counted
    assert not repeat_by_chance(few[:, :, None, None], y)  # images
    flat = RNG.integers(0, 17, (200, 64))  # digits as rows, the whole set there twice: a leak
    assert not repeat_by_chance(np.concatenate([flat, flat]), np.r_[y[:200], y[:200]])
    padded = np.concatenate([few, np.zeros((400, 40), int)], axis=1)  # sentences of four words
    assert repeat_by_chance(padded, y)
    for labels in (None, [y, y[:3]], {"a": y}, y[:10]):  # of several outputs, or none
        assert not repeat_by_chance(few, labels)
    assert not repeat_by_chance(few.astype(str), y)


def test_predictions_of_a_dataset_that_shuffles():
    x = images()
    other = sample(x[RNG.permutation(100)])
    assert order_changes(sample(x), other).code == "label_order"
    assert order_changes(sample(x), sample(x.copy())) is None


def test_images_that_are_shuffled_without_their_labels():
    x, y = images(), RNG.integers(0, 3, 100)
    order = RNG.permutation(100)
    found = labels_change(sample(x, y), sample(x[order], y))
    assert found.code == "label_order"
    assert found.share == np.mean(y != y[order])
    one_hot = np.eye(3)[y]
    assert labels_change(sample(x, one_hot), sample(x[order], one_hot)).share == found.share


def test_labels_that_move_with_their_images_or_belong_to_copies_are_fine():
    x, y = images(), RNG.integers(0, 3, 100)
    order = RNG.permutation(100)
    assert labels_change(sample(x, y), sample(x[order], y[order])) is None
    copies = np.concatenate([x, x])  # each image twice, with two labels
    both = np.concatenate([y, y + 1])
    mixed = RNG.permutation(200)
    assert labels_change(sample(copies, both), sample(copies[mixed], both[mixed])) is None
    assert labels_change(sample(x, y), sample(images(seed=5), y)) is None  # other images


def test_labels_of_several_inputs_or_outputs_are_left_alone():
    x, y = images(), RNG.integers(0, 3, 100)
    other = RNG.permutation(y)
    for first, second in (
        (sample({"a": x, "b": x}, y), sample({"a": x, "b": x[::-1]}, other)),
        (sample(x, {"a": y, "b": y}), sample(x, {"a": other, "b": y})),
        (sample(x, (y, y)), sample(x, (other, y))),
    ):
        assert labels_change(first, second) is None
