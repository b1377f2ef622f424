"""Looks inside a training while it runs: BatchNorm's averages, both modes, turning filters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.core.quiet import keras
from tlhelpers.training import batchnorm, model
from tlhelpers.training.backbones import batchnorm_layers
from tlhelpers.training.trainer import Trainer


@dataclass(frozen=True)
class Chase:
    """One channel of one BatchNorm layer, step by step.

    Attributes
    ----------
    layer : str
    batch_mean, moving_mean : float array, shape (steps,)
        What the channel's mean was in the batch of each step, and the running mean behind it.
    momentum : float
    """

    layer: str
    batch_mean: np.ndarray
    moving_mean: np.ndarray
    momentum: float


def chase(trainer: Trainer, seed: int = 0, epochs: int = 1, layer: str | None = None) -> Chase:
    """Train from a seed and watch a running mean follow its batches.

    The statistics are measured for the first weights before it begins, so that all the lag that is
    seen comes from weights that move, and none from what ImageNet left.

    Parameters
    ----------
    trainer : Trainer
        Begins anew; afterwards its network is trained for these epochs.
    seed : int
    epochs : int
    layer : str, optional
        Name of a BatchNorm layer that trains; the middle one if not given.

    Returns
    -------
    Chase
        Of the channel whose running mean is furthest behind when training ends, next to the spread
        between its batches.

    Raises
    ------
    CourseError
        No BatchNorm layer trains, or none has this name.
    """
    live = [each for each in batchnorm_layers(trainer.network.base) if each.trainable]
    if not live:
        raise CourseError("No BatchNorm layer of this network trains: nothing can lag.")
    named = {each.name: each for each in live}
    if layer is not None and layer not in named:
        raise CourseError(f"No BatchNorm layer called '{layer}' trains: known: {', '.join(named)}.")
    watched = named[layer] if layer else live[len(live) // 2]
    seen: list[np.ndarray] = []

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            model.settle(self.model)
            seen.append(np.array(keras.ops.convert_to_numpy(watched.moving_mean), dtype=float))

    trainer.reset(seed)
    trainer.reestimate()
    before = np.array(keras.ops.convert_to_numpy(watched.moving_mean), dtype=float)
    trainer.fit(trainer.batches(seed), epochs=epochs, callbacks=[Watch()])
    moving = np.stack(seen)
    # moving = momentum · before + (1 - momentum) · batch, solved for the batch
    previous = np.vstack([before, moving[:-1]])
    batches = (moving - watched.momentum * previous) / (1 - watched.momentum)
    noise = np.abs(np.diff(batches, axis=0)).mean(axis=0) + 1e-12
    behind = np.abs(moving[-1] - _smooth(batches)[-1])
    channel = int(np.argmax(behind / noise))
    return Chase(watched.name, batches[:, channel], moving[:, channel], watched.momentum)


def _smooth(values: np.ndarray, width: int = 10) -> np.ndarray:
    """Mean of `width` steps in a row, shape (steps - width + 1, channels)."""
    width = min(width, len(values))
    sums = np.cumsum(np.vstack([np.zeros(values.shape[1]), values]), axis=0)
    return (sums[width:] - sums[:-width]) / width


@dataclass(frozen=True)
class Modes:
    """Feature maps of the same images, with the same weights, in both modes of BatchNorm.

    Attributes
    ----------
    layer : str
    training, inference : float array, shape (n, height, width, channels)
    """

    layer: str
    training: np.ndarray
    inference: np.ndarray


def modes(trainer: Trainer, images: np.ndarray, layer: str | None = None) -> Modes:
    """Look at one layer's output in training mode and in inference mode.

    Parameters
    ----------
    trainer : Trainer
        Its network as it is now; weights and statistics stay as they are.
    images : array, shape (n, ...)
        One batch, as `Trainer.predict` takes them.
    layer : str, optional
        Name of a BatchNorm layer that trains; the last one if not given.

    Returns
    -------
    Modes
    """
    network = trainer.network
    live = [each for each in batchnorm_layers(network.base) if each.trainable]
    if not live:
        raise CourseError("No BatchNorm layer of this network trains: both modes are the same.")
    watched = next((each for each in live if each.name == layer), live[-1])
    inputs = trainer.inputs.of(images)
    trained = next(part for part in network.model.layers if watched in getattr(part, "layers", ()))
    before = network.model.layers[: network.model.layers.index(trained)]
    for part in before[1:]:  # the first is the input
        inputs = part(inputs)
    part = keras.Model(trained.inputs, watched.output)
    with batchnorm.kept_statistics(network.base):
        # In a Functional model the flag of the call reaches every layer.
        both = [keras.ops.convert_to_numpy(part(inputs, training=flag)) for flag in (True, False)]
    return Modes(watched.name, *both)


def turning(trainer: Trainer, seed: int = 0, steps: int = 50) -> np.ndarray:
    """How far the convolutions' filters have turned from where they began.

    Parameters
    ----------
    trainer : Trainer
        Begins anew.
    seed : int
    steps : int

    Returns
    -------
    float array, shape (steps + 1,)
        Angle in degrees, mean over the filters of all convolutions that train; 0 at first.
    """
    trainer.reset(seed)
    kernels = [
        layer.kernel
        for layer in trainer.network.base.layers
        if isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D) and layer.trainable
    ]
    start = [_filters(kernel) for kernel in kernels]
    turned = [0.0]

    class Watch(keras.callbacks.Callback):
        def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
            model.settle(self.model)
            now = [_filters(kernel) for kernel in kernels]
            cosines = np.concatenate([(a * b).sum(axis=0) for a, b in zip(start, now, strict=True)])
            turned.append(float(np.degrees(np.arccos(np.clip(cosines, -1, 1))).mean()))

    trainer.fit(trainer.batches(seed), epochs=1, steps_per_epoch=steps, callbacks=[Watch()])
    return np.array(turned)


def _filters(kernel: Any) -> np.ndarray:
    """The filters of a kernel as unit vectors, shape (weights of one, filters)."""
    values = np.array(keras.ops.convert_to_numpy(kernel), dtype=float)
    # A depthwise kernel ends in (channels, outputs of each): a filter sees one channel.
    flat = values.reshape(values.shape[0] * values.shape[1], -1)
    if values.shape[-1] != 1:
        flat = values.reshape(-1, values.shape[-1])
    return flat / (np.linalg.norm(flat, axis=0) + 1e-12)
