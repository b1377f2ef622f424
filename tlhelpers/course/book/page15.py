"""Answers to the exercises of page 15."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tlhelpers.course.exercises import Exercise, Number

if TYPE_CHECKING:
    from tlhelpers.training.run import Run


def three_runs() -> Mapping[str, Run]:
    """The trainings of the last exercise, by letter; nothing is trained.

    Returns
    -------
    mapping of letter to Run
        Of the faces. X: frozen BatchNorm, so that only weights can jump. Y: the question's recipe,
        whose BatchNorm lags. Z: averaged weights with the statistics of the raw ones.
    """
    from tlhelpers.analysis.study import study

    faces = study("ferplus")
    recipes = {"X": ("frozen-batchnorm", 7), "Y": ("posted", 6), "Z": ("weight-average", 4)}
    return {letter: faces.runs(recipe)[seed] for letter, (recipe, seed) in recipes.items()}


def _repaired(answer: Any) -> str | None:
    examinations = getattr(answer, "examinations", None)
    if examinations is None:
        return "The answer is a Doctor: my_answer = Doctor(), then fit with callbacks=[my_answer]."
    if not examinations:
        return "This Doctor has not watched a fit yet: put it into the callbacks."
    last = examinations[-1]
    if last.diagnoses:
        return f"The doctor still finds: {last.diagnoses[0].title}. Print its evidence."
    if len(last.epochs) < 5:
        return "Nothing found, but in so few epochs. Train for eight, as the colleague did."
    return None


_RIGHT = {"X": "b2", "Y": "a1", "Z": "c4"}
_LOOK = {
    "X": "Where is the blue curve? And which one is calm?",
    "Y": "The orange curve has a spike. Which reading has none, with the very same weights?",
    "Z": "How high does it start, and how high do the same weights start with fresh statistics?",
}


def _three(answer: Any) -> str | None:
    if not isinstance(answer, Mapping) or set(answer) != set(_RIGHT):
        return "Answer with a dict that has exactly these keys: X, Y, Z."
    given = {name: str(value).strip().lower() for name, value in answer.items()}
    for name, value in given.items():
        if len(value) != 2 or value[0] not in "abcd" or value[1] not in "1234":
            return f"{name}: a letter from a to d and a number from 1 to 4, such as 'd3'."
    for name in sorted(_RIGHT):
        if given[name][0] != _RIGHT[name][0]:
            return f"Look at {name} again: another trouble. {_LOOK[name]}"
    for name in sorted(_RIGHT):
        if given[name][1] != _RIGHT[name][1]:
            return f"All three troubles are right. {name} needs another change. {_LOOK[name]}"
    return None


class _Unused:
    """What a Doctor looks like before any fit."""

    examinations = ()


EXERCISES = {
    "15-repair": Exercise(
        _repaired,
        praise="Nothing to find. It never overfitted: one side was fed otherwise.",
        wrong=("none", 3, _Unused(), ["Doctor"]),
    ),
    "15-pairs": Exercise(
        Number(
            lambda: 5.0,
            within=0.01,
            low="Too few: with n pairs luck passes your rule 0.5 ** n of the time.",
            high="More than you need. What is 0.5 ** 5?",
        ),
        praise="Five: luck passes 1 time in 32. Four would let it pass 1 time in 16.",
        wrong=(4, 8, "five", float("nan")),
    ),
    "15-three": Exercise(
        _three,
        praise="You can read a curve by its twins. That was the course.",
        wrong=(
            "b2",
            {"X": "a1", "Y": "b2", "Z": "c4"},
            {"X": "b1", "Y": "a1", "Z": "c4"},
            {"X": "b2", "Y": "d3", "Z": "c4"},
            {"X": "b2", "Y": "a1", "Z": "a4"},
            {"X": "b2", "Y": "a1", "Z": "z9"},
            {"X": 1, "Y": 2, "Z": 3},
        ),
    ),
}
