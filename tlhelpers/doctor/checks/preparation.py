"""Are the images of both sides prepared alike?"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.diagnosis import Diagnosis

_HOLE = 0.22  # of the range: a black hole of a quarter of a gray image moves its mean by less
_FEW_WORDS = 30
_ENOUGH_TURNED = 8  # pairs of neighbors that chance would turn around
_SORTED = 0.35  # of those


def prepared_otherwise(
    train: np.ndarray, validation: np.ndarray, augmented: bool = False
) -> Diagnosis | None:
    """Training and validation images that differ more than chance and augmentation make them.

    Parameters
    ----------
    train, validation : array, shape (n, ...)
    augmented : bool
        Whether the training images differ from pass to pass. A random shift, turn or zoom
        interpolates, so less sharp training images tell nothing then. A hole cut into each image,
        or two images mixed, change the contrast, and the mean by a part of the range.
    """
    if train.shape[1:] != validation.shape[1:] or min(len(train), len(validation)) < 8:
        return None
    if train.ndim < 3 or train.dtype.kind not in "fiu":
        return None
    ours, theirs = look(_some(train)), look(_some(validation))
    if not (np.isfinite(ours.numbers).all() and np.isfinite(theirs.numbers).all()):
        return None
    spread_ours = max(ours.most - ours.least, 1e-12)
    spread_theirs = max(theirs.most - theirs.least, 1e-12)
    ratio = spread_theirs / spread_ours
    text = (
        f"training images run from {ours.least:.3g} to {ours.most:.3g}, validation images from "
        f"{theirs.least:.3g} to {theirs.most:.3g}"
    )
    shift = abs(theirs.numbers[:, 0].mean() - ours.numbers[:, 0].mean()) / max(
        ours.numbers[:, 1].mean(), theirs.numbers[:, 1].mean(), 1e-12
    )
    if not 1 / 3 < ratio < 3 or shift > 3:
        return found("validation_prepared_otherwise", text[0].upper() + text[1:] + ".")
    for i, name in enumerate(ours.names):
        a, b = ours.numbers[:, i], theirs.numbers[:, i]
        width = np.sqrt((_spread(a) ** 2 + _spread(b) ** 2) / 2)
        middle = abs(np.median(a) - np.median(b))
        if augmented and (
            name == "contrast"
            or (name == "mean" and middle < _HOLE * max(spread_ours, spread_theirs))
            or (name == "sharpness" and np.median(a) < np.median(b))
        ):
            continue
        if middle > 2.5 * max(width, 1e-9) and middle > 0.1 * max(abs(np.median(a)), 1e-9):
            return found(
                "validation_prepared_otherwise",
                f"The two sides differ in {name}: a typical training image has "
                f"{np.median(a):.3g}, a typical validation image {np.median(b):.3g}, and images "
                f"of one side differ by only {width:.2g}.",
            )
    return None


def own_vocabulary(train: np.ndarray, validation: np.ndarray) -> Diagnosis | None:
    """Word numbers of validation texts that come from a vocabulary of those texts.

    A vocabulary is numbered by how often its words come. In the texts that it was made of, the
    counts fall from number to number; in other texts, neighbors change places by chance.

    Parameters
    ----------
    train, validation : int array, shape (n, words)
        0 is no word.
    """
    if any(x.ndim != 2 or not (x == np.round(x)).all() or x.min() < 0 for x in (train, validation)):
        return None
    largest = int(max(train.max(), validation.max()))
    if not _FEW_WORDS < largest < 1_000_000:
        return None
    ours, theirs = (
        np.bincount(x.astype(int).ravel(), minlength=largest + 1)[1:] for x in (train, validation)
    )
    there = (ours[:-1] > 0) & (ours[1:] > 0) & (theirs[:-1] + theirs[1:] > 0)
    if not there.any():
        return None
    # With the shares of training, how often would chance turn two neighbors around?
    rates = ours / max(ours.sum(), 1) * theirs.sum()
    apart = (rates[:-1] - rates[1:])[there] / np.sqrt((rates[:-1] + rates[1:])[there])
    # Half a count: with small numbers neighbors are often equal.
    tie = 0.5 / np.sqrt((rates[:-1] + rates[1:])[there])
    expected = float(sum(NormalDist().cdf(-z) for z in apart + tie))
    turned = int((theirs[:-1] < theirs[1:])[there].sum())
    if expected < _ENOUGH_TURNED or turned > _SORTED * expected:
        return None
    return found(
        "validation_prepared_otherwise",
        f"The word numbers of validation are sorted by how often they come there: {turned} of "
        f"{int(there.sum())} pairs of neighbors are out of order, and chance would turn about "
        f"{expected:.0f}. Validation has a vocabulary of its own, so a number means another word.",
    )


@dataclass(frozen=True)
class Look:
    """How one side's images look: a few numbers an image, as they reach the model."""

    numbers: np.ndarray  # (n, features)
    names: tuple[str, ...]
    least: float
    most: float


def _some(x: np.ndarray) -> np.ndarray:
    """Every k-th image, as many as 64 MiB hold in float64: a look must not exhaust the memory."""
    size = max(1, x[:1].size * 8)
    return x[:: max(1, -(-len(x) * size // 2**26))] if len(x) * size > 2**26 else x


def look(x: np.ndarray) -> Look:
    """Numbers that preparation changes and content hardly does."""
    flat = x.reshape(len(x), -1, x.shape[-1] if x.ndim > 2 and x.shape[-1] <= 4 else 1)
    flat = flat.astype(np.float64)
    columns, names = [flat.mean(axis=(1, 2)), flat.std(axis=(1, 2))], ["mean", "contrast"]
    if flat.shape[2] in (3, 4):
        columns += [flat[..., 0].mean(axis=1) - flat[..., 2].mean(axis=1)]
        names += ["first channel minus last"]
    if x.ndim == 4:
        rough = np.abs(np.diff(x.astype(np.float64), axis=2)).mean(axis=(1, 2, 3))
        columns += [rough / np.maximum(flat.std(axis=(1, 2)), 1e-9)]
        names += ["sharpness"]
    return Look(np.stack(columns, axis=1), tuple(names), float(flat.min()), float(flat.max()))


def _spread(values: np.ndarray) -> float:
    low, high = np.percentile(values, [25, 75])
    return float((high - low) / 1.35)
