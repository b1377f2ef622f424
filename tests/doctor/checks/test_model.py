"""What a model shows before it is trained: does it run in training mode in validation?"""

import numpy as np
import pytest

from tlhelpers.core.quiet import keras
from tlhelpers.doctor.checks.model import (
    cross_entropy_and_output,
    in_training_mode,
    metric_of_numbers,
)
from tlhelpers.doctor.network import Network
from tlhelpers.doctor.task import OwnLoss, Task, task_of

X = np.random.default_rng(0).normal(size=(64, 8)).astype("float32")
THREE = Task(3, False, True, True, "sparse_categorical_crossentropy", False)


class Always(keras.layers.Layer):
    """A layer that is told training=True, whatever it is asked for."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def call(self, x, training=False):
        return self.inner(x, training=True)


def looked(*parts, batch=32):
    keras.utils.set_random_seed(0)
    layers = keras.layers
    model = keras.Sequential(
        [keras.Input((8,)), layers.Dense(16), *parts, layers.ReLU(), layers.Dense(3, "softmax")]
    )
    before = model.get_weights()
    found = in_training_mode(Network(model, batch), X, THREE)
    assert all(np.array_equal(a, b) for a, b in zip(before, model.get_weights(), strict=True))
    return found


@pytest.mark.parametrize("batch", [32, 128], ids=["two batches", "one"])
def test_batchnorm_that_normalizes_with_the_batch_in_validation(batch):
    norm = keras.layers.BatchNormalization()
    found = looked(Always(norm), batch=batch)
    assert found.code == "training_flag_overridden" and "beside it" in found.evidence
    assert "training=training" in found.cure
    assert looked(keras.layers.BatchNormalization(), batch=batch) is None


def test_dropout_that_drops_in_validation():
    found = looked(Always(keras.layers.Dropout(0.3)))
    assert found.code == "training_flag_overridden" and "Asked twice" in found.evidence
    assert looked(keras.layers.Dropout(0.3)) is None


def test_a_network_that_answers_the_same_for_all_says_nothing():
    zero = keras.layers.Rescaling(0.0)
    assert looked(Always(keras.layers.BatchNormalization()), zero) is None


def tagger(activation, **told):
    """Several labels an image."""
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(5, activation)])
    model.compile("sgd", keras.losses.BinaryCrossentropy(**told))
    tags = (X[:, :5] > 0).astype("float32")
    outputs = model.predict(X, verbose=0)
    task = task_of(model, outputs, tags)
    assert isinstance(task, OwnLoss)
    return cross_entropy_and_output(task, model, outputs)


def test_logits_of_several_labels_where_probabilities_are_expected():
    assert tagger(None).code == "loss_wants_probabilities"
    assert tagger("sigmoid") is None and tagger(None, from_logits=True) is None
    # TensorFlow's Keras takes the logits from behind the sigmoid.
    twice = tagger("sigmoid", from_logits=True)
    assert (twice is None) == (keras.config.backend() == "tensorflow")


def test_an_accuracy_of_measured_numbers():
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(1)])
    task = OwnLoss("mse", None, keras.losses.mean_squared_error, "")

    def code(metrics, targets):
        model.compile("sgd", "mse", metrics=metrics)
        model.fit(X, targets, verbose=0)
        return getattr(metric_of_numbers(task, model, targets), "code", None)

    assert code(["accuracy"], X[:, 0]) == "metric_threshold"
    assert code(["mae"], X[:, 0]) is None and code(["accuracy"], np.rint(X[:, 0])) is None
