"""Pictures drawn on the spot, with the structure of the real sets."""

from __future__ import annotations

import numpy as np

from tlhelpers.data._fundus import CHUNK, draw_chunk
from tlhelpers.data.dataset import Dataset
from tlhelpers.errors import CourseError
from tlhelpers.progress import bar

GRADES = ("no DR", "mild", "moderate", "severe", "proliferative")
GRADE_SHARES = tuple(n / 35126 for n in (25810, 2443, 5292, 873, 708))
"""Share of each grade among EyePACS's 35,126 training images."""

LABEL_NOISE = 0.04
"""Share of eyes whose recorded grade is a neighbour of the one that was drawn."""

# Share of patients whose eyes have two different grades, in either order, in per cent: chosen
# so that fellow eyes agree on any-DR in 91.5 % (the first row sums to 8.5) and on the grade in
# 87.2 % (all sum to 12.8), as EyePACS's do. Close grades meet more often than distant ones.
_DIFFERENT = {
    (0, 1): 4.60, (0, 2): 3.50, (0, 3): 0.25, (0, 4): 0.15,
    (1, 2): 2.40, (1, 3): 0.10, (1, 4): 0.05,
    (2, 3): 1.00, (2, 4): 0.45,
    (3, 4): 0.30,
}  # fmt: skip

# How label noise is spread over the four borders between grades: most of it where one has to
# decide whether a red dot is there at all.
_NOISE_AT_BORDER = (0.60, 0.26, 0.08, 0.06)


def recorded_table() -> np.ndarray:
    """Joint distribution of a patient's two recorded grades, shape (5, 5), symmetric.

    Its margins are GRADE_SHARES.
    """
    table = np.zeros((5, 5))
    for (a, b), percent in _DIFFERENT.items():
        table[a, b] = table[b, a] = percent / 200
    return table + np.diag(np.array(GRADE_SHARES) - table.sum(axis=1))


def noise_table(label_noise: float) -> np.ndarray:
    """Probability of each recorded grade (column) given the drawn one (row), shape (5, 5).

    As many eyes cross a border upwards as downwards, so the shares of the grades stay.
    """
    shares = np.array(GRADE_SHARES)
    table = np.zeros((5, 5))
    for low, part in enumerate(_NOISE_AT_BORDER):
        table[low, low + 1] = label_noise * part / 2 / shares[low]
        table[low + 1, low] = label_noise * part / 2 / shares[low + 1]
    return table + np.diag(1 - table.sum(axis=1))


def drawn_table(label_noise: float) -> np.ndarray:
    """Joint distribution of a patient's two drawn grades, shape (5, 5).

    The table that becomes `recorded_table` once the noise has acted on each eye.
    """
    unmix = np.linalg.inv(noise_table(label_noise))
    return unmix.T @ recorded_table() @ unmix


def draw_grades(
    patients: int, seed: int, label_noise: float = LABEL_NOISE
) -> tuple[np.ndarray, np.ndarray]:
    """Grades of both eyes of each patient, as drawn and as recorded.

    Returns
    -------
    drawn, recorded : int64 arrays, shape (patients, 2)
    """
    joint = drawn_table(label_noise)
    chance = np.random.default_rng([seed, 0xE7E]).random((patients, 3))
    cell = np.searchsorted(np.cumsum(joint), chance[:, 0]).clip(max=24)
    drawn = np.stack(np.divmod(cell, 5), axis=1)
    steps = np.cumsum(noise_table(label_noise), axis=1)[drawn]
    recorded = (chance[:, 1:, None] > steps[..., :4]).sum(axis=-1)
    return drawn, recorded


def fundus(
    patients: int, size: int, seed: int, *, label_noise: float = LABEL_NOISE, progress: bool = False
) -> Dataset:
    """Fundus photographs of both eyes of each patient."""
    drawn, recorded = draw_grades(patients, seed, label_noise)
    grades = recorded.reshape(-1)
    return Dataset(
        images=_draw(drawn, size, seed, progress),
        labels=(grades > 0).astype(np.int64),
        groups=np.arange(patients).repeat(2),
        grades=grades,
        classes=("no DR", "DR"),
        origin="synthetic",
    )


def grade_pictures(grade: int, count: int, size: int, seed: int) -> np.ndarray:
    """`count` pictures of one grade."""
    patients = (count + 1) // 2
    return _draw(np.full((patients, 2), grade), size, seed)[:count]


def _draw(grades: np.ndarray, size: int, seed: int, progress: bool = False) -> np.ndarray:
    """Photographs of eyes with these grades (patients, 2): uint8 (2 * patients, size, size, 3)."""
    images = np.empty((2 * len(grades), size, size, 3), np.uint8)
    starts = range(0, len(grades), CHUNK)
    for start in bar(starts, desc="drawing") if progress else starts:
        these = grades[start : start + CHUNK]
        full = np.zeros((CHUNK, 2), int)  # a chunk is always drawn whole: see CHUNK
        full[: len(these)] = these
        chunk = draw_chunk(seed, start // CHUNK, full.reshape(-1), size)
        images[2 * start : 2 * (start + len(these))] = chunk[: 2 * len(these)]
    return images
