"""Splits into training and validation images, and the check that no group is on both sides."""

from __future__ import annotations

from dataclasses import replace
from numbers import Integral

import numpy as np

from tlhelpers.core.errors import CourseError
from tlhelpers.data.dataset import Dataset, Split


def split_by_group(
    dataset: Dataset, validation: int | float, seed: int, train: int | None = None
) -> Split:
    """Split so that every group (patient) is on one side only.

    Groups are lined up so that every stretch of the line holds each stratum in its share of
    all groups; a group's stratum is its highest grade, so classes made from grades keep their
    shares too. Validation takes groups from the front of the line until it has enough
    images, training takes the next ones. So with the same seed and validation, a smaller
    training set is part of a larger one.

    Parameters
    ----------
    dataset : Dataset
        The images to split.
    validation : int or float
        Images to validate on: a number, or a share between 0 and 1 of all images.
    seed : int
        The same seed gives the same split.
    train : int, optional
        Images to train on; all that are left if not given.

    Returns
    -------
    Split
        Each side has at least the number of images asked for, and fewer than one group
        more. Images keep the order of the dataset.

    Raises
    ------
    CourseError
        If more images are asked for than there are in whole groups, or fewer than one.
    """
    n_validation, n_train = _numbers(len(dataset), validation, train)
    _, group_of, sizes = np.unique(dataset.groups, return_inverse=True, return_counts=True)
    line = _stratified_order(_highest(dataset.grades, group_of, len(sizes)), seed)
    images_so_far = np.cumsum(sizes[line])
    first = 1 + int(np.searchsorted(images_so_far, n_validation))
    used = int(images_so_far[first - 1])
    if used + n_train > len(dataset):
        raise CourseError(
            f"{n_validation:,} validation and {n_train:,} training images cannot be had from "
            f"{len(dataset):,} in {len(sizes):,} whole groups "
            f"({len(dataset) - used:,} are left for training): ask for fewer"
        )
    last = len(line) if train is None else 1 + np.searchsorted(images_so_far, used + n_train)
    return Split(
        train=dataset.subset(np.flatnonzero(np.isin(group_of, line[first:last]))),
        validation=dataset.subset(np.flatnonzero(np.isin(group_of, line[:first]))),
    )


def split_fellows(dataset: Dataset, validation: int, seed: int, train: int, share: float) -> Split:
    """Validate on one image of each group, and train on the fellows of some of them.

    It shows what a leak is worth: whatever the share, validation holds the same images and
    training the same number. Fellows take the place of images of other groups.

    Parameters
    ----------
    dataset : Dataset
        Two images in each group.
    validation : int
        Groups of which one image is validated on, the first in the dataset.
    seed : int
        The same seed gives the same validation images.
    train : int
        Images to train on.
    share : float
        Share of the validation images whose fellow is trained on. 0 is an honest split; a split
        by image that keeps a fifth for validation has 0.8.

    Returns
    -------
    Split
        Validation in the order of the dataset; training with the fellows first.

    Raises
    ------
    CourseError
        A share out of range, more fellows than training images, or too few groups.
    """
    fellows = round(share * validation)
    if not 0 <= share <= 1 or fellows > train:
        raise CourseError(
            f"share={share}: {fellows:,} fellows do not fit into {train:,} training images; "
            "choose a share between 0 and 1 that does"
        )
    _, group_of, sizes = np.unique(dataset.groups, return_inverse=True, return_counts=True)
    if (sizes != 2).any():
        raise CourseError("a split with fellows needs two images in each group")
    line = _stratified_order(_highest(dataset.grades, group_of, len(sizes)), seed)
    if 2 * (len(line) - validation) < train:
        raise CourseError(
            f"{validation:,} groups to validate on and {train:,} training images of others "
            f"cannot be had from {len(line):,} groups: ask for fewer"
        )
    first, second = np.argsort(group_of, kind="stable").reshape(-1, 2).T
    chosen = line[:validation]
    others = np.stack([first, second], axis=1)[line[validation:]].reshape(-1)
    return Split(
        train=dataset.subset(np.concatenate([second[chosen[:fellows]], others[: train - fellows]])),
        validation=dataset.subset(np.sort(first[chosen])),
    )


def part_of(dataset: Dataset, images: int, seed: int) -> Dataset:
    """So many images at random, grades in their shares.

    Parameters
    ----------
    dataset : Dataset
        Each image its own group, or groups may be torn apart.
    images : int
    seed : int
        With the same seed a smaller part is part of a larger one.

    Raises
    ------
    CourseError
        There are not so many.
    """
    if not 1 <= images <= len(dataset):
        raise CourseError(
            f"{images:,} images cannot be had from {len(dataset):,}: ask for 1 to {len(dataset):,}"
        )
    if images == len(dataset):
        return dataset
    alone = replace(dataset, groups=np.arange(len(dataset)))
    # Every image is its own group, so the first side is a stratified part of this size.
    chosen = split_by_group(alone, images, seed).validation.groups
    return dataset.subset(chosen)


def shared_groups(split: Split) -> int:
    """How many groups stand on both sides: the mechanism check of a split, 0 if it is honest."""
    return len(np.intersect1d(split.train.groups, split.validation.groups))


def _numbers(total: int, validation: int | float, train: int | None) -> tuple[int, int]:
    """Images wanted for validation, and at least for training."""
    whole = isinstance(validation, Integral)
    if not whole and not 0 < validation < 1:
        raise CourseError(
            f"validation={validation} is neither a number of images nor a share between 0 and 1"
        )
    n_validation = int(validation) if whole else round(validation * total)
    n_train = 1 if train is None else train
    if n_validation < 1 or n_train < 1:
        raise CourseError(
            f"validation={validation}, train={train} of {total:,} images leaves a side empty: "
            "ask for at least one image on each"
        )
    if n_validation + n_train > total:
        raise CourseError(
            f"{n_validation:,} validation and at least {n_train:,} training images are more "
            f"than the {total:,} there are: ask for fewer"
        )
    return n_validation, n_train


def _highest(grades: np.ndarray, group_of: np.ndarray, n_groups: int) -> np.ndarray:
    """Highest grade in each group, shape (n_groups,)."""
    highest = np.full(n_groups, grades.min())
    np.maximum.at(highest, group_of, grades)
    return highest


def _stratified_order(strata: np.ndarray, seed: int) -> np.ndarray:
    """A random order of all positions in which each stratum is spread evenly.

    Systematic sampling: in each stratum, members in random order stand at equal distances,
    from a random start, so that every member is equally likely to come first.
    """
    rng = np.random.default_rng(seed)
    place = np.empty(len(strata))
    for stratum in np.unique(strata):
        members = rng.permutation(np.flatnonzero(strata == stratum))
        place[members] = (np.arange(len(members)) + rng.random()) / len(members)
    return np.argsort(place, kind="stable")
