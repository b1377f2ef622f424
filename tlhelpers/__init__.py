"""Steady Fine-Tuning: reproduce an unsteady training, change one thing, measure.

Everything a page needs is here; nothing is imported before it is used, so ``import tlhelpers``
takes no time and the plots of recorded runs work without Keras.
"""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress
from typing import Any

_PUBLIC = {
    "CourseError": "tlhelpers.core.errors",
    "ProgressBar": "tlhelpers.training.progress_bar",
    "Recipe": "tlhelpers.training.recipe",
    "difference_text": "tlhelpers.training.recipe",
    "case": "tlhelpers.experiment.cases",
    "study": "tlhelpers.analysis.study",
    "compare": "tlhelpers.analysis.comparisons",
    "values": "tlhelpers.analysis.metrics",
    "fix": "tlhelpers.experiment.fixes",
    "steady": "tlhelpers.experiment.protocol",
    "program": "tlhelpers.training.program",
    "check": "tlhelpers.course.book",
    "backbone": "tlhelpers.training.backbones",
}
_MODULES = {
    "batchnorm": "tlhelpers.training",
    "calibration": "tlhelpers.measures",
    "checks": "tlhelpers.experiment",
    "field": "tlhelpers.analysis",
    "field_survey": "tlhelpers.data",
    "machine": "tlhelpers.core",
    "metrics": "tlhelpers.analysis",
    "microscope": "tlhelpers.training",
    "model": "tlhelpers.training",
    "plots": "tlhelpers.analysis",
    "similarity": "tlhelpers.training",
    "stability": "tlhelpers.measures",
    "statistics": "tlhelpers.measures",
    "trainer": "tlhelpers.training",
    "verdicts": "tlhelpers.analysis",
    "wording": "tlhelpers.analysis",
}

__all__ = [*_PUBLIC, *_MODULES]

if "ipykernel" in sys.modules and "keras" not in sys.modules:
    # On a page, TensorFlow's start-up lines would be the first thing to read. What is wrong with
    # Keras here is said where Keras is needed.
    with suppress(Exception):
        importlib.import_module("tlhelpers.core.quiet")


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(importlib.import_module(_PUBLIC[name]), name)
    if name in _MODULES:
        return importlib.import_module(f"{_MODULES[name]}.{name}")
    raise AttributeError(f"tlhelpers has no '{name}'")


def __dir__() -> list[str]:
    return sorted(__all__)
