"""All rules together: which are asked, in which order, and what is named first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tlhelpers.doctor.catalogue import TROUBLES, found
from tlhelpers.doctor.checks import inputs
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.rules.climbs import (
    climbing,
    is_of_the_step,
    known_by_heart,
    outweighs_the_step,
)
from tlhelpers.doctor.rules.few_images import far_too_few, too_few
from tlhelpers.doctor.rules.learning import misordered, stuck
from tlhelpers.doctor.rules.normalization import batchnorm, by_setting, small_batches
from tlhelpers.doctor.rules.outputs import (
    loss_is_right,
    metric_disagrees,
    metric_falls,
    not_finite,
    softmax_twice,
)
from tlhelpers.doctor.rules.seen import Seen
from tlhelpers.doctor.rules.steps import collapsed, long_step_stuck, restless, step

_MINOR_LEAK = 0.15  # of the validation images
_OTHER_ANSWERS = {
    *("validation_augmented", "validation_images_change"),
    *("average_not_validated", "training_flag_overridden"),
}
"""With these, what Keras counted was not what is read here."""


def judge(
    seen: Seen, before: Sequence[Diagnosis], labels: np.ndarray | None, facts: dict[str, Any]
) -> tuple[Diagnosis, ...]:
    """What is wrong with a training, the trouble that explains most first.

    Parameters
    ----------
    seen : Seen
    before : sequence of Diagnosis
        What could be seen without training.
    labels : int array, shape (n,), or None
        Classes of the sampled validation images, in the order of the readings; None without any.
    facts : dict
        What the report says about the data: the number of "validation_images", and what
        `tlhelpers.doctor.checks.inputs.raw` looks at.

    Returns
    -------
    tuple of Diagnosis
    """
    results = list(before)
    if loss_is_right(seen):  # whatever was said of it before training: the backend undid it
        results = [one for one in results if one.code != "loss_wants_probabilities"]
    if seen.epochs and not_finite(seen) is None:  # NaN in the data, and a model that minds it
        results = [one for one in results if one.code != "loss_not_finite"]
    have = {one.code for one in results}
    if {"validation_images_change", "validation_augmented"} & have:
        # Images that change look unlike those of training for that reason alone.
        results.sort(key=lambda one: one.code == "validation_prepared_otherwise")

    def add(diagnosis: Diagnosis | None) -> None:
        if diagnosis is not None and diagnosis.code not in have:
            have.add(diagnosis.code)
            results.append(diagnosis)

    add(not_finite(seen))
    add(softmax_twice(seen))
    if not _OTHER_ANSWERS & have:
        add(metric_disagrees(seen) or metric_falls(seen))
    first = {one.code for one in results if TROUBLES[one.code].stage == 1}
    if seen.curves is not None and labels is not None and not first:
        add(misordered(seen, labels))
    norm = batchnorm(seen)
    small = small_batches(seen)
    long = step(seen) or (None if first else collapsed(seen))
    jumping = sorted(
        (one for one in (norm, small, long) if one is not None),
        # A setting that is wrong for certain comes before what is a matter of degree.
        key=lambda one: (not by_setting(one, seen), -(one.share or 0)),
    )
    at_chance = stuck(seen, labels)
    unscaled = at_chance and inputs.raw(facts, at_chance, least=inputs.HUGE)
    if unscaled and not first:
        add(unscaled)
    elif at_chance and long_step_stuck(seen) and long is None:
        jumping.append(
            found(
                "step_too_long",
                at_chance.evidence + " Single steps change the "
                "weights by more than 2 %: nothing that is learned is kept.",
            )
        )
    elif at_chance and not jumping and not first:
        add(inputs.raw(facts, at_chance) or at_chance)
    images = facts.get("validation_images", 0) if labels is None else len(labels)
    climb = climbing(seen)
    if climb is not None and seen.curves is not None:
        if is_of_the_step(seen.curves):
            climb = None
        elif long is not None and outweighs_the_step(seen.curves):
            jumping.insert(jumping.index(long), climb)
    for one in jumping:
        add(one)
    if not jumping and not first:
        add(too_few(seen, images))
    add(climb)
    if not results:
        add(restless(seen) or far_too_few(seen, images) or known_by_heart(seen))
    return tuple(sorted(results, key=_is_minor))  # sorting keeps the order of what is alike


def _is_minor(one: Diagnosis) -> bool:
    """Whether it is there and explains little of what the curve does: a few copies of images."""
    return one.code == "leak" and (one.share or 0.0) < _MINOR_LEAK
