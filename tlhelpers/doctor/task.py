"""What a model is asked, and the loss of each image: of its classes, or by the model's own loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tlhelpers.measures.calibration import image_nll, softmax

_CROSS_ENTROPIES = ("crossentropy", "cross_entropy", "logits")


@dataclass(frozen=True)
class Task:
    """A classification with one output, as seen on a few images.

    Attributes
    ----------
    classes : int
        2 for a single output.
    single : bool
        One output number for two classes.
    sparse : bool
        Labels are class numbers, not one-hot rows.
    probabilities : bool
        The outputs are probabilities; else logits.
    loss : str
        Name of the loss.
    from_logits : bool or None
        What the loss takes the outputs for; None if it does not say.
    """

    classes: int
    single: bool
    sparse: bool
    probabilities: bool
    loss: str
    from_logits: bool | None

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        """What the losses are computed from: `distribution`."""
        return self.distribution(outputs)

    def losses(self, answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """NLL of each image in nats, shape (n,)."""
        return image_nll(answers, labels)

    def distribution(self, outputs: np.ndarray) -> np.ndarray:
        """Probabilities of the classes, shape (n, classes), whatever the outputs are."""
        z = np.asarray(outputs, dtype=np.float64).reshape(len(outputs), -1)
        if self.single:
            right = (
                z[:, :1] if self.probabilities else 1 / (1 + np.exp(-np.clip(z[:, :1], -60, 60)))
            )
            return np.concatenate([1 - right, right], axis=1)
        if self.probabilities:
            return z / np.maximum(z.sum(axis=1, keepdims=True), 1e-12)
        return softmax(z)

    def labels(self, y: np.ndarray) -> np.ndarray:
        """Class numbers, shape (n,)."""
        y = np.asarray(y)
        if self.single:
            return (y.reshape(len(y)) > 0).astype(int)
        if self.sparse:
            return np.rint(y.reshape(len(y)).astype(np.float64)).astype(int)
        return y.reshape(len(y), -1).argmax(axis=1)


@dataclass(frozen=True)
class OwnLoss:
    """Any other task with one output, a regression say: each image by the model's own loss.

    Attributes
    ----------
    loss : str
        Name of the loss.
    from_logits : bool or None
        What a cross-entropy takes the outputs for; None for other losses.
    function : callable
        Of targets and outputs; gives one number or more for each image.
    why : str
        Why it is no classification, in a sentence.
    """

    loss: str
    from_logits: bool | None
    function: Callable
    why: str
    classes: int = 0
    single: bool = False

    def answers(self, outputs: np.ndarray) -> np.ndarray:
        """What the losses are computed from: the outputs."""
        return outputs

    def losses(self, answers: np.ndarray, labels: np.ndarray) -> np.ndarray:
        """Loss of each image, shape (n,)."""
        import keras

        if labels.ndim + 1 == answers.ndim and answers.shape[-1] == 1:
            labels = labels[..., None]  # as Keras does, or (n, 1) less (n,) would be (n, n)
        pair = (keras.ops.convert_to_tensor(each, dtype="float32") for each in (labels, answers))
        each = np.asarray(keras.ops.convert_to_numpy(self.function(*pair)), dtype=np.float64)
        return each.reshape(len(labels), -1).mean(axis=1)

    def labels(self, y: np.ndarray) -> np.ndarray:
        """The targets as they are."""
        return np.asarray(y)


def task_of(model: Any, outputs: Any, y: Any) -> Task | OwnLoss | str:
    """The task of a compiled model, or a sentence that says why its loss is not split.

    Parameters
    ----------
    model : keras.Model
        Compiled.
    outputs, y : arrays
        Of some images, as the model gives them and as its loss gets them.

    Returns
    -------
    Task, OwnLoss or str
    """
    if not (isinstance(outputs, np.ndarray) and isinstance(y, np.ndarray)):
        return "The model has several outputs: its loss is not split."
    found = _classification(model, outputs, y)
    return found if isinstance(found, Task) else _own_loss(model, outputs, y, found)


def _own_loss(model: Any, outputs: np.ndarray, y: np.ndarray, why: str) -> OwnLoss | str:
    """The model's own loss, if it gives numbers above 0 for single images."""
    import keras

    loss = _loss(model)
    try:
        loss = keras.losses.get(loss)
        function = loss.call if isinstance(loss, keras.losses.Loss) else loss
        task = OwnLoss(*_loss_of(model), function, why)
        few, one = task.losses(outputs, task.labels(y)), task.losses(outputs[:1], y[:1])
    except Exception:  # somebody's own loss may want anything
        return f"{why} Its loss is not split."
    each = len(few) == len(outputs) and np.allclose(few[0], one[0], rtol=1e-3)
    if not each or not np.isfinite(few).all() or few.min() < 0 or not few.any():
        return f"{why} Its loss is not split."
    return task


def _classification(model: Any, outputs: np.ndarray, y: np.ndarray) -> Task | str:
    if outputs.ndim > 2 or not np.issubdtype(outputs.dtype, np.number):
        return "The output is no vector of classes."
    width = 1 if outputs.ndim == 1 else outputs.shape[1]
    name, from_logits = _loss_of(model)
    if y.dtype.kind not in "biuf" or len(y) != len(outputs):
        return "The labels are no numbers."
    values = y.reshape(len(y), -1).astype(np.float64)
    whole = bool(np.isfinite(values).all() and (values == np.rint(values)).all())
    column = values.shape[1] == 1
    if width == 1:
        zero_or_one = values.min() >= 0 and values.max() <= 1
        plus_or_minus = "hinge" in name and bool((np.abs(values) == 1).all())
        if not (column and whole and (zero_or_one or plus_or_minus)):
            return "One output whose labels are not 0 and 1: no classification."
        fits = _is_cross_entropy(name) or "hinge" in name or last_activation(model) == "sigmoid"
        if not fits and last_activation(model) != "softmax":
            return f"One output, and '{name}' is no loss of two classes."
    elif column:
        if not (whole and values.min() >= 0 and values.max() < width):
            return "The labels are no numbers of classes."
    elif (
        values.shape[1] != width or values.min() < -1e-6 or abs(values.sum(axis=1) - 1).max() > 1e-3
    ):
        return "The labels are no one-hot rows."
    return Task(
        classes=max(width, 2),
        single=width == 1,
        sparse=column and width > 1,
        probabilities=_probabilities(model, outputs.reshape(len(outputs), -1), from_logits),
        loss=name,
        from_logits=from_logits,
    )


def _loss(model: Any) -> Any:
    """What the model was compiled with; the only one of a list or dict."""
    loss = getattr(model, "loss", None)
    if isinstance(loss, (list, tuple)) and len(loss) == 1:
        return loss[0]
    if isinstance(loss, dict) and len(loss) == 1:
        (loss,) = loss.values()
    return loss


def _loss_of(model: Any) -> tuple[str, bool | None]:
    """Name of a model's loss, and whether it takes logits: None where it does not say."""
    loss = _loss(model)
    if isinstance(loss, str):
        return loss, False if _is_cross_entropy(loss) else None
    name = str(getattr(loss, "name", None) or getattr(loss, "__name__", type(loss).__name__))
    told = getattr(loss, "from_logits", None)
    if told is None:
        told = getattr(loss, "_fn_kwargs", {}).get("from_logits")
    if told is None and getattr(loss, "__module__", "").startswith("keras.") and callable(loss):
        told = False if _is_cross_entropy(name) else None
    return name, None if told is None else bool(told)


def _is_cross_entropy(name: str) -> bool:
    return any(part in name.lower() for part in _CROSS_ENTROPIES)


def last_activation(model: Any) -> str | None:
    """Name of the function that makes the model's output, such as "softmax"; None if unknown."""
    layer = model
    for _ in range(10):
        inner = getattr(layer, "layers", None)
        if not inner:
            break
        names = getattr(layer, "output_names", None)
        ends = [one for one in inner if names and one.name == names[0]]
        layer = ends[0] if ends else inner[-1]
    kind = type(layer).__name__.lower()
    if kind in ("softmax", "sigmoid"):
        return kind
    activation = getattr(layer, "activation", None)
    if kind == "activation" or activation is not None:
        return getattr(activation, "__name__", None)
    return None


def _probabilities(model: Any, z: np.ndarray, from_logits: bool | None) -> bool:
    """Whether outputs of shape (n, width) are probabilities."""
    z = z[np.isfinite(z).all(axis=1)].astype(np.float64)
    activation = last_activation(model)
    if activation in ("softmax", "sigmoid"):
        return True
    if activation == "tanh":
        return False
    if not len(z):
        return not from_logits
    inside = z.min() >= 0 and z.max() <= 1 + 1e-6
    if z.shape[1] > 1:
        return bool(inside and abs(z.sum(axis=1) - 1).max() < 2e-2)
    return bool(inside and not (activation == "linear" or from_logits))
