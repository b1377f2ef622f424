"""What `fit` was told: Keras keeps it to itself, so it is read off the running call.

A callback is given the model and three numbers. Class weights, the other callbacks and the data are
local variables of the `fit` that runs it, and those are read, never written. Their names are those
of Keras's documented arguments.
"""

from __future__ import annotations

import sys
import types
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, eq=False)
class Told:
    """Arguments of a running `fit`, after `validation_split` has been carried out.

    Attributes
    ----------
    train, validation : any or None
        What `fit` trains on and validates on: a tuple of arrays, or a dataset.
    batch_size, steps_per_epoch, validation_steps : int or None
    initial_epoch : int
    validation_split : float
    shuffle : bool
    class_weight : dict or None
    callbacks : tuple
        All of them, in order.
    """

    train: Any = None
    validation: Any = None
    batch_size: int | None = None
    steps_per_epoch: int | None = None
    validation_steps: int | None = None
    initial_epoch: int = 0
    validation_split: float = 0.0
    shuffle: bool = True
    class_weight: dict | None = None
    callbacks: tuple = field(default=())


def told(model: Any) -> Told:
    """What the running `fit` of this model was told; an empty `Told` if none is found.

    Parameters
    ----------
    model : keras.Model

    Returns
    -------
    Told
    """
    frame: types.FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code.co_name == "fit" and "validation_split" in frame.f_code.co_varnames:
            names = frame.f_locals
            if names.get("self") is model:
                return _told(names)
        frame = frame.f_back
    return Told()


def _told(names: dict[str, Any]) -> Told:
    callbacks = names.get("callbacks")
    split = names.get("validation_split") or 0.0
    return Told(
        train=_arrays(names.get("x"), names.get("y"), names.get("sample_weight")),
        validation=names.get("validation_data"),
        batch_size=names.get("batch_size"),
        steps_per_epoch=names.get("steps_per_epoch"),
        validation_steps=names.get("validation_steps"),
        initial_epoch=int(names.get("initial_epoch") or 0),
        validation_split=split if isinstance(split, float) else float(split),
        shuffle=bool(names.get("shuffle", True)),
        class_weight=names.get("class_weight"),
        callbacks=tuple(getattr(callbacks, "callbacks", callbacks) or ()),
    )


def _arrays(x: Any, y: Any, weight: Any) -> Any:
    """One value for the training data, as `validation_data` is one."""
    if y is None:
        return x
    return (x, y) if weight is None else (x, y, weight)
