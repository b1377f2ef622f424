"""What the doctor says: plain values, whatever finds them and whatever shows them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

SCHEMA = 1


@dataclass(frozen=True)
class Diagnosis:
    """One trouble, the numbers that show it, and what to change.

    Attributes
    ----------
    code : str
        A key of `tlhelpers.doctor.catalogue.TROUBLES`.
    title : str
        The trouble in a few words.
    share : float or None
        How much of what is seen it explains, 0 to 1: of the jumping, of the climb, of the images.
        None where a trouble is there or not.
    low, high : float or None
        95 % interval of `share`.
    evidence : str
        The numbers that show it, in one or two sentences.
    cure : str
        Lines of Keras, for fine-tuning.
    cure_from_scratch : str
        The same for a network that was never trained before; often the same.
    sure : str
        How sure the doctor can be, in a sentence.
    page : str
        Of the course: "04".
    share_of : str
        What the share is of, such as "of the loss"; empty where the code alone says it.
    """

    code: str
    title: str
    share: float | None
    low: float | None
    high: float | None
    evidence: str
    cure: str
    cure_from_scratch: str
    sure: str
    page: str
    share_of: str = ""


@dataclass(frozen=True, eq=False)
class Examination:
    """What was seen of one ``fit``, and what it means.

    Attributes
    ----------
    fit : int
        1 for the first ``fit`` that was looked at.
    model : str
        Its name.
    epochs : tuple of int
        Numbers of the epochs that were looked at, from 1 on.
    curves : dict of str to tuple of float
        One value an epoch: "loss", "val_loss" and the metrics as Keras logged them; and, on the
        sampled validation images, the NLL in nats of each reading of `READINGS` ("as_validated",
        ...) and its accuracy ("accuracy_as_validated", ...). Missing values are NaN.
    bands : dict of str to tuple of (float, float)
        95 % intervals of the same NLLs, from resampling the validation images.
    facts : dict of str to plain values
        Sizes and settings: images, steps an epoch, classes, BatchNorm layers, memory in epochs.
    diagnoses : tuple of Diagnosis
        Worst first; empty where there is nothing to find.
    not_looked_at : tuple of str
        What could not be measured, and why, a sentence each.
    seconds, fit_seconds : float
        What the doctor took, and ``fit`` as a whole (with the doctor), wall-clock.
    """

    fit: int
    model: str
    epochs: tuple[int, ...]
    curves: dict[str, tuple[float, ...]]
    bands: dict[str, tuple[tuple[float, float], ...]]
    facts: dict[str, Any]
    diagnoses: tuple[Diagnosis, ...]
    not_looked_at: tuple[str, ...] = field(default=())
    seconds: float = 0.0
    fit_seconds: float = 0.0

    def curve(self, name: str) -> np.ndarray:
        """One curve as an array, shape (epochs,); all NaN if it was not measured."""
        return np.array(self.curves.get(name, (np.nan,) * len(self.epochs)), dtype=float)


READINGS = {
    "as_validated": "the weights and running statistics as validation used them",
    "fresh": "the same weights, BatchNorm's statistics measured for them",
    "averaged": "weights averaged over the epoch, statistics measured for them",
    "recalibrated": "as validated, with temperature and biases fitted on other images",
}
"""How each epoch is read, and what each reading is."""
