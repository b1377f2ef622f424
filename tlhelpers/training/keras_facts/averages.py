"""Averaged weights, and what the callbacks around them keep (pages 07, 12)."""

from __future__ import annotations

import functools
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from tlhelpers.core.quiet import keras
from tlhelpers.training.averaging import UpdateBatchNorm
from tlhelpers.training.keras_facts.fact import Seen, fact
from tlhelpers.training.keras_facts.small import (
    Losses,
    compiled,
    fit,
    norms,
    numbers,
    value,
    with_batchnorm,
)

layers = keras.layers


class _Watch(keras.callbacks.Callback):
    """Notes the first layer's kernel and BatchNorm's running mean after each step and epoch."""

    def __init__(self) -> None:
        super().__init__()
        self.steps: list[np.ndarray] = []
        self.epochs: list[tuple[np.ndarray, np.ndarray]] = []
        self.tested: list[tuple[np.ndarray, np.ndarray]] = []

    def _now(self) -> tuple[np.ndarray, np.ndarray]:
        (norm,) = norms(self.model)
        return value(self.model.layers[0].kernel), value(norm.moving_mean)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        self.steps.append(value(self.model.layers[0].kernel))

    def on_test_begin(self, logs: Any = None) -> None:
        self.tested.append(self._now())

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self.epochs.append(self._now())


def _averaged(
    *after: Any, before: tuple = (), epochs: int = 2, losses: Sequence[float] = ()
) -> tuple[Any, _Watch, np.ndarray]:
    """A training with averaged weights; the model, what was seen, and the averages by hand.

    `before` and `after` stand before and after SwapEMAWeights; chosen `losses` come first of all.
    """
    keras.utils.set_random_seed(0)  # trainings are compared, in whatever order facts are asked
    model, watch = compiled(with_batchnorm(), use_ema=True, ema_momentum=0.8), _Watch()
    swap = keras.callbacks.SwapEMAWeights(swap_on_epoch=True)
    first = [Losses(losses)] if losses else []
    callbacks = [*first, *before, swap, *after, watch]
    fit(model, epochs=epochs, validation_data=numbers(32, 1), callbacks=callbacks)
    average, averages = None, []
    for step in watch.steps:
        average = step if average is None else 0.8 * average + 0.2 * step
        averages.append(average)
    return model, watch, np.array(averages)


@functools.cache
def _swapped() -> tuple[Any, _Watch, np.ndarray]:
    """With SwapEMAWeights alone; several facts look at it."""
    return _averaged()


@functools.cache
def _updated() -> tuple[Any, _Watch, np.ndarray]:
    """With UpdateBatchNorm behind it."""
    return _averaged(UpdateBatchNorm(numbers()[0]))


@fact("07", "with `SwapEMAWeights(swap_on_epoch=True)` Keras validates the optimizer's average")
def swap_validates_the_average() -> Seen:
    _, watch, averages = _swapped()
    gap = max(float(np.abs(watch.tested[k][0] - averages[4 * k + 3]).max()) for k in range(2))
    raw = float(np.abs(watch.tested[0][0] - watch.steps[3]).max())
    return Seen(gap < 1e-5 < raw, f"{gap:.2g} from the average by hand, {raw:.2g} from the last")


@fact("07", "and leaves BatchNorm's running statistics as they are")
def swap_leaves_the_statistics() -> Seen:
    x, _ = numbers()
    model, watch, _ = _swapped()
    (norm,) = norms(model)
    bias = value(model.layers[0].bias)
    own = (x @ watch.tested[0][0] + bias).mean(axis=0)
    off = float(np.abs(watch.tested[0][1] - own).max())
    swapped = float(np.abs(watch.tested[0][1] - watch.epochs[0][1]).max())
    return Seen(
        off > 0.05 and swapped < 1e-6, f"running mean {off:.2g} from that of the averaged weights"
    )


@fact("07", "`UpdateBatchNorm` gives the averaged weights statistics of their own")
def update_batchnorm_measures_them() -> Seen:
    x, _ = numbers()
    model, _, _ = _updated()
    kernel, bias = (value(variable) for variable in model.layers[0].weights)
    (norm,) = norms(model)
    off = float(np.abs(value(norm.moving_mean) - (x @ kernel + bias).mean(axis=0)).max())
    return Seen(off < 1e-4, f"running mean {off:.2g} from that of the averaged weights")


@fact("07", "and training goes on as without it")
def update_batchnorm_leaves_training_alone() -> Seen:
    _, alone, _ = _swapped()
    _, both, _ = _updated()
    same = all(np.array_equal(a, b) for a, b in zip(alone.steps, both.steps, strict=True))
    return Seen(same, "the same weights step by step" if same else "other weights")


def _kept(swap_first: bool) -> tuple[float, float]:
    """How far the weights that fit leaves are from the best epoch's average, and from its raw."""
    stop = keras.callbacks.EarlyStopping("val_loss", patience=9, restore_best_weights=True)
    place = {"before": (stop,)} if not swap_first else {}
    losses = [0.5, 1.0, 1.0]
    model, watch, averages = _averaged(*([stop] if swap_first else []), epochs=3, losses=losses,
                                       **place)  # fmt: skip
    kernel = value(model.layers[0].kernel)
    return tuple(float(np.abs(kernel - other[3]).max()) for other in (averages, watch.steps))


@fact("07", "`[SwapEMAWeights, EarlyStopping(restore_best_weights=True)]` keeps the best average")
def swap_before_stopping() -> Seen:
    average, raw = _kept(swap_first=True)
    return Seen(average < 1e-6 < raw, f"{average:.2g} from the best epoch's average")


@fact("07", "and the other order ends with raw weights, without an error")
def stopping_before_swap() -> Seen:
    average, raw = _kept(swap_first=False)
    return Seen(
        average > 1e-6, f"{average:.2g} from the best epoch's average, {raw:.2g} from its raw"
    )


@fact("07", "a training that stops early without `restore_best_weights` ends with raw weights")
def stopping_without_restoring() -> Seen:
    stop = keras.callbacks.EarlyStopping("val_loss", patience=1)
    model, watch, averages = _averaged(stop, epochs=5, losses=[0.5, 1.0, 1.0, 1.0, 1.0])
    kernel = value(model.layers[0].kernel)
    average, raw = (float(np.abs(kernel - o[-1]).max()) for o in (averages, watch.steps))
    return Seen(
        raw < 1e-6 < average, f"{raw:.2g} from the raw weights, {average:.2g} from the average"
    )


@fact("07", "`EarlyStopping` restores the best weights also where the last epoch was reached")
def best_weights_also_at_the_end() -> Seen:
    model, watch = compiled(with_batchnorm()), _Watch()
    stop = keras.callbacks.EarlyStopping("val_loss", patience=9, restore_best_weights=True)
    fit(model, epochs=3, validation_data=numbers(32, 1),
         callbacks=[Losses([0.5, 1.0, 1.0]), watch, stop])  # fmt: skip
    off = float(np.abs(value(model.layers[0].kernel) - watch.epochs[0][0]).max())
    return Seen(off < 1e-7, f"{off:.2g} from the weights of the best epoch")


@fact("12", "`ModelCheckpoint(save_best_only=True)` behind both callbacks saves the average")
def checkpoint_saves_the_average() -> Seen:
    x, _ = numbers()
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "best.weights.h5")
        save = keras.callbacks.ModelCheckpoint(
            file, "val_loss", save_best_only=True, save_weights_only=True
        )
        _, watch, averages = _averaged(UpdateBatchNorm(x), save, losses=[0.5, 1.0])
        model = with_batchnorm()
        model.load_weights(file)
    kernel, mean = value(model.layers[0].kernel), value(norms(model)[0].moving_mean)
    off = float(np.abs(kernel - averages[3]).max())
    own = float(np.abs(mean - watch.epochs[0][1]).max())
    return Seen(off < 1e-5 and own < 1e-6, f"{off:.2g} from the average of the best epoch")
