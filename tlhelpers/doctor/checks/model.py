"""A model and how it was compiled: what is wrong before a single step is made."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from tlhelpers.doctor.catalogue import TRAINS_IN_VALIDATION, found
from tlhelpers.doctor.diagnosis import Diagnosis
from tlhelpers.doctor.network import Network, count, rows
from tlhelpers.doctor.task import OwnLoss, Task, last_activation
from tlhelpers.doctor.wording import number, percent

_OTHER = 0.05  # of what the answers for different images differ by
_STAGE = 4  # epochs; a stage of fine-tuning is longer


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
            if (
                norms
                and not _off_by_default(operation)
                and any(
                    node.arguments.kwargs.get("training") is False
                    for node in operation._inbound_nodes
                    if node.arguments is not None
                )
            ):
                names.append((operation.name, len(norms)))
    if not names:
        return None
    where = ", ".join(sorted({f"'{name}' ({n} BatchNorm layers)" for name, n in names}))
    return found(
        "training_flag_overridden",
        f"{where} is called with training=False, and its BatchNorm layers are trainable. Under "
        "fit() they normalize with the batch and move their running statistics all the same.",
    )


def in_training_mode(network: Network, x: Any, task: Task) -> Diagnosis | None:
    """Layers that run in training mode in validation: chance, or neighbors, change the answers.

    Parameters
    ----------
    network : Network
    x : inputs of images
        A few dozen.
    task : Task
    """
    n = count(x)
    batch = min(network.batch, max(1, n // 2))  # two of them, or nobody changes places
    dealt = np.concatenate([np.arange(n)[k::2] for k in range(2)])  # each gets other neighbors
    with network.untouched():
        first, again = (task.distribution(network.outputs(x, batch=batch)) for _ in range(2))
        apart = task.distribution(network.outputs(rows(x, dealt), batch=batch))
    spread = float(first.std(axis=0).max())
    if not (np.isfinite(first).all() and spread > 0):
        return None
    by_chance = float(np.abs(again - first).mean())
    by_neighbors = float(np.abs(apart - first[dealt]).mean())
    if by_chance > _OTHER * spread:
        why = "Asked twice about the same images, the network gives other answers: a layer that "
        why += "draws random numbers (Dropout, augmentation) runs in training mode in validation."
    elif by_neighbors > _OTHER * spread:
        why = "In validation, the answer for an image depends on the images beside it in the batch:"
        why += " BatchNorm runs in training mode there."
    else:
        return None
    return found("training_flag_overridden", why, words=TRAINS_IN_VALIDATION)


def _off_by_default(layer: Any) -> bool:
    """Whether ``call`` itself says ``training=False``: Keras notes that like a caller's flag."""
    asked = inspect.signature(layer.call).parameters.get("training")
    return asked is not None and asked.default is False


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
            "A softmax over one output is always 1, whatever the image shows. Use a sigmoid, or "
            "one output for each class.",
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


def cross_entropy_and_output(task: OwnLoss, model: Any, outputs: Any) -> Diagnosis | None:
    """The same of several labels an image, or of a class for each pixel."""
    import keras

    z = np.asarray(outputs, dtype=np.float64)
    last = last_activation(model)
    if not np.isfinite(z).all():
        return None
    # On TensorFlow Keras takes the logits from behind the last layer, whatever it is told.
    taken = keras.config.backend() == "tensorflow"
    if task.from_logits and last in ("sigmoid", "softmax") and not taken:
        said = f"is told from_logits=True, but the last layer ends in a {last}."
    elif task.from_logits is False and (z.min() < -1e-6 or z.max() > 1 + 1e-6):
        said = (
            f"expects probabilities, but the outputs lie between {z.min():.2g} and {z.max():.2g}."
        )
    else:
        return None
    return found("loss_wants_probabilities", f"The loss '{task.loss}' {said}")


def metric_of_numbers(task: OwnLoss, model: Any, targets: np.ndarray) -> Diagnosis | None:
    """An accuracy of targets that are measured numbers: hardly any prediction is equal to one."""
    if targets.size != len(targets) or targets.dtype.kind != "f":
        return None
    if (targets == np.rint(targets)).all():
        return None
    named = [
        getattr(metric, "name", "?")
        for metric in _metrics(model)
        if "accuracy" in type(metric).__name__.lower()
        or "accuracy" in getattr(getattr(metric, "_fn", None), "__name__", "")
    ]
    if not named:
        return None
    return found(
        "metric_threshold",
        f"'{named[0]}' counts predictions that are equal to their target, and the targets are "
        f"numbers such as {number(float(targets[0]))}. Take an error, such as 'mae'.",
    )


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
                "counts each output by itself, so even one answer for all looks good.",
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
                "outputs are logits: there one half is 0.",
            )
    return None


def _metrics(model: Any) -> list:
    found_metrics = []
    for metric in getattr(model, "metrics", ()):
        inner = getattr(metric, "metrics", None)
        found_metrics += list(inner) if isinstance(inner, (list, tuple)) else [metric]
    return found_metrics


def emptied_average(model: Any, callbacks: tuple) -> Diagnosis | None:
    """An optimizer that keeps averaged weights which no validation ever sees."""
    if not getattr(getattr(model, "optimizer", None), "use_ema", False):
        return None
    if any("SwapEMA" in type(one).__name__ for one in callbacks):
        return None
    if getattr(model.optimizer, "ema_overwrite_frequency", None):
        return None  # the average takes the place of the raw weights while training goes on
    return found(
        "average_not_validated",
        "The optimizer averages the weights (use_ema=True), but every epoch validates the raw "
        "ones: SwapEMAWeights is not among the callbacks. When fit ends, the averages take their "
        "place.",
    )


def restarted(model: Any, fits_before: int, epochs: int, other_rate: bool) -> Diagnosis | None:
    """A model that was fitted again and again by optimizers that are gone.

    Parameters
    ----------
    model : keras.Model
    fits_before : int
        With the same weights trainable, each beginning where the last one ended.
    epochs : int
        Of this fit. A new optimizer for each long stage is a choice.
    other_rate : bool
        Whether the learning rate is another one than in the fit before: then it is a stage, too,
        unless it has an epoch or two.
    """
    import keras

    optimizer = getattr(model, "optimizer", None)
    if optimizer is None or fits_before < 2 or epochs > _STAGE or not _has_state(optimizer):
        return None
    if int(np.asarray(keras.ops.convert_to_numpy(optimizer.iterations))) > 0:
        return None
    if other_rate and epochs > 2:
        return None
    return found(
        "optimizer_state_lost",
        "The same weights are fitted again and again, and the optimizer starts at step 0 each "
        "time: its averages of the gradients, and any schedule, start over.",
    )


def rate_of(model: Any) -> float | None:
    """Learning rate of a compiled model as it is now; None if it has none that can be read."""
    import keras

    try:
        return float(keras.ops.convert_to_numpy(model.optimizer.learning_rate))
    except Exception:  # no optimizer, or somebody's own
        return None


def _has_state(optimizer: Any) -> bool:
    """Whether losing an optimizer's state loses anything."""
    momentum = getattr(optimizer, "momentum", 0) or 0
    plain_rate = isinstance(getattr(optimizer, "_learning_rate", 0.0), (float, int))
    return type(optimizer).__name__ != "SGD" or bool(momentum) or not plain_rate
