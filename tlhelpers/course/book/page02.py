"""Answers to the exercises of page 02."""

from __future__ import annotations

from typing import Any

from tlhelpers.course.exercises import Exercise, Number


def _lost_points() -> float:
    from tlhelpers.analysis.study import study

    run = study("ferplus").runs()[0]
    names = run.about["classes"]
    answers = run.probabilities.argmax(axis=1)
    right = (answers == run.labels).mean()
    for name in ("disgust", "contempt"):
        answers[answers == names.index(name)] = names.index("neutral")
    return float(100 * (right - (answers == run.labels).mean()))


_LOST = Number(
    _lost_points,
    within=0.02,
    low="Too low. Count in percentage points: 100 times the difference of the two accuracies.",
    high="Too high. Turn only the answers, never the labels, and compare with all faces.",
)


def _blind(answer: Any) -> str | None:
    if (hint := _LOST(answer)) is None:
        return None
    try:
        share = abs(float(answer) * 100 - _LOST.right()) <= _LOST.within
        negative = abs(-float(answer) - _LOST.right()) <= _LOST.within
    except (TypeError, ValueError):
        return hint
    if share and float(answer) > 0:
        return "That is a share. In percentage points it is 100 times as much."
    return "Before minus after: what it costs is above zero." if negative else hint


EXERCISES = {
    "02-blind": Exercise(
        _blind,
        praise="Two of eight expressions gone, and accuracy hardly notices.",
        wrong=(0, 0.0013, -0.13, 10, "little", [0.2, 0.3]),
    ),
    "02-how-many": Exercise(
        Number(
            lambda: 73.0,
            within=0,
            low="Too few. Raise n until the upper end of wilson(0, n) falls below 0.05.",
            high="More than you need. 4 / (n + 4) is a rule of thumb: wilson(0, n) is exact.",
        ),
        praise="More than three times as many as the question had.",
        wrong=(20, 60, 72, 76, 100, "many"),
    ),
}
