"""Answers to the exercises of page 14."""

from __future__ import annotations

from typing import Any

from tlhelpers.course.exercises import Exercise


def _changes() -> list[float]:
    from tlhelpers.analysis import metrics
    from tlhelpers.analysis.study import study

    retina = study("retinopathy")
    pair = retina.runs(), retina.runs("learning-rate-1e-5")
    return list(metrics.differences(*pair, "jitter").values())


def _row(answer: Any) -> str | None:
    try:
        mean, pairs = (float(value) for value in answer)
    except (TypeError, ValueError):
        return "Answer with two numbers: (mean change, pairs in which jitter fell)."
    if not (mean == mean and pairs == pairs):
        return "That is not a number: one of the values behind it is missing."
    changes = _changes()
    right = sum(changes) / len(changes)
    if abs(mean + right) <= 0.005:
        return "The sign is turned round: a change is after minus before."
    if abs(mean - right) > 0.005:
        return "The mean is off. Subtract seed by seed, after minus before, then take the mean."
    if pairs != sum(change < 0 for change in changes):
        return "The mean is right. Now count the seeds whose own change is below zero."
    return None


def _luck(answer: Any) -> str | None:
    try:
        share, word = answer
        share, word = float(share), str(word).strip().lower()
    except (TypeError, ValueError):
        return 'Answer with a number and a word: (share of tries, "yes" or "no").'
    if word not in ("yes", "no"):
        return 'The second part is "yes" or "no": does the change count?'
    if abs(share - 0.03) < 0.01:
        return "That is one change alone. You took the smallest of fifteen."
    if abs(share - 0.45) < 0.02:
        return "Close: 15 × 0.03 is Holm's upper bound. Simulate, or use 1 - (1 - 0.03) ** 15."
    if not abs(share - (1 - 0.97**15)) < 0.02:
        return "Draw fifteen uniform numbers many times. How often is the smallest at most 0.03?"
    if word == "yes":
        return "The share is right. Would you believe a find that luck makes that often?"
    return None


EXERCISES = {
    "14-row": Exercise(
        _row,
        praise="That is the dot of the row, and the pairs behind it.",
        wrong=(0.1, (0.5, 3), (-0.01, 8), ("a", "b"), (float("nan"), 8)),
    ),
    "14-luck": Exercise(
        _luck,
        praise="Luck does that in more than a third of such searches. Count your tries.",
        wrong=(0.37, (0.03, "no"), (0.45, "no"), (0.37, "yes"), (0.37, "maybe"), ("no", 0.37)),
    ),
}
