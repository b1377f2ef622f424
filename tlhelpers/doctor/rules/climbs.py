"""Why does the loss climb: learned by heart, or only too sure?"""

from __future__ import annotations

import numpy as np

from tlhelpers.doctor.catalogue import found
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.rules.curves import Series, jitter, own_reading, with_its_statistics
from tlhelpers.doctor.rules.seen import Seen, training_accuracies, training_accuracy
from tlhelpers.doctor.wording import number

_CLIMB = 0.15  # log NLL above the best epoch
_AHEAD, _CLIMB_AHEAD = 0.1, 0.1  # training accuracy above validation's, and a smaller climb counts
_BY_TEMPERATURE = 0.5  # of a climb that a temperature takes away: most of it
_WORSE = 0.05  # accuracy lost since the loss was lowest: more than confidence has changed
_HARDLY = 0.01  # of that: nothing to speak of
_STILL_LEARNS = 0.8  # of the training loss at the lowest validation loss
_KNOWN = 0.95  # training accuracy
_WHOLLY, _CLIMB_BY_HEART = 0.3, 0.05  # so far ahead, and hardly a climb is needed


def climbing(seen: Seen) -> Diagnosis | None:
    """A loss that climbs: learned by heart, or only too sure."""
    curves = seen.curves
    if curves is None or curves.epochs < 4:
        return None
    own = own_reading(curves)
    x = curves.log_nll[own]
    smooth = _smoothed(x)
    height = float(smooth[-1] - smooth.min())
    draws = _smoothed(curves.draws[own])
    low = float(np.percentile(draws[:, -1] - draws[:, int(smooth.argmin())], 2.5))
    loss = seen.log("loss")
    falling = not np.isfinite(loss).any() or _stays_low(loss)
    if not curves.accuracy:
        return _of_any_loss(seen, smooth, low) if height >= _CLIMB and falling else None
    ahead = training_accuracy(seen) - float(_smoothed(curves.accuracy[own])[-1])
    # Near chance a loss cannot climb far before it is worse than saying nothing.
    enough = _CLIMB_BY_HEART if ahead > _WHOLLY else _CLIMB_AHEAD if ahead > _AHEAD else _CLIMB
    if height < enough or low <= 0.02 or not falling or _forgets(seen):
        return None
    if float(curves.accuracy[own].max()) < seen.chance + 0.05:
        return None
    if "recalibrated" not in curves.log_nll or own == "fresh" and jitter(x) < 0:
        return None
    calm = _smoothed(curves.log_nll["recalibrated"])
    at = int(smooth.argmin())
    rest = float(calm[-1] - calm[at])
    worse = float(_smoothed(curves.accuracy[own])[at] - _smoothed(curves.accuracy[own])[-1])
    share = float(np.clip(1 - rest / height, 0, 1))
    resting = _smoothed(curves.draws["recalibrated"])
    shares = 1 - (resting[:, -1] - resting[:, at]) / np.maximum(draws[:, -1] - draws[:, at], 1e-3)
    lower, upper = np.clip(np.percentile(shares, [2.5, 97.5]), 0, 1)
    before, after = np.exp(smooth[at]), np.exp(smooth[-1])
    lead = f"The validation loss{with_its_statistics(own)}"
    cooled = (
        f"With its confidence refitted in each epoch it goes from {np.exp(calm[at]):.2f} to "
        f"{np.exp(calm[-1]):.2f}."
    )
    if share > _BY_TEMPERATURE and worse < _WORSE and not ahead > _WHOLLY:
        return found(
            "overconfidence",
            f"{lead} climbs from {before:.2f} to {after:.2f}, while accuracy "
            f"{'stays at' if worse < _HARDLY else 'only falls to'} "
            f"{curves.accuracy[own][-1]:.2f}. {cooled}",
            share,
            lower,
            upper,
        )
    # What a temperature leaves of the climb; no share of it where the verdict rests on accuracies.
    left = (1 - share, 1 - upper, 1 - lower) if share <= _BY_TEMPERATURE else ()
    return found(
        "overfitting",
        f"{lead} climbs from {before:.2f} to {after:.2f} while the training loss "
        f"falls to {loss[-1]:.2f}. {_gap_words(seen, curves.accuracy[own][-1])}"
        f"{cooled}",
        *left,
    )


def known_by_heart(seen: Seen) -> Diagnosis | None:
    """Training images that are known, beside validation images that are not: without any climb."""
    curves = seen.curves
    if curves is None or curves.epochs < 4 or not curves.accuracy:
        return None
    accuracy = curves.accuracy[own_reading(curves)][-max(1, curves.epochs // 3) :]
    train = training_accuracy(seen)
    apart = train - float(accuracy.max())
    if not train > _KNOWN or apart < _WHOLLY or float(accuracy.mean()) < seen.chance + 0.05:
        return None
    return found("overfitting", _gap_words(seen, float(accuracy[-1])).strip())


def _of_any_loss(seen: Seen, smooth: np.ndarray, low: float) -> Diagnosis | None:
    """The climb of a loss that is not of classes: no confidence that could grow too large."""
    at, loss = int(smooth.argmin()), seen.log("loss")
    if low <= 0.02 or not np.isfinite(loss).all() or not loss[-1] < _STILL_LEARNS * loss[at]:
        return None
    return found(
        "overfitting",
        f"The validation loss climbs from {number(np.exp(smooth[at]))} to "
        f"{number(np.exp(smooth[-1]))} while the training loss falls from {number(loss[at])} to "
        f"{number(loss[-1])}.",
    )


def _stays_low(loss: np.ndarray) -> bool:
    """Whether a training loss keeps what it reached; neither kind of climb raises it.

    Where it does not, steps are at fault. One spike at the end does not undo what was learned by
    heart before it.
    """
    low = loss <= 1.3 * np.fmin.accumulate(loss) + 1e-3
    return bool(low[-max(1, len(loss) // 3) :].mean() > 0.5) and not loss[-1] > loss[0]


def climb_of_the_average(curves: Series) -> float:
    """How far the loss of averaged weights climbs above its best epoch, in log NLL."""
    smooth = _smoothed(curves.log_nll["averaged"])
    return float(smooth[-1] - smooth.min())


def is_of_the_step(curves: Series) -> bool:
    """Whether averaged weights take the climb away: then it is what steps cost, and no climb."""
    return "averaged" in curves.log_nll and climb_of_the_average(curves) < _CLIMB / 2


def outweighs_the_step(curves: Series) -> bool:
    """Whether averaged weights climb by more than averaging saves in the last third."""
    own = curves.log_nll[own_reading(curves)]
    late = _smoothed(own - curves.log_nll["averaged"])[-max(1, curves.epochs // 3) :]
    return climb_of_the_average(curves) > float(late.mean())


def _forgets(seen: Seen) -> bool:
    """Whether training accuracy, too, ends below its best by more than chance."""
    right = training_accuracies(seen)
    if not np.isfinite(right).all() or len(right) < 3:
        return False
    late = float(right[-max(1, len(right) // 3) :].mean())
    chance = np.sqrt(late * (1 - late) / max(seen.batch * seen.steps, 1))
    return float(right.max()) - late > 0.02 + 2 * chance


def _gap_words(seen: Seen, accuracy: float) -> str:
    train = training_accuracy(seen)
    if not np.isfinite(train):
        return ""
    return f"It gets {train:.2f} of the training images right and {accuracy:.2f} in validation. "


def _smoothed(x: np.ndarray) -> np.ndarray:
    """Means of three neighboring epochs, two at the ends, shape as before."""
    if x.shape[-1] < 5:
        return x
    padded = np.concatenate([x[..., :1], x, x[..., -1:]], axis=-1)
    inner = (padded[..., :-2] + padded[..., 1:-1] + padded[..., 2:]) / 3
    ends = inner.copy()
    ends[..., 0] = (x[..., 0] + x[..., 1]) / 2
    ends[..., -1] = (x[..., -1] + x[..., -2]) / 2
    return ends
