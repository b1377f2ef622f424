"""BatchNorm: its statistics, its momentum, and what freezes it (pages 04, 05)."""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.core.quiet import keras
from tlhelpers.training.keras_facts.fact import Seen, fact
from tlhelpers.training.keras_facts.small import (
    compiled,
    fit,
    functional,
    moved,
    norms,
    numbers,
    value,
    with_batchnorm,
)

layers = keras.layers


@fact("04", "BatchNorm's default momentum is 0.99")
def momentum_is_099() -> Seen:
    momentum = layers.BatchNormalization().momentum
    return Seen(momentum == 0.99, f"{momentum}")


@fact("04", "a step keeps `momentum` of the running mean, and takes the rest from the batch")
def running_mean_is_an_average() -> Seen:
    layer = layers.BatchNormalization(momentum=0.9)
    x = numbers()[0]
    layer(x, training=True)
    measured = float(np.median(value(layer.moving_mean) / x.mean(axis=0)))
    return Seen(abs(measured - 0.1) < 1e-3, f"{measured:.3f} of the batch's mean after one step")


@fact("04", "`fit` normalizes with the batch, `evaluate` with the running statistics")
def two_kinds_of_statistics() -> Seen:
    layer = layers.BatchNormalization(momentum=0.9)
    x = numbers()[0]
    trained = value(layer(x, training=True)).mean()
    running = value(layer(x, training=False)).mean()
    return Seen(abs(trained) < 1e-3 < abs(running), f"mean output {trained:.3f}, and {running:.3f}")


@fact("04, 13", "MobileNetV2's momentum is 0.999, ResNet50's 0.99")
def momenta_of_backbones() -> Seen:
    # ResNet50's own blocks, without its 24 million weights.
    from keras.applications import MobileNetV2

    mobile = MobileNetV2(alpha=0.35, include_top=False, weights=None, input_shape=(32, 32, 3))
    momenta = {layer.momentum for layer in norms(mobile)}
    resnet = keras.applications.ResNet50(include_top=False, weights=None, input_shape=(32, 32, 3))
    others = {layer.momentum for layer in norms(resnet)}
    return Seen(momenta == {0.999} and others == {0.99}, f"{momenta} and {others}")


@fact("05", "`base(x, training=False)` does not freeze BatchNorm while `fit` trains")
def training_false_does_nothing() -> Seen:
    model = compiled(functional(False, nested=True))
    moves = moved(model, lambda: fit(model))
    return Seen(moves, "the running mean moves" if moves else "the running mean stands still")


@fact("05", "nor does `training=False` on the BatchNorm layer itself")
def training_false_on_the_layer_does_nothing() -> Seen:
    model = compiled(functional(False, nested=False))
    moves = moved(model, lambda: fit(model))
    return Seen(moves, "the running mean moves" if moves else "the running mean stands still")


@fact("05", "`trainable = False` freezes a BatchNorm layer's statistics, scale and shift")
def trainable_false_freezes() -> Seen:
    model = functional(None, nested=True)
    for layer in norms(model):
        layer.trainable = False
    moves = moved(compiled(model), lambda: fit(model))
    (norm,) = norms(model)
    kept = bool(np.all(value(norm.gamma) == 1) and np.all(value(norm.beta) == 0))
    return Seen(not moves and kept, f"statistics move: {moves}, scale and shift kept: {kept}")


@fact("05", "and the layer then uses its running statistics even during training")
def frozen_batchnorm_is_in_inference_mode() -> Seen:
    layer = layers.BatchNormalization()
    x = numbers()[0]
    layer(x)
    layer.trainable = False
    gap = float(np.abs(value(layer(x, training=True)) - value(layer(x, training=False))).max())
    return Seen(gap < 1e-6, f"outputs differ by {gap:.2g}")


def _frozen_after_fit() -> Any:
    model = compiled(with_batchnorm())
    fit(model)
    norms(model)[0].trainable = False
    return model


@fact("05", "a change of `trainable` after `fit` counts once the model is compiled again")
def trainable_counts_after_compile() -> Seen:
    model = _frozen_after_fit()
    moves = moved(compiled(model), lambda: fit(model))
    return Seen(not moves, f"statistics move after compile: {moves}")


@fact("05", "until then `fit` goes on with its old training step", backend="tensorflow")
def until_then_fit_goes_on() -> Seen:
    model = _frozen_after_fit()
    try:
        moves = moved(model, lambda: fit(model))
    except ValueError as problem:
        return Seen(False, f"fit raises ValueError: {str(problem).split('.')[0]}")
    return Seen(moves, f"statistics move: {moves}")


@fact(
    "package",
    "`base.trainable = True` changes nothing where it is True already: layers frozen one by one "
    "stay frozen",
    backend="tensorflow",
)
def a_flag_that_is_set_already() -> Seen:
    base = with_batchnorm()
    (norm,) = norms(base)
    norm.trainable = False
    base.trainable = True
    return Seen(not norm.trainable, f"the layer's trainable is {norm.trainable}")


@fact("05", "a frozen base whose `trainable` is set to True trains its BatchNorm again")
def unfreezing_the_base_unfreezes_batchnorm() -> Seen:
    base = with_batchnorm()
    base.trainable = False
    (norm,) = norms(base)
    frozen = not norm.trainable
    base.trainable = True
    return Seen(frozen and norm.trainable, f"frozen {frozen}, then trainable {norm.trainable}")


@fact("05", "`model.layers` does not look inside a backbone that is one of the layers")
def layers_are_not_nested() -> Seen:
    model = functional(None, nested=True)
    found = sum(isinstance(layer, layers.BatchNormalization) for layer in model.layers)
    return Seen(found == 0 and len(norms(model)) == 1, f"{found} of 1 BatchNorm layers found")


@fact("05", "running statistics that were never trained are 0 and 1")
def statistics_begin_at_zero_and_one() -> Seen:
    (norm,) = norms(with_batchnorm())
    mean, variance = value(norm.moving_mean), value(norm.moving_variance)
    return Seen(bool(np.all(mean == 0) and np.all(variance == 1)), f"{mean[0]} and {variance[0]}")
