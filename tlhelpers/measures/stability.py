"""How unsteady is a validation curve, and how much of that is noise?

Plain functions on arrays: nothing here knows of Keras, files or recipes. Epochs are
counted from 1, as Keras prints them. A loss enters as its natural logarithm wherever
curves are compared, so that 2.0 → 1.0 and 0.2 → 0.1 count as the same step and the unit
of the loss drops out. 0.1 in such a log unit is a change of about 10 %.

No number of this module stands alone. Each is smallest for a run that learns nothing:
print the score beside it.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import ArrayLike


def jitter(nll: ArrayLike) -> float:
    """How much a loss curve goes up and down beyond one single valley.

    With x = log NLL per epoch, T epochs::

        (Σ|x_t − x_{t−1}| − (x_1 − x_min) − (x_T − x_min)) / (T − 1)

    A curve that falls to its minimum and then rises walks exactly the two distances
    that are subtracted, so any curve with one valley scores 0: learning and smooth
    overfitting are no jitter. `climb` measures the overfitting.

    Parameters
    ----------
    nll : array of shape (epochs,)
        Plain validation negative log-likelihood in nats: no label smoothing, no class
        weights, or two recipes cannot be compared.

    Returns
    -------
    float
        At least 0, in log units per step between two epochs.

    Raises
    ------
    ValueError
        Fewer than 2 epochs, or an epoch that is not finite and positive.

    Notes
    -----
    Source: total variation in excess of the best one-valley curve, this project's
    definition. Before the minimum, the distance walked less the drop is twice the
    rises; after it, twice the falls. Summing those instead of taking the difference of
    large sums gives exactly 0 for one valley and never a rounding error below 0.
    """
    x = _log_nll(nll)
    lowest = int(np.argmin(x))
    steps = np.diff(x)
    rises_before = np.clip(steps[:lowest], 0.0, None).sum()
    falls_after = np.clip(-steps[lowest:], 0.0, None).sum()
    return float(2.0 * (rises_before + falls_after) / len(steps))


def climb(nll: ArrayLike) -> float:
    """How far the loss ends above its best epoch: x_T − x_min with x = log NLL.

    Parameters
    ----------
    nll : array of shape (epochs,)
        Plain validation negative log-likelihood in nats.

    Returns
    -------
    float
        At least 0, in log units; 0.69 means that the loss has doubled since its best
        epoch (overfitting or overconfidence).

    Raises
    ------
    ValueError
        Fewer than 2 epochs, or an epoch that is not finite and positive.

    Notes
    -----
    Source: the generalization loss of Prechelt (1998, "Early stopping – but when?"),
    log(1 + GL/100), at the last epoch.
    """
    x = _log_nll(nll)
    return float(x[-1] - x.min())


def spikes(loss: ArrayLike, factor: float = 1.5) -> list[int]:
    """Epochs in which a loss jumps up and comes back.

    With L_t the loss of epoch t, epoch t is a spike if ::

        L_t / L_{t−1} > factor  and  min(L_{t+1}, L_{t+2}) ≤ √(L_{t−1} · L_t)

    A rise that stays is no spike (that is overfitting, see `climb`), and neither is one in the
    last epoch: nobody knows yet whether it comes back.

    Parameters
    ----------
    loss : array of shape (epochs,)
        Loss on the validation images, such as Keras's ``val_loss``; any unit.
    factor : float
        A smaller rise in one epoch is no spike; above 1.

    Returns
    -------
    list of int
        Epochs of the spikes, counted from 1.

    Raises
    ------
    ValueError
        A factor of 1 or less, fewer than 2 epochs, or an epoch that is not finite and positive.

    Notes
    -----
    Source: this project's definition, made for the field survey: a rise above ×1.5, at least half
    of which is undone within two more epochs. Half is meant on the log scale, as every step of a
    loss is here (hence the root): after a rise from 1.0 to 4.0 it takes a fall to 2.0, not to 2.5.
    That reading gives the survey's own counts.
    """
    if not factor > 1:
        raise ValueError(f"a spike is a rise: factor must be above 1, got {factor}")
    losses = _positive(loss, least=2, name="loss")
    found = []
    for t in range(1, len(losses) - 1):
        before, top, back = losses[t - 1], losses[t], losses[t + 1 : t + 3].min()
        # Ratios, not differences of logarithms: those round ×1.5 to either side of itself.
        if top / before > factor and back / before <= top / back:
            found.append(t + 1)
    return found


def worst_rise(loss: ArrayLike) -> float:
    """Largest factor by which a loss rises from one epoch to the next: max_t L_t / L_{t−1}.

    Parameters
    ----------
    loss : array of shape (epochs,)
        Loss on the validation images, such as Keras's ``val_loss``; any unit.

    Returns
    -------
    float
        At least 1: a loss that never rises has 1.

    Raises
    ------
    ValueError
        Fewer than 2 epochs, or an epoch that is not finite and positive.

    Notes
    -----
    Source: this project's definition. Unlike `spikes` it also sees a rise that stays.
    """
    losses = _positive(loss, least=2, name="loss")
    return float(max(1.0, (losses[1:] / losses[:-1]).max()))


def rise(nll: ArrayLike) -> float:
    """How far a loss goes up in its worst epoch: max_t (x_t − x_{t−1}), x = log NLL, at least 0.

    Parameters
    ----------
    nll : array of shape (epochs,)
        Plain validation negative log-likelihood in nats.

    Returns
    -------
    float
        At least 0, in log units; 0.69 means that it has doubled from one epoch to the next.

    Raises
    ------
    ValueError
        Fewer than 2 epochs, or an epoch that is not finite and positive.

    Notes
    -----
    Source: the logarithm of `worst_rise`, so that differences of it can be averaged. `jitter`
    counts what goes up and comes back; this sees a rise that stays as well.
    """
    return float(np.log(worst_rise(_positive(nll, least=2, name="validation NLL"))))


def max_drawdown(accuracy: ArrayLike) -> float:
    """Largest fall of accuracy from the best epoch so far: max_t (max_{s≤t} a_s − a_t).

    Parameters
    ----------
    accuracy : array of shape (epochs,)
        Validation accuracy, as a share (0–1).

    Returns
    -------
    float
        At least 0, in the unit that came in: 0.12 is a fall of 12 accuracy points.

    Raises
    ------
    ValueError
        Fewer than 2 epochs, or an epoch that is not finite.

    Notes
    -----
    Source: maximum drawdown, as for prices. It is near 0 in a run that is unstable
    from the first epoch and never gets anywhere: read it with `train_inference_gap`.
    """
    a = _curve(accuracy, "accuracy", least=2)
    return float((np.maximum.accumulate(a) - a).max())


def flips(before: ArrayLike, after: ArrayLike) -> int:
    """How many entries differ: Σ_i [before_i ≠ after_i].

    Parameters
    ----------
    before, after : int or bool arrays of shape (n,)
        Predicted classes of the same n images in the same order, or whether each
        prediction was right. Only the latter makes the noise of accuracy: from one
        wrong class to another wrong class leaves the accuracy as it was.

    Returns
    -------
    int
        A count from 0 to n.

    Raises
    ------
    ValueError
        Different shapes, no images, or values that are not whole numbers.

    Notes
    -----
    Source: the discordant pairs of McNemar (1947).
    """
    before, after = _labels(before), _labels(after)
    if before.shape != after.shape:
        raise ValueError(
            f"predictions of {before.size} and of {after.size} images cannot be paired"
        )
    return int((before != after).sum())


def train_inference_gap(train_mode_nll: ArrayLike, inference_nll: ArrayLike) -> float:
    """What BatchNorm's moving statistics cost: mean over epochs of log(inference / train mode).

    Per epoch, log NLL with the moving statistics (as in validation) minus log NLL with
    the batch statistics (as in training). The same weights, the same images, dropout
    off both times: the statistics are all that differs.

    Parameters
    ----------
    train_mode_nll, inference_nll : arrays of shape (epochs,)
        Plain negative log-likelihood in nats.

    Returns
    -------
    float
        In log units. Positive: the moving statistics lag behind the weights and make
        validation look worse than the weights are. 0 when BatchNorm is frozen.

    Raises
    ------
    ValueError
        Different lengths, no epochs, or an epoch that is not finite and positive.

    Notes
    -----
    Source: Wu & Johnson (2021, arXiv 2105.07576) compare the two modes. The log ratio
    is chosen over the difference so that the gap has the unit of `jitter` and does not
    shrink just because the loss is small. It is signed: gaps of both signs cancel.
    """
    train_mode = _log_nll(train_mode_nll, least=1, name="train-mode NLL")
    inference = _log_nll(inference_nll, least=1, name="inference NLL")
    if train_mode.shape != inference.shape:
        raise ValueError(
            f"{train_mode.size} train-mode and {inference.size} inference epochs cannot be paired"
        )
    return float((inference - train_mode).mean())


def nll_step_se(before: ArrayLike, after: ArrayLike, groups: ArrayLike | None = None) -> float:
    """Standard error of the mean paired difference of NLL, clustered by group.

    With d_i = after_i − before_i, G groups and e_g = Σ_{i in g} (d_i − mean d)::

        √( G/(G−1) · Σ_g e_g² ) / n

    The two eyes of one patient rise and fall together; counting them as two images
    makes the error too small (about 1.33 times on EyePACS).

    Parameters
    ----------
    before, after : arrays of shape (n,)
        NLL of each image in nats, the same images in the same order.
    groups : array of shape (n,), optional
        Patient (or other group) of each image, numbers or strings. Without it every
        image is its own group and the result is sd(d) / √n.

    Returns
    -------
    float
        In nats.

    Raises
    ------
    ValueError
        Different shapes, values that are not finite, or fewer than 2 groups.

    Notes
    -----
    Source: cluster-robust variance of a mean, Liang & Zeger (1986), with the usual
    G/(G−1) correction.
    """
    before, after = np.asarray(before, dtype=float), np.asarray(after, dtype=float)
    groups = np.arange(before.size) if groups is None else np.asarray(groups)
    if before.ndim != 1 or not before.shape == after.shape == groups.shape:
        raise ValueError(
            "before, after and groups must each hold one value per image, "
            f"got shapes {before.shape}, {after.shape} and {groups.shape}"
        )
    differences = after - before
    if not np.isfinite(differences).all():
        image = int(np.flatnonzero(~np.isfinite(differences))[0])
        raise ValueError(f"the NLL of image {image} (counted from 0) is not finite")
    names, group_of = np.unique(groups, return_inverse=True)
    if len(names) < 2:
        raise ValueError(f"a standard error needs at least 2 groups, got {len(names)}")
    sums = np.bincount(group_of, weights=differences - differences.mean())
    return float(np.sqrt(len(names) / (len(names) - 1) * (sums**2).sum()) / before.size)


def noise_jitter(nll: ArrayLike, se: ArrayLike) -> float:
    """The jitter that a flat curve would show if every step were nothing but noise.

    A step with standard error s is √(2/π)·s long on average; divided by the NLL it is in log
    units. `jitter` would subtract two distances from the sum, so this is the most that noise
    alone is expected to give, and a run far above it is unsteady for another reason.

    Parameters
    ----------
    nll : array of shape (epochs,)
        Plain validation negative log-likelihood in nats.
    se : array of shape (epochs - 1,)
        Paired standard error of each step in nats, from `nll_step_se`.

    Returns
    -------
    float
        In log units per step, as `jitter`.

    Raises
    ------
    ValueError
        Not one standard error a step, or a value out of range.

    Notes
    -----
    Source: mean of a half-normal variable; the comparison is this project's.
    """
    return float(np.sqrt(2 / np.pi) * _relative_errors(nll, se).mean())


def noise_rise(nll: ArrayLike, se: ArrayLike) -> float:
    """The `rise` that a flat curve would show if every step were nothing but noise, at most.

    The largest of n noisy steps, independent or not, and of zero is on average no more than
    √(2 ln (n + 1)) of their largest standard error; divided by the NLL it is in log units.

    Parameters
    ----------
    nll : array of shape (epochs,)
        Plain validation negative log-likelihood in nats.
    se : array of shape (epochs - 1,)
        Paired standard error of each step in nats, from `nll_step_se`.

    Returns
    -------
    float
        In log units, as `rise`.

    Raises
    ------
    ValueError
        Not one standard error a step, or a value out of range.

    Notes
    -----
    Source: the maximal inequality for normal variables (Boucheron, Lugosi & Massart 2013,
    "Concentration Inequalities", theorem 2.5).
    """
    relative = _relative_errors(nll, se)
    return float(np.sqrt(2 * np.log(len(relative) + 1)) * relative.max())


def early_stopping(losses: Iterable[float], patience: int) -> tuple[int | None, int]:
    """Where Keras's EarlyStopping would have stopped, from the curve alone.

    The same decisions as ``EarlyStopping(monitor="val_loss", mode="min",
    restore_best_weights=True, patience=…)``: an epoch is better when its loss is lower than
    the best so far; the run stops after ``patience`` epochs without a better one. A loss of
    NaN is never better, and nothing is ever better than NaN: a NaN in the first epoch stays
    the best for ever, in Keras and here.

    Parameters
    ----------
    losses : floats, one an epoch
        Validation loss; NaN and infinity are allowed.
    patience : int
        Epochs without improvement that are waited for, at least 0 (0 acts as 1).

    Returns
    -------
    stopped_epoch : int or None
        The last epoch that runs, counted from 1; None if the curve ends first.
    best_epoch : int
        The epoch whose weights are restored, counted from 1.

    Raises
    ------
    ValueError
        No epochs, or a negative patience.

    Notes
    -----
    Source: ``keras/src/callbacks/early_stopping.py`` of Keras 3.15.1. Keras compares
    in float32, so a fall that float32 cannot hold is no improvement; so it is here.
    """
    losses = [float(loss) for loss in losses]
    if not losses:
        raise ValueError("early stopping needs the loss of at least 1 epoch, got none")
    if patience < 0:
        raise ValueError(f"patience counts epochs and must be at least 0, got {patience}")
    best, best_epoch, wait = losses[0], 1, 0
    for epoch, loss in enumerate(losses[1:], start=2):
        wait += 1
        if np.float32(loss) < np.float32(best):
            best, best_epoch, wait = loss, epoch, 0
        elif wait >= patience:
            return epoch, best_epoch
    return None, best_epoch


def _curve(values: ArrayLike, name: str, least: int) -> np.ndarray:
    """The values as a one-dimensional float array, or a ValueError that says which is bad."""
    values = np.asarray(values, dtype=float)
    if values.ndim != 1:
        raise ValueError(f"{name} must hold one value an epoch, got shape {values.shape}")
    if len(values) < least:
        raise ValueError(f"{name} needs at least {least} epoch(s), got {len(values)}")
    bad = np.flatnonzero(~np.isfinite(values))
    if bad.size:
        raise ValueError(f"{name} of epoch {bad[0] + 1} is {values[bad[0]]}: not finite")
    return values


def _positive(values: ArrayLike, least: int, name: str) -> np.ndarray:
    """A loss per epoch; the first epoch that has no logarithm is named."""
    values = _curve(values, name, least)
    bad = np.flatnonzero(values <= 0)
    if bad.size:
        raise ValueError(f"{name} of epoch {bad[0] + 1} is {values[bad[0]]}: it must be above 0")
    return values


def _relative_errors(nll: ArrayLike, se: ArrayLike) -> np.ndarray:
    """Standard error of each step as a part of the NLL it leads to: its error in log units."""
    level = np.exp(_log_nll(nll))
    errors = np.asarray(se, dtype=float)
    if errors.shape != (len(level) - 1,) or not (errors >= 0).all():
        raise ValueError(
            f"{len(level)} epochs need {len(level) - 1} standard errors of at least 0, "
            f"got shape {errors.shape}"
        )
    return errors / level[1:]


def _log_nll(nll: ArrayLike, least: int = 2, name: str = "validation NLL") -> np.ndarray:
    """log NLL per epoch."""
    return np.log(_positive(nll, least, name))


def _labels(values: ArrayLike) -> np.ndarray:
    """Whole-number labels, one per image; probabilities handed in by mistake are refused."""
    values = np.asarray(values)
    if values.ndim != 1 or values.size == 0:
        raise ValueError(f"expected labels of shape (images,), got {values.shape}")
    if values.dtype.kind not in "iub":
        raise ValueError(f"expected whole-number labels, got {values.dtype}: take the argmax first")
    return values
