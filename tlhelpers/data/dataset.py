"""Images with their labels and groups, and the split into training and validation."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images, what they show, and which of them belong together.

    Attributes
    ----------
    images : uint8 array, shape (n, size, size, 3 or 1)
        RGB or grey, 0 to 255. May be a memory map.
    labels : int64 array, shape (n,)
        Index into `classes`.
    groups : int64 array, shape (n,)
        Images with the same number must stay on the same side of a split
        (both eyes of one patient). Each its own number where nothing belongs together.
    grades : int64 array, shape (n,)
        The finer label the classes were made from (EyePACS: 0 to 4), or the label again.
    classes : tuple of str
        Class names, in the order of the labels.
    votes : int array, shape (n, len(classes)), optional
        How many people saw each class in the image (FER+).
    """

    images: np.ndarray
    labels: np.ndarray
    groups: np.ndarray
    grades: np.ndarray
    classes: tuple[str, ...]
    votes: np.ndarray | None = None

    def __post_init__(self):
        n = len(self.images)
        shaped = self.images.ndim == 4 and self.images.shape[-1] in (1, 3)
        if not shaped or self.images.dtype != np.uint8:
            raise ValueError(
                f"images must be uint8 with shape (n, size, size, 3) or (n, size, size, 1), "
                f"not {self.images.dtype} {self.images.shape}"
            )
        for name in ("labels", "groups", "grades"):
            if getattr(self, name).shape != (n,):
                raise ValueError(f"{name} must have shape ({n},), not {getattr(self, name).shape}")
        if self.votes is not None and self.votes.shape != (n, len(self.classes)):
            raise ValueError(
                f"votes must have shape ({n}, {len(self.classes)}), not {self.votes.shape}"
            )

    def __len__(self) -> int:
        return len(self.images)

    def subset(self, index: np.ndarray) -> Dataset:
        """The images at `index` (int or bool array), in that order."""
        return replace(
            self,
            images=self.images[index],
            labels=self.labels[index],
            groups=self.groups[index],
            grades=self.grades[index],
            votes=None if self.votes is None else self.votes[index],
        )

    @property
    def shares(self) -> np.ndarray:
        """Share of each class, shape (len(classes),)."""
        return np.bincount(self.labels, minlength=len(self.classes)) / len(self)

    def fingerprint(self) -> str:
        """Sixteen hexadecimal digits that change when a pixel, label, group or vote does."""
        digest = hashlib.sha256()
        # Recordings hold fingerprints of sets without votes: nothing may be added to those.
        votes = () if self.votes is None else (self.votes,)
        for array in (self.images, self.labels, self.groups, *votes):
            digest.update(repr((array.shape, str(array.dtype))).encode())
            digest.update(np.ascontiguousarray(array).data)
        return digest.hexdigest()[:16]


@dataclass(frozen=True, eq=False)
class Split:
    """Training and validation images; a group stands on both sides only where that is asked for.

    That is so in `splits.split_fellows`, and for duplicates among FER+'s faces, each its own group.
    """

    train: Dataset
    validation: Dataset

    def fingerprint(self) -> str:
        """Fingerprint of both sides together."""
        return self._fingerprint

    @cached_property  # seconds, if the images are many
    def _fingerprint(self) -> str:
        both = self.train.fingerprint() + self.validation.fingerprint()
        return hashlib.sha256(both.encode()).hexdigest()[:16]
