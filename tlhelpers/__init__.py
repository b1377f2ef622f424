"""Steady Fine-Tuning: reproduce an unsteady training, change one thing, measure.

Everything a page needs is here; nothing is imported before it is used, so ``import tlhelpers``
takes no time and the plots of recorded runs work without Keras.
"""

from __future__ import annotations

import importlib
from typing import Any

_PUBLIC = {
    "CourseError": "tlhelpers.errors",
    "Recipe": "tlhelpers.recipe",
    "difference_text": "tlhelpers.recipe",
    "case": "tlhelpers.cases",
    "alone": "tlhelpers.comparisons",
    "beside_real": "tlhelpers.comparisons",
    "on_both": "tlhelpers.comparisons",
    "real_pairs": "tlhelpers.comparisons",
    "compare": "tlhelpers.comparisons",
    "verdict_sentence": "tlhelpers.evidence",
    "values": "tlhelpers.metrics",
    "fix": "tlhelpers.fixes",
    "steady": "tlhelpers.protocol",
    "guessed": "tlhelpers.prediction",
    "backbone": "tlhelpers.backbones",
}
_MODULES = [
    "batchnorm",
    "calibration",
    "checks",
    "evidence",
    "findings",
    "machine",
    "metrics",
    "model",
    "plots",
    "stability",
    "training",
]

__all__ = [*_PUBLIC, *_MODULES]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"tlhelpers.{name}")
    raise AttributeError(f"tlhelpers has no '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
