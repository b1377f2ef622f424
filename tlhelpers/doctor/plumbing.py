"""What can be seen without training: are both sides fed alike, in which order, and with what?

Each check takes samples and gives a `Diagnosis` or None. None of them trains or changes anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tlhelpers.doctor.catalogue import TROUBLES
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.task import Task, last_activation
from tlhelpers.measures.statistics import wilson


def found(
    code: str,
    evidence: str,
    share: float | None = None,
    low: float | None = None,
    high: float | None = None,
    share_of: str = "",
) -> Diagnosis:
    """A diagnosis with the catalogue's words."""
    trouble = TROUBLES[code]
    return Diagnosis(
        code=code,
        title=trouble.title,
        share=None if share is None else float(share),
        low=None if low is None else float(low),
        high=None if high is None else float(high),
        evidence=evidence,
        cure=trouble.cure,
        cure_from_scratch=trouble.cure_from_scratch or trouble.cure,
        sure=trouble.sure,
        page=trouble.page,
        share_of=share_of,
    )


def percent(share: float) -> str:
    """A share in words."""
    return f"{100 * share:.0f} %"


# Model, loss and metric ---------------------------------------------------------------------------


def training_flag(model: Any) -> Diagnosis | None:
    """BatchNorm behind training=False in a Functional model, where `fit` overrides the flag."""
    import keras

    names = []
    for layer in [model, *model._flatten_layers(include_self=False)]:
        for operation in getattr(layer, "operations", ()) if _is_functional(layer) else ():
            norms = [
                one
                for one in [operation, *_inner(operation)]
                if isinstance(one, keras.layers.BatchNormalization) and one.trainable
            ]
            if norms and any(
                node.arguments.kwargs.get("training") is False
                for node in operation._inbound_nodes
                if node.arguments is not None
            ):
                names.append((operation.name, len(norms)))
    if not names:
        return None
    where = ", ".join(sorted({f"'{name}' ({n} BatchNorm layers)" for name, n in names}))
    return found(
        "training_flag_overridden",
        f"{where} is called with training=False, and its BatchNorm layers are trainable. "
        "Under fit() "
        "they normalize with the batch and move their running statistics all the same.",
    )


def _is_functional(layer: Any) -> bool:
    return type(layer).__name__ in ("Functional", "Sequential") or hasattr(layer, "_functional")


def _inner(layer: Any) -> list:
    flatten = getattr(layer, "_flatten_layers", None)
    return list(flatten(include_self=False)) if flatten else []


def loss_and_output(task: Task, model: Any, outputs: np.ndarray) -> Diagnosis | None:
    """Logits where the loss wants probabilities, or probabilities where it wants logits."""
    z = outputs.reshape(len(outputs), -1).astype(np.float64)
    if task.from_logits is None or not np.isfinite(z).all():
        return None
    if z.shape[1] == 1 and last_activation(model) == "softmax":
        return found(
            "loss_wants_probabilities",
            "A softmax over one output is always 1, whatever the image shows. Use a sigmoid, "
            "or one "
            "output for each class.",
        )
    if task.from_logits and task.probabilities:
        return found(
            "loss_wants_probabilities",
            f"The loss '{task.loss}' is told from_logits=True, but the model already gives "
            f"probabilities: its outputs lie between {z.min():.2f} and {z.max():.2f}"
            + (" and add up to 1." if z.shape[1] > 1 else "."),
        )
    if task.from_logits is False and not task.probabilities:
        return found(
            "loss_wants_probabilities",
            f"The loss '{task.loss}' expects probabilities, but the outputs are logits: they lie "
            f"between {z.min():.2g} and {z.max():.2g}"
            + (f", and {percent((z < 0).mean())} of them are negative." if z.min() < 0 else "."),
        )
    return None


def metric_and_output(task: Task, model: Any) -> Diagnosis | None:
    """A metric whose threshold or kind does not fit the output."""
    for metric in _metrics(model):
        kind, name = type(metric).__name__, getattr(metric, "name", "?")
        function = getattr(getattr(metric, "_fn", None), "__name__", "")
        binary = kind == "BinaryAccuracy" or function == "binary_accuracy"
        if binary and not task.single:
            return found(
                "metric_threshold",
                f"'{name}' is a binary accuracy, but the model has {task.classes} outputs: it "
                "counts "
                "each output by itself, so even one answer for all looks good.",
            )
        thresholds = [
            getattr(metric, "threshold", None),
            *(getattr(metric, "thresholds", None) or ()),
        ]
        threshold = next((t for t in thresholds if t is not None), None)
        if function == "binary_accuracy" and threshold is None:
            threshold = getattr(metric, "_fn_kwargs", {}).get("threshold", 0.5)
        counts = kind in ("Precision", "Recall", "AUC") or binary
        if kind == "AUC" and getattr(metric, "_from_logits", False):
            continue
        if counts and task.single and not task.probabilities and threshold not in (None, 0, 0.0):
            return found(
                "metric_threshold",
                f"'{name}' compares the output with 0.5 as if it were a probability, but the "
                "outputs "
                "are logits: there one half is 0.",
            )
    return None


def _metrics(model: Any) -> list:
    found_metrics = []
    for metric in getattr(model, "metrics", ()):
        inner = getattr(metric, "metrics", None)
        found_metrics += list(inner) if isinstance(inner, (list, tuple)) else [metric]
    return found_metrics


def class_weights(
    weights: Any, labels: np.ndarray | None, batch: int, sample_weights: np.ndarray | None = None
) -> Diagnosis | None:
    """Weights so far apart that a batch is worth a few images."""
    if labels is None or not len(labels):
        return None
    if isinstance(weights, dict) and weights:
        each = np.array([float(weights.get(int(k), 1.0)) for k in labels])
    elif sample_weights is not None:
        each = np.asarray(sample_weights, dtype=float).reshape(-1)
        if len(each) != len(labels):
            return None
    else:
        return None
    if not (each > 0).any() or not np.isfinite(each).all():
        return None
    worth = each.sum() ** 2 / (each**2).sum() / len(each)
    span = each.max() / each[each > 0].min()
    if span < 20 or worth > 0.35:
        return None
    return found(
        "class_weights_extreme",
        f"The largest weight is {span:.0f} times the smallest. A batch of {batch} images is worth "
        f"{max(1.0, worth * batch):.1f} equally weighted ones.",
        share=1 - worth,
        low=1 - worth,
        high=1 - worth,
    )


def emptied_average(model: Any, callbacks: tuple) -> Diagnosis | None:
    """An optimizer that keeps averaged weights which no validation ever sees."""
    if not getattr(getattr(model, "optimizer", None), "use_ema", False):
        return None
    if any("SwapEMA" in type(one).__name__ for one in callbacks):
        return None
    return found(
        "average_not_validated",
        "The optimizer averages the weights (use_ema=True), but every epoch validates the "
        "raw ones: "
        "SwapEMAWeights is not among the callbacks. When fit ends, the averages take their place.",
    )


# Images and labels --------------------------------------------------------------------------------


def validation_changes(first: Any, second: Any, digests: Any, random_ops: bool) -> Diagnosis | None:
    """Two passes over the validation images that differ: augmented, or other images."""
    a, b = _first_input(first.x), _first_input(second.x)
    n = min(len(a), len(b))
    if not n or a.shape[1:] != b.shape[1:]:
        return None
    ours, theirs = digests(a, flips=False), digests(b, flips=False)
    again = float(np.isin(ours, theirs).mean())
    if again > 0.98 and first.complete:
        return None
    in_place = ours[:n] == theirs[:n]
    alike = _alike(a[:n], b[:n]) if a.ndim > 2 else float("nan")
    same_labels = np.array_equal(np.asarray(first.y)[:n], np.asarray(second.y)[:n])
    if not first.complete and again > 0.5 and not same_labels:
        return None  # only the beginning of a shuffled epoch was read
    altered = (
        random_ops
        or (same_labels and (alike > 0.35 or in_place.mean() > 0.2))
        or (a.ndim > 2 and _nearest(a, b) > 0.8)
    )
    gone = wilson(int(round((1 - again) * len(a))), len(a))
    if altered:
        return found(
            "validation_augmented",
            f"Read twice, {percent(1 - again)} of the validation images came back different. "
            "The loss "
            "moves although no weight does.",
            share=1 - again,
            low=gone[0],
            high=gone[1],
        )
    if not first.complete:
        return None
    return found(
        "validation_images_change",
        f"Read twice, validation brought other images: {percent(1 - again)} of the first pass were "
        "missing in the second. Part of the jumping is the choice of images.",
        share=1 - again,
        low=gone[0],
        high=gone[1],
    )


def order_changes(first: Any, second: Any, digests: Any) -> Diagnosis | None:
    """The same images in another order on a second pass: predictions lose their labels."""
    ours = digests(_first_input(first.x), flips=False)
    theirs = digests(_first_input(second.x), flips=False)
    n = min(len(ours), len(theirs))
    if n < 8 or len(np.unique(ours)) < 8:
        return None
    moved = float((ours[:n] != theirs[:n]).mean())
    known = float(np.isin(ours, theirs).mean())
    if moved < 0.5 or (first.complete and known < 0.9):
        return None
    return found(
        "label_order",
        "predict() was given a dataset that shuffles: read twice, it brings the same images in "
        f"another order ({percent(moved)} in other places). Its predictions belong to no list of "
        "labels that was made before.",
        moved,
        *wilson(int(moved * n), n),
    )


def _first_input(x: Any) -> np.ndarray:
    if isinstance(x, dict):
        x = next(iter(x.values()))
    return np.asarray(x[0] if isinstance(x, (tuple, list)) else x)


def _standard(x: np.ndarray) -> np.ndarray:
    """Images as rows of mean 0 and length 1."""
    flat = x.reshape(len(x), -1)
    stride = max(1, flat.shape[1] // 4096)
    flat = flat[:, ::stride].astype(np.float64)
    flat = flat - flat.mean(axis=1, keepdims=True)
    return flat / np.maximum(np.linalg.norm(flat, axis=1, keepdims=True), 1e-12)


def _alike(a: np.ndarray, b: np.ndarray) -> float:
    """How much closer images in the same place are than images in other places: a correlation."""
    a, b = _standard(a), _standard(b)
    here = (a * b).sum(axis=1).mean()
    other = (a * np.roll(b, 1, axis=0)).sum(axis=1).mean()
    return float((here - other) / max(1 - other, 1e-6))


def _nearest(a: np.ndarray, b: np.ndarray) -> float:
    """Share of images whose nearest image in the other pass is far nearer than the next one."""
    a, b = _standard(a[:256]), _standard(b[:256])
    if len(b) < 3:
        return 0.0
    close = a @ b.T
    best = np.sort(close, axis=1)[:, ::-1]
    return float(((best[:, 0] > 0.7) & (1 - best[:, 0] < 0.5 * (1 - best[:, 1]))).mean())


@dataclass(frozen=True)
class Look:
    """How one side's images look: a few numbers an image, as they reach the model."""

    numbers: np.ndarray  # (n, features)
    names: tuple[str, ...]
    least: float
    most: float


def look(x: np.ndarray) -> Look:
    """Numbers that preparation changes and content hardly does."""
    flat = x.reshape(len(x), -1, x.shape[-1] if x.ndim > 2 and x.shape[-1] <= 4 else 1)
    flat = flat.astype(np.float64)
    columns, names = [flat.mean(axis=(1, 2)), flat.std(axis=(1, 2))], ["mean", "contrast"]
    if flat.shape[2] in (3, 4):
        columns += [flat[..., 0].mean(axis=1) - flat[..., 2].mean(axis=1)]
        names += ["first channel minus last"]
    if x.ndim == 4:
        rough = np.abs(np.diff(x.astype(np.float64), axis=2)).mean(axis=(1, 2, 3))
        columns += [rough / np.maximum(flat.std(axis=(1, 2)), 1e-9)]
        names += ["sharpness"]
    return Look(np.stack(columns, axis=1), tuple(names), float(flat.min()), float(flat.max()))


def prepared_otherwise(train: np.ndarray, validation: np.ndarray) -> Diagnosis | None:
    """Training and validation images that differ more than chance and augmentation make them."""
    if train.shape[1:] != validation.shape[1:] or min(len(train), len(validation)) < 8:
        return None
    if train.ndim < 3 or train.dtype.kind not in "fiu":
        return None
    ours, theirs = look(train), look(validation)
    if not (np.isfinite(ours.numbers).all() and np.isfinite(theirs.numbers).all()):
        return None
    spread_ours = max(ours.most - ours.least, 1e-12)
    spread_theirs = max(theirs.most - theirs.least, 1e-12)
    ratio = spread_theirs / spread_ours
    text = (
        f"training images run from {ours.least:.3g} to {ours.most:.3g}, validation images from "
        f"{theirs.least:.3g} to {theirs.most:.3g}"
    )
    shift = abs(theirs.numbers[:, 0].mean() - ours.numbers[:, 0].mean()) / max(
        ours.numbers[:, 1].mean(), theirs.numbers[:, 1].mean(), 1e-12
    )
    if not 1 / 3 < ratio < 3 or shift > 3:
        return found("validation_prepared_otherwise", text[0].upper() + text[1:] + ".")
    for i, name in enumerate(ours.names):
        a, b = ours.numbers[:, i], theirs.numbers[:, i]
        width = np.sqrt((_spread(a) ** 2 + _spread(b) ** 2) / 2)
        middle = abs(np.median(a) - np.median(b))
        if middle > 2.5 * max(width, 1e-9) and middle > 0.1 * max(abs(np.median(a)), 1e-9):
            return found(
                "validation_prepared_otherwise",
                f"The two sides differ in {name}: a typical training image has "
                f"{np.median(a):.3g}, a "
                f"typical validation image {np.median(b):.3g}, and images of one side differ "
                "by only "
                f"{width:.2g}.",
            )
    return None


def _spread(values: np.ndarray) -> float:
    low, high = np.percentile(values, [25, 75])
    return float((high - low) / 1.35)


def sorted_split(train: np.ndarray, validation: np.ndarray, classes: int) -> Diagnosis | None:
    """Classes of the training labels that are missing in validation, or the other way round."""
    if min(len(train), len(validation)) < 20:
        return None
    ours = np.bincount(train, minlength=classes)[:classes] / len(train)
    theirs = np.bincount(validation, minlength=classes)[:classes] / len(validation)
    missing = (theirs == 0) & (ours * len(validation) >= 5)
    absent = (ours == 0) & (theirs * len(train) >= 5)
    apart = float(np.abs(ours - theirs).sum() / 2)
    if apart < 0.4 or not (missing.any() or absent.any()):
        return None
    largest = int(theirs.argmax())
    return found(
        "validation_split_of_sorted_data",
        f"{percent(theirs[largest])} of the validation images are of class {largest}, against "
        f"{percent(ours[largest])} in training; {int(missing.sum())} classes that training "
        "sees are "
        "missing there.",
        share=apart,
        low=apart,
        high=apart,
    )


def batch_order(
    labels: np.ndarray, sizes: tuple[int, ...], classes: int, shares: np.ndarray | None = None
) -> Diagnosis | None:
    """Training batches that hold fewer classes than chance would give.

    Parameters
    ----------
    labels : int array, shape (n,)
        In the order of one epoch, from its beginning.
    sizes : tuple of int
        Of the batches.
    classes : int
    shares : float array, shape (classes,), optional
        Of the classes in the whole epoch, where `labels` are its beginning only.
    """
    edges = np.cumsum([0, *sizes])
    batches = [
        np.bincount(labels[i:j], minlength=classes)[:classes] / (j - i)
        for i, j in zip(edges[:-1], edges[1:], strict=True)
        if j <= len(labels) and j - i >= 4
    ]
    if len(batches) < 4:
        return None
    shares = (
        np.bincount(labels, minlength=classes)[:classes] / len(labels) if shares is None else shares
    )
    if shares.max() > 0.97:
        return None
    rng = np.random.default_rng(0)
    size = int(np.median(sizes))

    def apart(each: list[np.ndarray]) -> float:
        """Mean distance of a batch's class shares from all."""
        return float(np.mean([np.abs(one - shares).sum() / 2 for one in each]))

    chance = [
        apart([rng.multinomial(size, shares / shares.sum()) / size for _ in batches])
        for _ in range(50)
    ]
    excess = (apart(batches) - np.mean(chance)) / max(1 - (shares**2).sum() - np.mean(chance), 1e-6)
    # Longer stretches show a buffer that is too small for a long sorted file.
    groups = np.array_split(np.array(batches), min(8, len(batches)))
    long = float(np.mean([np.abs(one.mean(axis=0) - shares).sum() / 2 for one in groups]))
    expected = float(np.mean(chance)) / np.sqrt(max(1, len(batches) // len(groups)))
    long_excess = (long - expected) / max(1 - (shares**2).sum() - expected, 1e-6)
    worst = max(excess, long_excess)
    if worst < 0.25 or apart(batches) < max(chance) and long < 2 * expected:
        return None
    distinct = np.mean([(one > 0).sum() for one in batches])
    return found(
        "training_order",
        f"A training batch holds {distinct:.1f} of {int((shares > 0).sum())} classes on "
        "average, and "
        "neighboring batches hold the same ones. Shuffled well it would hold nearly all.",
        share=min(worst, 1.0),
        low=min(worst, 1.0),
        high=min(worst, 1.0),
    )


def leak(ours: np.ndarray, theirs: np.ndarray) -> Diagnosis | None:
    """The same images in training (digests `ours`) and validation (`theirs`)."""
    if not len(theirs) or not len(ours):
        return None
    twins = np.isin(theirs, ours)
    # An image that is nothing but background is no twin of another one.
    values, counts = np.unique(theirs, return_counts=True)
    twins &= ~np.isin(theirs, values[counts > max(3, len(theirs) // 50)])
    k, n = int(twins.sum()), len(theirs)
    if k < max(3, 0.01 * n):
        return None
    low, high = wilson(k, n)
    return found(
        "leak",
        f"{k} of {n} validation images that were looked at are also among the training images.",
        share=k / n,
        low=low,
        high=high,
    )
