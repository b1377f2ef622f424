"""Does the loss jump only because there are so few validation images?"""

from __future__ import annotations

import numpy as np

from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.rules.curves import JUMPING, jitter, noise, own_reading
from tlhelpers.doctor.rules.seen import Seen
from tlhelpers.doctor.wording import percent


def too_few(seen: Seen, images: int) -> Diagnosis | None:
    """Jumping that so few images would show whatever the network did."""
    curves = seen.curves
    if curves is None or curves.epochs < 4 or images > 250:
        return None
    own = own_reading(curves)
    jumping, chance = float(jitter(curves.log_nll[own])), noise(curves, own)
    flips = 1 / max(images, 1)
    accuracy = np.abs(np.diff(curves.accuracy[own])).mean() if curves.epochs > 1 else 0.0
    if jumping < JUMPING and accuracy < 0.02:
        return None
    if jumping > 2.5 * chance:
        return None
    return found(
        "too_few_validation_images",
        f"There are {images} validation images: one of them is {percent(flips)} of the accuracy. "
        f"The loss jumps by {jumping:.2f} (in log units); other images of the same kind would "
        f"make it jump by {chance:.2f}.",
    )
