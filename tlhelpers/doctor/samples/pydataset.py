"""A `PyDataset`, read from a private copy. The old `ImageDataGenerator(...).flow(...)` is one."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any

from tlhelpers.doctor.samples.as_it_was import as_it_was, wait_until_still
from tlhelpers.doctor.samples.copies import Copier
from tlhelpers.doctor.samples.epochs import Opened


@contextlib.contextmanager
def py_opened(source: Any, seconds: float) -> Iterator[Opened]:
    """A private copy of a `PyDataset`, whose own epochs are what `fit` would see next."""
    wait_until_still(source, seconds)
    with as_it_was() as kept:
        own = Copier(kept)(source)
        length = _py_length(own)

        def epoch() -> Iterator:
            if hasattr(own, "on_epoch_begin"):  # not in the first versions of Keras 3
                own.on_epoch_begin()
            index = 0
            while True:
                yield own[index]
                index += 1

        yield Opened(copy=own, epoch=epoch, length=length, end=own.on_epoch_end)


def _py_length(dataset: Any) -> float:
    try:
        length = dataset.num_batches if hasattr(dataset, "num_batches") else len(dataset)
    except NotImplementedError:
        return math.inf
    return math.inf if length is None else int(length)
