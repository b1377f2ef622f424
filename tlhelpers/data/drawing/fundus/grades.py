"""Grades of both eyes of a patient: how often, how alike, and how well recorded."""

from __future__ import annotations

import numpy as np

from tlhelpers.core.errors import CourseError

GRADES = ("no DR", "mild", "moderate", "severe", "proliferative")

# Among the 35,126 training images of EyePACS.
GRADE_SHARES = tuple(count / 35_126 for count in (25_810, 2_443, 5_292, 873, 708))

# Eyes whose recorded grade is not the one that was drawn, but a neighbour of it.
LABEL_NOISE = 0.04

# Patients whose eyes were given two different grades, in per cent of all. Fellow eyes in EyePACS
# agree on any-DR in 91.5 % (the first row adds up to 8.5) and on the grade in 87.2 % (all rows:
# 12.8). How this is shared out among the pairs is a choice: close grades meet more often.
_UNLIKE_EYES = {
    (0, 1): 5.20, (0, 2): 2.95, (0, 3): 0.20, (0, 4): 0.15,
    (1, 2): 2.50, (1, 3): 0.10, (1, 4): 0.05,
    (2, 3): 0.85, (2, 4): 0.35,
    (3, 4): 0.45,
}  # fmt: skip

# How the noise is shared out among the four borders between grades; the most where somebody has
# to decide whether there is a lesion at all.
_NOISE_AT_BORDER = (0.58, 0.28, 0.09, 0.05)


def recorded_table() -> np.ndarray:
    """Joint distribution of the two recorded grades of a patient, shape (5, 5), symmetric.

    Its margins are GRADE_SHARES.
    """
    table = np.zeros((5, 5))
    for (one, other), percent in _UNLIKE_EYES.items():
        table[one, other] = table[other, one] = percent / 200
    return table + np.diag(GRADE_SHARES - table.sum(axis=1))


def noise_table(label_noise: float) -> np.ndarray:
    """Probability of each recorded grade (column) for each drawn one (row), shape (5, 5).

    As many eyes cross a border upwards as downwards, so the shares of the grades stay.
    """
    table = np.zeros((5, 5))
    for grade, part in enumerate(_NOISE_AT_BORDER):
        crossing = label_noise * part / 2
        table[grade, grade + 1] = crossing / GRADE_SHARES[grade]
        table[grade + 1, grade] = crossing / GRADE_SHARES[grade + 1]
    return table + np.diag(1 - table.sum(axis=1))


def drawn_table(label_noise: float) -> np.ndarray:
    """Joint distribution of the two grades drawn for a patient, shape (5, 5).

    Noise acts on each eye alone and so makes fellow eyes less alike: the eyes that are drawn must
    be more alike than the recorded ones, just so much that `recorded_table` comes out.
    """
    remove = np.linalg.inv(noise_table(label_noise))
    return remove.T @ recorded_table() @ remove


def draw_grades(
    patients: int, seed: int, label_noise: float = LABEL_NOISE
) -> tuple[np.ndarray, np.ndarray]:
    """Grades of both eyes of each patient, as they are and as somebody recorded them.

    Parameters
    ----------
    patients : int
        Patient k is the same however many are asked for.
    seed : int
    label_noise : float
        Share of eyes whose recorded grade is one off.

    Returns
    -------
    drawn, recorded : int64 arrays, shape (patients, 2)

    Raises
    ------
    CourseError
        More noise than EyePACS's fellow eyes, alike as they are, leave room for.
    """
    if not 0 <= label_noise <= 0.05:
        raise CourseError(f"label_noise is {label_noise}: choose 0 to 0.05.")
    pair, *errors = np.random.default_rng(seed).random((patients, 3)).T
    drawn = np.stack(np.divmod(_pick(np.cumsum(drawn_table(label_noise)), pair), 5), axis=1)
    steps = np.cumsum(noise_table(label_noise), axis=1)[drawn]
    return drawn, _pick(steps, np.stack(errors, axis=1))


def _pick(cumulated: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Index drawn from the distribution along the last axis; int64, the shape of `chance`."""
    return (chance[..., None] >= cumulated[..., :-1]).sum(axis=-1)
