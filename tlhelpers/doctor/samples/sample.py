"""What reading gives: a sample, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Labels:
    """Labels of the beginning of an epoch, in its order."""

    y: Any  # (n, ...) as the loss gets them; a dict or tuple of arrays for several outputs; or None
    weight: Any  # (n, ...) sample weights, or None
    sizes: tuple[int, ...]  # images in each batch
    complete: bool  # the whole epoch, not only its beginning


@dataclass(frozen=True, eq=False)
class Sample:
    """Images and labels that `fit` will get.

    `labels` goes further than `x` and `y`: where an epoch has more images than were asked for,
    the labels of the following batches are kept without their images.
    """

    x: Any  # (n, ...) inputs as the model gets them; a dict or tuple of arrays for several inputs
    y: Any  # (n, ...) labels as the loss gets them, or None
    weight: Any  # (n, ...) sample weights, or None
    sizes: tuple[int, ...]  # images in each batch that was read, in the order of one epoch
    complete: bool  # x holds every image of the epoch
    rows: np.ndarray | None = None  # for arrays: which rows of the source these are, ascending
    labels: Labels | None = None  # what was read of the epoch's labels; None in later passes


@dataclass(frozen=True)
class NotRead:
    """Why there is no sample, in one sentence for the report."""

    why: str


class Unread(Exception):
    """Its text is the sentence of a `NotRead`."""


# Images of one sample, at most: a diagnosis must not be what exhausts the memory.
KEPT = 2**30
