"""Exercises: wrong answers get a hint, whatever a learner writes is answered in one line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tlhelpers.core.errors import CourseError
from tlhelpers.course.book import check
from tlhelpers.course.book import exercises as book
from tlhelpers.course.exercises import NOT_TRIED, Choice, Exercise, Matching, Number, told

LETTER = Exercise(Choice("b", {"a": "Look again."}), "Because.", wrong=("a",))
NUMBER = Exercise(Number(lambda: 2.0, 0.1, low="Too low.", high="Too high."), "So.", wrong=(1, 3))
EACH = Exercise(
    Matching({"A": "lag", "B": "step"}, {"A": "Blue is low there."}),
    "Both.",
    wrong=({"A": "step"},),
)


@pytest.mark.parametrize(
    ("exercise", "answer", "said"),
    [
        (LETTER, None, NOT_TRIED),
        (LETTER, " B", "✓ Because."),
        (LETTER, "a", "✗ Not yet. Look again."),
        (LETTER, "c", '✗ Not yet. Answer with one letter in quotes: a, b. For example "a".'),
        (NUMBER, 2.05, "✓ So."),
        (NUMBER, np.float32(2), "✓ So."),
        (NUMBER, 1, "✗ Not yet. Too low."),
        (NUMBER, "3", "✗ Not yet. Too high."),
        (NUMBER, float("nan"), "✗ Not yet. That is not a number: one of the values behind it is"),
        (EACH, {"A": "lag", "B": "Step "}, "✓ Both."),
        (EACH, {"A": "step", "B": "step"}, "✗ Not yet. 1 of 2 are right. Look at A again. Blue is"),
        (EACH, {"A": "lag"}, "✗ Not yet. Answer with a dict that has exactly these keys: A, B."),
        (EACH, {"A": "lag", "B": "noise"}, "✗ Not yet. B: choose from lag, step."),
    ],
)
def test_what_an_answer_is_told(exercise, answer, said):
    assert told(exercise, answer).startswith(said)


@pytest.mark.parametrize("name", sorted(book()))
def test_wrong_answers_get_a_hint(name):
    exercise = book()[name]
    assert len(exercise.wrong) >= 2
    for answer in exercise.wrong:
        said = told(exercise, answer)
        assert said.startswith("✗ Not yet. ") and "could not be read" not in said, (answer, said)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=5,
)


@settings(max_examples=30)
@given(answer=ANYTHING)
@pytest.mark.parametrize("exercise", [LETTER, NUMBER, EACH])
def test_whatever_stands_there_is_answered_in_a_line(exercise, answer):
    said = told(exercise, answer)
    assert said[0] in "✓✗N" and "could not be read" not in said


def test_a_judge_that_fails_says_so():
    def judge(answer):
        raise ZeroDivisionError("by zero")

    assert "could not be read: ZeroDivisionError: by zero" in told(Exercise(judge, "", ()), 1)


def test_an_unknown_exercise_is_named():
    with pytest.raises(CourseError, match="no exercise '04-memori'. Did you mean '04-memory'"):
        check("04-memori", 1)
