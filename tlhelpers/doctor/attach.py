"""A doctor for each `fit` that a program calls, without the program knowing."""

from __future__ import annotations

import functools
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import GeneratorType
from typing import Any

import keras

from tlhelpers.doctor.callback import Doctor


@contextmanager
def attached() -> Iterator[Doctor]:
    """While it lasts, every `fit` with validation data has this doctor as its last callback.

    Yields
    ------
    Doctor
        One for all of them: it knows a model again that is fitted a second time.
    """
    doctor = Doctor()
    owner = next(kind for kind in keras.Model.__mro__ if "fit" in vars(kind))
    fit = owner.fit

    @functools.wraps(fit)
    def with_doctor(self: Any, *arguments: Any, **named: Any) -> Any:
        try:
            looked_at = _with(doctor, arguments, named)
        except Exception as problem:  # then without a doctor
            looked_at = None
            print(f"doctor: this fit is not looked at: {problem!r:.200}", file=sys.stderr)
        if looked_at is None:
            return fit(self, *arguments, **named)
        arguments, named = looked_at
        try:
            return fit(self, *arguments, **named)
        finally:
            doctor.finish()

    predict = owner.predict

    @functools.wraps(predict)
    def predict_with_doctor(self: Any, x: Any, *arguments: Any, **named: Any) -> Any:
        doctor.note_prediction(x)
        return predict(self, x, *arguments, **named)

    owner.fit, owner.predict = with_doctor, predict_with_doctor
    try:
        yield doctor
    finally:
        owner.fit, owner.predict = fit, predict


def _with(doctor: Doctor, arguments: tuple, named: dict) -> tuple[tuple, dict] | None:
    """The arguments of a `fit` with a doctor; None without validation data, or inside a `fit`."""
    validation = named.get("validation_data") is not None or named.get("validation_split")
    # fit(x, y, batch_size, epochs, verbose, callbacks, validation_split, validation_data)
    validation = validation or any(value is not None and value != 0.0 for value in _late(arguments))
    if not validation or doctor.busy:
        return None
    arguments, named = _observing(doctor, arguments, named)
    if len(arguments) > 5:
        return (*arguments[:5], _and(arguments[5], doctor), *arguments[6:]), named
    return arguments, {**named, "callbacks": _and(named.get("callbacks"), doctor)}


def _observing(doctor: Doctor, arguments: tuple, named: dict) -> tuple[tuple, dict]:
    """The same arguments, generators among them replaced by ones that pass the same batches on."""

    def seen(value: Any) -> Any:
        return doctor.observe(value) if isinstance(value, GeneratorType) else value

    kept = {
        name: seen(value) if name in ("x", "validation_data") else value
        for name, value in named.items()
    }
    first = tuple(
        seen(value) if place in (0, 7) else value for place, value in enumerate(arguments)
    )
    return first, kept


def _late(arguments: tuple) -> list:
    return [value for value in arguments[6:8] if not (isinstance(value, float) and value == 0)]


def _and(callbacks: Any, doctor: Doctor) -> Any:
    """The callbacks with the doctor behind them."""
    if isinstance(callbacks, keras.callbacks.CallbackList):
        params = getattr(callbacks, "params", None) or {}  # Keras 3.3 has it only if it was given
        doctor.set_params(params)
        doctor.set_model(callbacks.model)
        callbacks.callbacks.append(doctor)
        return callbacks
    if callbacks is None:
        return [doctor]
    return [*(callbacks if isinstance(callbacks, (list, tuple)) else [callbacks]), doctor]
