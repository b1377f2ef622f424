"""What reaches the network: order, augmentation, preparation (pages 00, 01, 08)."""

from __future__ import annotations

import math

import numpy as np

from tlhelpers.core.quiet import keras
from tlhelpers.training.keras_facts.fact import Seen, fact
from tlhelpers.training.keras_facts.small import (
    compiled,
    fit,
    numbers,
    sequential,
    value,
)

layers = keras.layers


@fact("00", "`evaluate` twice with the same weights gives the same loss")
def evaluate_repeats() -> Seen:
    model = compiled(sequential(layers.Dense(5), layers.Dropout(0.5)))
    first, second = (model.evaluate(*numbers(), verbose=0) for _ in range(2))
    return Seen(abs(first - second) < 1e-6, f"{first:.6f} and {second:.6f}")


@fact("01, 08", "layers that augment act in training, and not when the model is evaluated")
def augmentation_is_for_training() -> Seen:
    keras.utils.set_random_seed(0)
    image = np.random.default_rng(0).random((16, 4, 4, 3)).astype("float32")
    model = keras.Sequential([keras.Input((4, 4, 3)), layers.RandomFlip("horizontal")])
    same = np.allclose(model.predict(image, verbose=0), image)
    flipped = not np.allclose(value(model(image, training=True)), image)
    return Seen(same and flipped, f"evaluated: {same=}, trained: {flipped=}")


@fact("08", "`validation_split` takes the last rows, before it shuffles")
def split_takes_the_last_rows() -> Seen:
    x = np.zeros((50, 6), "float32")
    y = (np.arange(50) >= 40).astype("int32")  # the last fifth is another class
    model = sequential()
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    model.layers[-1].bias.assign(np.array([3.0, 0.0]))
    loss = fit(model, data=(x, y), shuffle=True, validation_split=0.2)["val_loss"][0]
    wanted = math.log(1 + math.exp(3))
    return Seen(abs(loss - wanted) < 1e-3, f"val_loss {loss:.3f}, of the last rows {wanted:.3f}")


@fact("08", "the training loss is an average over the epoch, of weights that change")
def training_loss_is_an_average() -> Seen:
    model = compiled(sequential())
    x, y = numbers(32)
    first = float(model.evaluate(x[:16], y[:16], verbose=0))
    other = keras.models.clone_model(model)
    other.set_weights(model.get_weights())
    compiled(other)
    other.train_on_batch(x[:16], y[:16])
    second = float(other.evaluate(x[16:], y[16:], verbose=0))
    shown = fit(model, data=(x, y))["loss"][0]
    wanted = (first + second) / 2
    return Seen(abs(shown - wanted) < 1e-4, f"{shown:.4f}, by hand {wanted:.4f}")


@fact("08", "ResNet50's `preprocess_input` makes 0 to 255 into about −124 to 151")
def resnet_inputs() -> Seen:
    ends = np.stack([np.zeros((2, 2, 3)), np.full((2, 2, 3), 255.0)]).astype("float32")
    fed = keras.applications.resnet50.preprocess_input(ends.copy())
    low, high = float(fed.min()), float(fed.max())
    return Seen(round(low) == -124 and round(high) == 151, f"{low:.1f} to {high:.1f}")


@fact("08", "and changes a float array in place")
def resnet_inputs_in_place() -> Seen:
    image = np.full((1, 2, 2, 3), 255.0, "float32")
    keras.applications.resnet50.preprocess_input(image)
    changed = not np.all(image == 255)
    return Seen(changed, "the array has changed" if changed else "the array is as it was")
