"""Images and samples for the checks."""

from __future__ import annotations

import numpy as np

from tlhelpers.doctor.samples import Sample


def images(n=100, seed=0, size=12):
    """Soft blobs from 0 to 255."""
    rng = np.random.default_rng(seed)
    i, j = np.mgrid[:size, :size]
    a, b = rng.uniform(0, size, (2, n, 1, 1))
    x = 255 * np.exp(-((i - a) ** 2 + (j - b) ** 2) / 8)[..., None]
    return (x + rng.normal(0, 3, (n, size, size, 3))).astype("float32")


def sample(x, y=None, complete=True):
    y = np.zeros(len(x), dtype=int) if y is None else y
    return Sample(x=x, y=y, weight=None, sizes=(len(x),), complete=complete)
