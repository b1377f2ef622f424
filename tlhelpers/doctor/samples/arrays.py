"""A sample of arrays: rows at random, no more of them made than are asked for."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from tlhelpers.doctor.samples.classes import is_a
from tlhelpers.doctor.samples.sample import KEPT, Labels, Sample, Unread
from tlhelpers.doctor.samples.trees import (
    as_input,
    as_numpy,
    count_images,
    is_array,
    leaves,
    mapped,
)


def sample_of_arrays(source: Any, images: int, batch_size: int, labels: int, seed: int) -> Sample:
    """Some rows at random, and the first labels in the order of the arrays."""
    x, y, weight, n = _arrays(source)
    first = mapped(lambda leaf: as_input(_taken(leaf, slice(0, 1))), x)
    size = max(1, sum(leaf.nbytes for leaf in leaves(first)))
    wanted = min(n, max(1, min(images, KEPT // size)))
    if wanted < n:
        # Ascending, so that a file on disk is read in its order.
        rows = np.sort(np.random.default_rng(seed).choice(n, wanted, replace=False))
        chosen: np.ndarray | slice = rows
    else:
        rows, chosen = np.arange(n), slice(None)
    all_labels = _labels_of_arrays(source, labels, batch_size)
    return Sample(
        x=mapped(lambda leaf: as_input(_taken(leaf, chosen)), x),
        y=mapped(lambda leaf: as_numpy(_taken(leaf, chosen)), y),
        weight=mapped(lambda leaf: as_numpy(_taken(leaf, chosen)), weight),
        sizes=all_labels.sizes,
        complete=wanted == n,
        rows=rows,
        labels=all_labels,
    )


def _labels_of_arrays(source: Any, labels: int, batch_size: int) -> Labels:
    _, y, weight, n = _arrays(source)
    first = slice(0, max(1, labels))
    return Labels(
        y=mapped(lambda leaf: as_numpy(_taken(leaf, first)), y),
        weight=mapped(lambda leaf: as_numpy(_taken(leaf, first)), weight),
        sizes=_sizes(n, batch_size),
        complete=n <= first.stop,
    )


def _arrays(source: Any) -> tuple[Any, Any, Any, int]:
    parts = (source,) if is_array(source) else source
    if not 1 <= len(parts) <= 3:
        raise Unread(f"A tuple of {len(parts)} parts; expected inputs, labels and weights.")
    for part in parts:
        for leaf in leaves(part):
            if not is_array(leaf):
                raise Unread(f"A tuple that holds {leaf!r:.60}, which is no array.")
    x, y, weight = (*parts, None, None)[:3]
    n = count_images(x, y, weight)
    if n == 0:
        raise Unread("Its arrays are empty.")
    return x, y, weight, n


def _taken(array: Any, rows: np.ndarray | slice) -> np.ndarray:
    """Some rows, as NumPy, without making more than these. A slice of NumPy is a view."""
    if isinstance(array, list):
        some = array[rows] if isinstance(rows, slice) else [array[row] for row in rows]
        return np.asarray(some)
    if hasattr(array, "iloc"):
        return array.iloc[rows].to_numpy()
    if isinstance(rows, np.ndarray) and is_a(array, "Tensor", "tensorflow"):
        return sys.modules["tensorflow"].gather(array, rows).numpy()
    if isinstance(rows, np.ndarray) and is_a(array, "Tensor", "torch"):
        rows = sys.modules["torch"].as_tensor(rows, device=array.device)
    taken = array[rows]
    if isinstance(taken, np.ndarray):
        taken = taken.view()
        taken.flags.writeable = False
    return taken


def _sizes(n: int, batch_size: int) -> tuple[int, ...]:
    whole, rest = divmod(n, max(1, batch_size))
    return (batch_size,) * whole + ((rest,) if rest else ())
