"""The loss of the same images over epochs, and numbers for it, with intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tlhelpers.doctor.watch import Epoch

DRAWS = 400  # of the bootstrap
JUMPING = 0.05  # jitter in log units an epoch: 5 % up and down; less is no trouble
VISIBLE = 0.05  # of what a curve spans: less is nothing that one would see in it


@dataclass(frozen=True, eq=False)
class Series:
    """Loss of the same images over epochs, reading by reading, with resampled curves.

    Attributes
    ----------
    log_nll : dict of str to float array, shape (epochs,)
        Logarithm of the mean NLL; of the mean loss where there are no classes.
    draws : dict of str to float array, shape (draws, epochs)
        The same for resampled images: one resampling for all readings.
    accuracy : dict of str to float array, shape (epochs,)
        Empty where there are no classes.
    images : int
    """

    log_nll: dict[str, np.ndarray]
    draws: dict[str, np.ndarray]
    accuracy: dict[str, np.ndarray]
    images: int

    @property
    def epochs(self) -> int:
        """Epochs that were read."""
        return len(self.log_nll["as_validated"])


def series(epochs: Sequence[Epoch], seed: int = 0) -> Series | None:
    """Curves of the epochs that were read and are finite; None if there are fewer than two."""
    read = [one for one in epochs if one.nll and one.finite]
    if len(read) < 2:
        return None
    names = set.intersection(*(set(one.nll) for one in read))
    floor = 1e-6 * max(float(one.nll["as_validated"].mean()) for one in read)
    n = min(len(one.nll["as_validated"]) for one in read)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=DRAWS) / n
    log_nll, draws, accuracy = {}, {}, {}
    for name in sorted(names):
        m = min(n, *(len(one.nll[name]) for one in read))
        each = np.stack([one.nll[name][:m] for one in read])
        log_nll[name] = np.log(np.maximum(each.mean(axis=1), floor))
        weights = counts[:, :m] / np.maximum(counts[:, :m].sum(axis=1, keepdims=True), 1e-12)
        draws[name] = np.log(np.maximum(weights @ each.T, floor))
        if all(name in one.right for one in read):
            accuracy[name] = np.stack([one.right[name][:m] for one in read]).mean(axis=1)
    return Series(log_nll, draws, accuracy, n)


def contributions(x: np.ndarray) -> np.ndarray:
    """What each step adds to the jitter of log curves, shape (..., epochs - 1)."""
    steps = np.diff(x, axis=-1)
    before = np.arange(1, x.shape[-1]) <= x.argmin(axis=-1)[..., None]
    return 2 * np.where(before, np.clip(steps, 0, None), np.clip(-steps, 0, None))


def jitter(x: np.ndarray) -> np.ndarray:
    """Jitter of log curves, shape (...), as `tlhelpers.measures.stability.jitter` defines it."""
    return contributions(x).mean(axis=-1)


def share_of_jumping(curves: Series, before: str, after: str) -> tuple[float, float, float] | None:
    """How much of the jumping of one reading is gone in another: share and 95 % interval.

    Images and epochs are resampled together. None if there is nothing to take away.
    """
    a, b = jitter(curves.log_nll[before]), jitter(curves.log_nll[after])
    if a <= 0:
        return None
    one, other = contributions(curves.draws[before]), contributions(curves.draws[after])
    rng = np.random.default_rng(1)
    steps = one.shape[1]
    weights = rng.multinomial(steps, np.full(steps, 1 / steps), size=len(one)) / steps
    # Of the jumping that was seen, not of each draw's own: a draw without the one spike would
    # divide by nearly nothing.
    taken = (weights * (one - other)).sum(axis=1) / max(float(one.mean()), 1e-9)
    low, high = np.percentile(taken, [2.5, 97.5])
    return float(1 - b / a), float(low), float(min(high, 1.0))


def gap(curves: Series, worse: str, better: str, since: int = 0) -> tuple[float, float, float]:
    """Mean difference of two readings in log NLL, with a 95 % interval over images and epochs."""
    difference = (curves.log_nll[worse] - curves.log_nll[better])[since:]
    draws = (curves.draws[worse] - curves.draws[better])[:, since:]
    rng = np.random.default_rng(2)
    epochs = draws.shape[1]
    weights = rng.multinomial(epochs, np.full(epochs, 1 / epochs), size=len(draws)) / epochs
    low, high = np.percentile((weights * draws).sum(axis=1), [2.5, 97.5])
    return float(difference.mean()), float(low), float(high)


def visible(curves: Series, worse: str, better: str, since: int = 0) -> float:
    """The largest difference of two readings, as a part of what the curve of `worse` spans.

    The first epoch, which can dwarf all others, is not counted in the span.
    """
    loss = np.exp(curves.log_nll[worse])
    span = max(float(np.ptp(loss[1:])), 1e-12)
    return float(((loss - np.exp(curves.log_nll[better])) / span)[since:].max())


def worst_rise(curves: Series, reading: str) -> tuple[int, float, float]:
    """The largest rise in one epoch: where (epoch from 0), how far in log NLL, and at least.

    Unlike `jitter` it also sees a rise that is not undone any more.
    """
    steps = np.diff(curves.log_nll[reading])
    at = int(steps.argmax())
    low = np.percentile(np.diff(curves.draws[reading], axis=1)[:, at], 2.5)
    return at + 1, float(steps[at]), float(low)


def noise(curves: Series, reading: str) -> float:
    """Jitter that the choice of so few images alone would give a smooth curve of this reading."""
    wander = curves.draws[reading] - curves.log_nll[reading]
    # Two independent choices of images in neighboring epochs would differ by √2 of that; the same
    # images are read each time, so only what changes between epochs counts.
    steps = np.diff(wander, axis=1).std(axis=0)
    return float(np.mean(steps) * np.sqrt(2 / np.pi))


def own_reading(curves: Series) -> str:
    """The reading without BatchNorm's share, where there is one."""
    return "fresh" if "fresh" in curves.log_nll else "as_validated"


def with_its_statistics(reading: str) -> str:
    """Words behind a number of `own_reading`: Keras shows that of the loss as validated."""
    return " with fresh statistics" if reading == "fresh" else ""
