"""Answers to the exercises of page 09."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tlhelpers.course.exercises import Exercise, Matching, Number

_NOISY_LABELS = {
    "val_nll": [0.394, 0.399, 0.406, 0.421, 0.442, 0.468, 0.495, 0.524, 0.548, 0.572],
    "val_nll_recalibrated": [0.326, 0.343, 0.360, 0.381, 0.401, 0.417, 0.430, 0.442, 0.450, 0.456],
    "val_accuracy": [0.845, 0.842, 0.819, 0.806, 0.798, 0.780, 0.765, 0.761, 0.764, 0.760],
}
"""A head of 256 units on frozen features of all 1,600 drawn retinas, a fifth of the labels wrong,
two passes a point (measured once; the page trains its like on half of them)."""


def three_curves() -> Mapping[str, Mapping[str, Sequence[float]]]:
    """The trainings of the exercise, by letter; nothing is trained.

    Returns
    -------
    mapping of letter to history
        A: a head that overfits. B: the question's recipe on faces, whose BatchNorm lags. C: the
        same with averaged weights, which grows overconfident.
    """
    from tlhelpers.analysis.study import study

    faces = study("ferplus")
    overfits = {**_NOISY_LABELS, "val_nll_fresh": _NOISY_LABELS["val_nll"]}  # it has no BatchNorm
    lags, overconfident = faces.runs()[6], faces.runs("weight-average-update-bn")[1]
    return {"A": overfits, "B": lags.history, "C": overconfident.history}


def _temperature() -> float:
    from tlhelpers.analysis.study import study
    from tlhelpers.measures import calibration

    run = study("ferplus").runs()[0]
    return calibration.temperature(run.probabilities[::2], run.labels[::2])


EXERCISES = {
    "09-which": Exercise(
        Matching(
            {"A": "overfitting", "B": "lag", "C": "overconfidence"},
            {
                "A": "Follow its accuracy from the first epoch to the last.",
                "B": "Which reading takes its jumps away?",
                "C": "Its accuracy stays. What does refitting the confidence do to its climb?",
            },
        ),
        praise="One look at the score and two more readings of the same weights tell them apart.",
        wrong=(
            "A",
            {"A": "overfitting"},
            {"A": "lag", "B": "overfitting", "C": "overconfidence"},
            {"A": "overfitting", "B": "overconfidence", "C": "lag"},
            {"A": 1, "B": 2, "C": 3},
        ),
    ),
    "09-temperature": Exercise(
        Number(
            _temperature,
            within=0.06,
            low="Too low. Did you fit on every second image, with the labels of the same images?",
            high="Too high. Is the loss the smallest at this temperature, or the largest?",
        ),
        praise="Divide its logits by that number. No prediction changes, and the loss falls.",
        wrong=(1, 0.5, 7.4, "hot", float("nan")),
    ),
}
