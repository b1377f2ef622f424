"""Answers to the exercises of page 04."""

from __future__ import annotations

from typing import Any

from tlhelpers.course.exercises import Exercise, Number


def _two_losses(answer: Any) -> str | None:
    try:
        plain, fresh = (float(answer[name]) for name in ("plain", "fresh"))
    except (TypeError, ValueError, KeyError, IndexError):
        return 'Answer with two losses: {"plain": ..., "fresh": ...}.'
    if not plain > 0 or not fresh > 0:
        return "A loss is a number above zero. evaluate returns a list: take its first entry."
    if plain == fresh:
        return "Both are the same number. The fresh one comes from fresh_evaluate, not evaluate."
    if fresh > 1.02 * plain:  # a smoke run has hardly any lag, and may differ either way
        return "This network lags, so the fresh loss is the lower one. Are the two swapped?"
    if plain > 5:
        return "That is no loss of this network, whose losses are below 1. Take the first entry."
    return None


EXERCISES = {
    "04-memory": Exercise(
        Number(
            lambda: 10.0,
            within=0.5,
            low="Too short. First in steps: 1 / (1 - momentum). Then divide by steps an epoch.",
            high="Too long. Did you divide the steps by the 100 steps in an epoch?",
        ),
        praise="Ten epochs: it is validated with statistics from its distant past.",
        wrong=(1000, 0.1, "ten", [10, 11]),
    ),
    "04-fresh": Exercise(
        _two_losses,
        praise="The weights did not change between the two. Only the statistics did.",
        wrong=(
            *(1.0, (0.5, 0.4), {"plain": 0.5}, {"plain": "a", "fresh": "b"}),
            *({"plain": 0.5, "fresh": 0.5}, {"plain": 0.5, "fresh": -1}),
            *({"plain": 0.3, "fresh": 0.35}, {"plain": 50, "fresh": 0.001}),
        ),
    ),
}
