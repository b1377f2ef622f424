"""The real image sets, loaded from folders that `data_scripts` prepared."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.data.dataset import Dataset, Split
from tlhelpers.data.duplicates import has_duplicate
from tlhelpers.data.prepare.command_line import command_line
from tlhelpers.data.prepare.prepared import Prepared, load_prepared
from tlhelpers.data.splits import part_of
from tlhelpers.data.votes import COLUMNS, EMOTIONS, RULES


def eyepacs(folder: Path | str, size: int) -> Dataset:
    """EyePACS as prepared by ``data_scripts/prepare_eyepacs.py``: any retinopathy or none.

    Parameters
    ----------
    folder : path
        The prepared folder.
    size : int
        Side of the images that are wanted, in pixels.

    Returns
    -------
    Dataset
        Classes "no DR" (grade 0) and "DR" (grade 1 to 4); groups are patients; the images
        are a read-only memory map.

    Raises
    ------
    CourseError
        If the folder is missing, not complete or damaged, or its images are of another size;
        the message holds the command to run.
    """
    import pandas as pd

    prepared = _open(folder, "eyepacs", size)
    return _graded(prepared, pd.factorize(prepared.index["patient"])[0].astype(np.int64))


def aptos(folder: Path | str, size: int) -> Dataset:
    """APTOS 2019 as prepared by ``data_scripts/prepare_aptos.py``: any retinopathy or none.

    Parameters, result and errors as in `eyepacs`, but each image is its own group: which belong
    to one patient is not known.
    """
    prepared = _open(folder, "aptos", size)
    return _graded(prepared, np.arange(len(prepared.images)))


def retinamnist(folder: Path | str, size: int) -> Split:
    """RetinaMNIST as prepared by ``data_scripts/prepare_retinamnist.py``: train and test images.

    Its 120 validation images are left out: they were cut by image from the same photographs as
    the training set, so that a patient may be on both sides. The 400 test images come from
    another part of DeepDRiD.

    Parameters
    ----------
    folder : path
        The prepared folder.
    size : int
        Side of the images that are wanted, in pixels.

    Returns
    -------
    Split
        Classes and grades as in `eyepacs`; the test images are the validation side. Each image
        is its own group: which belong to one patient is not known.

    Raises
    ------
    CourseError
        As in `eyepacs`, and if a side of the split is empty.
    """
    prepared = _open(folder, "retinamnist", size, "zenodo")
    images = _graded(prepared, np.arange(len(prepared.images)))
    sides = {name: (prepared.index["split"] == name).to_numpy() for name in ("train", "test")}
    for name, side in sides.items():
        if not side.any():
            raise CourseError(
                f"{prepared.folder} holds no {name} images: prepare the whole of RetinaMNIST"
            )
    return Split(images.subset(sides["train"]), images.subset(sides["test"]))


def _open(
    folder: Path | str, name: str, size: int | None = None, source: str = "kaggle"
) -> Prepared:
    """The prepared folder of the set that ``data_scripts/prepare_<name>.py`` makes.

    `size` is None for a set that has only one.
    """
    options = {"--source": source, "--target": Path(folder), "--size": size}
    command = command_line(f"prepare_{name}.py", options)
    prepared = load_prepared(folder, name, command)
    held = prepared.images.shape[1]
    if size not in (None, held):
        raise CourseError(
            f"{prepared.folder} holds images of {held} pixels, but {size} are wanted: move the "
            f"folder away, or replace them with `{command} --overwrite`"
        )
    return prepared


def _graded(prepared: Prepared, groups: np.ndarray) -> Dataset:
    """Photographs with a grade each, as any retinopathy or none."""
    grades = prepared.index["grade"].to_numpy(np.int64)
    return Dataset(
        images=prepared.images,
        labels=(grades >= 1).astype(np.int64),
        groups=groups,
        grades=grades,
        classes=("no DR", "DR"),
    )


def open_ferplus(folder: Path | str) -> Prepared:
    """FER+ as prepared by ``data_scripts/prepare_ferplus.py``, every image and all ten votes.

    Raises
    ------
    CourseError
        If the folder is missing, not complete or damaged; the message holds the command to run.
    """
    return _open(folder, "ferplus")


def votes_of(prepared: Prepared, split: str) -> tuple[np.ndarray, np.ndarray]:
    """Places and votes of one of FER+'s own splits ("train", "valid" or "test").

    Returns
    -------
    rows : int64 array, shape (n,)
        Where the images stand in the prepared set.
    votes : int64 array, shape (n, 10)
        In the order of `votes.COLUMNS`.

    Raises
    ------
    CourseError
        If the set has no such split.
    """
    rows = np.flatnonzero((prepared.index["split"] == split).to_numpy())
    if not len(rows):
        raise CourseError(f"{prepared.folder} holds no {split} images: prepare the whole of FER+")
    return rows, prepared.index[list(COLUMNS)].to_numpy(np.int64)[rows]


def ferplus(
    folder: Path | str,
    labels: str = "plurality",
    duplicates: bool = True,
    train: int | None = None,
    seed: int = 0,
    validation: int | None = None,
) -> Split:
    """FER+ as prepared by ``data_scripts/prepare_ferplus.py``, in its own split.

    Parameters
    ----------
    folder : path
        The prepared folder.
    labels : str
        How labels are made from votes, and which images are kept: a name in `votes.RULES`.
    duplicates : bool
        False leaves out of training every image that has an exact duplicate (the same pixels)
        among the validation images kept. Validation is the same either way.
    train : int, optional
        Take so many training images, at random, in the shares that the classes have among
        all; with the same seed a smaller part is part of a larger one.
    seed : int
        Of that choice.
    validation : int, optional
        The same for validation images; all of them if not given.

    Returns
    -------
    Split
        Eight classes; grey images; votes for the eight emotions; grades are the labels again;
        each image is its own group, its place in the prepared set. The split is FER+'s own
        (training and public test), so duplicates may stand on both sides.

    Raises
    ------
    CourseError
        If the folder is missing, not complete or damaged, has no training or validation
        images, or too few; or there is no such rule.
    """
    if labels not in RULES:
        raise CourseError(f"labels={labels!r} is unknown: choose one of {', '.join(RULES)}")
    prepared = open_ferplus(folder)
    training, scored = (_ferplus_side(prepared, name, labels) for name in ("train", "valid"))
    if not duplicates:
        training = training.subset(~has_duplicate(training.images, scored.images))
    if train is not None:
        training = part_of(training, train, seed)
    if validation is not None:
        scored = part_of(scored, validation, seed)
    return Split(training, scored)


def _ferplus_side(prepared: Prepared, split: str, rule: str) -> Dataset:
    """The images of one split that the rule keeps."""
    rows, votes = votes_of(prepared, split)
    labels, keep = RULES[rule](votes)
    return Dataset(
        images=prepared.images[rows[keep]],
        labels=labels[keep],
        groups=rows[keep],
        grades=labels[keep],
        classes=EMOTIONS,
        votes=votes[keep, : len(EMOTIONS)],
    )
