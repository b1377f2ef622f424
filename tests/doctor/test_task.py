"""What a model is asked."""

from __future__ import annotations

import numpy as np
import pytest

from tlhelpers.core.quiet import keras
from tlhelpers.doctor.task import OwnLoss, Task, task_of

RNG = np.random.default_rng(0)


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


def compiled(loss, outputs=1):
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(outputs)])
    model.compile("sgd", loss)
    return model


def relative(y, p):
    """Somebody's own loss, of rows of one number."""
    return keras.ops.mean(keras.ops.abs(y - p) / (keras.ops.abs(y) + 1), axis=-1)


X = RNG.normal(size=(20, 4)).astype("float32")
Y = RNG.normal(size=20).astype("float32")


@pytest.mark.parametrize(
    ("loss", "by_hand"),
    [
        ("mse", lambda y, p: (y - p) ** 2),
        (keras.losses.MeanAbsoluteError(), lambda y, p: abs(y - p)),
        ([keras.losses.huber], lambda y, p: np.where(abs(y - p) < 1, (y - p) ** 2 / 2,
                                                     abs(y - p) - 0.5)),
        (relative, lambda y, p: abs(y - p) / (abs(y) + 1)),
    ],
    ids=["a name", "an object", "one in a list", "a function"],
)  # fmt: skip
def test_a_regression_has_the_loss_of_its_model_image_by_image(loss, by_hand):
    outputs = X[:, :1] * 2
    task = task_of(compiled(loss), outputs, Y)
    assert isinstance(task, OwnLoss) and task.classes == 0
    # (n,) beside (n, 1) is no table of n by n.
    assert task.losses(task.answers(outputs), task.labels(Y)) == pytest.approx(
        by_hand(Y, outputs[:, 0]), rel=1e-5
    )


def test_several_labels_of_an_image_and_a_class_for_each_pixel():
    p = RNG.uniform(0.01, 0.99, (20, 4))
    y = (RNG.random((20, 4)) < 0.5).astype("float32")
    task = task_of(compiled("binary_crossentropy", 4), p, y)
    by_hand = -(y * np.log(p) + (1 - y) * np.log(1 - p)).mean(axis=1)
    assert task.losses(p, y) == pytest.approx(by_hand, rel=1e-4)
    masks = RNG.integers(0, 3, (20, 5, 5))
    p = RNG.dirichlet(np.ones(3), (20, 5, 5))
    task = task_of(compiled("sparse_categorical_crossentropy", 3), p, masks)
    by_hand = -np.log(np.take_along_axis(p, masks[..., None], -1)).mean(axis=(1, 2, 3))
    assert task.losses(p, masks) == pytest.approx(by_hand, rel=1e-4)


def of_the_batch(y, p):
    return keras.ops.abs(y - p) + keras.ops.max(p)


@pytest.mark.parametrize(
    "loss",
    [
        "cosine_similarity",  # below zero
        of_the_batch,
        lambda y, p: keras.ops.mean((y - p) ** 2),  # one number for all
        None,  # somebody's own train_step
    ],
    ids=["negative", "of the batch", "one number", "none"],
)
def test_a_loss_that_says_nothing_of_single_images_is_not_split(loss):
    model = compiled(loss) if loss else keras.Sequential([keras.layers.Dense(1)])
    said = task_of(model, X[:, :1] * 2, Y)
    assert isinstance(said, str) and said.endswith("Its loss is not split.")
