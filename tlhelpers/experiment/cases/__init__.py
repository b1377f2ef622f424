"""The two questions."""

from __future__ import annotations

import inspect
from typing import Any

from tlhelpers.core.errors import CourseError
from tlhelpers.experiment.cases import ferplus, retinopathy
from tlhelpers.experiment.cases.base import Case

CASES = {"retinopathy": retinopathy.make, "ferplus": ferplus.make}
LETTERS = {"retinopathy": retinopathy.POSTED, "ferplus": ferplus.POSTED}
"""The recipes of the posts, to the letter."""
_SIZES = {"retinopathy": retinopathy.SIZES, "ferplus": ferplus.SIZES}
PROFILES = (
    *("smoke", "quick", "witness"),
    *("full", "full-lite", "full-smoke", "full-lite-smoke"),
)
"""Sizes, never the science. "quick": scale models of the posts, which match what decides there.
"witness": the posted network itself, from weights that this machine makes (retinopathy only).
"lite" is for a GPU that cannot fetch the posted backbone's weights:
EfficientNet-Lite0, whose weights pip brings, at 224 pixels. "full-…smoke" shows that all works."""

DATA = ("synthetic", "real")


def case(name: str, profile: str = "quick", data: str = "synthetic", **images: Any) -> Case:
    """The case called `name`.

    Parameters
    ----------
    name : str
        "retinopathy" or "ferplus".
    profile : str
        One of `PROFILES`.
    data : str
        "synthetic" images are drawn on the spot; "real" ones must have been prepared.
    **images
        What is not as posted about the images: ``duplicates=False``, ``everything=True`` (ferplus),
        ``fellow_eyes=0.8``, ``photographs="aptos"``, ``pretrained_on="real-faces"`` (retinopathy).

    Returns
    -------
    Case
        Its images are drawn or read when they are first needed.

    Raises
    ------
    CourseError
        An unknown case, profile, kind of data or option, a profile that this case has not, or a
        value that an option cannot have.
    """
    for value, allowed, what in (
        (name, CASES, "case"),
        (profile, PROFILES, "profile"),
        (data, DATA, "data"),
    ):
        if value not in allowed:
            raise CourseError(f"Unknown {what} '{value}': choose one of {', '.join(allowed)}.")
    if not has(name, profile, data):
        raise CourseError(f"The case {name} has no profile '{profile}' with {data} images.")
    known = list(inspect.signature(CASES[name]).parameters)[2:]
    for option in images:
        if option not in known:
            raise CourseError(
                f"The case {name} has no option '{option}': known: {', '.join(known) or 'none'}."
            )
    return CASES[name](profile, data, **images)


def has(name: str, profile: str, data: str = "synthetic") -> bool:
    """Whether a case has a profile with these images."""
    return (profile, data) in _SIZES[name]
