"""Losses, metrics and class weights (pages 09, 11)."""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.core.quiet import keras
from tlhelpers.training.keras_facts.fact import Seen, fact
from tlhelpers.training.keras_facts.small import (
    fit,
    nll,
    numbers,
    sequential,
    value,
)

layers = keras.layers


@fact(
    "09",
    "`binary_crossentropy` behind a softmax is computed from the logits on TensorFlow, and "
    "from the probabilities elsewhere",
)
def binary_loss_behind_a_softmax() -> Seen:
    model = sequential()
    model.layers[-1].kernel.assign(0.3 * value(model.layers[-1].kernel))
    model.compile("sgd", "binary_crossentropy")
    x, y = numbers()
    shown = float(model.evaluate(x, np.eye(2, dtype="float32")[y], verbose=0))
    by_hand = nll(model.predict(x, verbose=0).astype("float64"), y)
    same = abs(shown - by_hand) < 0.01 * by_hand
    wanted = keras.backend.backend() != "tensorflow"
    return Seen(same == wanted, f"loss {shown:.3f}, from the probabilities {by_hand:.3f}")


@fact("09", "`categorical_crossentropy` behind a softmax is the NLL of the probabilities")
def categorical_loss_is_nll() -> Seen:
    model = sequential()
    model.compile("sgd", "categorical_crossentropy")
    x, y = numbers()
    shown = float(model.evaluate(x, np.eye(2, dtype="float32")[y], verbose=0))
    by_hand = nll(model.predict(x, verbose=0).astype("float64"), y)
    return Seen(abs(shown - by_hand) < 1e-3 * by_hand, f"loss {shown:.4f}, by hand {by_hand:.4f}")


@fact("09", "label smoothing changes what `val_loss` measures")
def smoothing_changes_val_loss() -> Seen:
    x, y = numbers()
    model, losses = sequential(), []
    for smoothing in (0.0, 0.1):
        model.compile("sgd", keras.losses.CategoricalCrossentropy(label_smoothing=smoothing))
        losses.append(float(model.evaluate(x, np.eye(2, dtype="float32")[y], verbose=0)))
    return Seen(abs(losses[0] - losses[1]) > 1e-3, f"{losses[0]:.3f} and {losses[1]:.3f}")


def _weighted(weights: dict | None) -> tuple[float, float]:
    """Training and validation loss of a model that stands still."""
    model = sequential()
    model.compile(keras.optimizers.SGD(0.0), "sparse_categorical_crossentropy")
    history = fit(model, class_weight=weights, validation_data=numbers())
    return history["loss"][0], history["val_loss"][0]


@fact("11", "class weights change the training loss, and not `val_loss`")
def class_weights_leave_validation() -> Seen:
    (plain, before), (weighted, after) = _weighted(None), _weighted({0: 5.0, 1: 5.0})
    return Seen(
        abs(weighted - 5 * plain) < 1e-3 and before == after,
        f"loss {plain:.3f} to {weighted:.3f}, val_loss {before:.3f} to {after:.3f}",
    )


@fact("11", "string keys in `class_weight` are ignored, silently")
def string_keys_are_ignored() -> Seen:
    plain, _ = _weighted(None)
    try:
        weighted, _ = _weighted({"0": 5.0, "1": 5.0})
    except Exception as problem:
        return Seen(False, f"fit raises {type(problem).__name__}")
    return Seen(plain == weighted, f"loss {plain:.3f}, with string keys {weighted:.3f}")


@fact("11", "a class that is left out of `class_weight` counts one")
def a_class_left_out_counts_one() -> Seen:
    (partly, _), (whole, _) = _weighted({1: 5.0}), _weighted({0: 1.0, 1: 5.0})
    return Seen(partly == whole, f"loss {partly:.3f} and {whole:.3f}")


@fact("11", '`F1Score(average="macro")` is a metric that `EarlyStopping` can watch')
def macro_f1_can_be_watched() -> Seen:
    x, y = numbers()
    y = np.eye(2, dtype="float32")[y]
    model = sequential()
    f1 = keras.metrics.F1Score(average="macro", name="macro_f1")
    model.compile(keras.optimizers.Adam(0.01), "categorical_crossentropy", metrics=[f1])
    stop = keras.callbacks.EarlyStopping("val_macro_f1", mode="max", restore_best_weights=True)
    history = fit(model, data=(x, y), epochs=2, validation_data=(x, y), callbacks=[stop])
    shown = float(history["val_macro_f1"][0])
    return Seen(0 < shown <= 1, f"val_macro_f1 {shown:.2f}")


def _accuracy(metric: Any) -> tuple[float, float, float]:
    """Accuracy of eight outputs as Keras shows it; by output, above one half; by image."""
    model = sequential(classes=8)
    model.compile("sgd", "categorical_crossentropy", metrics=[metric])
    x, _ = numbers()
    y = np.eye(8, dtype="float32")[np.arange(len(x)) % 8]
    p = model.predict(x, verbose=0)
    shown = model.evaluate(x, y, verbose=0)[1]
    return shown, float(((p > 0.5) == y).mean()), float((p.argmax(1) == y.argmax(1)).mean())


@fact("doctor", "`BinaryAccuracy` counts each of eight outputs by itself, and flatters")
def binary_accuracy_flatters() -> Seen:
    shown, by_output, by_image = _accuracy(keras.metrics.BinaryAccuracy())
    return Seen(
        abs(shown - by_output) < 1e-3 and by_output > by_image,
        f"accuracy {shown:.2f}, images that are right {by_image:.2f}",
    )


@fact("02", '`metrics=["accuracy"]` counts images where labels are one-hot')
def accuracy_counts_images() -> Seen:
    shown, by_output, by_image = _accuracy("accuracy")
    return Seen(
        abs(shown - by_image) < 1e-3 < abs(by_output - by_image),
        f"accuracy {shown:.2f}, images that are right {by_image:.2f}",
    )
