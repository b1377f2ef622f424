"""One epoch read several ways: what part of a validation loss is BatchNorm, step, confidence?

The same validation images are scored with the weights as they are, with running statistics measured
for them, with the weights averaged over the epoch, and with both. What a reading takes away from
the jumping of the curve is what it stands for.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.core.quiet import keras
from tlhelpers.measures.calibration import image_nll, recalibrated
from tlhelpers.training import batchnorm, model

_SAMPLES = 40  # of the weights in an epoch; their mean is that of all steps to a per cent or so

READINGS = {
    "val_nll_fresh": "the same weights, BatchNorm's statistics measured for them",
    "val_nll_averaged": "weights averaged over the epoch, the running statistics as they are",
    "val_nll_averaged_fresh": "weights averaged over the epoch, statistics measured for them",
    "val_nll_recalibrated": "as validated, with a temperature and biases fitted on other images",
}
"""Columns of the history that `Readings` adds, and what each is."""


class Readings(keras.callbacks.Callback):
    """Keeps the average of an epoch's weights and reads the epoch with it.

    It changes nothing: weights, statistics and random states are afterwards as they were.

    Parameters
    ----------
    trainer : tlhelpers.training.trainer.Trainer
    """

    def __init__(self, trainer: Any):  # that module imports this one
        super().__init__()
        self.trainer = trainer

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        """A new average."""
        self._sums: list[np.ndarray] = []
        self._count = 0
        self._every = max(1, self.params["steps"] // _SAMPLES)

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        """Take the weights in, every few steps."""
        if (batch + 1) % self._every:
            return
        model.settle(self.model)
        now = model.values(self.model.trainable_variables)
        if self._count:
            for total, value in zip(self._sums, now, strict=True):
                total += value
        else:
            self._sums = now
        self._count += 1

    def read(self, probabilities: np.ndarray) -> dict[str, float]:
        """The readings of the epoch that has just ended.

        Parameters
        ----------
        probabilities : float array, shape (n_validation, classes)
            As validated.

        Returns
        -------
        dict of str to float
            NLL in nats by column (`READINGS`), and with "accuracy" for "nll" the accuracy of two
            of them.
        """
        trainer = self.trainer
        validation, base = trainer.split.validation, trainer.network.base
        variables = self.model.trainable_variables
        weights = model.values(variables)
        seen = {"recalibrated": recalibrated(probabilities, validation.labels, validation.groups)}
        with batchnorm.kept_statistics(base):
            trainer.reestimate()
            seen["fresh"] = self._score()
        try:
            for variable, total in zip(variables, self._sums, strict=True):
                variable.assign(total / self._count)
            seen["averaged"] = self._score()
            with batchnorm.kept_statistics(base):
                trainer.reestimate()
                seen["averaged_fresh"] = self._score()
        finally:
            for variable, value in zip(variables, weights, strict=True):
                variable.assign(value)
        labels = validation.labels
        nll = {f"val_nll_{name}": float(image_nll(p, labels).mean()) for name, p in seen.items()}
        right = {
            f"val_accuracy_{name}": float((seen[name].argmax(axis=1) == labels).mean())
            for name in ("fresh", "averaged_fresh")
        }
        return nll | right

    def _score(self) -> np.ndarray:
        return self.trainer.probabilities(self.trainer.logits(self.trainer.inputs.validation))
