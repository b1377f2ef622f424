"""How long a step is: Adam, schedules, clipping (pages 06, 14)."""

from __future__ import annotations

import functools
import math

import numpy as np

from tlhelpers.core.quiet import keras
from tlhelpers.training.keras_facts.fact import Seen, fact
from tlhelpers.training.keras_facts.small import (
    Losses,
    compiled,
    fit,
    numbers,
    sequential,
    value,
)

layers = keras.layers


@fact("06", "Adam's first step moves each weight by about the rate, however small its gradient")
def adam_moves_by_the_rate() -> Seen:
    moves = []
    for scale in (1.0, 1e-3):
        model = sequential()
        model.compile(keras.optimizers.Adam(0.01), "sparse_categorical_crossentropy")
        before = value(model.layers[-1].kernel)
        x, y = numbers()
        fit(model, data=(x * scale, y), batch_size=64)
        moves.append(float(np.median(np.abs(value(model.layers[-1].kernel) - before))))
    return Seen(
        all(abs(move - 0.01) < 1e-3 for move in moves), " and ".join(f"{m:.4f}" for m in moves)
    )


@functools.cache
def _plateau(losses: tuple[float, ...]) -> tuple[list[float], dict[str, list]]:
    told = Losses(losses)
    plateau = keras.callbacks.ReduceLROnPlateau("val_loss", factor=0.5, patience=3, min_lr=1e-6)
    history = fit(compiled(sequential()), epochs=len(losses), callbacks=[told, plateau])
    return told.rates, history


@fact("06", "`ReduceLROnPlateau(patience=3)` halves the rate after three epochs without a record")
def plateau_halves_the_rate() -> Seen:
    rates, _ = _plateau((1.0,) * 5)
    wanted = [0.01] * 4 + [0.005]
    return Seen(np.allclose(rates, wanted), " ".join(f"{rate:g}" for rate in rates))


@fact("06", "and each record of the loss makes it wait again")
def a_record_resets_the_patience() -> Seen:
    rates, _ = _plateau((1.0, 2.0, 2.0, 0.9, 2.0, 2.0, 2.0, 2.0))
    wanted = [0.01] * 7 + [0.005]
    return Seen(np.allclose(rates, wanted), " ".join(f"{rate:g}" for rate in rates))


@fact("06", "and the history then has the rate of each epoch, as `learning_rate`")
def history_has_the_rate() -> Seen:
    _, history = _plateau((1.0,) * 5)
    return Seen(len(history.get("learning_rate", ())) == 5, ", ".join(sorted(history)))


@fact("06", "`CosineDecay` climbs for `warmup_steps`, then falls to zero")
def cosine_warms_up() -> Seen:
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0, decay_steps=90, warmup_target=1e-3, warmup_steps=10
    )
    rates = [float(value(schedule(step))) for step in (0, 5, 10, 55, 100)]
    wanted = [0, 5e-4, 1e-3, 5e-4, 0]
    return Seen(np.allclose(rates, wanted, atol=1e-6), " ".join(f"{r:.2g}" for r in rates))


def _first_gradient(**clip: float) -> tuple[float, float]:
    """Largest norm of one variable's gradient that Adam is given, and that of the whole one."""
    model = sequential(layers.Dense(5), activation="linear")
    model.compile(keras.optimizers.Adam(0.01, **clip), "mse")
    x, _ = numbers()
    fit(model, data=(x, np.full((len(x), 2), 1000.0)), batch_size=64)
    # After one step Adam's first moment is (1 - beta_1) times the gradient.
    moments = [value(moment).astype("float64") / 0.1 for moment in model.optimizer._momentums]
    lengths = [float(np.sqrt((moment**2).sum())) for moment in moments]
    return max(lengths), math.hypot(*lengths)


@fact("14", "`global_clipnorm` bounds the whole gradient, `clipnorm` that of each variable")
def clipnorm_is_for_each_variable() -> Seen:
    each, together = _first_gradient(clipnorm=1.0)
    _, whole = _first_gradient(global_clipnorm=1.0)
    return Seen(
        abs(each - 1) < 1e-3 and together > 1.01 and abs(whole - 1) < 1e-3,
        f"whole gradient {together:.2f} with clipnorm, {whole:.2f} with global_clipnorm",
    )
