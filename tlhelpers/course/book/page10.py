"""Answers to the exercises of page 10."""

from __future__ import annotations

from typing import Any

import numpy as np

from tlhelpers.course.exercises import Exercise, Number

_SHARE = 234 / 3000  # as in FER+, in each size in which faces are drawn


def _honest(answer: Any) -> str | None:
    try:
        train, validation = (np.asarray(side).ravel() for side in answer)
    except (TypeError, ValueError):
        return "Answer with two arrays: the patient of each training and each validation image."
    if not len(train) or not len(validation):
        return "One side is empty."
    if train.dtype == bool or validation.dtype == bool:
        return "These are masks. Answer with the patients themselves, such as patients[mask]."
    if shared := len(set(train.tolist()) & set(validation.tolist())):
        return f"{shared} patients are on both sides. Choose patients first, then their images."
    count = len(train) + len(validation)
    if max(np.unique(side).size / side.size for side in (train, validation)) > 0.9:
        return "Almost every patient has a single image here. Where did the fellow eyes go?"
    if not 0.15 < len(validation) / count < 0.35:
        return f"{len(validation)} of {count} images are for validation. A quarter was asked for."
    return None


_PAIRS = np.repeat(np.arange(40), 2)

EXERCISES = {
    "10-copies": Exercise(
        Number(
            lambda: _SHARE,
            within=0.0006,
            low="Too low. Count the validation images whose hash is among the training hashes.",
            high="Too high. Divide their number by the number of validation images.",
        ),
        praise="One face in thirteen. FER+ itself, with real photographs, has as many.",
        wrong=(234, 0.0, 0.005, "many", float("nan")),
    ),
    "10-patients": Exercise(
        _honest,
        praise="No patient is on both sides. Now the score is about eyes of people it never saw.",
        wrong=(
            3,
            (_PAIRS, _PAIRS[:0]),
            (_PAIRS[::2], _PAIRS[1::2]),
            (_PAIRS[:40], _PAIRS[40:]),
            (_PAIRS < 20, _PAIRS >= 20),
            (np.arange(60), np.arange(60, 80)),
            "ab",
        ),
    ),
}
