"""A generator can be read once only: it is looked at while its batches pass on to `fit`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tlhelpers.doctor.samples import Sample
from tlhelpers.doctor.samples.sample import KEPT

_PEEKED = 2
"""NUM_BATCHES_FOR_TENSOR_SPEC in keras/src/trainers/data_adapters/data_adapter_utils.py."""


class Observed:
    """Keeps copies of a generator's first batches; hands every batch on as it is.

    Parameters
    ----------
    source : generator
        Of (x, y) or (x, y, sample_weight).
    images : int
        Kept at most; fewer where they take more than 256 MiB.
    """

    def __init__(self, source: Any, images: int = 4096):
        self._source, self._left, self._bytes = source, images, 0
        self._batches: list[tuple] = []
        self.passing = self._pass_on()
        """The generator to use in its place."""

    def _pass_on(self) -> Iterator[Any]:
        for batch in self._source:
            if self._left > 0:
                self._keep(batch)
            yield batch

    def _keep(self, batch: Any) -> None:
        try:
            parts = tuple(np.array(part) for part in batch[:3])
            self._left -= len(parts[0])
            self._bytes += sum(part.nbytes for part in parts)
            if self._bytes > KEPT // 4:
                self._left = 0
        except Exception:  # several inputs, ragged or odd batches: not looked at
            self._left = 0
            return
        self._batches.append(parts)

    def sample(self, steps: int | None, epoch: int = 0) -> Sample | None:
        """What was read in an epoch of so many steps; None if that is not there (yet)."""
        if not steps:
            return None
        batches = self._batches[:steps]
        if epoch:
            # Keras has read the first batches before training and begins every epoch with them.
            again = self._batches[: min(_PEEKED, steps)]
            # It has read as many ahead of the epoch before, and those are lost.
            batches = again + self._batches[epoch * steps + len(again) : (epoch + 1) * steps]
        full = self._left <= 0  # and no more batches are kept
        if not batches or len(batches[0]) < 2 or len(batches) < steps and (epoch or not full):
            return None
        return Sample(
            x=np.concatenate([batch[0] for batch in batches]),
            y=np.concatenate([batch[1] for batch in batches]),
            weight=np.concatenate([b[2] for b in batches]) if len(batches[0]) > 2 else None,
            sizes=tuple(len(batch[0]) for batch in batches),
            complete=len(batches) == steps,
            rows=None,
        )
