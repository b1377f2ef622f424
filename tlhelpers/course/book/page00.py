"""Answers to the exercises of page 00."""

from tlhelpers.course.exercises import Choice, Exercise

EXERCISES = {
    "00-which": Exercise(
        Choice(
            "a",
            {
                "b": "If the weights jumped, blue would jump with orange. Does it?",
                "c": "A climb stays up. Does orange come back down?",
            },
        ),
        praise="Blue stays low where orange jumps: the statistics lag, and the weights are fine.",
        wrong=("b", "c", "d", 1),
    ),
}
