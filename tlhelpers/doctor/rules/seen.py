"""What the rules look at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tlhelpers.doctor.rules.curves import Series
from tlhelpers.doctor.watch import Epoch

ACCURACIES = (
    *("accuracy", "acc", "binary_accuracy", "categorical_accuracy"),
    "sparse_categorical_accuracy",
)


@dataclass(frozen=True, eq=False)
class Seen:
    """Everything a rule may look at."""

    epochs: Sequence[Epoch]
    curves: Series | None
    batch: int
    steps: int
    momenta: tuple[float, ...]
    chance: float  # accuracy of the most frequent class
    classes: int  # 0: no classification, and each image has the model's own loss
    single: bool  # one output for two classes
    float16: bool
    uses_average: bool
    complete: bool  # the validation images that are read are all of them
    of: int = 0  # validation images altogether; 0 if nobody knows

    def log(self, name: str) -> np.ndarray:
        """A column of Keras's logs, shape (epochs,)."""
        return np.array([one.logs.get(name, np.nan) for one in self.epochs], dtype=float)


def training_accuracies(seen: Seen) -> np.ndarray:
    """Accuracy on training images as Keras logs it, shape (epochs,); NaN if it does not."""
    for name in ACCURACIES:
        values = seen.log(name)
        if len(values) and np.isfinite(values[-1]):
            return values
    return np.full(len(seen.epochs), np.nan)


def training_accuracy(seen: Seen) -> float:
    """The same in the last epoch."""
    values = training_accuracies(seen)
    return float(values[-1]) if len(values) else float("nan")
