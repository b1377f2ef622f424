"""What the doctor relies on, and the doctor itself (page 15)."""

from __future__ import annotations

import functools
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

from tlhelpers.core.quiet import keras
from tlhelpers.training.keras_facts.fact import Seen, fact
from tlhelpers.training.keras_facts.small import (
    Losses,
    compiled,
    fit,
    sequential,
    value,
)

layers = keras.layers


@fact(
    "package",
    "a loss that is not a number in the first epoch stays EarlyStopping's best",
    since="3.7",
)
def nan_is_best_for_ever() -> Seen:
    stop = keras.callbacks.EarlyStopping("val_loss", patience=1)
    history = fit(compiled(sequential()), epochs=5, callbacks=[Losses([math.nan, 3, 2, 1, 0]),
                                                                  stop])  # fmt: skip
    epochs = len(history["loss"])
    return Seen(epochs < 5, f"stops after {epochs} of 5 epochs that improve")


@fact("doctor", "`compile` with a new optimizer forgets the averages of the gradients")
def compile_forgets() -> Seen:
    model = compiled(sequential())
    fit(model)
    before = int(value(model.optimizer.iterations))
    after = int(value(compiled(model).optimizer.iterations))
    return Seen(before == 4 and after == 0, f"step {before}, then {after}")


def _images(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    y = rng.integers(0, 3, n)
    x = rng.normal(0, 1.5, (n, 8, 8, 1)) + np.eye(8)[y][:, :, None, None] * 2
    return x.astype("float32"), y


def _trained(callbacks: list, epochs: int = 4, from_logits: bool = False) -> Any:
    """A small network with live BatchNorm that learns in four short epochs."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(8, 3, strides=2, use_bias=False),
            layers.BatchNormalization(momentum=0.9),
            layers.ReLU(),
            layers.Flatten(),
            layers.Dropout(0.2),
            layers.Dense(3, "softmax"),
        ]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)
    model.compile(keras.optimizers.Adam(2e-3), loss, metrics=["accuracy"])
    options = {"validation_data": _images(1000, 1), "callbacks": callbacks}
    fit(model, data=_images(960, 0), epochs=epochs, **options)
    return model


def _doctor() -> Any:
    """One that raises what it would hide from a stranger."""
    from tlhelpers.doctor import Doctor

    doctor = Doctor()
    doctor.debug = True
    return doctor


@functools.cache
def _watched() -> tuple[Any, Any]:
    """A model and the doctor that watched it; two facts look at them."""
    doctor = _doctor()
    return _trained([doctor]), doctor


@fact("doctor", "the doctor finds nothing in a healthy training, and looks at all of it")
def doctor_of_the_healthy() -> Seen:
    _, doctor = _watched()
    (seen,) = doctor.examinations
    odd = [found.code for found in seen.diagnoses] + list(seen.not_looked_at)
    with tempfile.TemporaryDirectory() as folder:
        for name in ("report.html", "report.json"):
            doctor.save(Path(folder) / name)
    read = {"as_validated", "fresh", "averaged"} <= set(seen.curves) and bool(doctor.report())
    return Seen(not odd and read, "; ".join(odd) or "nothing found")


@fact("doctor", "it names a loss that takes probabilities for logits")
def doctor_of_the_ill() -> Seen:
    doctor = _doctor()
    _trained([doctor], epochs=1, from_logits=True)
    codes = [found.code for found in doctor.examinations[0].diagnoses]
    return Seen("loss_wants_probabilities" in codes, ", ".join(codes) or "nothing found")


@fact("15", "training is the same bit by bit, with the doctor and without it")
def doctor_leaves_training_alone() -> Seen:
    model, _ = _watched()
    pairs = zip(model.variables, _trained([]).variables, strict=True)
    same = all(np.array_equal(value(a), value(b)) for a, b in pairs)
    return Seen(same, "the same weights" if same else "other weights")
