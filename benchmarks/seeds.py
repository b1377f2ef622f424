"""Five seeds of one recipe: compiled once, against built and compiled anew for each seed.

Run ``python benchmarks/seeds.py``; about six minutes on two cores. Both ways train the same recipe
on the same images in this process, in turns, so that a noisy machine disturbs both alike. The
tutorials' ``set_random_seed`` is left out: it would slow down the other way's next start.
"""

from __future__ import annotations

import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras

from tlhelpers.core.console import run_script
from tlhelpers.experiment.cases import case
from tlhelpers.training import model
from tlhelpers.training.inputs import Batches, one_hot
from tlhelpers.training.trainer import Trainer


class FirstStep(keras.callbacks.Callback):
    """When the first training step was done."""

    seconds: float | None = None

    def on_train_batch_end(self, batch, logs=None):
        self.seconds = self.seconds or time.perf_counter()


def ours(trainer: Trainer, seed: int, epochs: int) -> tuple[float, float]:
    """Start-up and total seconds of one seed."""
    began, first = time.perf_counter(), FirstStep()
    trainer.reset(seed)
    _fit(trainer.network.model, trainer.recipe, trainer.split, seed, epochs, first)
    return first.seconds - began, time.perf_counter() - began


def tutorials(recipe, split, seed: int, epochs: int) -> tuple[float, float]:
    """The same, building and compiling anew."""
    began, first = time.perf_counter(), FirstStep()
    steps = -(-len(split.train) // recipe.batch_size)
    network = model.build(recipe, len(split.train.classes), steps)
    _fit(network.model, recipe, split, seed, epochs, first)
    return first.seconds - began, time.perf_counter() - began


def _fit(network, recipe, split, seed, epochs, first) -> None:
    network.fit(
        Batches(split.train.images, one_hot(split.train), recipe.batch_size, seed),
        validation_data=(split.validation.images, one_hot(split.validation)),
        epochs=epochs,
        callbacks=[first],
        shuffle=False,
        verbose=0,
    )


def main(seeds: int = 5, epochs: int = 2, profile: str = "quick") -> None:
    """Print both ways seed by seed, and their ratios."""
    this = case("retinopathy", profile)
    recipe, split = this.measured, this.split
    # Its own build and first trace belong to the first seed.
    began = time.perf_counter()
    trainer = Trainer(recipe, split)
    building = time.perf_counter() - began
    rows = []
    print(f"{epochs} epochs a seed; seconds\nseed  start-up: once  anew   total: once  anew")
    for seed in range(seeds):
        a = ours(trainer, seed, epochs)
        if seed == 0:
            a = (a[0] + building, a[1] + building)
        b = tutorials(recipe, split, seed, epochs)
        rows.append((*a, *b))
        print(f"{seed:4}  {a[0]:14.2f}  {b[0]:4.1f}   {a[1]:11.1f}  {b[1]:4.1f}", flush=True)
    once, anew = (sum(row[i] for row in rows) for i in (1, 3))
    later = rows[1:] or rows
    start = [statistics.median(row[i] for row in later) for i in (0, 2)]
    print(f"start-up from the second seed on, median: {start[0]:.2f} s against {start[1]:.1f} s")
    print(f"all {seeds} seeds: {once:.0f} s against {anew:.0f} s, ratio {anew / once:.2f}")


if __name__ == "__main__":
    run_script(main)
