"""Samples of what a `fit` trains on and validates on, and what they show side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from tlhelpers.doctor import samples
from tlhelpers.doctor.checks import images, labels, preparation
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.fit import Told
from tlhelpers.doctor.network import first_input, the_only
from tlhelpers.doctor.observe import Observed
from tlhelpers.doctor.samples import Sample
from tlhelpers.doctor.samples.trees import leaves
from tlhelpers.doctor.task import Task

_MANY_BYTES = 400_000_000  # of arrays whose twins are all looked for


@dataclass(frozen=True, eq=False)
class Sides:
    """Both sides of a `fit`, sampled.

    Attributes
    ----------
    train, validation : any
        Where the samples are from: arrays, or a dataset; None if `fit` has none.
    ours, theirs : sequence of Sample
        Passes over the training and over the validation images; empty if nothing could be read.
    missing : tuple of str
        What could not be read, and why, a sentence each.
    batch : int
        Images of a training step.
    """

    train: Any = None
    validation: Any = None
    ours: tuple[Sample, ...] = ()
    theirs: tuple[Sample, ...] = ()
    missing: tuple[str, ...] = ()
    batch: int = 32

    @property
    def steps(self) -> int | None:
        """Steps of an epoch; None if it was not read to its end."""
        return len(self.ours[0].sizes) if self.ours and self.ours[0].complete else None


def read_sides(
    train: Any, validation: Any, told: Told, observed: Mapping[int, Observed], most: int
) -> Sides:
    """Sample both sides; see `tlhelpers.doctor.samples.read`.

    Parameters
    ----------
    train, validation : any
        What `fit` gets.
    told : Told
    observed : mapping of int to Observed
        Generators that pass their batches on while they are looked at, by `id`.
    most : int
        Images of each side.

    Returns
    -------
    Sides
    """
    missing: list[str] = []
    batch = told.batch_size or 32

    def passes(source: Any, side: str, steps: int | None) -> tuple[Sample, ...]:
        if source is None:
            missing.append(f"No {side} images were given: nothing could be measured on them.")
            return ()
        if id(source) in observed:  # before the first epoch nothing has passed yet
            seen = [observed[id(source)].sample(steps, epoch) for epoch in (0, 1)]
            return tuple(one for one in seen if one)
        read = samples.read(source, images=most, passes=2, batch_size=batch)
        if isinstance(read, samples.NotRead):
            missing.append(f"The {side} images were not looked at: {read.why}")
            return ()
        if read[0].y is None:
            missing.append(
                f"The {side} images have no labels: they were not looked at. The doctor takes a "
                "pair of arrays as one tuple, (x, y)."
            )
            return ()
        # Of arrays both passes are one object, and stay it.
        plain = {id(one): _with_plain_labels(one) for one in read}
        return tuple(plain[id(one)] for one in read)

    ours = passes(train, "training", told.steps_per_epoch)
    theirs = passes(validation, "validation", told.validation_steps)
    if ours:
        batch = int(np.median(ours[0].sizes[:-1] or ours[0].sizes))  # the last one may be short
    return Sides(train, validation, ours, theirs, tuple(missing), batch)


def _with_plain_labels(sample: Sample) -> Sample:
    """The labels of a model with one output as an array, and not in a dict or list of one."""
    further = sample.labels and replace(sample.labels, y=the_only(sample.labels.y))
    return replace(sample, y=the_only(sample.y), labels=further)


def images_compared(sides: Sides) -> Iterator[Diagnosis | None]:
    """What the images tell: are some on both sides, prepared alike, the same each time?"""
    ours, theirs = sides.ours, sides.theirs
    if ours and theirs:
        a, b = first_input(ours[0].x), first_input(theirs[0].x)
        twins = [_whole(sides.train, ours[0].x)] + [more.x for more in ours[1:]]
        if all(_shapes(one) == _shapes(theirs[0].x) for one in twins):
            digests = np.concatenate([samples.digests(one) for one in twins])
            if not images.repeat_by_chance(theirs[0].x, theirs[0].y, len(digests)):
                yield images.leak(digests, samples.digests(theirs[0].x))
        yield preparation.prepared_otherwise(a, b, augmented=_augmented(ours))
        if a.dtype.kind in "iuf" and a.shape[1:] == b.shape[1:]:
            yield preparation.own_vocabulary(a, b)
    for passes in (ours, theirs):
        if len(passes) > 1 and passes[0] is not passes[1]:
            yield images.labels_change(passes[0], passes[1])
    if len(theirs) > 1 and theirs[0] is not theirs[1]:
        noise = samples.random_ops(sides.validation)
        yield images.validation_changes(theirs[0], theirs[1], noise)


def labels_compared(sides: Sides, task: Task, told: Told) -> Iterator[Diagnosis | None]:
    """What the labels tell: their weights, their shares on both sides, their order."""
    if not sides.ours:
        return
    sample = sides.ours[0]
    known = task.labels(sample.y)
    weights = None if sample.weight is None else np.asarray(sample.weight)
    yield labels.class_weights(told.class_weight, known, sides.batch, weights)
    other = task.labels(sides.theirs[0].y) if sides.theirs else None
    order = sample.labels or sample
    # The beginning of an epoch says nothing of its classes: sorted data begins with one of them.
    if other is not None and (sample.complete or sample.rows is not None or order.complete):
        whole = known if sample.rows is not None else task.labels(order.y)
        yield labels.sorted_split(whole, other, task.classes)
    if isinstance(sides.train, (tuple, list)) and told.shuffle:
        return
    shares = None
    if not order.complete and other is not None and len(other) >= 50:
        shares = np.bincount(other, minlength=task.classes)[: task.classes] / len(other)
    yield labels.batch_order(task.labels(order.y), tuple(order.sizes), task.classes, shares)


def targets_compared(sides: Sides) -> Diagnosis | None:
    """What numbers to be predicted tell: do both sides have them from the same range?"""
    ours, theirs = (
        [np.asarray(one.y) for one in passes[:1]] for passes in (sides.ours, sides.theirs)
    )
    if not ours or not theirs:
        return None
    a, b = ours[0], theirs[0]
    if any(y.dtype.kind not in "iuf" or y.size != len(y) for y in (a, b)):
        return None
    sample = sides.ours[0]
    if not (sample.complete or sample.rows is not None):
        return None  # sorted data begins with its smallest
    return labels.sorted_targets(a.reshape(-1), b.reshape(-1))


def _augmented(passes: tuple[Sample, ...]) -> bool:
    """Whether a second pass brings mostly new images, or cannot be looked at."""
    if len(passes) < 2:
        return True
    first, second = (samples.digests(first_input(one.x), flips=False) for one in passes[:2])
    return float(np.isin(second, first).mean()) < 0.5


def _whole(train: Any, sampled: Any) -> Any:
    """All training images if they lie in memory and are not too many, else the sampled ones."""
    if isinstance(train, (tuple, list)) and isinstance(train[0], np.ndarray):
        return train[0] if train[0].nbytes < _MANY_BYTES else sampled
    return sampled


def _shapes(x: Any) -> list[tuple]:
    """Of one image, in each of the inputs."""
    return [np.asarray(leaf).shape[1:] for leaf in leaves(x)]
