"""Images: the same ones on both sides, and the same ones each time?"""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.network import first_input
from tlhelpers.doctor.samples import Sample, digests
from tlhelpers.doctor.samples.trees import leaves
from tlhelpers.doctor.wording import percent
from tlhelpers.measures.statistics import wilson

_OFTEN = 0.05  # of the validation rows have a copy beside them
_MOST_CLASSES = 50  # more are no classes
_MANY_ITEMS = 24  # whose labels nobody draws twice in the same order
_MANY_COLUMNS = 4096  # of an input: images, whose rows do not meet by chance
_OF_CHANCE = 0.02  # of the copies: what independent columns would make


def validation_changes(first: Sample, second: Sample, random_ops: bool) -> Diagnosis | None:
    """Two passes over the validation images that differ: augmented, or other images."""
    a, b = first_input(first.x), first_input(second.x)
    n = min(len(a), len(b))
    if not n or a.shape[1:] != b.shape[1:]:
        return None
    ours, theirs = digests(a, flips=False), digests(b, flips=False)
    if not second.complete and len(theirs) < len(ours):  # time ran out: what is there, is it known?
        again = float(np.isin(theirs, ours).mean())
    else:
        again = float(np.isin(ours, theirs).mean())
    if again > 0.98:
        return None
    in_place = ours[:n] == theirs[:n]
    alike = _alike(a[:n], b[:n]) if a.ndim > 2 else float("nan")
    same_labels = np.array_equal(np.asarray(first.y)[:n], np.asarray(second.y)[:n])
    if not first.complete and again > 0.5 and not same_labels:
        return None  # only the beginning of a shuffled epoch was read
    altered = (
        random_ops
        or (same_labels and _is_told_by(np.asarray(first.y)[:n]))
        or (same_labels and (alike > 0.35 or in_place.mean() > 0.2))
        or (a.ndim > 2 and _nearest(a, b) > 0.8)
    )
    gone = wilson(int(round((1 - again) * len(a))), len(a))
    if altered:
        return found(
            "validation_augmented",
            f"Read twice, {percent(1 - again)} of the validation images came back different. The "
            "loss moves although no weight does.",
            share=1 - again,
            low=gone[0],
            high=gone[1],
        )
    if not first.complete:
        return None
    return found(
        "validation_images_change",
        f"Read twice, validation brought other images: {percent(1 - again)} of the first pass were "
        "missing in the second. Part of the jumping is the choice of images.",
        share=1 - again,
        low=gone[0],
        high=gone[1],
    )


def order_changes(first: Sample, second: Sample) -> Diagnosis | None:
    """The same images in another order on a second pass: predictions lose their labels."""
    ours = digests(first_input(first.x), flips=False)
    theirs = digests(first_input(second.x), flips=False)
    n = min(len(ours), len(theirs))
    if n < 8 or len(np.unique(ours)) < 8:
        return None
    moved = float((ours[:n] != theirs[:n]).mean())
    known = float(np.isin(ours, theirs).mean())
    if moved < 0.5 or (first.complete and known < 0.9):
        return None
    return found(
        "label_order",
        "predict() was given a dataset that shuffles: read twice, it brings the same images in "
        f"another order ({percent(moved)} in other places). Its predictions belong to no list of "
        "labels that was made before.",
        moved,
        *wilson(int(moved * n), n),
    )


def labels_change(first: Sample, second: Sample) -> Diagnosis | None:
    """The same images with other labels on a second pass: only one of the two was shuffled.

    Of models with one input and one output: a pair of inputs may have its own label.
    """
    parts = (first.x, first.y, second.x, second.y)
    if not all(isinstance(part, np.ndarray) and part.ndim for part in parts):
        return None
    (ours, ours_y), (theirs, theirs_y) = _once(first), _once(second)
    _, a, b = np.intersect1d(ours, theirs, return_indices=True)
    if len(a) < 20 or ours_y.shape[1:] != theirs_y.shape[1:]:
        return None
    other = int((ours_y[a] != theirs_y[b]).reshape(len(a), -1).any(axis=1).sum())
    share = other / len(a)
    if share < 0.1:
        return None
    return found(
        "label_order",
        f"Read twice, {percent(share)} of {len(a)} images came back with another label: images and "
        "labels are not shuffled together.",
        share,
        *wilson(other, len(a)),
    )


def _once(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Digests and labels of the images that stand in a sample once; copies may disagree."""
    known, where, times = np.unique(
        digests(sample.x, flips=False), return_index=True, return_counts=True
    )
    return known[times == 1], sample.y[where[times == 1]]


def leak(ours: np.ndarray, theirs: np.ndarray) -> Diagnosis | None:
    """The same images in training (digests `ours`) and validation (`theirs`)."""
    if not len(theirs) or not len(ours):
        return None
    twins = np.isin(theirs, ours)
    # An image that is nothing but background is no twin of another one.
    values, counts = np.unique(theirs, return_counts=True)
    twins &= ~np.isin(theirs, values[counts > max(3, len(theirs) // 50)])
    k, n = int(twins.sum()), len(theirs)
    if k < max(3, 0.01 * n):
        return None
    low, high = wilson(k, n)
    return found(
        "leak",
        f"{k} of {n} validation images that were looked at are also among the training images.",
        share=k / n,
        low=low,
        high=high,
    )


def repeat_by_chance(x: Any, y: Any, among: int) -> bool:
    """Rows of a few values, such as words or categories: whoever draws them draws some twice.

    Copies within validation tell it from a leak, if each class has its share of them: rows that
    were copied before the split are those of a rare class. And chance has to be able to: where
    columns are drawn independently, it makes at least as many copies as are expected here, since
    columns that go together make more.

    Parameters
    ----------
    x : array, or dict or tuple of arrays
        Inputs of validation.
    y : labels
    among : int
        Training rows that they are compared with.
    """
    parts = [np.asarray(leaf) for leaf in leaves(x)]
    if not isinstance(y, np.ndarray) or any(one.dtype.kind not in "biuf" for one in [*parts, y]):
        return False
    n = len(y)
    if not n or any(len(one) != n or one[0].size > _MANY_COLUMNS for one in parts):
        return False
    rows = np.concatenate([one.reshape(n, -1).astype(np.float64) for one in parts], axis=1)
    _, each, times = np.unique(rows, axis=0, return_inverse=True, return_counts=True)
    again = times[each.reshape(-1)] > 1
    if _by_chance(rows, among) < _OF_CHANCE * again.mean():
        return False
    classes, of = np.unique(y.reshape(n, -1), axis=0, return_inverse=True)
    if len(classes) > _MOST_CLASSES:
        return bool(again.mean() > _OFTEN)
    shares = [again[of.reshape(-1) == one].mean() for one in range(len(classes))]
    return min(shares) > max(_OFTEN, 0.3 * max(shares))


def _by_chance(rows: np.ndarray, among: int) -> float:
    """Share of rows with a twin among so many others, if columns are drawn independently."""
    log_same = 0.0
    for column in rows.T:
        shares = np.unique(column, return_counts=True)[1] / len(column)
        # Two values of different rows: without replacement, or a column of n values has 1 / n.
        same = (shares * (shares * len(column) - 1) / max(len(column) - 1, 1)).sum()
        if same <= 0:
            return 0.0
        log_same += np.log(same)
    return float(-np.expm1(-among * np.exp(log_same)))


def _is_told_by(labels: np.ndarray) -> bool:
    """Whether the order of the labels can only come back with the items that they belong to.

    Labels that are sorted, or that take turns, come back with whatever is drawn for them.
    """
    if len(labels) < _MANY_ITEMS:
        return False
    kinds, each = np.unique(labels.reshape(len(labels), -1), axis=0, return_inverse=True)
    each = each.reshape(-1)
    turns = max(len(kinds), 2)
    sorted_by_kind = (np.diff(each) != 0).sum() < 2 * len(kinds)
    in_turns = any((each[k:] == each[:-k]).all() for k in range(1, 2 * turns + 1) if k < len(each))
    return not (sorted_by_kind or in_turns)


def _standard(x: np.ndarray) -> np.ndarray:
    """Images as rows of mean 0 and length 1."""
    flat = x.reshape(len(x), -1)
    stride = max(1, flat.shape[1] // 4096)
    flat = flat[:, ::stride].astype(np.float64)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)


def _alike(a: np.ndarray, b: np.ndarray) -> float:
    """How much closer images in the same place are than images in other places: a correlation."""
    a, b = _standard(a), _standard(b)
    here = (a * b).sum(axis=1).mean()
    other = (a * np.roll(b, 1, axis=0)).sum(axis=1).mean()
    return float((here - other) / max(1 - other, 1e-6))


def _nearest(a: np.ndarray, b: np.ndarray) -> float:
    """Share of images whose nearest image in the other pass is far nearer than the next one."""
    a, b = _standard(a[:256]), _standard(b[:256])
    if len(b) < 3:
        return 0.0
    close = a @ b.T
    best = np.sort(close, axis=1)[:, ::-1]
    return float(((best[:, 0] > 0.7) & (1 - best[:, 0] < 0.5 * (1 - best[:, 1]))).mean())
