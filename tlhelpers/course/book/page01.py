"""Answers to the exercises of page 01."""

from tlhelpers.course.exercises import Choice, Exercise, Number


def _worst_rise() -> float:
    from tlhelpers.analysis.study import study
    from tlhelpers.measures import stability

    return stability.worst_rise(study("retinopathy").runs()[3].curve("val_loss"))


EXERCISES = {
    "01-worst-rise": Exercise(
        Number(
            _worst_rise,
            within=0.02,
            low="Too low. Divide each epoch's loss by the one before it, and take the largest.",
            high="Too high. Did you divide by the smallest loss? Divide by the epoch just before.",
        ),
        praise="The loss nearly doubled in one epoch. A factor is fairer than a difference.",
        wrong=(0.2, 5, "two", float("nan")),
    ),
    "01-rule-out": Exercise(
        Choice(
            "b",
            {
                "a": "Validation that is fed differently from epoch to epoch can do exactly this.",
                "c": "BatchNorm can do this. The next pages show how.",
                "d": "A rate that is too high can do this. Which of the four never comes back?",
            },
        ),
        praise="Overfitting stays. It does not go away in the next epoch.",
        wrong=("a", "c", "d", "e", 2),
    ),
}
