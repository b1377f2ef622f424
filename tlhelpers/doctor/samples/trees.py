"""Trees of arrays: what a batch is made of, whatever package its arrays come from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tlhelpers.doctor.samples.classes import is_a
from tlhelpers.doctor.samples.sample import Unread


def leaves(tree: Any) -> list:
    """Its arrays, one after the other."""
    if isinstance(tree, dict):
        return [leaf for key in tree for leaf in leaves(tree[key])]
    if isinstance(tree, (tuple, list)) and not is_array(tree):
        return [leaf for part in tree for leaf in leaves(part)]
    return [] if tree is None else [tree]


def mapped(function: Callable, tree: Any) -> Any:
    """The tree with each leaf replaced; lists become tuples."""
    if isinstance(tree, dict):
        return {key: mapped(function, part) for key, part in tree.items()}
    if isinstance(tree, (tuple, list)) and not is_array(tree):
        return tuple(mapped(function, part) for part in tree)
    return None if tree is None else function(tree)


def is_array(value: Any) -> bool:
    """An array, or a list that stands for one: of numbers, or of lists of them."""
    if isinstance(value, list):
        first = value[0] if value else 0.0
        return isinstance(first, (bool, int, float, np.generic)) or (
            isinstance(first, list) and is_array(first)
        )
    return hasattr(value, "shape") and not callable(value.shape)


def as_numpy(leaf: Any) -> np.ndarray:
    """As NumPy, without a copy where that is possible."""
    if is_a(leaf, "Tensor", "torch"):
        leaf = leaf.detach().cpu()
        if not leaf.dtype.is_complex and str(leaf.dtype) == "torch.bfloat16":
            leaf = leaf.float()
        return leaf.resolve_neg().numpy()
    array = leaf.numpy() if is_a(leaf, "Tensor", "tensorflow") else np.asarray(leaf)
    array = np.asarray(array)
    if array.dtype.kind == "V":  # bfloat16 and its like
        array = array.astype(np.float32)
    if array.dtype.kind not in "biuf":
        first = next(iter(array.flat), None)
        held = "text" if isinstance(first, (str, bytes)) else f"{type(leaf).__name__} objects"
        raise Unread(f"It holds {held}, not arrays of numbers.")
    return array


def as_input(leaf: Any) -> np.ndarray:
    """As the model gets it: Keras makes float32 of float64."""
    array = as_numpy(leaf)
    return array.astype(np.float32) if array.dtype == np.float64 else array


def count_images(x: Any, y: Any, weight: Any) -> int:
    """Images in a batch; raises where its parts do not fit together."""
    if not leaves(x):
        raise Unread("It has no inputs.")
    counts = []
    for what, tree in (("inputs", x), ("labels", y), ("weights", weight)):
        for leaf in leaves(tree):
            shape = np.shape(leaf) if isinstance(leaf, list) else tuple(leaf.shape)
            if not shape:
                raise Unread(
                    f"It is not batched: its {what} have no first axis that counts images."
                )
            counts.append((int(shape[0]), what))
    if len({count for count, _ in counts}) > 1:
        parts = " and ".join(f"{count} {what}" for count, what in dict.fromkeys(counts))
        raise Unread(f"Its parts do not fit together: {parts}.")
    return counts[0][0]


def unpacked(batch: Any) -> tuple[Any, Any, Any]:
    """Inputs, labels and weights, as Keras takes a batch apart."""
    if isinstance(batch, list):
        batch = tuple(batch)
    if not isinstance(batch, tuple):
        batch = (batch,)
    if not 1 <= len(batch) <= 3:
        raise Unread(f"A batch has {len(batch)} parts; fit takes inputs, labels and weights.")
    return (*batch, None, None)[:3]
