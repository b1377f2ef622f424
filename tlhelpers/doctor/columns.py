"""Epochs as columns: one curve for each thing that was logged or read."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tlhelpers.doctor.diagnosis import READINGS
from tlhelpers.doctor.watch import Epoch

_NAN = float("nan")


def curves(epochs: Sequence[Epoch]) -> dict[str, tuple[float, ...]]:
    """As `Examination.curves`: what Keras logged, then NLL and accuracy of each reading."""
    names = dict.fromkeys(name for one in epochs for name in one.logs)
    found = {name: tuple(one.logs.get(name, _NAN) for one in epochs) for name in names}
    for name in _read(epochs):
        found[name] = tuple(_mean(one.nll.get(name)) for one in epochs)
        found[f"accuracy_{name}"] = tuple(_mean(one.right.get(name)) for one in epochs)
    return found


def bands(epochs: Sequence[Epoch]) -> dict[str, tuple[tuple[float, float], ...]]:
    """As `Examination.bands`: 95 % intervals of each reading's mean NLL."""
    return {name: tuple(_interval(one.nll.get(name)) for one in epochs) for name in _read(epochs)}


def _read(epochs: Sequence[Epoch]) -> list[str]:
    """Readings that any epoch has."""
    return [name for name in READINGS if any(name in one.nll for one in epochs)]


def _mean(each: np.ndarray | None) -> float:
    return _NAN if each is None else float(each.mean())


def _interval(each: np.ndarray | None) -> tuple[float, float]:
    if each is None:
        return _NAN, _NAN
    half = 1.96 * each.std() / np.sqrt(max(len(each), 1))
    return float(each.mean() - half), float(each.mean() + half)
