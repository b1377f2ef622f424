"""Frozen blocks run once, against running them in each step, against training everything.

Run ``python benchmarks/frozen_blocks.py``; about four minutes on two cores. The three ways take
turns in this process, an epoch each, so that a noisy machine disturbs all alike. What an epoch does
here is its training steps and one prediction of the validation images.
"""

from __future__ import annotations

import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


from tlhelpers.core.console import run_script
from tlhelpers.data import synthetic
from tlhelpers.experiment.cases import case
from tlhelpers.training.inputs import Batches, one_hot
from tlhelpers.training.trainer import Trainer


def epoch(trainer: Trainer, number: int) -> float:
    """Seconds of one epoch."""
    began = time.perf_counter()
    inputs, recipe = trainer.inputs, trainer.recipe
    trainer.network.model.fit(
        Batches(
            inputs.train,
            one_hot(trainer.split.train),
            recipe.batch_size,
            0,
            number,
            inputs.mirrored if recipe.horizontal_flip else None,
        ),
        shuffle=False,
        verbose=0,
    )
    trainer.logits(inputs.validation)
    return time.perf_counter() - began


def main(train: int = 1000, validation: int = 1000, epochs: int = 5) -> None:
    """Print seconds an epoch for each way, and the ratios of the medians."""
    recipe = case("ferplus").measured
    split = synthetic.faces(train, validation, seed=1, size=recipe.stored_size)
    kept = Trainer(recipe, split)
    began = time.perf_counter()
    for part in ("train", "mirrored", "validation"):
        getattr(kept.inputs, part)
    once = time.perf_counter() - began
    ways = {
        "frozen blocks once": kept,
        "frozen blocks in each step": Trainer(recipe, split, cache_frozen=False),
        "everything trains": Trainer(recipe.but(frozen_up_to=None), split),
    }
    for trainer in ways.values():
        epoch(trainer, 0)  # traces; not counted
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(1, epochs + 1):
        for name, trainer in ways.items():
            seconds[name].append(epoch(trainer, number))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    print(f"{train} training and {validation} validation faces at {recipe.image_size} px")
    print(f"running the frozen blocks once, mirrored images too: {once:.1f} s")
    fastest = medians["frozen blocks once"]
    for name, value in medians.items():
        print(f"{name:28} {value:6.2f} s an epoch, ratio {value / fastest:.2f}")
    for name, value in list(medians.items())[1:]:
        ten = (10 * value) / (10 * fastest + once)
        print(f"ten epochs, the once included, against '{name}': ratio {ten:.2f}")


if __name__ == "__main__":
    run_script(main)
