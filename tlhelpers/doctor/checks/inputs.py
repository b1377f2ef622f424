"""Do the inputs arrive in the range that the network was made for?"""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.doctor.arrival import Arrival
from tlhelpers.doctor.catalogue import NO_NUMBERS, found
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.network import Network, rows, values

_APART = 30  # times the variance the network knows, or the size; [0, 1] for [-1, 1] is 4
_FAR = 8  # standard deviations between the mean that arrives and the one the network knows
HUGE = 1000.0  # no step is short enough for such inputs
_SMALL, _LARGE = 3.0, 20.0  # ranges: scaled to about 1 already; not scaled at all
_TINY = 0.02  # for what should be about 1: scaled once too often


def scaled_twice(model: Any, x: np.ndarray) -> Diagnosis | None:
    """A Rescaling layer for 0 to 255 inside the model, and inputs that were divided before."""
    import keras

    width = float(x.max()) - float(x.min())
    for layer in model._flatten_layers(include_self=False):
        if not isinstance(layer, keras.layers.Rescaling):
            continue
        scale = np.abs(np.asarray(layer.scale, dtype=float)).max()
        if scale < 1 / 50 and 0 < width <= _SMALL:
            return found(
                "inputs_out_of_range",
                f"The model divides its inputs by {1 / scale:.0f} itself (layer '{layer.name}'), "
                f"but they already lie between {x.min():.2g} and {x.max():.2g}: scaled twice, "
                f"{1 / scale:.0f} times too little contrast is left.",
            )
    return None


def unknown_to_the_network(
    network: Network, x: Any, first: Any, mean: np.ndarray, variance: np.ndarray
) -> Diagnosis | None:
    """Inputs under which the first BatchNorm sees something else than it remembers.

    A network that was trained before holds in its first running statistics what its inputs did to
    its first layer.

    Parameters
    ----------
    network : Network
    x : inputs of training images
    first : keras.layers.BatchNormalization
    mean, variance : arrays
        Its running statistics before training.
    """
    with network.untouched():
        was = first.trainable
        try:
            first.trainable = True  # a frozen layer would not tell what arrives
            probe = Network(network.model, network.batch)
            now_mean, now_variance = _first_statistics(probe, first, x)
        finally:
            first.trainable = was
    if now_mean is None or now_variance is None:
        return None
    # Channels that never varied say nothing.
    told = variance > 1e-3 * np.median(variance)
    if not told.any():
        return None
    ratio = float(np.median((now_variance[told] + 1e-12) / (variance[told] + 1e-12)))
    far = float(np.median(np.abs(now_mean[told] - mean[told]) / np.sqrt(variance[told] + 1e-12)))
    if 1 / _APART < ratio < _APART and far < _FAR:
        return None
    size = np.sqrt(ratio)
    words = f"{size:.0f} times as large" if size > 1 else f"{1 / size:.0f} times smaller"
    return found(
        "inputs_out_of_range",
        f"What reaches the network's first BatchNorm is {words} than in the training before "
        f"(and its average is {far:.1f} standard deviations away).",
    )


def _first_statistics(
    probe: Network, layer: Any, x: Any
) -> tuple[np.ndarray, np.ndarray] | tuple[None, None]:
    for variable in (layer.moving_mean, layer.moving_variance):
        variable.assign(np.zeros(variable.shape, dtype="float32"))
    if layer.momentum >= 1:
        return None, None
    probe.outputs(rows(x, slice(0, probe.batch)), training=True)
    mean, variance = (
        v / (1 - layer.momentum) for v in values([layer.moving_mean, layer.moving_variance])
    )
    return (mean, variance) if variance.any() else (None, None)


def no_numbers(x: np.ndarray, side: str) -> Diagnosis | None:
    """Rows that hold NaN or infinity: no loss survives them."""
    if x.dtype.kind != "f":
        return None
    bad = int((~np.isfinite(x.reshape(len(x), -1))).any(axis=1).sum())
    if not bad:
        return None
    return found(
        "loss_not_finite",
        f"{bad} of {len(x)} {side} inputs that were looked at hold NaN or infinity.",
        words=NO_NUMBERS,
    )


def other_than_before(now: Arrival, before: float) -> Diagnosis | None:
    """Inputs that are far larger or smaller than those that the same kernel learned from.

    Parameters
    ----------
    now : Arrival
    before : float
        `Arrival.size` in the training that the kernel comes from.
    """
    ratio = now.size / before
    if 1 / _APART < ratio < _APART:
        return None
    words = f"{ratio:.0f} times as large as" if ratio > 1 else f"{1 / ratio:.0f} times smaller than"
    return found(
        "inputs_out_of_range",
        f"What reaches layer '{now.layer.name}' is {words} in the training that its weights come "
        "from.",
    )


def raw(facts: dict[str, Any], stuck: Diagnosis, least: float = 20.0) -> Diagnosis | None:
    """Inputs that nobody scaled, or scaled twice, in a training that is `stuck`.

    Where there is BatchNorm it would have put them right.
    """
    largest = facts.get("reaches_first_kernel", 0.0)
    if facts.get("batchnorm_layers"):
        return None
    if 0 < largest < _TINY:
        return found(
            "inputs_out_of_range",
            f"{stuck.evidence} What reaches its first layer goes up to {largest:.2g} only, as if "
            "it had been scaled twice.",
        )
    if largest < least:
        return None
    return found(
        "inputs_out_of_range",
        f"{stuck.evidence} What reaches its first layer goes up to {largest:.3g}: nothing scales "
        "it.",
    )


def not_scaled(x: np.ndarray, first_loss: float, classes: int) -> Diagnosis | None:
    """Raw inputs whose very first loss is far above that of guessing.

    Parameters
    ----------
    x : array
        As the model gets them.
    first_loss : float
        NLL in nats before training.
    classes : int
    """
    largest = float(np.abs(x).max())
    guessing = float(np.log(classes))
    if x.ndim < 3 or largest < _LARGE or not first_loss > 4 * guessing:
        return None
    return found(
        "inputs_out_of_range",
        f"The inputs go up to {largest:.3g}. Before any training the loss is {first_loss:.1f}; "
        f"guessing gives {guessing:.2f}. The inputs look as if nobody had scaled them.",
    )
