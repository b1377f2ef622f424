"""Answers to the exercises of page 12."""

from tlhelpers.course.exercises import Choice, Exercise

EXERCISES = {
    "12-checkpoint": Exercise(
        Choice(
            "c",
            {
                "a": "Then it saves the raw weights: SwapEMAWeights has not acted yet.",
                "b": "Then it saves averaged weights with the raw weights' statistics.",
                "d": "It does: a callback sees the model as those before it leave it.",
            },
        ),
        praise="After both: averaged weights, and the statistics that fit them.",
        wrong=("a", "b", "d", "last", 3),
    ),
}
