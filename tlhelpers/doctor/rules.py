"""What the epochs mean: how the jumping and the climbing of a curve split into causes.

Every rule needs an interval that leaves out zero, and an effect that one would see in the curve.
The thresholds were set on curves of healthy and faulty programs (`docs/doctor.md`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.plumbing import found, percent
from tlhelpers.doctor.watch import Epoch

_DRAWS = 400  # of the bootstrap
_JUMPING = 0.05  # jitter in log units an epoch: 5 % up and down; less is no trouble
_GAP = 0.15  # log NLL that the running statistics cost, on average
_CLIMB = 0.15  # log NLL above the best epoch
_LONG_STEP = 0.02  # of the weights' length in one step
_GAP_OF_STEP = 0.15  # log NLL that averaging an epoch's weights saves, on average
_TINY_BATCH = 4  # images, with which no BatchNorm works well
_BATCH_GAP = 0.2  # log NLL between small and large batches
_BY_TEMPERATURE = 0.6  # of a climb that a temperature takes away
_BY_HEART = 0.2  # accuracy in training above that in validation
_FEW_IMAGES, _FEW_BATCHES = 150, 2.5  # that running averages remember
_LITTLE = 0.01  # log units, in jitter or level


@dataclass(frozen=True, eq=False)
class Series:
    """NLL of the same images over epochs, reading by reading, with resampled curves.

    Attributes
    ----------
    log_nll : dict of str to float array, shape (epochs,)
        Logarithm of the mean NLL.
    draws : dict of str to float array, shape (draws, epochs)
        The same for resampled images: one resampling for all readings.
    accuracy : dict of str to float array, shape (epochs,)
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
    n = min(len(one.nll["as_validated"]) for one in read)
    rng = np.random.default_rng(seed)
    counts = rng.multinomial(n, np.full(n, 1 / n), size=_DRAWS) / n
    log_nll, draws, accuracy = {}, {}, {}
    for name in sorted(names):
        m = min(n, *(len(one.nll[name]) for one in read))
        each = np.stack([one.nll[name][:m] for one in read])
        log_nll[name] = np.log(np.maximum(each.mean(axis=1), 1e-6))
        weights = counts[:, :m] / np.maximum(counts[:, :m].sum(axis=1, keepdims=True), 1e-12)
        draws[name] = np.log(np.maximum(weights @ each.T, 1e-6))
        accuracy[name] = np.stack([one.right[name][:m] for one in read]).mean(axis=1)
    return Series(log_nll, draws, accuracy, n)


# Numbers ------------------------------------------------------------------------------------------


def contributions(x: np.ndarray) -> np.ndarray:
    """What each step adds to the jitter of log curves, shape (..., epochs - 1); its mean is "
    "jitter."""
    steps = np.diff(x, axis=-1)
    before = np.arange(1, x.shape[-1]) <= x.argmin(axis=-1)[..., None]
    return 2 * np.where(before, np.clip(steps, 0, None), np.clip(-steps, 0, None))


def jitter(x: np.ndarray) -> np.ndarray:
    """Jitter of log curves, shape (...): `tlhelpers.measures.stability.jitter` of their "
    "exponential."""
    return contributions(x).mean(axis=-1)


def climb(x: np.ndarray) -> np.ndarray:
    """Last epoch above the best one, in log units, shape (...)."""
    return x[..., -1] - x.min(axis=-1)


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


def noise(curves: Series, reading: str) -> float:
    """Jitter that the choice of so few images alone would give a smooth curve of this reading."""
    wander = curves.draws[reading] - curves.log_nll[reading]
    # Two independent choices of images in neighboring epochs would differ by √2 of that; the same
    # images are read each time, so only what changes between epochs counts.
    steps = np.diff(wander, axis=1).std(axis=0)
    return float(np.mean(steps) * np.sqrt(2 / np.pi))


# Rules --------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Seen:
    """Everything a rule may look at."""

    epochs: Sequence[Epoch]
    curves: Series | None
    batch: int
    steps: int
    momenta: tuple[float, ...]
    chance: float  # accuracy of the most frequent class
    classes: int
    single: bool  # one output for two classes
    float16: bool
    uses_average: bool
    complete: bool  # the sampled validation images are all of them

    def log(self, name: str) -> np.ndarray:
        """A column of Keras's logs, shape (epochs,)."""
        return np.array([one.logs.get(name, np.nan) for one in self.epochs], dtype=float)


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
        and max(lengths) > _LONG_STEP / 2
        or (len(losses) and losses.max() > 10 * np.log(seen.classes or 2))
    ):
        return found(
            "step_too_long",
            text
            + f" Before that, one step changed the weights by {100 * max(lengths, default=0):.1g} %"
            f", and the training loss was {losses.max() if len(losses) else np.nan:.3g}.",
        )
    return found("loss_not_finite", text)


def softmax_twice(seen: Seen) -> Diagnosis | None:
    """Probabilities that never leave the narrow range of a softmax behind a softmax."""
    read = [one for one in seen.epochs if len(one.choices) and one.finite]
    if seen.classes < 2 or len(read) < 2:
        return None
    most = np.e / (np.e + seen.classes - 1)  # of a softmax whose inputs lie between 0 and 1
    if seen.classes > 2 or not seen.single:
        flat = all(one.largest <= most * 1.001 for one in read)
        right = float(read[-1].right["as_validated"].mean())
        if flat and right > seen.chance + 0.1:
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


def by_setting(diagnosis: Diagnosis, seen: Seen) -> bool:
    """Whether a wrong setting is the reason, and not a matter of degree: those come first."""
    if diagnosis.code == "bn_batch_too_small":
        return seen.batch <= _TINY_BATCH
    return diagnosis.code == "bn_averages_of_few_images" and seen.batch > _TINY_BATCH


def metric_disagrees(seen: Seen) -> Diagnosis | None:
    """An accuracy in the logs that is not that of the predictions."""
    read = [one for one in seen.epochs if one.right and one.finite]
    if not read:
        return None
    names = [
        name
        for name in read[-1].logs
        if name.startswith("val_") and name.split("_", 1)[1] in _ACCURACIES
    ]
    for name in names:
        logged = np.array([one.logs.get(name, np.nan) for one in read])
        ours = np.array([one.right["as_validated"].mean() for one in read])
        n = len(read[-1].right["as_validated"])
        noise = 0.02 if seen.complete and n else 4 * np.sqrt(0.25 / n)
        off = float(np.nanmean(np.abs(logged - ours)))
        losses = np.array([one.logs.get("val_loss", np.nan) for one in read])
        nll = np.array([one.nll["as_validated"].mean() for one in read])
        same_loss = np.nanmean(np.abs(losses - nll)) < 0.1 * np.nanmean(nll) + 0.02
        if off > max(noise, 0.02) and same_loss:
            return found(
                "metric_threshold",
                f"'{name}' says {logged[-1]:.2f}, but {ours[-1]:.2f} of the same predictions "
                "are right.",
            )
    return None


_ACCURACIES = (
    *("accuracy", "acc", "binary_accuracy", "categorical_accuracy"),
    "sparse_categorical_accuracy",
)


def few_images_averages(seen: Seen) -> bool:
    """Whether running averages remember so few images that they are the last batches'."""
    return bool(seen.momenta) and _memory(seen) * seen.batch < _FEW_IMAGES


def _memory(seen: Seen) -> float:
    """Steps that BatchNorm's running averages remember; NaN without live BatchNorm."""
    return 1 / max(1 - float(np.median(seen.momenta)), 1e-9) if seen.momenta else float("nan")


def batchnorm(seen: Seen) -> Diagnosis | None:
    """Running statistics that do not fit the weights: lagging, of few images, or of averages."""
    curves = seen.curves
    if curves is None or "fresh" not in curves.log_nll:
        return None
    cost, low, high = gap(curves, "as_validated", "fresh")
    part = share_of_jumping(curves, "as_validated", "fresh")
    jumping = float(jitter(curves.log_nll["as_validated"]))
    left = float(jitter(curves.log_nll["fresh"]))
    by_level = cost > _GAP and low > 0.02
    by_jumping = jumping - left > _JUMPING / 2 and jumping > _JUMPING and part and part[1] > 0
    # The setting alone is wrong; a little of its effect is enough to name it.
    of_last_batches = (
        few_images_averages(seen)
        and _memory(seen) < _FEW_BATCHES
        and max(jumping - left, cost) > _LITTLE
    )
    if not (by_level or by_jumping or of_last_batches):
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
    if jumping > _JUMPING / 2:
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
    if code == "bn_averages_of_few_images":
        evidence += f" The running averages remember {memory:.1f} batches of {seen.batch} images."
    else:
        evidence += f" The running averages remember {memory:.0f} steps; an epoch has {seen.steps}."
    return found(code, evidence, share, lower, upper, share_of)


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
    weights = rng.multinomial(m, np.full(m, 1 / m), size=_DRAWS) / m
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
        f"Normalized in batches of {seen.batch}, as in training, the training images have a "
        "loss of "
        f"{small.mean():.2f}; in batches of 64, with nothing else changed, "
        f"{large.mean():.2f}. Training "
        "and validation run two different networks.",
        1 - np.exp(-abs(cost)),
        1 - np.exp(-low),
        1 - np.exp(-high),
        "of the training loss",
    )


def _own(curves: Series) -> str:
    """The reading without BatchNorm's share, where there is one."""
    return "fresh" if "fresh" in curves.log_nll else "as_validated"


def step(seen: Seen) -> Diagnosis | None:
    """Jumping that is still there with fresh statistics, and gone with averaged weights."""
    curves = seen.curves
    if curves is None or "averaged" not in curves.log_nll or curves.epochs < 4:
        return None
    own = _own(curves)
    jumping = float(jitter(curves.log_nll[own]))
    left = float(jitter(curves.log_nll["averaged"]))
    part = share_of_jumping(curves, own, "averaged")
    if part is None or jumping < _JUMPING:
        return None
    if jumping < 2 * noise(curves, own) and training_jitter(seen) < _JUMPING:
        return None  # so few images would jump whatever the weights did
    better, at_least, _ = gap(curves, own, "averaged", since=1)  # the first epoch's average lags
    by_jumping = part[1] > 0.05 and part[0] > 0.4
    by_level = better > _GAP_OF_STEP and at_least > _GAP_OF_STEP / 3 and part[0] > 0.2
    if not (by_jumping or by_level):
        return None
    if not by_jumping:
        _, at_least, at_most = gap(curves, own, "averaged", since=1)
        part = tuple(1 - np.exp(-value) for value in (better, at_least, at_most))
    share_of = "" if by_jumping else "of the loss"
    lengths = [one.step for one in seen.epochs if one.step is not None and np.isfinite(one.step)]
    more = f" One step changes the weights by {100 * np.median(lengths):.1g} %." if lengths else ""
    fresh = "with fresh statistics " if own == "fresh" else ""
    return found(
        "step_too_long",
        f"The loss jumps by {jumping:.2f} {fresh}from epoch to epoch (in log units), and by "
        f"{left:.2f} "
        f"if the weights of each epoch are averaged.{more}",
        *part,
        share_of,
    )


def training_jitter(seen: Seen) -> float:
    """Jitter of the training loss as Keras logs it: no validation image has a part in it."""
    loss = seen.log("loss")
    loss = loss[np.isfinite(loss) & (loss > 0)]
    return float(jitter(np.log(np.maximum(loss, 1e-3)))) if len(loss) > 3 else 0.0


def long_step_stuck(seen: Seen) -> bool:
    """Whether single steps change the weights so much that nothing can be kept."""
    lengths = [one.step for one in seen.epochs if one.step is not None and np.isfinite(one.step)]
    return bool(lengths) and float(np.median(lengths)) > _LONG_STEP


def stuck(seen: Seen) -> Diagnosis | None:
    """No better than one answer for all, in training and in validation."""
    curves = seen.curves
    if curves is None or curves.epochs < 3:
        return None
    own = _own(curves)
    best = float(curves.accuracy[own].max())
    sure = 2.5 * np.sqrt(seen.chance * (1 - seen.chance) / max(curves.images, 1)) + 0.01
    entropy = np.log(seen.classes)
    losses = seen.log("loss")
    learned = np.nanmin(losses) < 0.8 * losses[0] if np.isfinite(losses).any() else False
    accuracy = max(
        (np.nanmax(seen.log(n)) for n in ("accuracy", "acc") if np.isfinite(seen.log(n)).any()),
        default=np.nan,
    )
    if best > seen.chance + sure or (np.isfinite(accuracy) and accuracy > seen.chance + 0.1):
        return None
    if learned and np.nanmin(losses) < 0.9 * entropy:
        return None
    return found(
        "stuck_at_chance",
        f"At its best {best:.2f} of the validation images are right; the same answer for all "
        "would get "
        f"{seen.chance:.2f}.",
    )


def misordered(seen: Seen, labels: np.ndarray) -> Diagnosis | None:
    """Training learns, validation agrees with its labels no better than by chance."""
    curves = seen.curves
    if curves is None:
        return None
    read = [one for one in seen.epochs if len(one.choices) and one.finite]
    last = read[-1]
    choices, labels = last.choices, labels[: len(last.choices)]
    n = len(labels)
    best = max(read, key=lambda one: max(one.right[name].mean() for name in one.right))
    kappas = [
        _kappa_from(one.right[name], one, labels)
        for one in read
        for name in one.right
        if name in ("as_validated", "fresh", "averaged")
    ]
    if n < 40 or max(kappas) > 0.15:
        return None
    shift, agreement = _best_shift(choices, labels)
    if agreement > 0.4:
        return found(
            "label_order",
            f"Predictions and labels agree no better than by chance, but {percent(agreement)} "
            "better "
            f"than chance if the labels are moved by {shift} places.",
            agreement,
        )
    accuracy = [
        seen.log(name)
        for name in (
            "accuracy",
            "acc",
            "sparse_categorical_accuracy",
            "categorical_accuracy",
            "binary_accuracy",
        )
    ]
    train = max(
        (float(np.nanmax(a)) for a in accuracy if np.isfinite(a).any()), default=float("nan")
    )
    loss = seen.log("loss")
    learned = train > seen.chance + 0.25 or (
        not np.isfinite(train)
        and np.isfinite(loss).any()
        and np.nanmin(loss) < 0.6 * np.log(seen.classes)
    )
    spread = len(np.unique(choices)) > 1
    if not (learned and spread):
        return None
    return found(
        "label_order",
        f"Training gets {train:.2f} right, validation never agrees with its labels better than by "
        f"chance ({best.right['as_validated'].mean():.2f} at best), and its answers are as "
        "varied as in "
        "training.",
    )


def _kappa_from(right: np.ndarray, one: Epoch, labels: np.ndarray) -> float:
    """Agreement beyond chance, from -1 to 1."""
    n = min(len(right), len(labels), len(one.choices))
    shares = np.bincount(labels[:n]) / n
    chosen = np.bincount(one.choices[:n], minlength=len(shares))[: len(shares)] / n
    expected = float((shares * chosen).sum())
    return (float(right[:n].mean()) - expected) / max(1 - expected, 1e-6)


def _best_shift(choices: np.ndarray, labels: np.ndarray) -> tuple[int, float]:
    """The shift of the labels that agrees best, and its agreement beyond chance."""
    best = (0, 0.0)
    n = len(labels)
    classes = int(max(choices.max(), labels.max())) + 1
    shares = np.bincount(labels, minlength=classes) / n
    chosen = np.bincount(choices, minlength=classes) / n
    expected = float((shares * chosen).sum())
    for shift in range(-64, 65):
        if not shift or abs(shift) > n // 2:
            continue
        agreement = float((np.roll(labels, shift) == choices).mean())
        kappa = (agreement - expected) / max(1 - expected, 1e-6)
        if kappa > best[1]:
            best = (shift, kappa)
    return best


def too_few(seen: Seen, images: int) -> Diagnosis | None:
    """Jumping that so few images would show whatever the network did."""
    curves = seen.curves
    if curves is None or curves.epochs < 4 or images > 250:
        return None
    own = _own(curves)
    jumping, chance = float(jitter(curves.log_nll[own])), noise(curves, own)
    flips = 1 / max(images, 1)
    accuracy = np.abs(np.diff(curves.accuracy[own])).mean() if curves.epochs > 1 else 0.0
    if jumping < _JUMPING and accuracy < 0.02:
        return None
    if jumping > 2.5 * chance:
        return None
    return found(
        "too_few_validation_images",
        f"There are {images} validation images: one of them is {percent(flips)} of the "
        "accuracy. The "
        f"loss jumps by {jumping:.2f} (in log units); other images of the same kind would make it "
        f"jump by {chance:.2f}.",
    )


def climbing(seen: Seen) -> Diagnosis | None:
    """A loss that climbs: learned by heart, or only too sure."""
    curves = seen.curves
    if curves is None or curves.epochs < 4:
        return None
    own = _own(curves)
    x = curves.log_nll[own]
    smooth = _smoothed(x)
    height = float(smooth[-1] - smooth.min())
    draws = _smoothed(curves.draws[own])
    low = float(np.percentile(draws[:, -1] - draws[:, int(smooth.argmin())], 2.5))
    loss = seen.log("loss")
    falling = not np.isfinite(loss).any() or loss[-1] <= np.nanmin(loss) * 1.3 + 1e-3
    if height < _CLIMB or low <= 0.02 or not falling:
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
    by_heart = training_accuracy(seen) - float(_smoothed(curves.accuracy[own])[-1])
    resting = _smoothed(curves.draws["recalibrated"])
    shares = 1 - (resting[:, -1] - resting[:, at]) / np.maximum(draws[:, -1] - draws[:, at], 1e-3)
    lower, upper = np.clip(np.percentile(shares, [2.5, 97.5]), 0, 1)
    before, after = np.exp(smooth[at]), np.exp(smooth[-1])
    if share > _BY_TEMPERATURE and worse < 0.03 and not by_heart > _BY_HEART:
        return found(
            "overconfidence",
            f"The validation loss climbs from {before:.2f} to {after:.2f}, while accuracy stays at "
            f"{curves.accuracy[own][-1]:.2f}. After fitting a temperature it is "
            f"{np.exp(calm[-1]):.2f}.",
            share,
            lower,
            upper,
        )
    # What a temperature leaves of the climb; no share of it where the verdict rests on the gap.
    left = (1 - share, 1 - upper, 1 - lower) if share <= _BY_TEMPERATURE else ()
    return found(
        "overfitting",
        f"The validation loss climbs from {before:.2f} to {after:.2f} while the training loss "
        f"falls to {loss[-1]:.2f}. {_gap_words(seen, curves.accuracy[own][-1])}With a "
        f"temperature fitted it ends at {np.exp(calm[-1]):.2f}.",
        *left,
    )


def training_accuracy(seen: Seen) -> float:
    """Accuracy on training images in the last epoch, as Keras logs it; NaN if it does not."""
    for name in _ACCURACIES:
        values = seen.log(name)
        if len(values) and np.isfinite(values[-1]):
            return float(values[-1])
    return float("nan")


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


Rule = Callable[[Seen], "Diagnosis | None"]
