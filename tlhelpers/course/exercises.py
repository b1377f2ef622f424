"""Exercises of the pages: each knows its right answer, and a hint for each wrong one.

On a page stands a cell with ``my_answer = None`` and one with ``tl.check("name", my_answer)``. The
answers live here, out of the learner's sight.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

NOT_TRIED = "Not tried yet: put your answer in place of None, and run this cell again."
_RIGHT, _WRONG = "✓", "✗"

Judge = Callable[[Any], str | None]
"""From an answer to a hint, or None if the answer is right."""


@dataclass(frozen=True)
class Exercise:
    """One exercise.

    Attributes
    ----------
    judge : function
        From an answer to a hint, or to None if it is right.
    praise : str
        What a right answer is told: the reason, so that a lucky guess learns it too.
    wrong : tuple
        Wrong answers to expect; for teachers, and for tests.
    """

    judge: Judge
    praise: str
    wrong: tuple[Any, ...]


@dataclass(frozen=True)
class Choice:
    """One of several letters.

    Attributes
    ----------
    right : str
    hints : mapping of each other letter to its hint
    """

    right: str
    hints: Mapping[str, str]

    def __call__(self, answer: Any) -> str | None:
        letters = sorted([self.right, *self.hints])
        letter = answer.strip(" .()").lower() if isinstance(answer, str) else None
        if letter not in letters:
            return f'Answer with one letter in quotes: {", ".join(letters)}. For example "a".'
        return self.hints.get(letter)


@dataclass(frozen=True)
class Matching:
    """A letter for each of several things.

    Attributes
    ----------
    right : mapping of a thing to its letter or word
    hints : mapping of a thing to what to look at
    """

    right: Mapping[str, str]
    hints: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, answer: Any) -> str | None:
        names = ", ".join(self.right)
        if not isinstance(answer, Mapping) or set(answer) != set(self.right):
            return f"Answer with a dict that has exactly these keys: {names}."
        words = sorted(set(self.right.values()))
        for name, value in answer.items():
            if not isinstance(value, str) or value.strip().lower() not in words:
                return f"{name}: choose from {', '.join(words)}."
        wrong = [n for n in self.right if answer[n].strip().lower() != self.right[n]]
        if not wrong:
            return None
        right = len(self.right) - len(wrong)
        hint = self.hints.get(wrong[0], "")
        return f"{right} of {len(self.right)} are right. Look at {wrong[0]} again. {hint}".strip()


@dataclass(frozen=True)
class Number:
    """A number.

    Attributes
    ----------
    right : function
        The right value; it may read recordings, so it is only asked for when it is needed.
    within : float
        How far off an answer may be, in the same unit.
    low, high : str
        Hints for an answer that is too low, or too high.
    """

    right: Callable[[], float]
    within: float
    low: str
    high: str

    def __call__(self, answer: Any) -> str | None:
        try:
            value = float(answer)
        except (TypeError, ValueError):
            return "Answer with a number, such as 0.5."
        if value != value:
            return "That is not a number: one of the values behind it is missing."
        right = self.right()
        if abs(value - right) <= self.within:
            return None
        return self.low if value < right else self.high


def told(exercise: Exercise, answer: Any) -> str:
    """What `tlhelpers.course.book.check` prints."""
    if answer is None:
        return NOT_TRIED
    try:
        hint = exercise.judge(answer)
    except Exception as problem:  # whatever a learner's code has left in the answer
        hint = f"Your answer could not be read: {type(problem).__name__}: {problem}"
    return f"{_RIGHT} {exercise.praise}" if hint is None else f"{_WRONG} Not yet. {hint}"
