"""Does BatchNorm do the same in validation as in training?"""

from __future__ import annotations

import numpy as np

from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.rules.curves import DRAWS, JUMPING, gap, jitter, share_of_jumping
from tlhelpers.doctor.rules.seen import Seen
from tlhelpers.doctor.rules.settled import worth_naming

_GAP = 0.15  # log NLL that the running statistics cost, on average
_LATE_GAP = 0.05  # in the last third of the epochs: what has healed is no trouble any more
_TINY_BATCH = 4  # images, with which no BatchNorm works well
_BATCH_GAP = 0.2  # log NLL between small and large batches
_FEW_IMAGES, _FEW_BATCHES = 150, 2.5  # that running averages remember
_LITTLE = 0.01  # log units, in jitter or level


def batchnorm(seen: Seen) -> Diagnosis | None:
    """Running statistics that do not fit the weights: lagging, of few images, or of averages."""
    curves = seen.curves
    if curves is None or "fresh" not in curves.log_nll:
        return None
    cost, low, high = gap(curves, "as_validated", "fresh")
    part = share_of_jumping(curves, "as_validated", "fresh")
    jumping = float(jitter(curves.log_nll["as_validated"]))
    left = float(jitter(curves.log_nll["fresh"]))
    late, _, _ = gap(curves, "as_validated", "fresh", since=-max(2, curves.epochs // 3))
    stays = late > _LATE_GAP or seen.uses_average  # such averages are wrong however late it is
    by_level = cost > _GAP and low > 0.02 and stays
    if (np.diff(curves.log_nll["as_validated"]) < 0).all() and not seen.uses_average:
        by_level = by_level and late > _GAP  # a curve that only falls: little to see yet
    by_jumping = jumping - left > JUMPING / 2 and jumping > JUMPING and part and part[1] > 0
    # The setting alone is wrong; a little of its effect is enough to name it.
    of_last_batches = (
        few_images_averages(seen)
        and _memory(seen) < _FEW_BATCHES
        and max(jumping - left, cost) > _LITTLE
    )
    if not (by_level or by_jumping or of_last_batches):
        return None
    of_degree = not (of_last_batches or seen.uses_average)
    if of_degree and not worth_naming(seen, "as_validated", "fresh"):
        return None
    of_loss = 1 - np.exp(-cost), 1 - np.exp(-low), 1 - np.exp(-high)
    share, lower, upper = part if by_jumping and part else of_loss
    share_of = "" if by_jumping else "of the loss"
    last = np.exp(curves.log_nll["as_validated"]), np.exp(curves.log_nll["fresh"])
    worst = int(np.argmax(curves.log_nll["as_validated"] - curves.log_nll["fresh"]))
    evidence = (
        f"In epoch {worst + 1} the validation loss is {last[0][worst]:.2f}. With the same "
        f"weights and statistics measured on training images it is {last[1][worst]:.2f}."
    )
    if jumping > JUMPING / 2 and left < 0.9 * jumping:
        evidence += (
            f" The jumping from epoch to epoch falls from {jumping:.2f} to {left:.2f} (in log "
            "units)."
        )
    if seen.uses_average:
        return found(
            "average_not_validated",
            evidence + " The weights in validation are an average, "
            "the running statistics are those of the raw weights.",
            share,
            lower,
            upper,
            share_of,
        )
    code = "bn_averages_of_few_images" if few_images_averages(seen) else "bn_averages_lag"
    memory = _memory(seen)
    if seen.batch == 1:  # whatever averages remember of it: an image alone has no statistics
        return found(
            "bn_batch_too_small",
            f"{evidence} Training normalizes each image by itself alone.",
            share,
            lower,
            upper,
            share_of,
        )
    if code == "bn_averages_of_few_images":
        evidence += f" The running averages remember {memory:.1f} batches of {seen.batch} images."
    else:
        evidence += f" The running averages remember {memory:.0f} steps; an epoch has {seen.steps}."
    return found(code, evidence, share, lower, upper, share_of)


def few_images_averages(seen: Seen) -> bool:
    """Whether running averages remember so few images that they are the last batches'."""
    return bool(seen.momenta) and _memory(seen) * seen.batch < _FEW_IMAGES


def _memory(seen: Seen) -> float:
    """Steps that BatchNorm's running averages remember; NaN without live BatchNorm."""
    return 1 / max(1 - float(np.median(seen.momenta)), 1e-9) if seen.momenta else float("nan")


def small_batches(seen: Seen) -> Diagnosis | None:
    """Training images whose loss depends on how many are normalized together."""
    read = [one for one in seen.epochs if one.train and one.finite]
    if len(read) < 2:
        return None
    last = read[-max(1, len(read) // 2) :]  # before, nothing was learned that could differ
    m = min(len(one.train["small"]) for one in last)
    small = np.stack([one.train["small"][:m] for one in last])
    large = np.stack([one.train["large"][:m] for one in last])
    rng = np.random.default_rng(3)
    weights = rng.multinomial(m, np.full(m, 1 / m), size=DRAWS) / m
    cost = float(np.mean(np.log(small.mean(axis=1)) - np.log(large.mean(axis=1))))
    if seen.batch > _TINY_BATCH and cost > 0:
        return None  # noisier steps, as small batches have them; validation does not suffer from it
    side = np.sign(cost)  # either may be the better one: what training got used to, or less noise
    draws = side * np.log((weights @ small.T) / (weights @ large.T)).mean(axis=1)
    low, high = np.percentile(draws, [2.5, 97.5])
    least = _BATCH_GAP if seen.batch > _TINY_BATCH else _BATCH_GAP / 2
    if abs(cost) < least or low < least / 3:
        return None
    return found(
        "bn_batch_too_small",
        f"Normalized in batches of {seen.batch}, as in training, the training images have a loss "
        f"of {small.mean():.2f}; in batches of 64, with nothing else changed, {large.mean():.2f}. "
        "Training and validation run two different networks.",
        1 - np.exp(-abs(cost)),
        1 - np.exp(-low),
        1 - np.exp(-high),
        "of the training loss",
    )


def by_setting(diagnosis: Diagnosis, seen: Seen) -> bool:
    """Whether a wrong setting is the reason, and not a matter of degree: those come first."""
    if diagnosis.code == "bn_batch_too_small":
        return seen.batch <= _TINY_BATCH
    return diagnosis.code == "bn_averages_of_few_images" and seen.batch > _TINY_BATCH
