"""Pre-training: first weights for the posted network where ImageNet's cannot be had.

What happens in fine-tuning hangs on how far a step turns the filters, and that on how large a
training has left them, not on what it was a training of (`tlhelpers.training.similarity`). So a
ResNet50 trained for a while on faces stands in for one trained on ImageNet. Faces are the images
of the other question: a retina has nothing of them.
"""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tlhelpers.core import locks, machine, paths
from tlhelpers.training import model, similarity, starts
from tlhelpers.training.recipe import Recipe

if TYPE_CHECKING:
    from tlhelpers.data.dataset import Split

RECIPE = Recipe(
    backbone="resnet50",
    pretrained_on="nothing",
    image_size=48,
    input_scaling="1/255",  # as the fine-tuning that follows
    loss="categorical_crossentropy",
    learning_rate=1e-3,
    schedule="cosine",
    warmup_epochs=1,
    horizontal_flip=True,
    batch_size=64,
    precision="mixed_bfloat16",  # a fifth of the time where the CPU has it, and as good
    epochs=4,
)
"""How the weights are made."""

SEED = 0  # of the first weights, the head, and the order of the images
_FACES = (20_000, 2_000)  # drawn ones, for training and validation
_DRAWN_SEED = 642170  # of the faces: no case draws with it


def faces(images: str) -> Split:
    """The faces of a pre-training; duplicates are left out.

    Parameters
    ----------
    images : str
        "drawn-faces": 20,000, and 2,000 to see how well it went; "real-faces": all of FER+, as
        ``data_scripts/prepare_ferplus.py`` prepares it.

    Raises
    ------
    CourseError
        FER+ has not been prepared.
    """
    from tlhelpers.data import real, synthetic

    if images == "real-faces":
        return real.ferplus(paths.data() / "ferplus", duplicates=False)
    return synthetic.faces(*_FACES, _DRAWN_SEED, RECIPE.image_size, duplicates=False, progress=True)


def pretrain(
    images: str,
    on_epoch: Callable[[dict[str, list]], None] | None = None,
    recipe: Recipe = RECIPE,
    split: Split | None = None,
) -> dict[str, Any]:
    """Train a backbone from random weights and keep it on this machine (`starts.path`).

    A pre-training that was interrupted goes on where it stopped; weights that are there already
    are left alone.

    Parameters
    ----------
    images : str
        One of `starts.IMAGES`.
    on_epoch : function of the history, optional
        Called after each epoch.
    recipe : Recipe
    split : Split, optional
        In place of `faces`.

    Returns
    -------
    dict
        What is known about the weights: "fingerprint", "accuracy" on the validation faces,
        "chance" (always saying the commonest emotion), "step" (`similarity.StepLength` at rate 1),
        "recipe", "images", "date", "device", "versions".

    Raises
    ------
    CourseError
        Another process is at it, FER+ is missing, or the disk is full.
    """
    wanted = recipe.but(pretrained_on=images)
    file = starts.path(recipe.backbone, images)
    with locks.locked(file, "making"):
        if not file.exists():
            _make(images, on_epoch, recipe, split or faces(images))
        return starts.note(wanted)


def _make(
    images: str, on_epoch: Callable[[dict[str, list]], None] | None, recipe: Recipe, split: Split
) -> None:
    from tlhelpers.core.quiet import keras
    from tlhelpers.training.trainer import Trainer

    unfinished = _unfinished(images, recipe)
    keras.utils.set_random_seed(SEED)  # draws the first weights
    trainer = Trainer(recipe, split)
    run = trainer.run(SEED, unfinished=unfinished, on_epoch=on_epoch)
    base = trainer.network.base
    starts.save(
        model.values(base.weights),
        images,
        {
            "backbone": recipe.backbone,
            "accuracy": run.history["val_accuracy"][-1],
            "chance": float(split.validation.shares.max()),
            "step": asdict(similarity.step_length(base)),
            "recipe": recipe.to_dict(),
            "images": split.fingerprint(),
            "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            "device": machine.device(),
            "versions": machine.versions(),
        },
    )
    unfinished.unlink(missing_ok=True)


def _unfinished(images: str, recipe: Recipe) -> Path:
    name = hashlib.sha256(f"pretraining {images} {recipe.key()} {SEED}".encode()).hexdigest()
    return paths.build() / "unfinished" / f"{name[:16]}.npz"
