"""Answers to the exercises of page 08."""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.course.exercises import Exercise, Matching
from tlhelpers.data.stripes import FAULTS


def _repaired(answer: Any) -> str | None:
    try:
        line = np.atleast_1d(np.asarray(answer, dtype=float))
    except (TypeError, ValueError):
        return 'Answer with numbers: history["val_accuracy"].'
    if line.ndim != 1 or not len(line) or not ((line >= 0) & (line <= 1)).all():
        return "An accuracy lies between 0 and 1, one for each epoch."
    if len(line) < 2:
        return 'Answer with the whole list: history["val_accuracy"].'
    if line[0] < 0.05:
        return "Validation starts at zero: which classes are among its last rows?"
    if line.max() < 0.4:
        return "It stays at chance: what range does the network get, after its own Rescaling?"
    return None


EXERCISES = {
    "08-name-it": Exercise(
        Matching(
            {letter: word for letter, (word, _) in FAULTS.items()},
            {
                "A": "Compare the ranges of both sides.",
                "B": "Compare its two lines of evaluate. Are they the same?",
                "C": "Count its labels.",
                "D": "Its two lines of evaluate: do they differ, or are both wrong in one way?",
            },
        ),
        praise="Range, labels, and evaluating twice: that is enough to tell the four apart.",
        wrong=(
            "scaled",
            {"A": "scaled"},
            {"A": "scaled", "B": "shuffled", "C": "sorted", "D": "augmented"},
            {"A": "sorted", "B": "augmented", "C": "scaled", "D": "shuffled"},
            {"A": 1, "B": 2, "C": 3, "D": 4},
        ),
    ),
    "08-repair": Exercise(
        _repaired,
        praise="Both faults are gone, and the network was fine all along.",
        wrong=("good", 0.9, [0.0, 0.3, 0.9], [0.2, 0.21, 0.2], [-1, 2], []),
    ),
}
