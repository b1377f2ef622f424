"""BatchNorm's two sets of statistics: what training uses and what validation uses.

In training a live BatchNormalization layer normalises with the mean and variance of the current
batch; in validation with moving averages of those, which were collected while the weights were
still changing. The functions here measure how far the two are apart with the weights held still.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from tlhelpers.training.backbones import batchnorm_layers
from tlhelpers.training.model import outputs, values

if TYPE_CHECKING:
    import keras

    from tlhelpers.training.model import Network


def statistics(model: keras.Model) -> list[tuple[np.ndarray, np.ndarray]]:
    """Moving mean and variance of each BatchNormalization layer, in order."""
    return [
        tuple(values([layer.moving_mean, layer.moving_variance]))
        for layer in batchnorm_layers(model)
    ]


def set_statistics(model: keras.Model, before: list[tuple[np.ndarray, np.ndarray]]) -> None:
    """Put back what `statistics` returned."""
    for layer, (mean, variance) in zip(batchnorm_layers(model), before, strict=True):
        layer.moving_mean.assign(mean)
        layer.moving_variance.assign(variance)


def live_layers(model: keras.Model) -> tuple[int, int]:
    """BatchNormalization layers that train and move their statistics, and all there are.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    live, all : int
    """
    layers = batchnorm_layers(model)
    return sum(layer.trainable for layer in layers), len(layers)


@contextmanager
def kept_statistics(model: keras.Model) -> Iterator[None]:
    """Whatever happens to the moving statistics inside, they are as before afterwards."""
    before = statistics(model)
    try:
        yield
    finally:
        set_statistics(model, before)


def reestimate(network: Network, inputs: np.ndarray, batch_size: int) -> None:
    """Measure the moving statistics anew with the weights held still (PreciseBN).

    Parameters
    ----------
    network : Network
        Its live BatchNormalization layers change; frozen ones and all weights do not.
    inputs : array, shape (n, ...)
        What the network reads (`tlhelpers.training.inputs`) of training images; 1,000 or so are
        enough. A last part of a batch is left out.
    batch_size : int
        That of the training.

    Notes
    -----
    Source: Wu & Johnson 2021, arXiv 2105.07576, section 3. The averages start from zero, are
    moved by Keras's own update with momentum m over K batches, and are divided by 1 - m**K, as
    Adam corrects its moments. With m = 0.99 and 31 batches the first batch weighs 0.74 of the last.
    """
    live = [layer for layer in batchnorm_layers(network.base) if layer.trainable]
    batches = len(inputs) // batch_size
    if not live or not batches:
        return
    for layer in live:
        layer.moving_mean.assign(np.zeros(layer.moving_mean.shape))
        layer.moving_variance.assign(np.zeros(layer.moving_variance.shape))
    batch_predictions(network, inputs[: batches * batch_size], batch_size)
    for layer in live:
        correction = 1 - layer.momentum**batches
        layer.moving_mean.assign(layer.moving_mean / correction)
        layer.moving_variance.assign(layer.moving_variance / correction)


def batch_predictions(network: Network, inputs: np.ndarray, batch_size: int) -> np.ndarray:
    """Class probabilities with each batch's own statistics; moves the moving statistics."""
    return outputs(network.batch_mode, inputs, batch_size)
