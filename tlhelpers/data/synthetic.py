"""Pictures drawn on the spot, with the structure of the real sets."""

from __future__ import annotations

import numpy as np

from tlhelpers.data._fundus.grades import GRADE_SHARES, GRADES, LABEL_NOISE, draw_grades
from tlhelpers.data._fundus.photograph import CHUNK, draw_chunk
from tlhelpers.data.dataset import Dataset
from tlhelpers.errors import CourseError
from tlhelpers.progress import bar

__all__ = ["GRADES", "GRADE_SHARES", "LABEL_NOISE", "draw_grades", "fundus", "grade_pictures"]

SMALLEST = 32  # pixels along a side; below, the lesions are gone


def fundus(
    patients: int, size: int, seed: int, *, label_noise: float = LABEL_NOISE, progress: bool = False
) -> Dataset:
    """Fundus photographs of both eyes of each patient, like EyePACS's.

    Shares of the grades and likeness of fellow eyes are EyePACS's, as recorded, with the noise.
    Lesions are larger and fewer than in life, so that they show at 64 px.

    Parameters
    ----------
    patients : int
        Each has two pictures, left eye first. Patient k is the same however many are asked for.
    size : int
        Pixels along a side, at least 32. A patient looks the same at every size.
    seed : int
        Other seed, other patients.
    label_noise : float
        Share of eyes whose recorded grade is one off the drawn one, 0 to 0.05.
    progress : bool
        Whether to show a bar, where somebody watches.

    Returns
    -------
    Dataset
        Classes "no DR" (recorded grade 0) and "DR" (1 to 4); groups are patients.

    Raises
    ------
    CourseError
        A number out of range.
    """
    _check("patients", patients, 1)
    _check("size", size, SMALLEST)
    _check("seed", seed, 0)
    drawn, recorded = draw_grades(patients, seed, label_noise)
    grades = recorded.reshape(-1)
    return Dataset(
        images=_draw(drawn, size, seed, progress),
        labels=(grades >= 1).astype(np.int64),
        groups=np.arange(patients, dtype=np.int64).repeat(2),
        grades=grades,
        classes=("no DR", "DR"),
        origin="synthetic",
    )


def grade_pictures(grade: int, count: int, size: int, seed: int) -> np.ndarray:
    """Fundus photographs of one grade, for looking at.

    Parameters
    ----------
    grade : int
        Index into GRADES; what is drawn, without label noise.
    count, size, seed : int
        As in `fundus`, but `count` pictures. The same eyes come back for every grade: only
        what is in them differs.

    Returns
    -------
    uint8 array, shape (count, size, size, 3)
    """
    if grade not in range(len(GRADES)):
        raise CourseError(f"grade is {grade}: choose 0 to {len(GRADES) - 1}.")
    _check("count", count, 1)
    _check("size", size, SMALLEST)
    _check("seed", seed, 0)
    return _draw(np.full((-(-count // 2), 2), grade), size, seed)[:count]


def _check(name: str, value: int, least: int) -> None:
    if value < least:
        raise CourseError(f"{name} is {value}: choose a whole number from {least}.")


def _draw(grades: np.ndarray, size: int, seed: int, progress: bool = False) -> np.ndarray:
    """Both eyes of patients with grades (patients, 2): uint8, (2 * patients, size, size, 3)."""
    images = np.empty((grades.size, size, size, 3), np.uint8)
    # Chunks are always drawn whole, so that patient k does not hang on how many are asked for.
    missing = -len(grades) % CHUNK
    whole = np.pad(grades, ((0, missing), (0, 0))).reshape(-1, 2 * CHUNK)
    for chunk in bar(range(len(whole)), desc="drawing") if progress else range(len(whole)):
        part = images[2 * CHUNK * chunk :][: 2 * CHUNK]
        part[:] = draw_chunk(seed, chunk, whole[chunk], size)[: len(part)]
    return images
