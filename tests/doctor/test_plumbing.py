"""What is seen without training: each check on samples where the answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from tlhelpers.doctor import plumbing
from tlhelpers.doctor.samples import Sample, digests
from tlhelpers.doctor.task import Task

RNG = np.random.default_rng(0)


def images(n=100, seed=0, size=12):
    """Soft blobs from 0 to 255."""
    rng = np.random.default_rng(seed)
    i, j = np.mgrid[:size, :size]
    a, b = rng.uniform(0, size, (2, n, 1, 1))
    x = 255 * np.exp(-((i - a) ** 2 + (j - b) ** 2) / 8)[..., None]
    return (x + rng.normal(0, 3, (n, size, size, 3))).astype("float32")


def sample(x, y=None, complete=True):
    y = np.zeros(len(x), dtype=int) if y is None else y
    return Sample(x=x, y=y, weight=None, sizes=(len(x),), complete=complete)


def changes(a, b, **more):
    return plumbing.validation_changes(sample(a, **more), sample(b, **more), digests, False)


def test_images_that_come_back_the_same_are_fine():
    x = images()
    assert changes(x, x.copy()) is None
    assert changes(x, x[RNG.permutation(100)]) is None  # only in another order


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
    found = plumbing.validation_changes(a, b, digests, False)
    assert found.code == "validation_images_change" and found.share == 1


@pytest.mark.parametrize(
    "prepare",
    [lambda x: x / 255, lambda x: x / 127.5 - 1, lambda x: x[..., ::-1] - [104, 117, 124]],
)
def test_validation_that_is_scaled_otherwise(prepare):
    train, validation = images(seed=1), images(seed=2)
    found = plumbing.prepared_otherwise(train, prepare(validation).astype("float32"))
    assert found.code == "validation_prepared_otherwise"


def test_augmentation_of_the_training_images_is_no_other_preparation():
    train, validation = images(seed=1), images(seed=2)
    brighter = train * RNG.uniform(0.7, 1.3, (100, 1, 1, 1)).astype("float32")
    assert plumbing.prepared_otherwise(brighter, validation) is None
    assert plumbing.prepared_otherwise(train, validation) is None


def test_classes_missing_in_validation():
    labels = np.repeat(np.arange(5), 40)
    assert plumbing.sorted_split(labels[:160], labels[160:], 5).code == (
        "validation_split_of_sorted_data"
    )
    mixed = RNG.permutation(labels)
    assert plumbing.sorted_split(mixed[:160], mixed[160:], 5) is None
    # Imbalanced training and balanced validation is a choice, no accident.
    assert plumbing.sorted_split(np.repeat([0, 1], [180, 20]), np.repeat([0, 1], 40), 2) is None


def test_batches_of_one_class_are_found_and_shuffled_ones_are_not():
    labels, sizes = np.repeat(np.arange(4), 100), (25,) * 16
    found = plumbing.batch_order(labels, sizes, 4)
    assert found.code == "training_order" and found.share == pytest.approx(1, abs=0.05)
    for seed in range(20):
        mixed = np.random.default_rng(seed).permutation(labels)
        assert plumbing.batch_order(mixed, sizes, 4) is None


def test_a_shuffle_buffer_that_is_too_small_is_found():
    rng, labels, buffer, out = np.random.default_rng(0), np.repeat(np.arange(4), 200), [], []
    for label in labels:
        buffer.append(label)
        if len(buffer) > 64:
            out.append(buffer.pop(rng.integers(len(buffer))))
    out += [buffer.pop(rng.integers(len(buffer))) for _ in range(len(buffer))]
    assert plumbing.batch_order(np.array(out), (16,) * 50, 4).code == "training_order"


def test_rare_classes_and_small_batches_are_no_order():
    for seed in range(20):
        labels = np.random.default_rng(seed).choice(5, 800, p=[0.6, 0.3, 0.06, 0.03, 0.01])
        assert plumbing.batch_order(labels, (8,) * 100, 5) is None


def test_copies_are_found_and_blank_images_are_not():
    train, validation = images(200, 1), images(100, 2)
    assert plumbing.leak(digests(train), digests(validation)) is None
    validation[:20] = train[:20]
    found = plumbing.leak(digests(train), digests(validation))
    assert found.code == "leak" and found.share == 0.2
    blank = np.zeros_like(validation)
    assert plumbing.leak(digests(np.concatenate([train, blank[:5]])), digests(blank)) is None


def test_predictions_of_a_dataset_that_shuffles():
    x = images()
    other = sample(x[RNG.permutation(100)])
    assert plumbing.order_changes(sample(x), other, digests).code == "label_order"
    assert plumbing.order_changes(sample(x), sample(x.copy()), digests) is None


def test_class_weights_are_worth_so_many_images():
    labels = np.repeat([0, 1], [990, 10])
    found = plumbing.class_weights({0: 1.0, 1: 99.0}, labels, 32)
    # (990 + 990)² / (990 + 10 · 99²) / 1000 = 0.0396 of 32 images
    assert found.code == "class_weights_extreme" and "1.3 equally weighted" in found.evidence
    assert plumbing.class_weights({0: 1.0, 1: 3.0}, labels, 32) is None
    assert plumbing.class_weights(None, labels, 32) is None
    weighted = np.where(labels, 99.0, 1.0)
    assert plumbing.class_weights(None, labels, 32, weighted).code == "class_weights_extreme"


def test_every_output_becomes_a_distribution():
    z = RNG.normal(size=(50, 3)) * 5
    for task, outputs in (
        (Task(3, False, True, False, "crossentropy", True), z),
        (Task(2, True, False, False, "crossentropy", True), z[:, :1]),
        (Task(2, True, False, True, "crossentropy", False), 1 / (1 + np.exp(-z[:, :1]))),
    ):
        p = task.distribution(outputs)
        assert p.shape == (50, task.classes) and np.allclose(p.sum(axis=1), 1) and p.min() >= 0
    logit = Task(2, True, False, False, "x", True).distribution(np.array([[2.0]]))[0, 1]
    assert logit == pytest.approx(1 / (1 + np.exp(-2)))
