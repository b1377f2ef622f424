"""Answers to the exercises of page 11."""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.course.exercises import Exercise, Number

_FERPLUS = np.array([10379, 7537, 3583, 3559, 2476, 195, 659, 170])  # training faces by plurality
_DISGUST = 5


def _effective_batch() -> float:
    from tlhelpers.measures import class_weights

    weights = class_weights.class_weights("inverse-root", _FERPLUS)
    return class_weights.effective_batch(weights, _FERPLUS, 32)


def _found() -> tuple[int, int]:
    """Disgust faces that the first run finds as it is, and with its answers adjusted."""
    from tlhelpers.analysis.study import study

    run = study("ferplus").runs()[0]
    asked = run.labels == _DISGUST
    adjusted = run.probabilities / (_FERPLUS / _FERPLUS.sum())
    before, after = (
        int((p[asked].argmax(axis=1) == _DISGUST).sum()) for p in (run.probabilities, adjusted)
    )
    return before, after


def _two_counts(answer: Any) -> str | None:
    try:
        before, after = (float(value) for value in answer)
    except (TypeError, ValueError):
        return "Answer with two numbers: (found before, found after)."
    right = _found()
    if (before, after) == right:
        return None
    if (after, before) == right:
        return "Both numbers are right, in the other order: before, then after."
    if before == right[0]:
        return "The first is right. Did you divide each column by the share of its class?"
    if 0 < before < 1:
        return "Count faces: how many of those labeled disgust get disgust as their answer?"
    return "Start with the faces where run.labels is 5, and take the argmax of their rows."


EXERCISES = {
    "11-effective-batch": Exercise(
        Number(
            _effective_batch,
            within=0.5,  # whole images will do
            low="Too low. Balanced weights are 1 / count. These are 1 / the root of the count.",
            high="Too high. Without weights it would be 32. Did you pass the new weights?",
        ),
        praise="Gentler weights keep most of the batch, and still span a factor of eight.",
        wrong=(5.2, 32, 0.7, "most", float("nan")),
    ),
    "11-adjust": Exercise(
        _two_counts,
        praise="The same weights find more of the rare class. What did it cost elsewhere?",
        wrong=(8, (8, 8), (0, 0), (0.4, 0.6), ("a", "b"), (13, 8)),
    ),
}
