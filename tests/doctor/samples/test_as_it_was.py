"""Training gets the same, bit by bit, as if nobody had read."""

import functools
import random
import threading

import keras
import numpy as np
import pytest

from tests.doctor.samples.sources import (
    BACKEND,
    HAS_TF,
    HAS_TORCH,
    SOURCES,
    TF_SOURCES,
    Plain,
    needs_tf,
)
from tlhelpers.doctor.samples import NotRead, copies, kept, random_ops, read, tf_copies, tf_graphs

if HAS_TF:
    import tensorflow as tf
if HAS_TORCH:
    import torch


class Reader(keras.callbacks.Callback):
    """Reads the training source while it trains, as the doctor does."""

    def __init__(self, source):
        super().__init__()
        self.source = source
        self.found = []

    def on_train_begin(self, logs=None):
        self.look()
        if self.source is not None:
            random_ops(self.source)

    def on_epoch_end(self, epoch, logs=None):
        self.look()

    def look(self):
        if self.source is not None:
            self.found.append(read(self.source, images=20, passes=2))


def trained(name, reading):
    """History, weights and the next random numbers of a training, and what was read in it."""
    make, fit = SOURCES[name]
    keras.utils.clear_session()  # the seed alone leaves Keras 3.3's own generator as it is
    keras.utils.set_random_seed(5)
    if HAS_TORCH:
        torch.manual_seed(5)  # Keras does so on its torch backend only
    source = make()
    model = keras.Sequential(
        [
            keras.layers.Input((8, 8, 3)),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.2),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    # A compiled step takes longer to compile than all else takes; for a few sources it is worth it.
    compiled = name in ("arrays", "own generator", "keras layers", "tf random")
    model.compile(
        "sgd",
        "sparse_categorical_crossentropy",
        run_eagerly=BACKEND == "tensorflow" and not compiled,
        jit_compile=BACKEND == "jax",
    )
    reader = Reader(source if reading else None)
    data = source if isinstance(source, tuple) else (source,)
    history = model.fit(*data, epochs=3, verbose=0, callbacks=[reader], **fit).history
    after = [np.random.random(), random.random()]
    if HAS_TF:
        after.append(float(tf.random.uniform(())))
    if HAS_TORCH:
        after.append(float(torch.rand(())))
    after.append(float(keras.random.uniform(())))
    after.append(keras.layers.Dense(1).name[:5])
    return history["loss"], model.get_weights(), after, reader.found


unread = functools.cache(functools.partial(trained, reading=False))


def assert_no_harm(name):
    loss, weights, after, _ = unread(name)
    loss_read, weights_read, after_read, found = trained(name, reading=True)
    assert not [one for one in found if isinstance(one, NotRead)]
    assert len(found) == 4
    assert loss_read == loss
    for one, other in zip(weights_read, weights, strict=True):
        np.testing.assert_array_equal(one, other)
    if name != "endless":  # how far TensorFlow has read ahead at the end depends on the machine
        assert after_read == after


@pytest.mark.parametrize("name", SOURCES)
def test_training_is_the_same_bit_by_bit(name):
    assert_no_harm(name)


@needs_tf
@pytest.mark.parametrize("name", TF_SOURCES)
def test_training_is_the_same_when_a_dataset_is_too_large_for_its_graph(name, monkeypatch):
    monkeypatch.setattr(tf_graphs, "_SMALL_GRAPH", 100)
    monkeypatch.setattr(tf_copies, "_from_graph", None)
    assert_no_harm(name)


def test_iterating_the_original_would_be_seen(monkeypatch):
    # What the tests above are worth: without a copy and without the states put back they fail.
    monkeypatch.setattr(copies.Copier, "__call__", lambda self, thing: thing)
    with pytest.raises(AssertionError):
        assert_no_harm("own generator")
    monkeypatch.undo()
    monkeypatch.setattr(kept.Kept, "restore", lambda self: None)
    with pytest.raises(AssertionError):
        assert_no_harm("module level")


def test_a_source_that_is_being_read_is_left_alone():
    inside, go_on = threading.Event(), threading.Event()

    class Waits(Plain):
        def __getitem__(self, index):
            inside.set()
            go_on.wait()
            return super().__getitem__(index)

    source = Waits()
    thread = threading.Thread(target=source.__getitem__, args=(0,))
    thread.start()
    inside.wait()
    try:
        assert "another thread" in read(source, seconds=0.01).why
    finally:
        go_on.set()
        thread.join()
