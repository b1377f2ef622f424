"""Does the input pipeline keep the device busy? And does mixed precision help?

Run ``python benchmarks/pipeline.py``. An epoch of training steps with its real input, put together
from the images in memory or on disk, against as many of the same steps on one batch that lies on
the device already: a ratio near 1 means that nobody waits for images. What an epoch needs to
start is in it, what ``fit`` needs before its first epoch is not. The ways take turns in this
process, so that a noisy machine disturbs all alike. On a GPU: ``python benchmarks/pipeline.py
--profile full``, with ``--data real`` for prepared photographs, and ``KERAS_BACKEND=jax`` for the
other backend. Most processors are slow in bfloat16; ``--precision float32`` leaves it out.
"""

from __future__ import annotations

import itertools
import os
import statistics
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


from tlhelpers.core import machine
from tlhelpers.core.console import run_script
from tlhelpers.core.progress import bar
from tlhelpers.core.quiet import keras
from tlhelpers.data.dataset import Split
from tlhelpers.data.splits import split_by_group
from tlhelpers.data.synthetic import faces, fundus
from tlhelpers.experiment.cases import case
from tlhelpers.training.inputs import Batches, targets
from tlhelpers.training.recipe import Recipe
from tlhelpers.training.trainer import Trainer

PRECISIONS = ("float32", "mixed_bfloat16")


class Resident(keras.utils.PyDataset):
    """One batch, on the device already, as often as asked for."""

    def __init__(self, batch, steps: int):
        super().__init__()
        self.batch, self.steps = batch, steps

    def __len__(self) -> int:
        return self.steps

    def __getitem__(self, i: int):
        return self.batch


class Clock(keras.callbacks.Callback):
    """Seconds from the beginning of an epoch until its last step is done."""

    def on_epoch_begin(self, epoch: int, logs=None) -> None:
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch: int, logs=None) -> None:
        # Keras has fetched the epoch's loss from the device for `logs`: the steps are done.
        self.seconds = time.perf_counter() - self.began


def batches(trainer: Trainer, epoch: int) -> Batches:
    """What a run of this recipe reads in one epoch."""
    inputs, recipe = trainer.inputs, trainer.recipe
    mirrored = inputs.mirrored if recipe.horizontal_flip else None
    wanted = targets(recipe, trainer.split.train)
    return Batches(inputs.train, wanted, recipe.batch_size, 0, epoch, mirrored)


def fitted(trainer: Trainer, data: keras.utils.PyDataset) -> float:
    """Seconds a step in one epoch of Keras's ``fit``."""
    clock = Clock()
    trainer.fit(data, callbacks=[clock])
    return clock.seconds / len(data)


def real(trainer: Trainer, epoch: int) -> float:
    """Seconds a step with the real input."""
    return fitted(trainer, batches(trainer, epoch))


def resident(trainer: Trainer, epoch: int) -> float:
    """Seconds of the same step on data that does not move."""
    data = batches(trainer, epoch)
    batch = tuple(map(keras.ops.convert_to_tensor, data[0]))
    if keras.backend.backend() != "tensorflow":
        return fitted(trainer, Resident(batch, len(data)))
    # Under fit, tf.data would carry the batch back to the host in each step.
    step = trainer.network.model.make_train_function()
    began = time.perf_counter()
    for _ in range(len(data)):
        logs = step(iter([(*batch, None)]))
    float(logs["loss"])  # waits for the device
    return (time.perf_counter() - began) / len(data)


def images(name: str, data: str, recipe: Recipe, profile: str, train: int) -> Split:
    """Real images as the profile has them, or so many drawn ones."""
    if data == "real":
        return case(name, profile, data).split
    if name == "ferplus":
        return faces(train, 64, seed=1, size=recipe.stored_size)
    return split_by_group(fundus(train // 2 + 32, recipe.stored_size, seed=1), 64, seed=1)


def main(
    name: str = "retinopathy",
    profile: str = "quick",
    data: str = "synthetic",
    train: int = 1920,
    epochs: int = 5,
    weights: bool = False,
    precision: list[str] = PRECISIONS,
) -> None:
    """Print seconds a step and images a second for each way, and the ratios of the medians."""
    posted = case(name, profile, data).measured
    split = images(name, data, posted, profile, train)
    versions = machine.versions()
    print(f"{machine.device()}; {versions['backend']}, Keras {versions['keras']}")
    print(
        f"{name}, {posted.backbone} at {posted.image_size} px, batches of {posted.batch_size}, "
        f"{len(split.train):,} {data} images",
        flush=True,
    )
    trainers = {
        each: Trainer(posted.but(precision=each), split, "imagenet" if weights else None)
        for each in precision
    }
    ways = {"real input": real, "on the device": resident}
    seconds: dict[tuple[str, str], list[float]] = {}
    turns = list(itertools.product(range(epochs + 1), trainers, ways))
    for epoch, each, way in bar(turns, desc="epochs"):
        value = ways[way](trainers[each], epoch)
        if epoch:  # the first traces and fills caches
            seconds.setdefault((each, way), []).append(value)
    medians = {key: statistics.median(values) for key, values in seconds.items()}
    for (each, way), value in medians.items():
        rate = posted.batch_size / value
        print(f"{each:15} {way:14} {1000 * value:8.1f} ms a step, {rate:7.0f} images/s")
    for each in precision:
        ratio = medians[each, "on the device"] / medians[each, "real input"]
        print(f"{each}: on the device / real input, ratio {ratio:.2f} (1: nobody waits)")
    if set(precision) == set(PRECISIONS):
        ratio = medians["float32", "real input"] / medians["mixed_bfloat16", "real input"]
        print(f"float32 / mixed_bfloat16 with real input, ratio {ratio:.2f} (above 1: it helps)")


if __name__ == "__main__":
    run_script(main)
