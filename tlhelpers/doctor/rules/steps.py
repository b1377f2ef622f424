"""Is one step of the optimizer too long?"""

from __future__ import annotations

import numpy as np

from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.rules.curves import (
    JUMPING,
    gap,
    jitter,
    noise,
    own_reading,
    share_of_jumping,
    with_its_statistics,
    worst_rise,
)
from tlhelpers.doctor.rules.seen import Seen
from tlhelpers.doctor.rules.settled import worth_naming
from tlhelpers.doctor.wording import number

LONG_STEP = 0.02  # of the weights' length in one step
_COLLAPSE = 1.5  # times the lowest training loss, in the last quarter of the epochs
_RISE = 0.15  # nats by which a training loss has to rise in an epoch or two, and
_RISE_SHARE = 0.25  # as a part of what it was: more than another order of the images does
_WORST = 0.2  # rise of the validation loss in one epoch, in log units, that one sees in the curve
_GAP_OF_STEP = 0.15  # log NLL that averaging an epoch's weights saves, on average


def step(seen: Seen) -> Diagnosis | None:
    """Jumping that is still there with fresh statistics, and gone with averaged weights."""
    curves = seen.curves
    if curves is None or "averaged" not in curves.log_nll or curves.epochs < 4:
        return None
    own = own_reading(curves)
    jumping = float(jitter(curves.log_nll[own]))
    left = float(jitter(curves.log_nll["averaged"]))
    part = share_of_jumping(curves, own, "averaged")
    # The first epoch's average lags.
    better, at_least, at_most = gap(curves, own, "averaged", since=1)
    late, _, _ = gap(curves, own, "averaged", since=-max(2, curves.epochs // 3))
    by_jumping = by_level = False
    # So few images would jump whatever the weights did.
    chance = jumping < 2 * noise(curves, own) and training_jitter(seen) < JUMPING
    if part is not None and jumping >= JUMPING and not chance:
        by_jumping = part[1] > 0.05 and part[0] > 0.4
        by_level = better > _GAP_OF_STEP and at_least > _GAP_OF_STEP / 3 and part[0] > 0.2
        # The average may wander as well; then it has to be far better to the end, and training
        # to jump.
        by_level |= min(better, late) > 2 * _GAP_OF_STEP and training_jitter(seen) > JUMPING
    # Jitter does not see a rise in the last epochs, which nothing undoes any more.
    _, rise, at_least_rises = worst_rise(curves, own)
    rises = (
        rise > max(_WORST, 2 * worst_rise(curves, "averaged")[1]) and at_least_rises > _WORST / 4
    )
    by_level |= rises and min(better, late) > 2 * _GAP_OF_STEP and at_least > _GAP_OF_STEP
    if not (by_jumping or by_level) or not worth_naming(seen, own, "averaged"):
        return None
    lengths = [one.step for one in seen.epochs if one.step is not None and np.isfinite(one.step)]
    more = f" One step changes the weights by {100 * np.median(lengths):.1g} %." if lengths else ""
    if by_jumping and part is not None:
        text = (
            f"The loss{with_its_statistics(own)} jumps by {jumping:.2f} from epoch to epoch (in "
            f"log units), and by {left:.2f} if the weights of each epoch are averaged.{more}"
        )
        return found("step_too_long", text, *part)
    # Jitter may say the opposite of what was found here, so the losses themselves are the evidence.
    at = int((curves.log_nll[own] - curves.log_nll["averaged"]).argmax())
    as_it_is, calmer = (np.exp(curves.log_nll[name][at]) for name in (own, "averaged"))
    text = (
        f"The validation loss{with_its_statistics(own)} is {number(as_it_is)} in epoch {at + 1}, "
        f"and {number(calmer)} with the weights of that epoch averaged.{more}"
    )
    part = (1 - np.exp(-better), 1 - np.exp(-at_least), 1 - np.exp(-at_most))
    return found("step_too_long", text, *part, "of the loss")


def collapsed(seen: Seen) -> Diagnosis | None:
    """A training that had learned and falls apart: its own loss climbs back and stays up.

    Averaged weights cannot show that, since they fall apart as well. Memorizing never raises the
    training loss.
    """
    loss = seen.log("loss")
    if len(loss) < 4 or not np.isfinite(loss).all():
        return None
    best = int(loss.argmin())
    late = float(np.median(loss[-max(2, len(loss) // 4) :]))
    learned = loss[best] < 0.8 * loss[0]
    # In nats as well, where the loss has that unit: from 0.01 to 0.02 nothing falls apart.
    high = max(_COLLAPSE * loss[best], loss[best] + 0.3) if seen.classes else 2 * loss[best]
    if not learned or late < high or best + 2 >= len(loss):
        return None
    return found(
        "step_too_long",
        f"The training loss itself falls to {loss[best]:.2f} in epoch {best + 1}, then climbs back "
        f"and ends near {late:.2f}: what was learned is lost again.",
    )


def restless(seen: Seen) -> Diagnosis | None:
    """Jumping in training and validation that not even an average over an epoch takes away.

    A last resort, where nothing else explains a jump: weights that wander from epoch to epoch.
    """
    curves, loss = seen.curves, seen.log("loss")
    if curves is None or curves.epochs < 4 or len(loss) < 4 or not np.isfinite(loss).all():
        return None
    own = own_reading(curves)
    at, rise, at_least = worst_rise(curves, own)
    if rise < _WORST or at_least < _WORST / 4:
        return None
    before, after = np.exp(curves.log_nll[own][at - 1 : at + 1])
    lowest = np.minimum.accumulate(loss)[:-1]
    # The mean loss of n images has a standard error of about 1 / √n; two epochs, two of those.
    images = max(1, seen.batch * seen.steps)
    enough = np.maximum(max(_RISE, 3 / np.sqrt(images)), _RISE_SHARE * lowest)
    if not seen.classes:  # a loss of any unit
        enough = max(_RISE_SHARE, 4 / np.sqrt(images)) * lowest
    # Keras averages a training loss over its epoch: a fall in the middle of one shows in two.
    top = np.maximum(loss[1:], np.r_[loss[2:], loss[-1]])
    rises = np.flatnonzero((top - loss[:-1] > enough) & (lowest < 0.8 * loss[0]))
    if not len(rises):
        return None
    rises = rises[::-1]  # of two that are alike, the one that takes one epoch
    worst = int(rises[(top - loss[:-1])[rises].argmax()])
    until = worst + 1 if loss[worst + 1] == top[worst] else worst + 2
    when = f"epoch {until + 1}" if until == worst + 1 else f"epochs {until} and {until + 1}"
    return found(
        "step_too_long",
        f"The validation loss{with_its_statistics(own)} rises from {before:.2f} to {after:.2f} in "
        f"epoch {at + 1}, and training jumps as well: its loss rises from {loss[worst]:.2f} to "
        f"{loss[until]:.2f} in {when}. Averaging the weights of one epoch does not "
        "calm it: they wander further than that.",
    )


def training_jitter(seen: Seen) -> float:
    """Jitter of the training loss as Keras logs it: no validation image has a part in it."""
    loss = seen.log("loss")
    loss = loss[np.isfinite(loss) & (loss > 0)]
    return float(jitter(np.log(np.maximum(loss, 1e-3 * loss.max())))) if len(loss) > 3 else 0.0


def long_step_stuck(seen: Seen) -> bool:
    """Whether single steps change the weights so much that nothing can be kept."""
    lengths = [one.step for one in seen.epochs if one.step is not None and np.isfinite(one.step)]
    # The first epoch can have killed what then hardly moves.
    return bool(lengths) and max(float(np.median(lengths)), lengths[0]) > LONG_STEP
