"""The answers to the exercises, one module a page: ``pageNN.EXERCISES``."""

from __future__ import annotations

import functools
import importlib
import pkgutil

from tlhelpers.course.exercises import Exercise


@functools.cache
def exercises() -> dict[str, Exercise]:
    """All exercises by name; a name begins with its page: "04-gap"."""
    found: dict[str, Exercise] = {}
    for module in pkgutil.iter_modules(__path__):
        for name, exercise in importlib.import_module(
            f"{__name__}.{module.name}"
        ).EXERCISES.items():
            if name in found or name[:2] != module.name[-2:]:
                raise ValueError(f"exercise '{name}' stands twice, or in another page's module")
            found[name] = exercise
    return found
