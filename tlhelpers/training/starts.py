"""First weights of a backbone that this machine made itself: where they are kept, which they are.

They are no part of the repository (94 MB for ResNet50), and pre-training on another machine gives
others. So they have a fingerprint, which each run keeps: runs from different first weights are
never compared (`tlhelpers.training.run.Experiment`). `tlhelpers.training.pretraining` makes them.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tlhelpers.core import files, paths
from tlhelpers.core.errors import CourseError
from tlhelpers.training.recipe import Recipe

if TYPE_CHECKING:
    import keras

IMAGES = ("drawn-faces", "real-faces")
"""What a backbone can be pre-trained on; values of `Recipe.pretrained_on`."""


def made_here(recipe: Recipe) -> bool:
    """Whether a recipe starts from weights that each machine makes for itself."""
    return recipe.pretrained_on in IMAGES


def path(backbone: str, images: str) -> Path:
    """The file of a backbone's weights after pre-training, whether it is there or not."""
    return paths.build() / "pretrained" / f"{backbone}-{images}.npz"


def save(arrays: Sequence[np.ndarray], images: str, note: dict[str, Any]) -> Path:
    """Keep a whole backbone's weights.

    Parameters
    ----------
    arrays : sequence of array
        In the order of the backbone's ``weights``.
    images : str
        One of `IMAGES`.
    note : dict
        What is known about them, plain JSON values; "backbone" names it as recipes do.

    Returns
    -------
    path
        Of the file, which is there whole or not at all.
    """
    note = {**note, "fingerprint": _digest(arrays)}
    file = path(note["backbone"], images)
    named = {f"a{i:04}": array for i, array in enumerate(arrays)}
    files.save(file, lambda out: np.savez(out, note=json.dumps(note), **named))
    return file


def note(recipe: Recipe) -> dict[str, Any]:
    """What is known about the weights that a recipe starts from; they are not read.

    Raises
    ------
    CourseError
        There are none on this machine, or their file is damaged.
    """
    file = _there(recipe)
    try:
        with np.load(file) as kept:
            return json.loads(str(kept["note"]))
    except Exception:  # cut off, or no such file
        raise _damaged(file) from None


def fingerprint(recipe: Recipe) -> str | None:
    """Sixteen hexadecimal digits of the weights that a recipe starts from.

    None for ImageNet's, which are the same everywhere, and for random ones.

    Raises
    ------
    CourseError
        As `note`.
    """
    return note(recipe)["fingerprint"] if made_here(recipe) else None


def put_into(base: keras.Model, recipe: Recipe) -> None:
    """Give a whole backbone the weights that a recipe starts from.

    Raises
    ------
    CourseError
        There are none on this machine, or they are damaged or another network's.
    """
    file = _there(recipe)
    try:
        with np.load(file) as kept:
            names = sorted(name for name in kept.files if name != "note")
            arrays = [kept[name] for name in names]
            wanted = json.loads(str(kept["note"]))["fingerprint"]
    except Exception:
        raise _damaged(file) from None
    shapes = [tuple(variable.shape) for variable in base.weights]
    if _digest(arrays) != wanted or [array.shape for array in arrays] != shapes:
        raise _damaged(file)
    for variable, array in zip(base.weights, arrays, strict=True):
        variable.assign(array)


def _there(recipe: Recipe) -> Path:
    file = path(recipe.backbone, recipe.pretrained_on)
    if not file.exists():
        raise CourseError(
            f"This recipe starts from weights of {recipe.backbone} trained on "
            f"{recipe.pretrained_on}, and {file} is not there: make it with tlhelpers pretrain "
            f"--images {recipe.pretrained_on} (it takes an hour or so, once)."
        )
    return file


def _damaged(file: Path) -> CourseError:
    return CourseError(
        f"Damaged weights {file}: delete the file and make it again (tlhelpers pretrain)."
    )


def _digest(arrays: Sequence[np.ndarray]) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(repr((array.shape, str(array.dtype))).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]
