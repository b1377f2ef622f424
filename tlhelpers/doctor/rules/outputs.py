"""Are losses and outputs what they are taken for: finite, probabilities, counted as right?"""

from __future__ import annotations

import numpy as np

from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.rules.seen import ACCURACIES, Seen
from tlhelpers.doctor.rules.steps import LONG_STEP
from tlhelpers.doctor.wording import number, percent

_A_FEW = 20  # images, of which any share may be right by chance
_LEARNED = 0.8  # of the first training loss
_NEXT_TO_NOTHING = 0.1  # accuracy in the last epochs
_MUCH_BETTER = 0.15  # accuracy of the predictions above the logged one


def not_finite(seen: Seen) -> Diagnosis | None:
    """Losses or outputs that are no numbers."""
    logs = [one for one in seen.epochs if not all(np.isfinite(list(one.logs.values()) or [0.0]))]
    outputs = [one for one in seen.epochs if not one.finite]
    bad = sorted({one.number for one in [*logs, *outputs]})
    if not bad:
        return None
    text = f"In epoch {bad[0]} the loss or the outputs are no longer finite numbers."
    if seen.float16:
        return found(
            "float16_overflow", text + " The model computes in float16, which ends at 65,504."
        )
    lengths = [one.step for one in seen.epochs if one.step is not None and np.isfinite(one.step)]
    losses = seen.log("loss")
    losses = losses[np.isfinite(losses)]
    if (
        lengths
        and max(lengths) > LONG_STEP / 2
        or (len(losses) and losses.max() > _high(seen, losses))
    ):
        return found(
            "step_too_long",
            text
            + f" Before that, one step changed the weights by {100 * max(lengths, default=0):.1g} %"
            f", and the training loss was {losses.max() if len(losses) else np.nan:.3g}.",
        )
    return found("loss_not_finite", text)


def _high(seen: Seen, losses: np.ndarray) -> float:
    """A training loss that no sensible step leaves behind."""
    return float(10 * np.log(seen.classes) if seen.classes else 3 * losses.min())


def loss_is_right(seen: Seen) -> bool:
    """Whether Keras's validation loss is that of the model's probabilities, in every epoch.

    On TensorFlow Keras takes the logits from behind a last softmax or sigmoid, whatever it was told
    about from_logits, and warns. Source: ``_get_logits`` in keras/src/backend/tensorflow/nn.py.
    """
    read = [one for one in seen.epochs if one.right and one.finite]
    if len(read) < 2:
        return False
    if read[-1].right["as_validated"].mean() < seen.chance + 0.05:
        return False  # a softmax over one output has a right loss, and learns nothing
    logged = np.array([one.logs.get("val_loss", np.nan) for one in read])
    once = np.array([one.nll["as_validated"].mean() for one in read])
    n = len(read[-1].right["as_validated"])
    chance = [0.0 if seen.complete else one.nll["as_validated"].std() / np.sqrt(n) for one in read]
    return bool((np.abs(logged - once) < 0.02 * once + 3 * np.array(chance) + 1e-3).all())


def softmax_twice(seen: Seen) -> Diagnosis | None:
    """Probabilities that never leave the narrow range of a softmax behind a softmax."""
    read = [one for one in seen.epochs if len(one.choices) and one.finite]
    if seen.classes < 2 or len(read) < 2:
        return None
    n = len(read[-1].right["as_validated"])
    most = np.e / (np.e + seen.classes - 1)  # of a softmax whose inputs lie between 0 and 1
    if seen.classes > 2 or not seen.single:
        flat = all(one.largest <= most * 1.001 for one in read)
        right = float(read[-1].right["as_validated"].mean())
        # An answer that is right as often as it is sure is calibrated, and nothing else.
        if flat and right > max(seen.chance + 0.1, most + 0.05) and n > _A_FEW:
            return found(
                "loss_wants_probabilities",
                f"{percent(right)} of the predictions are right, but none is ever surer than "
                f"{read[-1].largest:.2f}: as if a softmax stood behind a softmax.",
            )
    logged = np.array([one.logs.get("val_loss", np.nan) for one in read])
    once = np.array([one.nll["as_validated"].mean() for one in read])
    twice = np.array([one.nll_twice for one in read])
    if (
        np.isfinite(logged).all()
        and np.abs(logged / twice - 1).mean() < 0.02
        and np.abs(logged / once - 1).mean() > 0.1
    ):
        return found(
            "loss_wants_probabilities",
            f"The validation loss is {logged[-1]:.2f}. From the same probabilities it would be "
            f"{once[-1]:.2f}; taken for logits, which they are not, it is {twice[-1]:.2f}.",
        )
    return None


def metric_falls(seen: Seen) -> Diagnosis | None:
    """An accuracy that falls to next to nothing while the loss falls: it counts something else."""
    loss = seen.log("loss")
    if len(loss) < 4 or not np.isfinite(loss).all() or loss[-1] > _LEARNED * loss[0]:
        return None
    for name in ACCURACIES:
        both = [seen.log(name), seen.log(f"val_{name}")]
        if all(
            np.isfinite(each).all() and each[-3:].max() < _NEXT_TO_NOTHING and each[-1] < each[0]
            for each in both
        ):
            return found(
                "metric_threshold",
                f"'{name}' falls from {both[0][0]:.2f} to {both[0][-1]:.2f} while the training "
                f"loss falls from {number(loss[0])} to {number(loss[-1])}: the metric does not "
                "count what the loss wants.",
            )
    return None


def metric_disagrees(seen: Seen) -> Diagnosis | None:
    """An accuracy in the logs that is not that of the predictions."""
    read = [one for one in seen.epochs if one.right and one.finite]
    if not read:
        return None
    names = [
        name
        for name in read[-1].logs
        if name.startswith("val_") and name.split("_", 1)[1] in ACCURACIES
    ]
    for name in names:
        logged = np.array([one.logs.get(name, np.nan) for one in read])
        ours = np.array([one.right["as_validated"].mean() for one in read])
        n = len(read[-1].right["as_validated"])
        # The logged ones hold those that were read: the more of all these are, the closer.
        others = 1 - n / seen.of if seen.of else 1.0
        noise = 0.02 if seen.complete and n else 4 * np.sqrt(0.25 / n * max(others, 0))
        apart = np.abs(logged - ours)
        if np.nanmax(logged) > 1 + 1e-6:  # per cent, written by a callback: no accuracy of Keras
            continue
        off = float(np.nanmean(apart))
        losses = np.array([one.logs.get("val_loss", np.nan) for one in read])
        nll = np.array([one.nll["as_validated"].mean() for one in read])
        off_loss = np.abs(losses - nll)[np.isfinite(losses)]  # empty: none was logged
        same_loss = bool(len(off_loss)) and off_loss.mean() < 0.1 * np.nanmean(nll) + 0.02
        # Of other losses than a cross-entropy NLL says nothing; a better count of all images does.
        better = seen.complete and float(np.nanmean(ours - logged)) > _MUCH_BETTER
        if off > max(noise, 0.02) and (same_loss or better):
            worst = int(np.nanargmax(apart))
            return found(
                "metric_threshold",
                f"In epoch {read[worst].number} '{name}' says {logged[worst]:.2f}, but "
                f"{ours[worst]:.2f} of the same predictions are right.",
            )
    return None
