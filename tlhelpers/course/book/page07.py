"""Answers to the exercises of page 07."""

from __future__ import annotations

from typing import Any

from tlhelpers.course.exercises import Exercise

_RIGHT = ["SwapEMAWeights", "UpdateBatchNorm", "EarlyStopping"]


def _order(answer: Any) -> str | None:
    if not isinstance(answer, (list, tuple)):
        return "Answer with a list of the three, such as [stop, swap, update]."
    names = [each if isinstance(each, str) else type(each).__name__ for each in answer]
    if sorted(names) != sorted(_RIGHT):
        return "The list needs each of the three once: stop, swap, update."
    if names[0] == "EarlyStopping":
        return "EarlyStopping keeps what it finds in the model. What is in it when it comes first?"
    if names.index("UpdateBatchNorm") < names.index("SwapEMAWeights"):
        return "For which weights are the statistics measured if the average is not in place yet?"
    if names != _RIGHT:
        return "EarlyStopping would keep the average with the statistics of the raw weights."
    return None


def _two_losses(answer: Any) -> str | None:
    try:
        alone, both = (float(value) for value in answer)
    except (TypeError, ValueError):
        return "Answer with two numbers: (first val_loss with swap alone, with both)."
    if not alone > 0 or not both > 0:
        return "A loss is a number above zero: take the first entry of what train returns."
    if alone < both:
        return "The second should be far lower. Does its UpdateBatchNorm stand behind the swap?"
    if alone < 1.1 * both:
        return "They hardly differ. Is UpdateBatchNorm in the list of the second, behind the swap?"
    return None


EXERCISES = {
    "07-order": Exercise(
        _order,
        praise="The average comes in, its statistics are measured, and then it is looked at.",
        wrong=(
            "swap",
            ["SwapEMAWeights"],
            ["EarlyStopping", "SwapEMAWeights", "UpdateBatchNorm"],
            ["UpdateBatchNorm", "SwapEMAWeights", "EarlyStopping"],
            ["SwapEMAWeights", "EarlyStopping", "UpdateBatchNorm"],
        ),
    ),
    "07-both-ways": Exercise(
        _two_losses,
        praise="The same weights, and the loss is several times as high with the wrong statistics.",
        wrong=(1.0, (0.2, 1.1), (0.5, 0.5), ("a", "b"), (-1, 0.2), (float("nan"), 0.2)),
    ),
}
