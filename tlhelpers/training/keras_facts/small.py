"""Networks, data and steps small enough for a second."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tlhelpers.core.quiet import keras

layers = keras.layers


def numbers(n: int = 64, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of six numbers, of two classes."""
    x = np.random.default_rng(seed).normal(3, 2, (n, 6)).astype("float32")
    return x, (x[:, 0] > 3).astype("int32")


def value(variable: Any) -> np.ndarray:
    """A copy of a variable's, or a tensor's, numbers."""
    return np.array(keras.ops.convert_to_numpy(variable), copy=True)


def norms(model: Any) -> list[Any]:
    """All BatchNormalization layers, however deep."""
    return [
        layer for layer in model._flatten_layers() if isinstance(layer, layers.BatchNormalization)
    ]


def moved(model: Any, step: Callable[[], Any]) -> bool:
    """Whether a step changes any running mean."""
    before = [value(layer.moving_mean) for layer in norms(model)]
    step()
    return any(
        not np.array_equal(old, value(layer.moving_mean))
        for old, layer in zip(before, norms(model), strict=True)
    )


def sequential(*hidden: Any, classes: int = 2, activation: str = "softmax", width: int = 6) -> Any:
    """These layers and an output layer, from seed 0."""
    keras.utils.set_random_seed(0)
    return keras.Sequential([keras.Input((width,)), *hidden, layers.Dense(classes, activation)])


def with_batchnorm() -> Any:
    """A classifier with one BatchNorm layer behind its first Dense layer."""
    return sequential(layers.Dense(5), layers.BatchNormalization(momentum=0.9), layers.ReLU())


def compiled(model: Any, loss: str = "sparse_categorical_crossentropy", **adam: Any) -> Any:
    """The same model, compiled once more."""
    model.compile(keras.optimizers.Adam(0.01, **adam), loss)
    return model


def fit(model: Any, **options: Any) -> dict[str, list]:
    """Four steps, or what the options say; the history."""
    options = {"batch_size": 16, "epochs": 1, "shuffle": False, "verbose": 0, **options}
    x, y = options.pop("data", None) or numbers()
    return model.fit(x, y, **options).history


def functional(flag: bool | None, nested: bool) -> Any:
    """A classifier on a base with BatchNorm, called with `training=flag`."""
    keras.utils.set_random_seed(0)
    asked = {} if flag is None else {"training": flag}
    inside = keras.Input((6,))
    norm = layers.BatchNormalization()
    base = keras.Model(inside, norm(layers.Dense(5)(inside), **({} if nested else asked)))
    outside = keras.Input((6,))
    head = layers.Dense(2, "softmax")
    return keras.Model(outside, head(base(outside, **(asked if nested else {}))))


def nll(p: np.ndarray, labels: np.ndarray) -> float:
    """Mean negative log-likelihood of the right classes."""
    return float(-np.log(p[np.arange(len(p)), labels]).mean())


class Losses(keras.callbacks.Callback):
    """Puts chosen numbers in the place of the validation loss, and notes the rates."""

    def __init__(self, losses: Sequence[float]):
        super().__init__()
        self.losses, self.rates = losses, []

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self.rates.append(float(value(self.model.optimizer.learning_rate)))

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        logs["val_loss"] = self.losses[epoch]
