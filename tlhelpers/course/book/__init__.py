"""The answers to the exercises, one module a page: ``pageNN.EXERCISES``."""

from __future__ import annotations

import difflib
import functools
import importlib
import pkgutil
from typing import Any

from tlhelpers.core.errors import CourseError
from tlhelpers.course.exercises import Exercise, told


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


def check(name: str, answer: Any) -> None:
    """Print whether an answer is right: a tick, a hint, or that nothing was tried yet.

    Parameters
    ----------
    name : str
        As the page has it, a key of `exercises`.
    answer : object
        None means that it was not tried.

    Raises
    ------
    CourseError
        There is no such exercise.
    """
    known = exercises()
    if name not in known:
        near = difflib.get_close_matches(name, known, 1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        raise CourseError(f"There is no exercise '{name}'.{hint}")
    print(told(known[name], answer))
