"""Are there too few validation images to tell anything by them?"""

from __future__ import annotations

import numpy as np

from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.rules.curves import JUMPING, jitter, noise, own_reading, with_its_statistics
from tlhelpers.doctor.rules.seen import Seen
from tlhelpers.doctor.wording import percent
from tlhelpers.measures.statistics import wilson

_FEW = 100  # images, of which each is a step that one sees in the accuracy
_HOPS = 0.015
_TOO_FEW = 40  # whatever the curve does: the accuracy of so few is known to 10 % at best


def too_few(seen: Seen, images: int) -> Diagnosis | None:
    """Jumping that so few images would show whatever the network did."""
    curves = seen.curves
    if curves is None or curves.epochs < 4 or not 0 < images <= 250:
        return None
    own = own_reading(curves)
    jumping, chance = float(jitter(curves.log_nll[own])), noise(curves, own)
    text = f"There are {images} validation images."
    if curves.accuracy:
        text = f"{text[:-1]}: one of them is {percent(1 / images)} of the accuracy."
    if JUMPING <= jumping <= 2.5 * chance:
        return found(
            "too_few_validation_images",
            f"{text} The loss{with_its_statistics(own)} jumps by {jumping:.2f} (in log units); "
            f"other images of the same kind would make it jump by {chance:.2f}.",
        )
    if not curves.accuracy:
        return None
    accuracy = curves.accuracy[own]
    # How far an epoch lies from the middle of its neighbors: a slow rise or dip is no noise.
    hops = float(np.median(np.abs(accuracy[1:-1] - (accuracy[:-2] + accuracy[2:]) / 2)))
    if jumping < JUMPING and images <= _FEW and hops > _HOPS:
        error = np.sqrt(np.mean(accuracy * (1 - accuracy)) / images)
        return found(
            "too_few_validation_images",
            f"{text} Its standard error is {percent(error)}. It hops by {percent(hops)} while the "
            "loss is calm.",
        )
    return None


def far_too_few(seen: Seen, images: int) -> Diagnosis | None:
    """So few images that no curve of theirs can be trusted, not even a calm one."""
    curves = seen.curves
    if curves is None or not curves.accuracy or not seen.complete or not 0 < images <= _TOO_FEW:
        return None
    right = float(curves.accuracy[own_reading(curves)][-1])
    low, high = wilson(round(right * images), images)
    return found(
        "too_few_validation_images",
        f"There are {images} validation images. The last accuracy, {right:.2f}, could as well be "
        f"anything from {low:.2f} to {high:.2f} with others of the same kind (95 % interval).",
    )
