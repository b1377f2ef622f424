"""What an epoch of a scale model costs, and where: steps, scoring, readings; whole backbone or cut.

Run ``python benchmarks/epoch.py``; about three minutes on two cores. CPU seconds of this process,
so that what else the machine does hardly counts. The two backbones take turns.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


from tlhelpers.core.console import run_script
from tlhelpers.core.progress import bar
from tlhelpers.experiment.cases import case
from tlhelpers.training import batchnorm
from tlhelpers.training.inputs import Batches, one_hot
from tlhelpers.training.trainer import Trainer


def seconds(work: Callable[[], object]) -> float:
    """CPU seconds of all threads of this process."""
    began = time.process_time()
    work()
    return time.process_time() - began


def parts(trainer: Trainer, images: int) -> dict[str, Callable[[], object]]:
    """The parts of an epoch, each a function that does it once."""
    inputs, recipe = trainer.inputs, trainer.recipe
    targets = one_hot(trainer.split.train)
    mirrored = inputs.mirrored[:images] if recipe.horizontal_flip else None
    batches = Batches(inputs.train[:images], targets[:images], recipe.batch_size, 0, 0, mirrored)

    def reestimated() -> None:
        with batchnorm.kept_statistics(trainer.network.base):
            trainer.reestimate()

    return {
        f"{len(batches)} training steps": lambda: trainer.fit(batches),
        "validation images scored once": lambda: trainer.logits(inputs.validation),
        "BatchNorm statistics measured once": reestimated,
    }


def main(
    name: str = "retinopathy", images: int = 1600, repeats: int = 3, profile: str = "quick"
) -> None:
    """Print CPU seconds of each part, an epoch with its readings, and the ratio of the two."""
    this = case(name, profile)
    recipes = {"as recorded": this.measured}
    if name == "retinopathy":
        recipes["whole backbone"] = this.measured.but(truncate_at=None)
    trainers = {words: Trainer(recipe, this.split) for words, recipe in recipes.items()}
    work = {words: parts(trainer, images) for words, trainer in trainers.items()}
    took: dict[tuple[str, str], list[float]] = {}
    for turn in bar(range(repeats + 1), desc="turns"):
        for words, its in work.items():
            for part, once in its.items():
                spent = seconds(once)
                if turn:  # the first one traces
                    took.setdefault((words, part), []).append(spent)
    epochs = {}
    for words, its in work.items():
        print(words)
        each = [statistics.median(took[words, part]) for part in its]
        for part, spent in zip(its, each, strict=True):
            print(f"  {part:36} {spent:6.2f} s")
        steps, scored, measured = each
        # As validated, and three readings with other weights or statistics, two of them measured.
        epochs[words] = steps + 4 * scored + 2 * measured
        print(f"  {'an epoch with its readings, about':36} {epochs[words]:6.2f} s")
    if len(epochs) == 2:
        ratio = epochs["whole backbone"] / epochs["as recorded"]
        print(f"whole backbone / as recorded, ratio {ratio:.1f}")


if __name__ == "__main__":
    run_script(main)
