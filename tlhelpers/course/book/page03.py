"""Answers to the exercises of page 03."""

from __future__ import annotations

from typing import Any

from tlhelpers.course.exercises import Exercise, Matching


def _plateau() -> tuple[float, float]:
    from tlhelpers.analysis.study import study

    effect = study("retinopathy").effect("plateau").jitter
    half = 0.0 if effect.low is None else effect.effect - effect.low
    return effect.effect - half, effect.effect + half


_WITHIN = 0.002


def _interval(answer: Any) -> str | None:
    try:
        low, high = (float(value) for value in answer)
    except (TypeError, ValueError):
        return "Answer with two numbers: (low, high)."
    if not low < high:
        return "The first number is the lower end. For ends that are not numbers, look for a NaN."
    right_low, right_high = _plateau()
    middle, right_middle = (low + high) / 2, (right_low + right_high) / 2
    width, right_width = high - low, right_high - right_low
    if abs(low - right_low) <= _WITHIN and abs(high - right_high) <= _WITHIN:
        return None
    if abs(middle + right_middle) < abs(middle - right_middle) and abs(middle) > 1e-3:
        return "The sign is turned: take the jitter after the change minus the jitter before."
    if abs(middle - right_middle) > _WITHIN:
        return "The middle is off. It is the mean of after minus before, pair by pair."
    if width > 2 * right_width:
        return "Too wide. Take the spread of the differences, not that of one recipe, and use √8."
    return "The middle is right, the width is not: 2.4 times std(ddof=1), divided by √8, each way."


EXERCISES = {
    "03-six": Exercise(
        Matching(
            {"A": "jumps", "B": "noise", "C": "jumps", "D": "noise", "E": "jumps", "F": "noise"},
            {
                "A": "Its bars are short: so many validation images leave little to chance.",
                "B": "It hardly moves. Is any orange step longer than its bar?",
                "C": "Compare its largest step with its bar.",
                "D": "It falls, and then hardly moves. Are its wrong steps longer than their bars?",
                "E": "Two spikes: are they longer than their bars?",
                "F": "It rises once before its lowest epoch. Is that more than its bars?",
            },
        ),
        praise="A wobbly curve can be noise, and then no change of the recipe will calm it.",
        wrong=(
            "A",
            {"A": "jumps"},
            dict.fromkeys("ABCDEF", "jumps"),
            dict.fromkeys("ABCDEF", "noise"),
            dict.fromkeys("ABCDEF", 1),
        ),
    ),
    "03-interval": Exercise(
        _interval,
        praise="Zero lies inside: no clear effect. It would have steadied nothing here.",
        wrong=(0.1, (0.024, -0.017), (-0.3, 0.3), (-0.017, 0.024), ("a", "b"), (float("nan"), 1)),
    ),
}
