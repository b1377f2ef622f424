"""A `tf.data.Dataset`, read from one that is built once more."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Iterator
from typing import Any

from tlhelpers.doctor.samples.epochs import Opened
from tlhelpers.doctor.samples.generators import tensorflow_seeds_kept
from tlhelpers.doctor.samples.tf_copies import private_dataset


@contextlib.contextmanager
def tf_opened(source: Any, seconds: float) -> Iterator[Opened]:
    """A private copy of a `tf.data.Dataset`."""
    tf = sys.modules["tensorflow"]
    with tensorflow_seeds_kept():
        own, cached = private_dataset(source)
        length: float | None = int(own.cardinality())
        if length == tf.data.INFINITE_CARDINALITY:
            length = math.inf
        elif length == tf.data.UNKNOWN_CARDINALITY:
            length = None
        yield Opened(copy=own, epoch=lambda: iter(own), length=length, cached=cached)
