"""Labels: how often, in which order, and with which weight they come."""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.wording import number, percent

_ENOUGH = 32  # equally weighted images: a batch as most trainings have it
_FAR_APART = 0.8  # of all targets lie on one side of some number in training, not in validation


def class_weights(
    weights: Any, labels: np.ndarray | None, batch: int, sample_weights: np.ndarray | None = None
) -> Diagnosis | None:
    """Weights so far apart that a batch is worth a few images."""
    if labels is None or not len(labels):
        return None
    if isinstance(weights, dict) and weights:
        each = np.array([float(weights.get(int(k), 1.0)) for k in labels])
    elif sample_weights is not None:
        each = np.asarray(sample_weights, dtype=float).reshape(-1)
        if len(each) != len(labels):
            return None
    else:
        return None
    if not (each > 0).any() or not np.isfinite(each).all():
        return None
    worth = each.sum() ** 2 / (each**2).sum() / len(each)
    span = each.max() / each[each > 0].min()
    if span < 20 or worth > 0.35 or worth * batch >= _ENOUGH:
        return None
    return found(
        "class_weights_extreme",
        f"The largest weight is {span:.0f} times the smallest. A batch of {batch} images is worth "
        f"{max(1.0, worth * batch):.1f} equally weighted ones.",
        share=1 - worth,
        low=1 - worth,
        high=1 - worth,
    )


def sorted_split(train: np.ndarray, validation: np.ndarray, classes: int) -> Diagnosis | None:
    """Classes of the training labels that are missing in validation, or the other way round."""
    if min(len(train), len(validation)) < 20:
        return None
    ours = np.bincount(train, minlength=classes)[:classes] / len(train)
    theirs = np.bincount(validation, minlength=classes)[:classes] / len(validation)
    missing = (theirs == 0) & (ours * len(validation) >= 5)
    absent = (ours == 0) & (theirs * len(train) >= 5)
    apart = float(np.abs(ours - theirs).sum() / 2)
    if apart < 0.4 or not (missing.any() or absent.any()):
        return None
    largest = int(theirs.argmax())
    told = [
        f"{_classes(which)} of {one} {'is' if which.sum() == 1 else 'are'} missing in {other}."
        for which, one, other in (
            (missing, "training", "validation"),
            (absent, "validation", "training"),
        )
        if which.any()
    ]
    return found(
        "validation_split_of_sorted_data",
        f"{percent(theirs[largest])} of the validation images are of class {largest}, against "
        f"{percent(ours[largest])} in training. {' '.join(told)}",
        share=apart,
        low=apart,
        high=apart,
    )


def sorted_targets(train: np.ndarray, validation: np.ndarray) -> Diagnosis | None:
    """Numbers to be predicted that hardly overlap between the two sides.

    Parameters
    ----------
    train, validation : float array, shape (n,)
    """
    train, validation = (y[np.isfinite(y)] for y in (train, validation))
    if min(len(train), len(validation)) < 20:
        return None
    # Distance of Kolmogorov and Smirnov: of the two shares below any number, the widest.
    at = np.sort(np.concatenate([train, validation]))
    below = (np.searchsorted(np.sort(y), at, side="right") / len(y) for y in (train, validation))
    ours, theirs = below
    apart = float(np.abs(ours - theirs).max())
    if apart < _FAR_APART:
        return None
    return found(
        "validation_split_of_sorted_data",
        f"Training targets run from {number(train.min())} to {number(train.max())}, those of "
        f"validation from {number(validation.min())} to {number(validation.max())}: the two hardly "
        "overlap.",
        share=apart,
        low=apart,
        high=apart,
    )


def _classes(which: np.ndarray) -> str:
    return "1 class" if which.sum() == 1 else f"{int(which.sum())} classes"


def batch_order(
    labels: np.ndarray, sizes: tuple[int, ...], classes: int, shares: np.ndarray | None = None
) -> Diagnosis | None:
    """Training batches that hold fewer classes than chance would give.

    Parameters
    ----------
    labels : int array, shape (n,)
        In the order of one epoch, from its beginning.
    sizes : tuple of int
        Of the batches.
    classes : int
    shares : float array, shape (classes,), optional
        Of the classes in the whole epoch, where `labels` are its beginning only.
    """
    edges = np.cumsum([0, *sizes])
    batches = [
        np.bincount(labels[i:j], minlength=classes)[:classes] / (j - i)
        for i, j in zip(edges[:-1], edges[1:], strict=True)
        if j <= len(labels) and j - i >= 4
    ]
    if len(batches) < 4:
        return None
    shares = (
        np.bincount(labels, minlength=classes)[:classes] / len(labels) if shares is None else shares
    )
    if shares.max() > 0.97:
        return None
    rng = np.random.default_rng(0)
    size = int(np.median(sizes))

    def apart(each: list[np.ndarray]) -> float:
        """Mean distance of a batch's class shares from all."""
        return float(np.mean([np.abs(one - shares).sum() / 2 for one in each]))

    chance = [
        apart([rng.multinomial(size, shares / shares.sum()) / size for _ in batches])
        for _ in range(50)
    ]
    excess = (apart(batches) - np.mean(chance)) / max(1 - (shares**2).sum() - np.mean(chance), 1e-6)
    # Longer stretches show a buffer that is too small for a long sorted file.
    groups = np.array_split(np.array(batches), min(8, len(batches)))
    long = float(np.mean([np.abs(one.mean(axis=0) - shares).sum() / 2 for one in groups]))
    expected = float(np.mean(chance)) / np.sqrt(max(1, len(batches) // len(groups)))
    long_excess = (long - expected) / max(1 - (shares**2).sum() - expected, 1e-6)
    worst = max(excess, long_excess)
    if worst < 0.25 or apart(batches) < max(chance) and long < 2 * expected:
        return None
    distinct = np.mean([(one > 0).sum() for one in batches])
    return found(
        "training_order",
        f"A training batch holds {distinct:.1f} of {int((shares > 0).sum())} classes on average, "
        "and neighboring batches hold the same ones. Shuffled well it would hold nearly all.",
        share=min(worst, 1.0),
        low=min(worst, 1.0),
        high=min(worst, 1.0),
    )
