"""Samples of epochs of batches, read from a private copy of their source."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tlhelpers.doctor.samples.sample import KEPT, Labels, Sample, Unread
from tlhelpers.doctor.samples.trees import (
    as_input,
    as_numpy,
    count_images,
    leaves,
    mapped,
    unpacked,
)


@dataclass
class Opened:
    """A private copy of a source."""

    copy: Any
    epoch: Callable[[], Iterable]  # the batches of the next epoch
    length: float | None  # batches of an epoch: inf if endless, None if nobody knows
    end: Callable[[], object] = lambda: None  # what fit does after an epoch
    cached: bool = False  # later epochs repeat what the first has read


def read_passes(
    opened: Opened,
    images: int,
    seconds: float,
    passes: int,
    labels: int,
    between: Callable[[Any], object] | None,
) -> list[Sample]:
    """A sample of each of several epochs, as `read` describes them."""
    start = time.monotonic()
    samples: list[Sample] = []
    for number in range(passes):
        if number:
            opened.end()
            if between is not None:
                between(opened.copy)
            # The same images as in the first pass, and no more.
            images, labels = len(leaves(samples[0].x)[0]), 0
        deadline = start + seconds * (number + 1) / passes
        sample, ended = _one_pass(opened, images, labels, deadline, keep_labels=not number)
        samples.append(sample)
        if opened.cached and not ended:
            break  # the copy's cache is not filled, and fit's will be: a second pass would differ
    return samples


def _one_pass(
    opened: Opened, images: int, labels: int, deadline: float, keep_labels: bool
) -> tuple[Sample, bool]:
    """The beginning of one epoch, and whether it was read to its end."""
    x_all = None
    kept = 0
    sizes: list[int] = []
    parts: list[tuple[Any, Any]] = []
    ended = False
    batches = iter(opened.epoch())
    try:
        while True:
            if opened.length is not None and len(sizes) >= opened.length:
                ended = True
                break
            if sizes and kept >= images and (opened.length == math.inf or sum(sizes) >= labels):
                break
            if sizes and time.monotonic() > deadline:
                break
            try:
                x, y, weight = unpacked(next(batches))
            except StopIteration:
                ended = True
                break
            if kept < images or not sizes:
                x = mapped(as_input, x)
            y, weight = mapped(as_numpy, y), mapped(as_numpy, weight)
            n = count_images(x, y, weight)
            if x_all is None:
                size = max(1, sum(leaf.nbytes for leaf in leaves(x)) // max(1, n))
                images = min(images, max(n, KEPT // size))
                # Memory is taken only as it is filled.
                x_all = mapped(lambda leaf, r=images: np.empty((r, *leaf.shape[1:]), leaf.dtype), x)
            take = min(n, images - kept)
            if take:
                _filled(x_all, x, kept, take)
            kept += take
            # The source may use its arrays again for the next batch.
            parts.append((mapped(np.array, y), mapped(np.array, weight)))
            sizes.append(n)
    finally:
        if hasattr(batches, "close"):
            batches.close()
    if not sizes or not sum(sizes):
        raise Unread("It gave no images.")
    y = _joined([part[0] for part in parts])
    weight = _joined([part[1] for part in parts])
    complete = ended and kept == sum(sizes)
    sample = Sample(
        x=mapped(lambda leaf: leaf[:kept], x_all),
        y=mapped(lambda leaf: leaf[:kept], y),
        weight=mapped(lambda leaf: leaf[:kept], weight),
        sizes=tuple(sizes),
        complete=complete,
        labels=Labels(y, weight, tuple(sizes), ended) if keep_labels else None,
    )
    return sample, ended


def _filled(x_all: Any, x: Any, kept: int, take: int) -> None:
    everything, batch = leaves(x_all), leaves(x)
    if len(everything) != len(batch):
        raise Unread("Its batches differ in their number of inputs.")
    for target, leaf in zip(everything, batch, strict=True):
        if target.shape[1:] != leaf.shape[1:]:
            raise Unread(
                f"Its batches hold images of different sizes: {target.shape[1:]} and "
                f"{leaf.shape[1:]}."
            )
        target[kept : kept + take] = leaf[:take]


def _joined(parts: list) -> Any:
    """Batches one after the other, each a tree of arrays."""
    if parts[0] is None:
        return None
    if isinstance(parts[0], dict):
        return {key: _joined([part[key] for part in parts]) for key in parts[0]}
    if isinstance(parts[0], tuple):
        return tuple(_joined(list(same)) for same in zip(*parts, strict=True))
    return np.concatenate(parts)
